package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// document is a contract with an operation that answers the members.
func document(version, members string) string {
	return `openapi: 3.1.0
info: {title: T, version: ` + version + `}
paths:
  /v1/things:
    get:
      operationId: list
      responses:
        "200":
          description: Things.
          content:
            application/json:
              schema: {type: object, required: [a], properties: {` + members + `}}
`
}

// A contract may change no more of the released one than its version says.
func TestRelease(t *testing.T) {
	t.Parallel()
	const a, b = "a: {type: string}", "b: {type: string}"
	for name, tt := range map[string]struct{ released, now, refused string }{
		"the first release":                  {"", document("1.0.0", a), ""},
		"nothing new":                        {document("1.0.0", a), document("1.0.0", a), ""},
		"a member more, in the same version": {document("1.0.0", a), document("1.0.0", a+", "+b), "more of the released"},
		"a member more, in a minor version":  {document("1.0.0", a), document("1.1.0", a+", "+b), ""},
		"a member less, in a minor version":  {document("1.0.0", a), document("1.1.0", b), "more of the released"},
		"a member less, in a major version":  {document("1.0.0", a), document("2.0.0", b), ""},
		"a released one that is damaged":     {"openapi: [", document("1.0.0", a), "yaml"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			if err := os.MkdirAll(filepath.Join(root, "internal", "httpapi"), 0o700); err != nil {
				t.Fatal(err)
			}
			write := func(file, text string) {
				if err := os.WriteFile(filepath.Join(root, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			write(contractFile, tt.now)
			if tt.released != "" {
				write(releasedFile, tt.released)
			}
			err := release(t.Context(), root, t.Output())
			kept, _ := os.ReadFile(filepath.Join(root, releasedFile)) // "" if there is none
			switch {
			case tt.refused == "" && (err != nil || string(kept) != tt.now):
				t.Errorf("%v, and the released one is %s", err, kept)
			case tt.refused != "" && (err == nil || !strings.Contains(err.Error(), tt.refused) || string(kept) != tt.released):
				t.Errorf("%v, and the released one is %s", err, kept)
			}
		})
	}
}
