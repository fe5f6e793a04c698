package deploy

import (
	"bufio"
	"strings"
	"testing"
	"time"
)

// eventually waits for the condition.
func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !is() {
		select {
		case <-deadline:
			t.Fatalf("not within 20 s: %s", what)
		case <-tick.C:
		}
	}
}

// typing is a terminal whose operator has typed the text.
func typing(text string) (*terminal, *strings.Builder) {
	out := new(strings.Builder)
	return &terminal{in: bufio.NewReader(strings.NewReader(text)), out: out, tty: -1}, out
}
