package schema_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/schema"
)

// byTable are the files that take the names of collections from the table.
var byTable = []string{
	filepath.Join("..", "..", "internal", "erasure", "erase", "rest.go"),
	filepath.Join("..", "..", "internal", "export", "build", "gather.go"),
	filepath.Join("..", "..", "internal", "operate", "story", "collect.go"),
	filepath.Join("..", "..", "internal", "operate", "verify", "rest.go"),
	filepath.Join("..", "..", "internal", "sweep", "expire.go"),
	filepath.Join("..", "..", "scripts", "bench", "chaos", "state.go"),
	filepath.Join("..", "..", "scripts", "bench", "endure", "world.go"),
	filepath.Join("..", "..", "scripts", "migrate", "run.go"),
}

// What erasure, export and the rules do not know of, they leave behind.
func TestCodeNamesNoCollectionOutsideTheList(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..")
	if _, err := os.Stat(filepath.Join(root, "go.mod")); err != nil {
		t.Fatal(err)
	}
	named := 0
	for _, dir := range []string{"internal", "functions", "scripts"} {
		err := filepath.WalkDir(filepath.Join(root, dir), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			if slices.Contains(byTable, path) {
				return nil
			}
			source, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			collections, faults := collectionsIn(path, source)
			named += len(collections)
			for _, f := range faults {
				t.Error(f)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if named == 0 {
		t.Error("no collection found at all, so the test looks in the wrong place")
	}
}

// collectionsIn is every collection that the source names, and every fault in the naming.
func collectionsIn(path string, source []byte) (named, faults []string) {
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, []string{err.Error()}
	}
	complain := func(n ast.Node, format string, args ...any) {
		faults = append(faults, fmt.Sprintf("%s: ", files.Position(n.Pos()))+fmt.Sprintf(format, args...))
	}
	called := map[ast.Expr]bool{}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr:
			method, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			called[method] = true
			name, literal := firstText(n)
			switch method.Sel.Name {
			case "Collection", "CollectionGroup":
				switch {
				case !literal:
					complain(n, "%s of what is not a literal: name the collection here, so that this test sees it", method.Sel.Name)
				case !slices.Contains(schema.Names(), name):
					complain(n, "collection %q is not in schema.Collections", name)
				default:
					named = append(named, name)
				}
			case "Doc":
				if literal && strings.Contains(name, "/") {
					complain(n, "a path through collections: %q; go by Collection", name)
				}
			}
		case *ast.SelectorExpr:
			if !called[n] && (n.Sel.Name == "Collection" || n.Sel.Name == "CollectionGroup") {
				complain(n, "%s as a value: call it, so that this test sees the name", n.Sel.Name)
			}
		}
		return true
	})
	return named, faults
}

// firstText is the call's first argument, if it is a literal text.
func firstText(call *ast.CallExpr) (string, bool) {
	if len(call.Args) == 0 {
		return "", false
	}
	lit, ok := call.Args[0].(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

func TestTheSearchForCollections(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		body  string
		named []string
		fault string
	}{
		"a listed collection": {`fs.Collection("users")`, []string{"users"}, ""},
		"one below a document": {
			`fs.Collection("users").Doc(uid).Collection("inbox")`, []string{"inbox", "users"}, "",
		},
		"a listed group":                  {"fs.CollectionGroup(`entries`)", []string{"entries"}, ""},
		"a collection that is not listed": {`fs.Collection("secrets")`, nil, `"secrets" is not in`},
		"a group that is not listed":      {`fs.CollectionGroup("secrets")`, nil, `"secrets" is not in`},
		"one below a document, not listed": {
			`fs.Collection("users").Doc(uid).Collection("secrets")`, []string{"users"}, `"secrets" is not in`,
		},
		"a path of collections":             {`fs.Collection("users/u/inbox")`, nil, "is not in"},
		"a constant":                        {`fs.Collection(users)`, nil, "not a literal"},
		"text put together":                 {`fs.Collection("us" + "ers")`, nil, "not a literal"},
		"a document by its path":            {`fs.Doc("users/u")`, nil, "a path through collections"},
		"a document by its id is no matter": {`c.Doc("sweep")`, nil, ""},
		"the method as a value":             {`open := fs.Collection`, nil, "as a value"},
		"what cannot be parsed":             {`fs.(`, nil, "expected"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			named, faults := collectionsIn("x.go", []byte("package x\nfunc f() { "+tt.body+" }\n"))
			slices.Sort(named)
			if diff := cmp.Diff(tt.named, named); diff != "" {
				t.Errorf("collections (-want +got):\n%s", diff)
			}
			if (tt.fault == "") != (len(faults) == 0) || !strings.Contains(strings.Join(faults, "\n"), tt.fault) {
				t.Errorf("faults = %q, want %q", faults, tt.fault)
			}
		})
	}
}
