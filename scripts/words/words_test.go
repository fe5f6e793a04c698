package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/usertext"
)

// What is written are the words of both lists, or of the one where there is no other, without those
// that are names.
func TestRun(t *testing.T) {
	t.Parallel()
	from := t.TempDir()
	files := map[string]string{
		"faker-js-faker-9.9.0/package/dist/en.js": `x=["Knave","K\u00e4se","lower","two words"]`,
	}
	for language := range rated {
		files["naughty-words-1.2.0/package/"+language+".json"] = `[]`
		files["cuss-2.2.0/package/"+rated[language]+".js"] = ``
	}
	for _, language := range others {
		files["naughty-words-1.2.0/package/"+language+".json"] = `[]`
	}
	files["naughty-words-1.2.0/package/en.json"] = `["knave", "rascal", "rogue", "old rogue"]`
	files["cuss-2.2.0/package/index.js"] = "export const cuss = {\n  knave: 2,\n  'rascal': 2,\n  rogue: 1,\n}\n"
	files["naughty-words-1.2.0/package/de.json"] = `["Schuft", "käse", "ulk"]`
	for name, text := range files {
		file := filepath.Join(from, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	into := filepath.Join(from, "words.txt")
	if err := run(from, into); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(into)
	if err != nil {
		t.Fatal(err)
	}
	want := header + strings.Join([]string{usertext.Key("rascal"), usertext.Key("schuft")}, "\n") + "\n"
	if diff := cmp.Diff(want, string(text)); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
