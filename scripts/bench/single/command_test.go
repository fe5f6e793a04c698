package single

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestFailed(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		err  error
		want string
	}{
		"nothing":       {nil, ""},
		"help":          {flag.ErrHelp, ""},
		"interrupted":   {fmt.Errorf("wait: %w", context.Canceled), "bench soak: interrupted\n"},
		"another error": {errors.New("it grows"), "bench soak: it grows\n"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var said strings.Builder
			if got := failed("soak", tt.err, &said); got != (tt.want != "") || said.String() != tt.want {
				t.Errorf("%t, said %q, want %q", got, &said, tt.want)
			}
		})
	}
}

func TestOutput(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "REPORT.md")
	var (
		o    Output
		out  bytes.Buffer
		said strings.Builder
	)
	args := []string{"-n", "3", "-o", file}
	flags := o.Flags("soak", "Soak.\n\n", args, &said)
	n := flags.Int("n", 1, "how many")
	if err := flags.Parse(args); err != nil {
		t.Fatal(err)
	}
	want := Output{Command: "go run ./scripts/bench soak -n 3 -o " + file, Into: file}
	if diff := cmp.Diff(want, o); diff != "" || *n != 3 {
		t.Errorf("n is %d, and (-want +got):\n%s", *n, diff)
	}
	if err := o.Show(&out, []byte("figures\n")); err != nil {
		t.Fatal(err)
	}
	written, err := os.ReadFile(file)
	if err != nil || string(written) != "figures\n" || out.String() != "figures\n" {
		t.Errorf("printed %q, wrote %q, %v", &out, written, err)
	}
	if err := flags.Parse([]string{"-help"}); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("-help is the error %v", err)
	}
	for _, part := range []string{"Soak.\n\n", "how many", "Markdown file"} {
		if !strings.Contains(said.String(), part) {
			t.Errorf("-help does not say %q:\n%s", part, &said)
		}
	}
}

func TestOutput_withoutFile(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	if err := new(Output).Show(&out, []byte("figures\n")); err != nil || out.String() != "figures\n" {
		t.Errorf("printed %q, %v", &out, err)
	}
	nowhere := Output{Into: filepath.Join(t.TempDir(), "none", "REPORT.md")}
	if err := nowhere.Show(&out, nil); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a file in no folder is the error %v", err)
	}
}
