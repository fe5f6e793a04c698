package main

import (
	"errors"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/operate/verify"
)

func TestVerify(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.storing(t)
	r := read[verify.Report](t, w, "verify", "-json")
	if r.Wrong() != 0 || r.Looked["users"] != 1 {
		t.Errorf("of a store in order: %+v", r)
	}
	w.park(t, "rank", completed(t, "ada"), "a\x1b[2Jreason")
	text, err := w.admin(t, "verify")
	if !errors.Is(err, errWrong) || !strings.Contains(text, string(verify.NothingParked)) ||
		!strings.Contains(text, "1 wrong, 0 open") || strings.ContainsRune(text, '\x1b') {
		t.Errorf("with a parked event: %s, %v", text, err)
	}
	if text, err := w.admin(t, "verify", "-uid", "ada"); err != nil || !strings.Contains(text, "0 wrong") {
		t.Errorf("of ada alone: %s, %v", text, err)
	}
	if text, err := w.admin(t, "verify", "-uid", "nobody"); err == nil {
		t.Errorf("of nobody: %s", text)
	}
}
