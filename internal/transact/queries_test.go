package transact_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// readOnly are the functions that query in a transaction. Each runs in transactions that only read,
// which lock nothing: before the Firestore emulator, all tests are refused a query in another one
// (package emulator).
var readOnly = []string{
	"internal/leaderboard/boards/page.go countAll",
	"internal/leaderboard/boards/snapshot.go rows",
	"internal/leaderboard/friends/handler.go readLinks",
	"internal/notify/inbox/list.go page",
	"internal/notify/item.go Unread",
	"internal/operate/verify/user.go fill",
	"internal/store/count.go Count",
}

// TestNoQueryInATransaction goes through the code: a query in a transaction that may write locks
// what it looks through, so that users wait for each other who have nothing in common.
func TestNoQueryInATransaction(t *testing.T) {
	t.Parallel()
	const root = "../.."
	var found []string
	for _, top := range []string{"internal", "functions", "scripts/migrate"} {
		err := filepath.WalkDir(filepath.Join(root, top), func(path string, entry fs.DirEntry, err error) error {
			if err != nil || entry.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			name, err := filepath.Rel(root, path)
			if err != nil {
				return err
			}
			queries, err := queriesOf(path)
			for _, function := range queries {
				found = append(found, filepath.ToSlash(name)+" "+function)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(found)
	if diff := cmp.Diff(readOnly, slices.Compact(found)); diff != "" {
		t.Errorf("query outside of the transaction, or say here that it only reads (-here +found):\n%s", diff)
	}
}

// queriesOf returns the functions of a file that query in a transaction: by Documents or
// DocumentRefs of what is no query, by Transaction of an aggregation, or by store.Count with a
// transaction.
func queriesOf(path string) ([]string, error) {
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, fmt.Errorf("read the code: %w", err)
	}
	var found []string
	for _, decl := range file.Decls {
		function, ok := decl.(*ast.FuncDecl)
		if !ok {
			continue
		}
		ast.Inspect(function, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && queries(call) {
				found = append(found, function.Name.Name)
			}
			return true
		})
	}
	return found, nil
}

func queries(call *ast.CallExpr) bool {
	of, ok := call.Fun.(*ast.SelectorExpr)
	if !ok {
		return false
	}
	switch of.Sel.Name {
	case "Documents", "DocumentRefs": // a query's takes a context, a transaction's a query
		return len(call.Args) == 1 && !isContext(call.Args[0])
	case "Transaction":
		return len(call.Args) == 1
	case "Count":
		pkg, ok := of.X.(*ast.Ident)
		if !ok || pkg.Name != "store" || len(call.Args) != 3 {
			return false
		}
		tx, ok := call.Args[1].(*ast.Ident)
		return !ok || tx.Name != "nil"
	}
	return false
}

// isContext reports whether the expression is a context by its name: ctx, x.ctx, or a call such as
// r.Context() and context.WithoutCancel(ctx).
func isContext(e ast.Expr) bool {
	switch e := e.(type) {
	case *ast.Ident:
		return strings.HasSuffix(strings.ToLower(e.Name), "ctx") || e.Name == "waiting"
	case *ast.SelectorExpr:
		return e.Sel.Name == "ctx"
	case *ast.CallExpr:
		s, ok := e.Fun.(*ast.SelectorExpr)
		return ok && (s.Sel.Name == "Context" || s.Sel.Name == "WithoutCancel")
	}
	return false
}
