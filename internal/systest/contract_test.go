package systest_test

import (
	"context"
	"errors"
	"go/ast"
	"go/parser"
	gotoken "go/token"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/admin"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/coach"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/bylink"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/home"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/httpapi/contract"
	"github.com/facescan/facescan/internal/httpapi/health"
	"github.com/facescan/facescan/internal/leaderboard/friends"
	"github.com/facescan/facescan/internal/leaderboard/serve"
	"github.com/facescan/facescan/internal/moderation"
	"github.com/facescan/facescan/internal/notify/inbox"
	scanserve "github.com/facescan/facescan/internal/scan/serve"
	"github.com/facescan/facescan/internal/scan/upload"
	"github.com/facescan/facescan/internal/web"
	"github.com/facescan/facescan/internal/web/reference"
)

// wiring is what each HTTP function adds to its API. TestOnePhotoAllTheWay compares it with the
// functions themselves.
func wiring() map[string]func(*httpapi.API) {
	accounts := account.New(nil, nil, nil, nil)
	return map[string]func(*httpapi.API){
		"admin": new(admin.Handler).Routes,
		"coach": new(coach.Handler).Routes,
		"health": func(api *httpapi.API) {
			health.Routes(api, "", nil)
			contract.Routes(api)
			new(web.Pages).DeletionRoutes(api)
			new(web.Pages).ProblemRoutes(api)
			reference.Routes(api)
		},
		"inbox": (&inbox.Handler{}).Routes,
		"leaderboard": func(api *httpapi.API) {
			new(friends.Handler).Routes(api)
			new(serve.Handler).Routes(api)
			new(moderation.Handler).Routes(api)
		},
		"profile": func(api *httpapi.API) {
			accounts.ProfileRoutes(api)
			new(home.Handler).Routes(api)
			new(erasure.Handler).Routes(api)
			new(bylink.Handler).Routes(api)
			new(export.Handler).Routes(api)
		},
		"register": func(api *httpapi.API) {
			accounts.RegisterRoutes(api, nil)
			accounts.SignInRoutes(api)
			new(signin.Handler).Routes(api)
		},
		"scans": new(scanserve.Handler).Routes,
		"upload": func(api *httpapi.API) {
			uploads := new(upload.Handler)
			uploads.Routes(api)
			new(scanserve.SeriesHandler).Routes(api)
		},
	}
}

// noOperation are the catalog's paths that the contract has nothing for, and why.
var noOperation = map[string]string{
	"/*": "whatever nobody owns is answered with not_found",
}

func loadContract(tb testing.TB) *openapi3.T {
	tb.Helper()
	doc, err := openapi3.NewLoader().LoadFromData(httpapi.Contract())
	if err != nil {
		tb.Fatal(err)
	}
	return doc
}

// described are the contract's operations, by the pattern of the route that serves them.
func described(doc *openapi3.T) map[string]*openapi3.Operation {
	all := map[string]*openapi3.Operation{}
	for path, item := range doc.Paths.Map() {
		for method, op := range item.Operations() {
			all[method+" "+path] = op
		}
	}
	return all
}

func TestContract_isServed(t *testing.T) {
	t.Parallel()
	doc := loadContract(t)
	operations, served := described(doc), map[string]bool{}
	for _, f := range catalog.Functions() {
		add, known := wiring()[f.Name]
		if known != (f.Trigger == catalog.HTTP) {
			t.Errorf("%s: the wiring here is not the catalog's", f.Name)
		}
		if !known {
			continue
		}
		api := httpapi.New(httpapi.Options{})
		add(api)
		for _, route := range api.Routes() {
			served[route.Pattern] = true
			if owner := catalog.Owner(pathOf(route.Pattern)).Name; owner != f.Name {
				t.Errorf("%s serves %s, but the catalog gives that path to %s", f.Name, route.Pattern, owner)
			}
			if op := operations[route.Pattern]; op == nil {
				t.Errorf("%s serves %s, which the contract lacks", f.Name, route.Pattern)
			} else {
				sameAccess(t, route, op)
				sameTaken(t, route, doc.Paths.Value(pathIn(route.Pattern)), op)
			}
		}
	}
	for pattern := range operations {
		if !served[pattern] {
			t.Errorf("the contract has %s, which nobody serves", pattern)
		}
	}
}

func pathIn(pattern string) string {
	_, path, _ := strings.Cut(pattern, " ")
	return path
}

