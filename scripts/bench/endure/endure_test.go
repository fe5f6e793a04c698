package main

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/facescan/facescan/functions/analyze"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/host"
)

func TestMain(m *testing.M) {
	analyze.Scan = scan
	host.ServeFunctions() // in a process that the tests start
	os.Exit(m.Run())
}

func TestRun(t *testing.T) {
	for _, service := range []emulator.Service{emulator.Firestore, emulator.PubSub, emulator.Auth} {
		t.Setenv(service.Env(), "") // the emulators are the measurement's own
	}
	file := filepath.Join(t.TempDir(), "report.md")
	var out bytes.Buffer
	args := []string{"-users", "2", "-days", "2", "-scans", "8", "-real", "2", "-o", file}
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	written, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(written, out.Bytes()) {
		t.Errorf("the file is not what was printed: %v", err)
	}
	for _, want := range []string{"of which the engine measured 2", "| 2 | 4 |", "No scan or event was left over"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args string
		want error
	}{
		"nothing said":              {"", nil},
		"help":                      {"-help", flag.ErrHelp},
		"no users":                  {"-users 0", errUsage},
		"more than may sign up":     {"-users 61", errUsage},
		"no days":                   {"-days 0", errUsage},
		"fewer scans than days":     {"-scans 10", errUsage},
		"more scans than an hour":   {"-users 1 -days 1 -scans 61 -real 1", errUsage},
		"more real ones than all":   {"-scans 400 -real 401", errUsage},
		"something that is no flag": {"more", errUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(strings.Fields(tt.args), io.Discard); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}
