package terminal_test

import (
	"bytes"
	"testing"

	"go.uber.org/goleak"

	"github.com/facescan/facescan/internal/local/terminal"
)

func TestBar_silentUnlessToATerminal(t *testing.T) {
	for name, n := range map[string]int{"steps": 3, "unknown number of steps": -1} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			bar := terminal.Bar(&out, n, "users")
			for range 3 {
				if err := bar.Add(1); err != nil {
					t.Fatal(err)
				}
			}
			goleak.VerifyNone(t) // no spinner turns by itself
			if err := bar.Finish(); err != nil || out.Len() > 0 {
				t.Errorf("it wrote %q: %v", &out, err)
			}
		})
	}
}
