package sentence

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
)

// sayNothing are the folders whose texts no user of the API reads: tools, tests and this package.
var sayNothing = []string{"client", "deploy", "local", "sentence", "systest", "testkit", "testphoto"}

// reference is what app developers read about the codes.
const reference = "fault/list.go"

// reads matches a text that reads like a sentence for people. Errors for the log and log messages
// begin in lower case.
var reads = regexp.MustCompile(`^[A-Z%].* .*[.?!]$`)

// Every sentence that is written in the source has a row, whether it is of an error, of a report or
// of any other answer, and no row is of none.
func TestProse_areTheSentencesOfTheSource(t *testing.T) {
	t.Parallel()
	source := literals(t)
	for text, path := range source {
		_, isError := rows[text]
		_, isProse := prose[text]
		if reads.MatchString(text) && !isError && !isProse && !slices.Contains(notShown, text) {
			t.Errorf("%s says %q, which has no row", path, text)
		}
		if isError && isProse {
			t.Errorf("%q has two rows", text)
		}
	}
	for english := range prose {
		if source[english] == "" {
			t.Errorf("nothing says %q", english)
		}
	}
	if len(source) < 1000 {
		t.Errorf("only %d texts were found", len(source))
	}
}

// literals returns the texts in the source, each with the file that has it.
func literals(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains(sayNothing, path) {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") || path == reference {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../"+path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			text, ok := constant(n)
			if ok {
				found[text] = path
			}
			return !ok
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// constant returns the text of a literal, or of a sum of literals.
func constant(n ast.Node) (string, bool) {
	switch e := n.(type) {
	case *ast.BasicLit:
		if e.Kind != token.STRING {
			return "", false
		}
		text, err := strconv.Unquote(e.Value)
		return text, err == nil
	case *ast.BinaryExpr:
		left, ok := constant(e.X)
		right, also := constant(e.Y)
		return left + right, ok && also && e.Op == token.ADD
	}
	return "", false
}

func TestProse(t *testing.T) {
	t.Parallel()
	param := regexp.MustCompile(`%(\[[0-9]\])?[a-z]`)
	name := regexp.MustCompile(`^[a-z]+(_[a-z]+)*$`)
	of := map[string]string{}
	for english, row := range prose {
		if row.German == "" || row.German == english {
			t.Errorf("%q is not translated", english)
		}
		if other := of[row.Code]; !name.MatchString(row.Code) || row.Code == Other || other != "" {
			t.Errorf("%q has the code %q, as has %q", english, row.Code, other)
		}
		of[row.Code] = english
		given := len(verb.FindAllString(english, -1))
		if shown := len(param.FindAllString(row.German, -1)); shown != given {
			t.Errorf("%q has %d parameters, and %d in German", english, given, shown)
		}
		params := []string{"11", "12", "13"}[:given]
		if said := inGerman(row.German, params); strings.Contains(said, "%") {
			t.Errorf("%q is %q in German", english, said)
		}
	}
}

// Each sentence is found again in its text, alone and after another one.
func TestEach_findsEverySentence(t *testing.T) {
	t.Parallel()
	const before = "The face is too dark."
	for _, english := range slices.Sorted(maps.Keys(prose)) {
		said := verb.ReplaceAllString(english, "7")
		for _, lang := range []Lang{English, German} {
			got := Each(lang, before+" "+said)
			if len(got) != 2 || got[0].Code != "face_dark" || got[1].Code != prose[english].Code {
				t.Fatalf("%q is %+v", before+" "+said, got)
			}
			if (got[1].Detail == said) != (lang == English) {
				t.Errorf("%q is %q in %s", said, got[1].Detail, lang)
			}
		}
	}
}

func TestTell(t *testing.T) {
	t.Parallel()
	const turn = "The head is turned to the side. Turn your head towards the left edge of the picture by about 12 degrees."
	turned := []Part{{Code: "head_turned"}, {Code: "turn_head", Params: []string{"left", "12"}}}
	pixels := []Part{{Code: "many_pixels", Params: []string{"4000", "3000", "1.5"}}}
	for name, tt := range map[string]struct {
		lang    Lang
		english string
		want    Text
	}{
		"nothing":       {German, "", Text{}},
		"two sentences": {English, turn, Text{turn, turned}},
		"a word and number": {German, turn, Text{
			"Der Kopf ist zur Seite gedreht. Dreh den Kopf um etwa 12 Grad zum linken Bildrand.", turned,
		}},
		"a decimal": {
			German, "This photo has 4000 x 3000 pixels. Please send one with at most 1.5 megapixels.", Text{
				"Dieses Foto hat 4000 x 3000 Pixel. Bitte schick eines mit höchstens 1,5 Megapixeln.", pixels,
			},
		},
		"an unknown sentence": {German, "The moon is full. Wait.", Text{"The moon is full. Wait.", []Part{{Code: Other}}}},
		"one after a known": {German, "The mouth is open. The moon is full.", Text{
			"Der Mund ist offen. The moon is full.", []Part{{Code: "mouth_open"}, {Code: Other}},
		}},
		"the beginning of another": {
			German, "The mouth is open.Really.", Text{"The mouth is open.Really.", []Part{{Code: Other}}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, Tell(tt.lang, tt.english)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestOne(t *testing.T) {
	t.Parallel()
	for english, want := range map[string]Told{
		"You deleted this photo.":                {Code: "deleted", Detail: "Du hast dieses Foto gelöscht."},
		"The mouth is open. The head is tilted.": {Code: Other, Detail: "Der Mund ist offen. Der Kopf ist geneigt."},
		"The moon is full.":                      {Code: Other, Detail: "The moon is full."},
		"The photo was announced as PNG but is A. Please upload it again.": {
			Code: "other_type", Detail: "Das Foto war als PNG angekündigt, ist aber A. Bitte lade es noch einmal hoch.",
			Params: []string{"PNG", "A"},
		},
	} {
		if diff := cmp.Diff(want, One(German, english)); diff != "" {
			t.Errorf("%q (-want +got):\n%s", english, diff)
		}
	}
}

// Every kind of errors has a German title.
func TestTitle(t *testing.T) {
	t.Parallel()
	left := maps.Clone(titles)
	for k := range fault.Unavailable + 1 {
		english := k.Title()
		if Title(English, english) != english || titles[english] == "" || Title(German, english) != titles[english] {
			t.Errorf("%q is %q in German", english, Title(German, english))
		}
		delete(left, english)
	}
	if len(left) > 0 {
		t.Errorf("no kind has the titles %v", left)
	}
}

func TestOfLocale(t *testing.T) {
	t.Parallel()
	for locale, want := range map[string]Lang{"de": German, "de-AT": German, "en-GB": English, "DE-ch": German} {
		if got, ok := OfLocale(locale); !ok || got != want {
			t.Errorf("%q: %q", locale, got)
		}
	}
	for _, locale := range []string{"", "pt-BR", "deu", "d"} {
		if got, ok := OfLocale(locale); ok {
			t.Errorf("%q: %q", locale, got)
		}
	}
}

func TestNumbered(t *testing.T) {
	t.Parallel()
	for format, want := range map[string]string{
		"none":                     "none",
		"%d to %.0f":               "{1} to {2}",
		"%[2]s vor %[1]s":          "{2} vor {1}",
		"%s, %g and 100 % or 5 %%": "{1}, {2} and 100 % or 5 %%",
	} {
		if got := numbered(format); got != want {
			t.Errorf("%q is %q, want %q", format, got, want)
		}
	}
}
