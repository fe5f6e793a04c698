package main

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/host"
)

// atRoot makes the repository's root the folder that commands run in, as the command expects.
func atRoot(t *testing.T) {
	t.Helper()
	t.Chdir(filepath.Join("..", ".."))
}

func TestRun_refuses(t *testing.T) {
	for name, args := range map[string][]string{
		"no folder":           {"go"},
		"an unknown language": {"-o", "x", "cobol"},
		"an unknown flag":     {"-x"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Chdir(t.TempDir())
			if err := run(t.Context(), args, new(bytes.Buffer)); err == nil {
				t.Error("it is taken")
			}
			if left, err := os.ReadDir("."); err != nil || len(left) > 0 {
				t.Errorf("%d files are left, %v", len(left), err)
			}
		})
	}
}

// consumer is a program of another module that shows what the client makes of each refusal.
const consumer = `package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	facescan "facescan.example/client"
)

func main() {
	token := func(context.Context) (string, error) { return "", nil }
	c, err := facescan.New(os.Args[1], token, nil)
	if err != nil {
		panic(err)
	}
	for _, id := range os.Args[2:] {
		got, err := c.GetScanWithResponse(context.Background(), id, nil)
		var refused *facescan.Refusal
		if !errors.As(err, &refused) {
			fmt.Println(id, err, got)
			continue
		}
		p := refused.Problem
		fmt.Println(id, p.Code, p.Status, refused.RetryAfter.Seconds(), p.RequestID != nil)
	}
}
`

// script does the same with the TypeScript client.
const script = `import { faceScan } from "./dist/client.js";

const [base, ...ids] = process.argv.slice(2);
const api = faceScan(base);
for (const id of ids) {
  try {
    console.log(id, await api.GET("/v1/scans/{id}", { params: { path: { id } } }));
  } catch (refused) {
    console.log(id, refused.code, refused.status, refused.retryAfter, refused.problem?.requestId !== undefined);
  }
}
`

// refuser is an API whose scans are refused with the code of their id. It returns its address, the
// ids and what a client makes of them. Two answers are those of a proxy.
func refuser(t *testing.T) (url string, ids []string, want string) {
	t.Helper()
	api := httpapi.New(httpapi.Options{})
	api.Handle("GET /v1/scans/{id}", httpapi.Open, func(w http.ResponseWriter, r *http.Request) error {
		switch id := r.PathValue("id"); id {
		case "proxy429", "proxy502":
			status, _ := strconv.Atoi(strings.TrimPrefix(id, "proxy")) // digits
			w.Header().Set("Retry-After", "Wed, 02 Dec 2026 07:28:00 GMT")
			http.Error(w, "<html>busy", status)
			return nil
		default:
			return fault.New(fault.Code(id), "No.").WithRetryAfter(7 * time.Second)
		}
	})
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	var lines strings.Builder
	for _, e := range fault.Entries() {
		ids = append(ids, string(e.Code))
		fmt.Fprintln(&lines, e.Code, e.Code, e.Code.Kind().Status(), 7, true)
	}
	ids = append(ids, "proxy429", "proxy502")
	lines.WriteString("proxy429 rate_limited 429 0 false\nproxy502 unavailable 502 0 false\n")
	return server.URL, ids, lines.String()
}

// The client can be imported from outside of this module, and knows every error code.
func TestGo_servesAnotherModule(t *testing.T) {
	atRoot(t)
	out, elsewhere := t.TempDir(), t.TempDir()
	if err := run(t.Context(), []string{"-o", out, "go"}, t.Output()); err != nil {
		t.Fatal(err)
	}
	client := filepath.Join(out, "go")
	sums, err := os.ReadFile(filepath.Join(client, "go.sum"))
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string]string{
		"main.go": consumer,
		"go.sum":  string(sums),
		"go.mod": "module app.example\n\ngo 1.26\n\nrequire facescan.example/client v0.0.0\n\n" +
			"replace facescan.example/client => " + client + "\n",
	} {
		if err := os.WriteFile(filepath.Join(elsewhere, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	url, ids, want := refuser(t)
	printed := execute(t.Context(), t, elsewhere, "go", append([]string{"run", "-mod=mod", ".", url}, ids...)...)
	if diff := cmp.Diff(want, printed); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
}

func TestJudged(t *testing.T) {
	t.Parallel()
	made := func(context.Context, kit, string) error { return nil }
	for name, tt := range map[string]struct {
		program string
		refused bool
		said    string
	}{
		"a program that finds nothing": {"true", false, ""},
		"a program that finds a fault": {"false", true, ""},
		"no such program":              {"no-such-compiler", false, "there is no no-such-compiler here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said bytes.Buffer
			err := judged(made, tt.program)(t.Context(), kit{progress: &said}, t.TempDir())
			if (err != nil) != tt.refused || (said.Len() > 0) != (tt.said != "") || !strings.Contains(said.String(), tt.said) {
				t.Errorf("error %v, said %q", err, said.String())
			}
		})
	}
}

// besides returns a new folder by its path from the present one, as people give it.
func besides(t *testing.T) string {
	t.Helper()
	here, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	out, err := filepath.Rel(here, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// The TypeScript client compiles strictly, and its journey goes a user's whole way on a running
// system. Kotlin's types compile, and those of the other languages are made.
func TestTypeScript_goesAllTheWay(t *testing.T) {
	for _, name := range []string{"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"} {
		t.Setenv(name, "") // the users of other tests are on theirs
	}
	atRoot(t)
	ctx, out := t.Context(), besides(t)
	args := []string{"-o", out, "typescript", "kotlin", "swift", "dart"}
	if err := run(ctx, args, t.Output()); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"kotlin/FaceScan.kt", "swift/FaceScan.swift", "dart/facescan.dart"} {
		content, err := os.ReadFile(filepath.Join(out, file))
		if err != nil || !bytes.Contains(content, []byte("UploadTicket")) {
			t.Errorf("%s has %d bytes, %v", file, len(content), err)
		}
	}
	h, err := host.Start(ctx, host.Options{InProcess: true, Logs: t.Output()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	photo := filepath.Join(t.TempDir(), "photo.jpg")
	if err := os.WriteFile(photo, emulatortest.SamplePhoto(t), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(out, "typescript")
	execute(ctx, t, dir, "npm", "install", "--ignore-scripts", "--omit=dev", "--no-audit", "--no-fund")
	if err := os.WriteFile(filepath.Join(dir, "refusals.js"), []byte(script), 0o600); err != nil {
		t.Fatal(err)
	}
	url, ids, want := refuser(t)
	refusals := execute(ctx, t, dir, "node", append([]string{"refusals.js", url}, ids...)...)
	if diff := cmp.Diff(want, refusals); diff != "" {
		t.Errorf("refusals (-want +got):\n%s", diff)
	}
	printed := execute(ctx, t, dir, "node", "dist/journey.js", h.URL, photo, "ada@example.com")
	whole := regexp.MustCompile(`score [0-9.]+, [0-9.]+ to [0-9.]+\n(.*\n)*erased; receipt [a-z0-9]{20,}\n`)
	if !whole.MatchString(printed) {
		t.Errorf("the journey prints %q", printed)
	}
}

func execute(ctx context.Context, t *testing.T, dir, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Dir = dir
	printed, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", name, err, printed)
	}
	return string(printed)
}
