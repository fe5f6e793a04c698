package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// pigoSample is pigo's test picture: an average face of many people, so no one's.
var pigoSample = sync.OnceValues(func() ([]byte, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/esimov/pigo").Output()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "testdata", "sample.jpg"))
})

func sample(t *testing.T) string {
	t.Helper()
	data, err := pigoSample()
	if err != nil {
		t.Fatalf("pigo's sample: %v", err)
	}
	return string(data)
}

const heic = "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"

// folder makes a folder with files of these contents.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

type ran struct {
	code           int
	stdout, stderr string
}

func scan(t *testing.T, args ...string) ran {
	t.Helper()
	return scanInput(t.Context(), t, strings.NewReader(""), args...)
}

func scanInput(ctx context.Context, t *testing.T, stdin io.Reader, args ...string) ran {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code := run(ctx, args, stdin, &stdout, &stderr)
	return ran{code, stdout.String(), stderr.String()}
}

// want checks the exit code.
func (r ran) want(t *testing.T, code int) {
	t.Helper()
	if r.code != code {
		t.Errorf("exit code %d, want %d\nstdout: %s\nstderr: %s", r.code, code, r.stdout, r.stderr)
	}
}

// line is a line of -json, with the report as it is written.
type line struct {
	File   string          `json:"file"`
	Report json.RawMessage `json:"report"`
	Error  *failure        `json:"error"`
}

// code is that of the error; empty for a report.
func (l line) code() string {
	if l.Error == nil {
		return ""
	}
	return l.Error.Code
}

func lines(t *testing.T, text string) []line {
	t.Helper()
	var list []line
	for text := range strings.Lines(text) {
		var l line
		d := json.NewDecoder(strings.NewReader(text))
		d.DisallowUnknownFields()
		if err := d.Decode(&l); err != nil {
			t.Fatalf("line %q: %v", text, err)
		}
		if (l.Report == nil) == (l.Error == nil) {
			t.Errorf("line %q must have either a report or an error", text)
		}
		list = append(list, l)
	}
	return list
}