// sameTaken compares what the route takes with what the operation takes by the contract.
func sameTaken(t *testing.T, route httpapi.Route, item *openapi3.PathItem, op *openapi3.Operation) {
	t.Helper()
	taken := map[string][]string{}
	for _, p := range slices.Concat(item.Parameters, op.Parameters) {
		taken[p.Value.In] = append(taken[p.Value.In], p.Value.Name)
	}
	var body []string
	if op.RequestBody != nil {
		body = slices.Collect(maps.Keys(op.RequestBody.Value.Content))
	}
	want := httpapi.Route{
		Pattern: route.Pattern, Access: route.Access, AnyQuery: op.Extensions["x-any-query"] == true,
		Query: taken[openapi3.ParameterInQuery], Headers: taken[openapi3.ParameterInHeader], Body: body,
		BodyOptional: op.RequestBody != nil && !op.RequestBody.Value.Required,
	}
	if shown := route.Show != nil; shown != (op.Extensions["x-problem-pages"] == true) {
		t.Errorf("%s: problems are shown to people: %v, against the contract", route.Pattern, shown)
	}
	route.Show = nil
	for _, r := range []*httpapi.Route{&want, &route} {
		slices.Sort(r.Query)
		slices.Sort(r.Headers)
		slices.Sort(r.Body)
	}
	if diff := gocmp.Diff(want, route); diff != "" {
		t.Errorf("%s (-contract +route):\n%s", route.Pattern, diff)
	}
	if !slices.Contains(codesOf(op), fault.CodeInvalidParameter) {
		t.Errorf("%s: invalid_parameter is not listed, which any query that is not known is answered with", route.Pattern)
	}
	if !slices.Contains(codesOf(op), fault.CodeMalformedBody) {
		t.Errorf("%s: malformed_body is not listed, which a body that is not taken is answered with, too", route.Pattern)
	}
}

// pathOf is the pattern's path, with something in place of each parameter.
func pathOf(pattern string) string {
	parts := strings.Split(pathIn(pattern), "/")
	for i, p := range parts {
		if strings.HasPrefix(p, "{") {
			parts[i] = "something"
		}
	}
	return strings.Join(parts, "/")
}

// sameAccess compares who may call the route with what the contract says of tokens: the
// authorization matrix is made from that.
func sameAccess(t *testing.T, route httpapi.Route, op *openapi3.Operation) {
	t.Helper()
	if got := accessOf(op); got != route.Access {
		t.Errorf(
			"%s: the route's access is %v, but the contract's security and codes say %v", route.Pattern, route.Access, got,
		)
	}
	staff := []fault.Code{
		fault.CodeTokenMissing, fault.CodeTokenInvalid, fault.CodeTokenExpired, fault.CodeTokenRevoked,
		fault.CodeUserDisabled, fault.CodeRoleRequired,
	}
	codes, needed := codesOf(op), map[httpapi.Access][]fault.Code{
		httpapi.Public: {fault.CodeAppCheckMissing, fault.CodeAppCheckInvalid},
		httpapi.User: {
			fault.CodeAppCheckMissing, fault.CodeAppCheckInvalid, fault.CodeTokenMissing, fault.CodeTokenInvalid,
			fault.CodeTokenExpired,
		},
		httpapi.FreshUser: {
			fault.CodeAppCheckMissing, fault.CodeAppCheckInvalid, fault.CodeTokenMissing, fault.CodeTokenInvalid,
			fault.CodeTokenExpired, fault.CodeUserDisabled,
		},
		httpapi.Support: staff, httpapi.Admin: staff,
		httpapi.Leaving: {fault.CodeTokenMissing, fault.CodeTokenInvalid, fault.CodeTokenExpired, fault.CodeUserDisabled},
	}
	for _, code := range needed[route.Access] {
		if !slices.Contains(codes, code) {
			t.Errorf("%s: %s is not listed", route.Pattern, code)
		}
	}
}

