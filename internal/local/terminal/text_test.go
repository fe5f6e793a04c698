package terminal_test

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/local/terminal"
)

func TestText(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ text, want string }{
		"plain":                    {"Ada Lovelace, ä", "Ada Lovelace, ä"},
		"an escape sequence":       {"\x1b[2Jgone", `\x1b[2Jgone`},
		"a line":                   {"a\r\nb\t", `a\x0d\x0ab\x09`},
		"a control of C1":          {"a\u009bb", `a\u009bb`},
		"a mark of direction":      {"a\u202eb", `a\u202eb`},
		"bytes that are no UTF-8":  {"a\xffb", `a\xffb`},
		"a tag character":          {"\U000E0041", `\U000e0041`},
		"the replacement itself":   {"\uFFFD", "\uFFFD"},
		"a character of the moods": {"🙂", "🙂"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := terminal.Text(tt.text); got != tt.want {
				t.Errorf("Text(%q) = %q, want %q", tt.text, got, tt.want)
			}
		})
	}
}

// Whatever the text, its JSON says the same afterwards and has nothing that a terminal acts on.
func TestJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		marks := rapid.SampledFrom([]string{"\u009b", "\u202e", "\U000E0041", "\x7f"})
		want := rapid.OneOf(rapid.String(), marks).Draw(rt, "text")
		body, err := json.Marshal(want)
		if err != nil {
			rt.Fatal(err)
		}
		safe := terminal.JSON(string(body))
		if i := strings.IndexFunc(safe, func(r rune) bool { return !unicode.IsPrint(r) }); i >= 0 {
			rt.Fatalf("%q has %q", safe, safe[i:])
		}
		var got string
		if err := json.Unmarshal([]byte(safe), &got); err != nil || got != want {
			rt.Fatalf("%q reads as %q, want %q, %v", safe, got, want, err)
		}
	})
}
