package systest_test

import (
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
)

// rate is a quota of the contract's x-quotas, and of a quota.Rule.
type rate struct{ Requests, Window int }

// shownElsewhere are the rules that are not counted by user, so that their numbers are in the texts
// of the operations. They are those of package signin but for one, and those of package bylink.
const (
	signinFolder = "../account/signin/"
	userOfSignin = "verify-user"
	bylinkFolder = "../erasure/bylink/"
)

func TestContract_quotas(t *testing.T) {
	t.Parallel()
	doc := loadContract(t)
	listed := map[string]rate{}
	for name, one := range doc.Extensions["x-quotas"].(map[string]any) {
		members := one.(map[string]any)
		number := func(name string) int { n, _ := members[name].(float64); return int(n) }
		listed[name] = rate{number("requests"), number("window")}
	}
	if diff := gocmp.Diff(rules(t), listed); diff != "" {
		t.Errorf("quotas (-rules +contract):\n%s", diff)
	}
	used := map[string]bool{}
	for pattern, op := range described(doc) {
		names, _ := op.Extensions["x-quotas"].([]any)
		for _, name := range names {
			used[name.(string)] = true
			if _, ok := listed[name.(string)]; !ok || op.Responses.Value("429") == nil {
				t.Errorf("%s: the quota %s is not one of the contract's, or 429 is not listed", pattern, name)
			}
		}
	}
	for name := range listed {
		if !used[name] {
			t.Errorf("no operation has the quota %s", name)
		}
	}
}

// rules returns the quota.Rules that are written in the source and counted by user.
func rules(t *testing.T) map[string]rate {
	t.Helper()
	all := map[string]rate{}
	err := fs.WalkDir(os.DirFS(".."), ".", func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile("../" + path)
		if err != nil || !strings.Contains(string(source), "quota.Rule") {
			return err
		}
		file, err := parser.ParseFile(gotoken.NewFileSet(), path, source, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			literal, ok := n.(*ast.CompositeLit)
			if !ok || len(literal.Elts) != 3 {
				return true
			}
			name, one, ok := ruleOf(literal)
			elsewhere := strings.HasPrefix("../"+path, signinFolder) || strings.HasPrefix("../"+path, bylinkFolder)
			if ok && (!elsewhere || name == userOfSignin) {
				all[name] = one
			}
			return true
		})
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// ruleOf returns the rule of a literal such as {Name: "x", Max: 5, Window: 24 * time.Hour}.
func ruleOf(literal *ast.CompositeLit) (name string, one rate, ok bool) {
	for _, element := range literal.Elts {
		pair, _ := element.(*ast.KeyValueExpr)
		if pair == nil {
			return "", rate{}, false
		}
		key, _ := pair.Key.(*ast.Ident)
		if key == nil {
			return "", rate{}, false
		}
		switch key.Name {
		case "Name":
			value, _ := pair.Value.(*ast.BasicLit)
			if value == nil {
				return "", rate{}, false
			}
			name, _ = strconv.Unquote(value.Value)
		case "Max":
			one.Requests = int(number(pair.Value))
		case "Window":
			one.Window = int(time.Duration(number(pair.Value)).Seconds())
		default:
			return "", rate{}, false
		}
	}
	return name, one, true
}

// number returns the value of a number, a unit of package time, or a product of them.
func number(expr ast.Expr) int64 {
	switch e := expr.(type) {
	case *ast.BasicLit:
		n, _ := strconv.ParseInt(e.Value, 10, 64)
		return n
	case *ast.BinaryExpr:
		return number(e.X) * number(e.Y)
	case *ast.SelectorExpr:
		units := map[string]time.Duration{"Second": time.Second, "Minute": time.Minute, "Hour": time.Hour}
		return int64(units[e.Sel.Name])
	}
	return 0
}