// accessOf is who may call the operation, as its security and its codes say.
func accessOf(op *openapi3.Operation) httpapi.Access {
	codes := codesOf(op)
	switch {
	case op.Extensions["x-role"] == string(httpapi.RoleAdmin):
		return httpapi.Admin
	case op.Extensions["x-role"] == string(httpapi.RoleSupport):
		return httpapi.Support
	case !slices.Contains(codes, fault.CodeAppCheckMissing) && slices.Contains(codes, fault.CodeUserDisabled):
		return httpapi.Leaving
	case !slices.Contains(codes, fault.CodeAppCheckMissing):
		return httpapi.Open
	case op.Security != nil && len(*op.Security) == 0:
		return httpapi.Public
	case slices.Contains(codes, fault.CodeUserDisabled): // Firebase is asked each time
		return httpapi.FreshUser
	default:
		return httpapi.User
	}
}

func codesOf(op *openapi3.Operation) []fault.Code {
	var all []fault.Code
	for _, response := range op.Responses.Map() {
		all = append(all, codesIn(response.Value.Extensions)...)
	}
	return all
}

func codesIn(extensions map[string]any) []fault.Code {
	var codes []fault.Code
	list, _ := extensions["x-error-codes"].([]any)
	for _, code := range list {
		codes = append(codes, fault.Code(code.(string)))
	}
	return codes
}

func TestContract_coversTheCatalog(t *testing.T) {
	t.Parallel()
	covered := map[string]bool{}
	for pattern := range described(loadContract(t)) {
		path := pathOf(pattern)
		covered[ownedAs(catalog.Owner(path), path)] = true
	}
	for _, f := range catalog.Functions() {
		for _, path := range f.Paths {
			if covered[path] == (noOperation[path] != "") {
				t.Errorf("%s owns %s: either the contract has an operation there, or noOperation says why not", f.Name, path)
			}
		}
	}
}

// ownedAs is the catalog's path by which the function owns this one.
func ownedAs(f catalog.Function, path string) string {
	best := ""
	for _, p := range f.Paths {
		prefix, wild := strings.CutSuffix(p, "*")
		if (p == path || wild && strings.HasPrefix(path, prefix)) && len(p) > len(best) {
			best = p
		}
	}
	return best
}

// The reasons of a failed scan are no codes of package fault, so they have a list of their own.
func TestContract_reasonsOfFailure(t *testing.T) {
	t.Parallel()
	want := slices.Concat(
		stringConstants(t, "../face/report/refusal.go", func(string) bool { return true }),
		stringConstants(t, "../scan/failure.go", func(name string) bool { return strings.HasPrefix(name, "Reason") }),
	)
	slices.Sort(want)
	code := loadContract(t).Components.Schemas["Failure"].Value.Properties["code"].Value
	var got []string
	for _, v := range code.AnyOf[0].Value.Enum {
		got = append(got, v.(string))
		if !strings.Contains(code.Description, "`"+v.(string)+"`") {
			t.Errorf("%v is not explained", v)
		}
	}
	if diff := gocmp.Diff(want, got); diff != "" {
		t.Errorf("reasons (-code +contract):\n%s", diff)
	}
}

func stringConstants(t *testing.T, file string, wanted func(name string) bool) []string {
	t.Helper()
	parsed, err := parser.ParseFile(gotoken.NewFileSet(), file, nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var values []string
	ast.Inspect(parsed, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 || !wanted(spec.Names[0].Name) {
			return true
		}
		if lit, ok := spec.Values[0].(*ast.BasicLit); ok && lit.Kind == gotoken.STRING {
			value, _ := strconv.Unquote(lit.Value)
			values = append(values, value)
		}
		return true
	})
	return values
}

// sameWiring compares the wiring of this test with the routes of the functions that run: each has
// been asked something by now, and so has made its API.
func (s *system) sameWiring(ctx context.Context, t *testing.T) {
	t.Helper()
	for name, add := range wiring() {
		handler, err := boot.Shared(ctx, s.Process, "function "+name, func(context.Context) (http.Handler, error) {
			return nil, errors.New("it was asked nothing, or keeps its handler elsewhere")
		})
		if bounded, ok := handler.(interface{ Unwrap() http.Handler }); ok {
			handler = bounded.Unwrap()
		}
		running, ok := handler.(*httpapi.API)
		if err != nil || !ok {
			t.Errorf("%s is a %T: %v", name, handler, err)
			continue
		}
		want := httpapi.New(httpapi.Options{})
		add(want)
		shown := gocmp.Comparer(func(a, b httpapi.Show) bool { return (a == nil) == (b == nil) })
		if diff := gocmp.Diff(want.Routes(), running.Routes(), shown); diff != "" {
			t.Errorf("%s (-wiring of this test +function):\n%s", name, diff)
		}
	}
}
