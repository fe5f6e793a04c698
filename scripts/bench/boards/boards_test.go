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

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.md")
	args := []string{"-users", "300", "-ranks", "10", "-submits", "5", "-clients", "2", "-lasting", "50ms", "-o", file}
	var out bytes.Buffer
	if err := run(t.Context(), args, &out, io.Discard); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(written, out.Bytes()) {
		t.Errorf("the file is not what was printed: %v", err)
	}
	for _, want := range []string{
		"| top 100 | 101 | 0 | 0 | 0 | 101 | 0 | 0 |", "| own rank, middle | 3 | 0 | 1 |", "| around, middle | 14 | 11 | 1 |",
		"| own rank, middle, by the two COUNTs of version 1 | 2 | 0 | 2 |",
		"| the same submit again | 2 | 0 | 0 | 0 | 2 | 0 | 0 |",
		"All 300 rows of the pages, one by one, and 10 own ranks",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]error{
		"": nil, "-help": flag.ErrHelp, "-users 299": errUsage, "-ranks 0": errUsage, "-lasting 0s": errUsage,
		"more": errUsage,
	} {
		if _, err := parse(strings.Fields(args), io.Discard); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", args, err, want)
		}
	}
}
