package face

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/report"
)

// TestVersion_followsTheNumbers fails when a cascade or a number that a report depends on is
// changed without a new version.
func TestVersion_followsTheNumbers(t *testing.T) {
	t.Parallel()
	h := sha256.New()
	for _, line := range sourceNumbers(t) {
		fmt.Fprintln(h, line)
	}
	fmt.Fprintln(h, cascade.CascadeSums)
	h.Write(measure.LooksFile)
	want := "+" + hex.EncodeToString(h.Sum(nil))[:8]
	if *update && !strings.HasSuffix(report.Version, want) {
		source, err := os.ReadFile("report/version.go")
		if err != nil {
			t.Fatal(err)
		}
		changed := strings.Replace(
			string(source), report.Version, report.Version[:strings.LastIndex(report.Version, "+")]+want, 1,
		)
		if err := os.WriteFile("report/version.go", []byte(changed), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if !strings.HasSuffix(report.Version, want) {
		t.Errorf(
			"Version is %s; its last part must be %s, and the number before it must be raised if this was released",
			report.Version, want,
		)
	}
}

// uncounted are what only tests use, Version, the decoders, which have no number that is a choice,
// and how looks.bin, which counts, is written.
var uncounted = []string{
	"report/version.go", "internal/jpeg", "internal/jpegtest", "internal/vp8l",
	"internal/facetest", "internal/measure/lookvalue.go",
}

// sourceNumbers gives every number of the package's source in order, so that none can be left out
// of the checksum: constants, tables, and what stands in functions. Where they stand and what they
// are called does not count. Package fit is left out, which measures nothing, but for its
// statistics, which have always counted; and so is what is in uncounted.
func sourceNumbers(t *testing.T) []string {
	t.Helper()
	var names []string
	for _, pattern := range []string{"*.go", "report/*.go", "internal/*/*.go", "fit/stat.go"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, found...)
	}
	var list []string
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") ||
			slices.Contains(uncounted, name) || slices.Contains(uncounted, filepath.Dir(name)) {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			list = append(list, numbersOf(d)...)
		}
	}
	slices.Sort(list)
	return list
}

// numbersOf gives a line for each constant, for each variable of the package with all its values,
// and for each other number.
func numbersOf(d ast.Decl) (list []string) {
	global, _ := d.(*ast.GenDecl)
	ast.Inspect(d, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.GenDecl:
			if n.Tok != token.CONST && n != global {
				return true
			}
			for _, s := range n.Specs {
				if v, ok := s.(*ast.ValueSpec); ok {
					for _, e := range v.Values {
						list = append(list, spelled(e)...)
					}
				}
			}
			return false
		case *ast.BasicLit:
			list = append(list, plainNumber(n)...)
		}
		return true
	})
	return list
}

// spelled gives an expression without its layout, and the numbers of the functions in it. Names
// count whether they are exported or not, and wherever they are from.
func spelled(e ast.Expr) (list []string) {
	var b strings.Builder
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.SelectorExpr:
			if _, ok := n.X.(*ast.Ident); ok {
				b.WriteString(strings.ToLower(n.Sel.Name) + " ")
				return false
			}
		case *ast.FuncLit:
			ast.Inspect(n.Body, func(n ast.Node) bool {
				if l, ok := n.(*ast.BasicLit); ok {
					list = append(list, plainNumber(l)...)
				}
				return true
			})
			return false
		case *ast.BasicLit:
			b.WriteString(n.Value + " ")
		case *ast.Ident:
			b.WriteString(strings.ToLower(n.Name) + " ")
		case *ast.UnaryExpr:
			b.WriteString(n.Op.String() + " ")
		case *ast.BinaryExpr:
			if text, ok := textOf(n); ok {
				b.WriteString(strconv.Quote(text) + " ")
				return false
			}
			b.WriteString(n.Op.String() + " ")
		}
		return true
	})
	return append(list, b.String())
}

// textOf gives a text that is broken over several lines as one.
func textOf(e ast.Expr) (string, bool) {
	switch e := e.(type) {
	case *ast.BasicLit:
		text, err := strconv.Unquote(e.Value)
		return text, err == nil && e.Kind == token.STRING
	case *ast.BinaryExpr:
		before, ok := textOf(e.X)
		after, more := textOf(e.Y)
		return before + after, ok && more && e.Op == token.ADD
	}
	return "", false
}

// plainNumber gives a number that may be a limit: not those that count and halve.
func plainNumber(l *ast.BasicLit) []string {
	if l.Kind != token.INT && l.Kind != token.FLOAT || slices.Contains(
		[]string{"0", "1", "2", "0.0", "1.0", "2.0", "0.5"}, l.Value,
	) {
		return nil
	}
	return []string{l.Value + " "}
}

func TestEveryNumberOfTheSourceCounts(t *testing.T) {
	t.Parallel()
	const source = `package p
const limit = 0.4
const ( a = iota; b )
type size [7]int
var table = [...]rule{{name: "n", warn: -3, ranks: true}}
var f = func(v float64) bool { return v > 0.25 }
func g(v float64) float64 {
	const near = 2 * limit
	var w = 1.35
	for i := 0; i < 150; i++ { v += w * 0.5 }
	return v
}`
	numbers := func(source string) string {
		file, err := parser.ParseFile(token.NewFileSet(), "p.go", source, 0)
		if err != nil {
			t.Fatal(err)
		}
		var list []string
		for _, d := range file.Decls {
			list = append(list, numbersOf(d)...)
		}
		slices.Sort(list)
		return strings.Join(list, "\n")
	}
	was := numbers(source)
	for _, change := range [][2]string{
		{"0.4", "0.41"}, {"-3", "3"}, {"true", "false"}, {"0.25", "0.3"}, {"2 *", "3 *"}, {"1.35", "1.4"}, {"150", "151"},
		{`"n"`, `"m"`},
	} {
		if numbers(strings.Replace(source, change[0], change[1], 1)) == was {
			t.Errorf("%s instead of %s changes nothing", change[1], change[0])
		}
	}
	for _, change := range [][2]string{
		{"table", "rules"}, {"func g", "func h"}, {"const limit = 0.4", "// said anew\nconst limit  =  0.4"},
		{"warn:", "Warn:"}, {"rule{", "other.Rule{"},
	} {
		if numbers(strings.Replace(source, change[0], change[1], 1)) != was {
			t.Errorf("%s instead of %s changes a number", change[1], change[0])
		}
	}
}
