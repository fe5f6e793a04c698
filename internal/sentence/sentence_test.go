package sentence

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
)

// notShown are the sentences that no client reads: they answer Pub/Sub, or are in logs alone.
var notShown = []string{
	"The analysis never ended.",
	"The consent has changed, so the export is built again.",
	"The delivery could not be read.", "The delivery has no OIDC token.",
	"The delivery's OIDC token is another account's.", "The delivery's OIDC token is not valid here.",
	"The erasure is being worked on.", "The event is being delivered, or must wait.",
	"The event is to be delivered again.", "The export is being made.", "The scan is being analysed.",
	"The time of this delivery is up; the next one continues.", "Too little of the time is left to begin.",
	"the face engine panicked: %v",
}

// position is the argument of a call that is the sentence, by the function's name.
var position = map[string]int{
	"New": 1, "Wrap": 2, "WithField": 1, "WithParameter": 2, "WithPart": 1, "badHeader": 1, "check": 2, "unknown": 1,
}

// Every sentence that is written in the source has its row, and no row is of none.
func TestRows_areTheSentencesOfTheSource(t *testing.T) {
	t.Parallel()
	source := map[string]string{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && slices.Contains([]string{"deploy", "local", "systest", "sentence"}, path) {
			return fs.SkipDir
		}
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), "../"+path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if text, ok := sentenceOf(n); ok && strings.Contains(text, " ") {
				source[text] = path
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for text, path := range source {
		if _, ok := rows[text]; ok == slices.Contains(notShown, text) {
			t.Errorf("%s says %q, which has no row and is not among those that no client reads, or has both", path, text)
		}
	}
	if len(source) < 150 {
		t.Errorf("only %d sentences were found", len(source))
	}
}

// sentenceOf returns the format of a call that makes an error or adds a field to one.
func sentenceOf(n ast.Node) (string, bool) {
	call, ok := n.(*ast.CallExpr)
	if !ok {
		return "", false
	}
	name := ""
	switch f := call.Fun.(type) {
	case *ast.Ident:
		name = f.Name
	case *ast.SelectorExpr:
		name = f.Sel.Name
		if of, ok := f.X.(*ast.Ident); (name == "New" || name == "Wrap") && (!ok || of.Name != "fault") {
			return "", false
		}
	}
	at, ok := position[name]
	if !ok || at >= len(call.Args) {
		return "", false
	}
	literal, ok := call.Args[at].(*ast.BasicLit)
	if !ok || literal.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(literal.Value)
	return text, err == nil
}

func TestRows(t *testing.T) {
	t.Parallel()
	verbs := regexp.MustCompile(`%[a-z]`)
	for english, row := range rows {
		if diff := cmp.Diff(verbs.FindAllString(english, -1), verbs.FindAllString(row.German, -1)); diff != "" {
			t.Errorf("%q has other verbs in German:\n%s", english, diff)
		}
		if row.German == "" || row.German == english {
			t.Errorf("%q is not translated", english)
		}
		whole := strings.ToUpper(english[:1]) == english[:1] && strings.HasSuffix(english, ".")
		if whole != (row.Code == "") {
			t.Errorf("%q has the code %q", english, row.Code)
		}
	}
}

func TestIn(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lang   Lang
		format string
		args   []any
		want   string
	}{
		"English":               {English, "must be %d to %d", []any{1, 5}, "must be 1 to 5"},
		"German":                {German, "must be %d to %d", []any{1, 5}, "muss 1 bis 5 sein"},
		"an error as the whole": {German, "%s", []any{errors.New("is too long")}, "ist zu lang"},
		"a value as the whole":  {German, "%v", []any{"is missing"}, "fehlt"},
		"an error with a parameter": {
			German, "%s", []any{errors.New("is too long: at most 64 characters, and 256 code points")},
			"ist zu lang: höchstens 64 Zeichen und 256 Codepunkte",
		},
		"a quoted value": {
			German, "The text in force is version %q: show it and ask again.", []any{"2026-11-29"},
			"Es gilt der Text der Version \"2026-11-29\": Zeig ihn und frag noch einmal.",
		},
		"an edge of a crop":       {German, "must be more than %s", []any{"left"}, "muss größer als left sein"},
		"one without a row":       {German, "is odd: %d", []any{7}, "is odd: 7"},
		"a percent sign in a row": {English, "%s", []any{"100 % sure"}, "100 % sure"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := In(tt.lang, tt.format, tt.args...); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

func TestAccepted(t *testing.T) {
	t.Parallel()
	for header, want := range map[string]Lang{
		"": English, "de": German, "de-AT,en;q=0.5": German, "en,de": English, "fr, de;q=0.3": German,
		"de;q=0, fr": English, "en;q=0.2, DE-ch ; q=0.9": German, "*": English,
		"*;q=0.5,de;q=0.1": English, "de, *;q=0.5": German, "de;q=x": English, "deu": English,
	} {
		if got := Accepted(header); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}

// What is wrong with a name or a text has a code, with the character that it is about.
func TestFields_ofErrors(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]fault.Field{
		"must consist of letters and digits of scripts in modern use and of . _ - (U+005C is none)": {
			Code: "characters", Params: []string{"U+005C"},
			Detail: "muss aus Buchstaben und Ziffern heutiger Schriften und aus . _ - bestehen (U+005C gehört nicht dazu)",
		},
		"must have 3 to 20 characters": {
			Code: "length", Params: []string{"3", "20"}, Detail: "muss 3 bis 20 Zeichen haben",
		},
		"is odd": {Detail: "is odd"},
	} {
		e := fault.New(fault.CodeInvalidField, "x").WithField("/a", "%s", errors.New(text))
		got := Fields(German, e.Fields)[0]
		if got.Code != want.Code || got.Detail != want.Detail || !slices.Equal(got.Params, want.Params) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}
