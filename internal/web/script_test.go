package web_test

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"os/exec"
	"testing"

	"github.com/google/go-cmp/cmp"
)

//go:embed testdata/browser.js
var browser string

// visit has Node run the page's script in what stands for a browser, which submits the form twice:
// to an API that refuses the deletion first, and then not. It returns what was sent to the login,
// and what was stored before, in between and at the end.
func visit(t *testing.T, storage string) (seen visited) {
	t.Helper()
	page, _ := getPage(t)
	script, err := json.Marshal(between(t, page, "<script>", "</script>"))
	if err != nil {
		t.Fatal(err)
	}
	node := exec.CommandContext(t.Context(), "node", "-", storage)
	node.Stdin = bytes.NewBufferString("const script = " + string(script) + ";\n" + browser)
	var told bytes.Buffer
	node.Stderr = &told
	out, err := node.Output()
	if err != nil {
		t.Fatalf("node, which make test needs anyway: %v\n%s", err, told.Bytes())
	}
	if err := json.Unmarshal(out, &seen); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return seen
}

// visited is what a visit did: what was sent to the login and for links, what was stored, and what
// the page told of the links.
type visited struct{ Sent, Stored, Asked, Told []any }

// A link is asked for in the page's language. The page says the same of any address, and what to do
// where too many were asked for.
func TestScript_link(t *testing.T) {
	t.Parallel()
	seen := visit(t, "empty")
	ask := map[string]any{"email": "ada@example.com", "locale": "de"}
	want := visited{Asked: []any{ask, ask}, Told: []any{"A mail is on its way.", "Too many."}}
	if diff := cmp.Diff(want, visited{Asked: seen.Asked, Told: seen.Told}); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// The token of a sign-in is sent with the next and goes with the account. A browser that stores
// nothing deletes accounts, too.
func TestScript_clientToken(t *testing.T) {
	t.Parallel()
	login := func(token any) any {
		body := map[string]any{"email": "ada@example.com", "password": "correct horse"}
		if token != nil {
			body["clientToken"] = token
		}
		return body
	}
	for name, tt := range map[string]struct {
		storage      string
		sent, stored []any
	}{
		"on a first visit":   {"empty", []any{login(nil), login("first")}, []any{nil, "first", nil}},
		"on a later visit":   {"kept", []any{login("kept"), login("first")}, []any{"kept", "first", nil}},
		"where none is kept": {"forbidden", []any{login(nil), login(nil)}, []any{nil, nil, nil}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			seen := visit(t, tt.storage)
			if diff := cmp.Diff(tt.sent, seen.Sent); diff != "" {
				t.Errorf("sent (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tt.stored, seen.Stored); diff != "" {
				t.Errorf("stored (-want +got):\n%s", diff)
			}
		})
	}
}
