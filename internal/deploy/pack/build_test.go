//go:build terraform

package pack

import (
	"archive/zip"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

// declarativeMain is what the buildpack writes beside a root package that imports the framework's
// functions.
const declarativeMain = `package main

import (
	"log"
	"os"

	"github.com/GoogleCloudPlatform/functions-framework-go/funcframework"
	_ %q
)

func main() {
	if err := funcframework.Start(os.Getenv("PORT")); err != nil {
		log.Fatal(err)
	}
}
`

// Every zip is built as the buildpack does it, with nothing but what is in the zip, and started as
// Cloud Run starts it. It takes a minute of two cores, and three more with an empty build cache, so
// it stands among the checks of `make tf`.
func TestZipsBuildAndServe(t *testing.T) {
	t.Parallel()
	s, dir := sourceOf(t), t.TempDir()
	all := packageInto(t, s, dir)
	for _, f := range catalog.Functions() {
		t.Run(f.Name, func(t *testing.T) {
			t.Parallel()
			stage := t.TempDir()
			unzip(t, filepath.Join(dir, all.Functions[f.Name].Path), stage)
			binary := buildStage(t, s, stage)
			if f.Trigger == catalog.HTTP {
				checkServes(t, f, binary)
			} else {
				checkRefusesToStart(t, f, binary)
			}
		})
	}
}

func unzip(t *testing.T, file, dir string) {
	t.Helper()
	archive, err := zip.OpenReader(file)
	if err != nil {
		t.Fatal(err)
	}
	defer archive.Close()
	if err := os.CopyFS(dir, archive); err != nil {
		t.Fatal(err)
	}
}

// buildStage builds the stage. Without a module cache and without a proxy it has only its vendor
// folder; -trimpath, which the buildpack does not need, lets the stages share Go's build cache.
func buildStage(t *testing.T, s *Source, stage string) string {
	t.Helper()
	app := filepath.Join(stage, "functions.local", "app")
	if err := os.MkdirAll(app, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(
		filepath.Join(app, "main.go"), fmt.Appendf(nil, declarativeMain, s.module.Path), 0o600,
	); err != nil {
		t.Fatal(err)
	}
	inStage := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), "go", args...)
		cmd.Dir = stage
		cmd.Env = append(os.Environ(), "GOFLAGS=", "GOWORK=off", "GOPROXY=off", "GOMODCACHE="+t.TempDir())
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return strings.TrimSpace(string(out))
	}
	// The buildpack asks these two, and will not go on without an answer.
	if got := inStage("list", "-m"); got != s.module.Path {
		t.Errorf("go list -m says %q", got)
	}
	if got := inStage("list", "-m", "-f", "{{.Version}}", frameworkModule); !strings.HasPrefix(got, "v1.") {
		t.Errorf("the framework's version is %q", got)
	}
	binary := filepath.Join(stage, "main")
	inStage("build", "-mod=vendor", "-trimpath", "-ldflags=-s -w", "-o", binary, app)
	return binary
}

// start starts the binary as Cloud Run would. out is complete when wait returns.
func start(t *testing.T, function, binary, port string) (out *strings.Builder, wait func() error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, binary)
	out = new(strings.Builder)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = []string{
		"FUNCTION_TARGET=" + function, "PORT=" + port, "K_SERVICE=facescan-" + function,
		"GOOGLE_CLOUD_PROJECT=facescan-stage",
		// What the inbox does not start without.
		"FACESCAN_PUBLIC_URL=https://api.example",
	}
	for _, use := range keysOf(function) {
		cmd.Env = append(cmd.Env, use.Variable()+"="+keys.Derive([]byte("root"), use))
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return out, cmd.Wait
}

// keysOf returns the uses that the function has secrets for.
func keysOf(function string) []keys.Use {
	for _, f := range catalog.Functions() {
		if f.Name == function {
			return f.Keys
		}
	}
	return nil
}

func checkRefusesToStart(t *testing.T, f catalog.Function, binary string) {
	t.Helper()
	out, wait := start(t, f.Name, binary, testkit.FreePort(t))
	err := wait()
	if err == nil || !strings.Contains(out.String(), "function "+f.Name+" refuses to start") ||
		!strings.Contains(out.String(), "FACESCAN_PUSH_AUDIENCE is not set") {
		t.Errorf("it ended with %v and said:\n%s", err, out)
	}
}

// checkServes calls the function once. Only health answers without credentials; the others say in
// the API's words that they cannot work.
func checkServes(t *testing.T, f catalog.Function, binary string) {
	t.Helper()
	port := testkit.FreePort(t)
	start(t, f.Name, binary, port)
	path := strings.TrimSuffix(f.Paths[0], "*")
	resp := get(t, "http://127.0.0.1:"+port+path)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	if path == "/health" {
		if resp.StatusCode != http.StatusOK {
			t.Errorf("%s answers %d: %s", path, resp.StatusCode, body)
		}
		return
	}
	if resp.StatusCode < 400 || resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("%s answers %d, %s: %s", path, resp.StatusCode, resp.Header.Get("Content-Type"), body)
	}
}

// get asks until the server is up.
func get(t *testing.T, url string) *http.Response {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			return resp
		}
		select {
		case <-ctx.Done():
			t.Fatal(err)
		case <-tick.C:
		}
	}
}
