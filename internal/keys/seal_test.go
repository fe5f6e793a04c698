package keys_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/keys"
)

func TestRing_Seal(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text, context := rapid.String().Draw(t, "text"), rapid.String().Draw(t, "context")
		sealed, err := ring(keys.ForCursors).Seal(keys.Cursor, text, context)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := ring(keys.ForCursors).Open(keys.Cursor, sealed, context); !ok || got != text {
			t.Fatalf("opened %q, %v", got, ok)
		}
		if len(text) > 3 && strings.Contains(sealed, text) {
			t.Fatalf("%q shows %q", sealed, text)
		}
		at := rapid.IntRange(0, len(sealed)-1).Draw(t, "at")
		changed := sealed[:at] + string(rapid.ByteRange('!', '~').Filter(func(c byte) bool {
			return c != sealed[at]
		}).Draw(t, "byte")) + sealed[at+1:]
		other := keys.NewRing(keys.ForCursors, []byte("another"), []byte("and one more"))
		rotated := keys.NewRing(keys.ForCursors, []byte("another"), secret)
		if got, ok := rotated.Open(keys.Cursor, sealed, context); !ok || got != text {
			t.Fatalf("after a rotation it opens as %q, %v", got, ok)
		}
		for name, opened := range map[string]func() (string, bool){
			"with a byte changed": func() (string, bool) { return ring(keys.ForCursors).Open(keys.Cursor, changed, context) },
			"shortened": func() (string, bool) {
				return ring(keys.ForCursors).Open(keys.Cursor, sealed[:at], context)
			},
			"of another context": func() (string, bool) { return ring(keys.ForCursors).Open(keys.Cursor, sealed, context+"x") },
			"of another purpose": func() (string, bool) {
				return ring(keys.ForUnsubscribing).Open(keys.Unsubscribe, sealed, context)
			},
			"of another secret": func() (string, bool) { return other.Open(keys.Cursor, sealed, context) },
		} {
			if got, ok := opened(); ok {
				t.Fatalf("%s it opens as %q", name, got)
			}
		}
	})
}
