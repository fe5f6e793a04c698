package systest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/coach"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/testphoto"
)

// exchanges is an http.RoundTripper that holds every exchange of a test with the API to the
// contract. What goes elsewhere, to Cloud Storage or the Auth emulator, just passes.
type exchanges struct {
	host     string
	next     http.RoundTripper
	report   func(format string, args ...any)
	doc      *openapi3.T
	router   routers.Router
	answered *sync.Map // has the ids of the operations that were answered well
}

func newExchanges(tb testing.TB, host string) *exchanges {
	tb.Helper()
	doc := loadContract(tb)
	// Apps are told to ignore members that they do not know; the test is not: all that is answered
	// must be described.
	err := doc.WalkSchemas(func(_ string, s *openapi3.SchemaRef) error {
		more := &s.Value.AdditionalProperties
		if s.Value.Type.Is(openapi3.TypeObject) && more.Has == nil && more.Schema == nil {
			more.Has = new(false)
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		tb.Fatal(err)
	}
	return &exchanges{
		host: host, next: http.DefaultTransport, report: tb.Errorf, doc: doc, router: router, answered: new(sync.Map),
	}
}

// under returns exchanges held to the same contract that report to the test.
func (x *exchanges) under(tb testing.TB) *exchanges {
	tb.Helper()
	held := *x
	held.report, held.answered = tb.Errorf, new(sync.Map)
	return &held
}

func (x *exchanges) RoundTrip(req *http.Request) (*http.Response, error) {
	if req.URL.Host != x.host {
		return x.next.RoundTrip(req)
	}
	var sent []byte
	if req.Body != nil {
		var err error
		if sent, err = io.ReadAll(req.Body); err != nil {
			return nil, err
		}
		_ = req.Body.Close()
	}
	out, look := req.Clone(req.Context()), req.Clone(req.Context())
	out.Body, look.Body = io.NopCloser(bytes.NewReader(sent)), io.NopCloser(bytes.NewReader(sent))
	resp, err := x.next.RoundTrip(out)
	if err != nil {
		return nil, err
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return nil, err
	}
	_ = resp.Body.Close()
	resp.Body = io.NopCloser(bytes.NewReader(body))
	if err := x.check(look, resp, body); err != nil {
		x.report(
			"%s %s, answered %d %.2000s\nbreaks the contract: %v", req.Method, req.URL.RequestURI(), resp.StatusCode, body, err,
		)
	}
	return resp, nil
}

func (x *exchanges) check(req *http.Request, resp *http.Response, body []byte) error {
	if resp.Header.Get("Strict-Transport-Security") == "" {
		return errors.New("the answer lets browsers use plain HTTP")
	}
	route, params, err := x.router.FindRoute(req)
	if err != nil || path.Clean(req.URL.EscapedPath()) != req.URL.EscapedPath() { // which the router tidies up
		return x.checkNowhere(resp, body)
	}
	options := &openapi3filter.Options{
		IncludeResponseStatus: true, MultiError: true, SkipSettingDefaults: true, RejectWhenRequestBodyNotSpecified: true,
		AuthenticationFunc: func(_ context.Context, in *openapi3filter.AuthenticationInput) error {
			if httpapi.Bearer(in.RequestValidationInput.Request) == "" {
				return errors.New("no bearer token")
			}
			return nil
		},
	}
	asked := &openapi3filter.RequestValidationInput{Request: req, PathParams: params, Route: route, Options: options}
	if resp.StatusCode < http.StatusBadRequest { // a request that was refused may be anything, and megabytes of it
		breach := errors.Join(openapi3filter.ValidateRequest(req.Context(), asked), knownParameters(req, route))
		if breach != nil {
			return fmt.Errorf("it forbids the request, which was taken: %w", breach)
		}
	}
	answer := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: asked, Status: resp.StatusCode, Header: resp.Header, Options: options,
	}
	answer.SetBodyBytes(body)
	if err := openapi3filter.ValidateResponse(req.Context(), answer); err != nil {
		return err
	}
	described := route.Operation.Responses.Status(resp.StatusCode).Value
	if len(described.Content) == 0 && len(body) > 0 {
		return errors.New("it has no body for this answer")
	}
	if resp.StatusCode >= http.StatusBadRequest {
		return listed(body, codesIn(described.Extensions))
	}
	x.answered.Store(route.Operation.OperationID, true)
	if route.Operation.OperationID == "getContractJSON" { // it has answers as examples
		return nil
	}
	if err := valued(resp, body); err != nil {
		return err
	}
	return inOneLanguage(resp, body)
}

// valued looks for members of a JSON answer without a value: null, or an empty text. Such a member
// is to be absent.
func valued(resp *http.Response, body []byte) error {
	if resp.Header.Get("Content-Type") != "application/json" || len(body) == 0 {
		return nil
	}
	var answer any
	if err := json.Unmarshal(body, &answer); err != nil {
		return err
	}
	if path := firstNone("", answer); path != "" {
		return fmt.Errorf("%s has no value, so it should be absent", path)
	}
	return nil
}

// firstNone returns the pointer to a member or element without a value, "" if all have one.
func firstNone(at string, value any) string {
	switch value := value.(type) {
	case nil:
		return at
	case string:
		if value == "" {
			return at
		}
	case map[string]any:
		for name, member := range value {
			if found := firstNone(at+"/"+name, member); found != "" {
				return found
			}
		}
	case []any:
		for i, element := range value {
			if found := firstNone(fmt.Sprintf("%s/%d", at, i), element); found != "" {
				return found
			}
		}
	}
	return ""
}

// checkNowhere is for what no operation of the contract fits.
func (x *exchanges) checkNowhere(resp *http.Response, body []byte) error {
	if media := resp.Header.Get("Content-Type"); media != "application/problem+json" {
		return fmt.Errorf("it has no such operation, and the answer is no problem but %q", media)
	}
	var value any
	if err := json.Unmarshal(body, &value); err != nil {
		return err
	}
	if err := x.doc.Components.Schemas["Problem"].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()); err != nil {
		return err
	}
	return listed(body, codesIn(x.doc.Extensions))
}

func listed(problem []byte, codes []fault.Code) error {
	var p httpapi.Problem
	if err := json.Unmarshal(problem, &p); err != nil {
		return err
	}
	if !slices.Contains(codes, p.Code) {
		return fmt.Errorf("it lists %v here and not %q", codes, p.Code)
	}
	return nil
}

// knownParameters looks for what openapi3filter lets pass: parameters of the query that are not
// described.
func knownParameters(req *http.Request, route *routers.Route) error {
	if route.Operation.Extensions["x-any-query"] == true {
		return nil
	}
	for name := range req.URL.Query() {
		if route.Operation.Parameters.GetByInAndName(openapi3.ParameterInQuery, name) == nil {
			return fmt.Errorf("the query has %q, which is not described", name)
		}
	}
	return nil
}

type roundTripper func(*http.Request) (*http.Response, error)

func (f roundTripper) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A guard that never reports would let everything pass.
func TestExchanges_seeWhatBreaksTheContract(t *testing.T) {
	t.Parallel()
	const (
		preferences = `{"push":true,"email":false,"kinds":{},"digest":true,"hideScore":false}`
		problem     = `{"type":"/problems/%[1]s","title":"x","status":%[2]d,"code":"%[1]s","detail":"x"}`
		times       = `"createdAt":"2026-11-20T08:16:00.000Z","updatedAt":"2026-11-20T08:16:00.000Z"`
	)
	for name, tt := range map[string]struct {
		method, target, body string
		status               int
		answer               string
		breach               string // "" is none
	}{
		"nothing":                  {"GET", "/v1/preferences", "", 200, preferences, ""},
		"a problem that is listed": {"GET", "/v1/preferences", "", 403, fmt.Sprintf(problem, "not_registered", 403), ""},
		"a refused request": {
			"PUT", "/v1/preferences", `{"push":1}`, 422, fmt.Sprintf(problem, "invalid_field", 422), "",
		},
		"a path that is not": {"GET", "/v1/nothing", "", 404, fmt.Sprintf(problem, "not_found", 404), ""},
		"a member too many": {
			"GET", "/v1/preferences", "", 200, strings.Replace(preferences, "{", `{"sms":true,`, 1), "sms",
		},
		"a member without a value": {
			"GET", "/v1/friends/code", "", 200, `{"code":"","createdAt":"2026-11-20T08:16:00.000Z"}`, "code",
		},
		"a member too few": {
			"GET", "/v1/preferences", "", 200, strings.Replace(preferences, `"email":false,`, "", 1), "email",
		},
		"a nested member too many": {
			"GET", "/v1/scans", "", 200,
			`{"items":[{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","state":"queued","version":1,` + times + `,"uid":"x"}]}`,
			"uid",
		},
		"a status that is not listed": {"GET", "/v1/preferences", "", 418, preferences, "status"},
		"a code of elsewhere": {
			"GET", "/v1/preferences", "", 403, fmt.Sprintf(problem, "consent_required", 403), "consent_required",
		},
		"a lax server": {
			"PUT", "/v1/preferences", `{"push":true,"email":true,"sms":true}`, 200, preferences, "sms",
		},
		"a lax parameter":          {"GET", "/v1/inbox?limit=1000", "", 200, `{"items":[],"unreadCount":0}`, "limit"},
		"a secret parameter":       {"GET", "/v1/inbox?debug=1", "", 200, `{"items":[],"unreadCount":0}`, "debug"},
		"a header that is missing": {"GET", "/v1/me", "", 200, `{}`, "ETag"},
		"a result before the end": {
			"GET", "/v1/scans/aaaaaaaaaaaaaaaaaaaaaaaaaa", "", 200,
			`{"id":"aaaaaaaaaaaaaaaaaaaaaaaaaa","state":"processing","version":1,` + times + `,"result":{}}`,
			"result",
		},
		"a body where none is":        {"DELETE", "/v1/devices/phone", "", 204, `{}`, "no body"},
		"no problem where nothing is": {"GET", "/v1/nothing", "", 200, `{}`, "no problem"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newExchanges(t, "api.test")
			var reported string
			x.report = func(format string, args ...any) { reported += fmt.Sprintf(format, args...) }
			x.next = roundTripper(func(*http.Request) (*http.Response, error) {
				header := http.Header{
					"Content-Type": {"application/json"}, "X-Request-Id": {"x"}, "Strict-Transport-Security": {"max-age=1"},
				}
				if tt.status >= 400 {
					header.Set("Content-Type", "application/problem+json")
				}
				return &http.Response{StatusCode: tt.status, Header: header, Body: io.NopCloser(strings.NewReader(tt.answer))}, nil
			})
			req, err := http.NewRequestWithContext(
				t.Context(), tt.method, "http://api.test"+tt.target, strings.NewReader(tt.body),
			)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("Authorization", "Bearer x")
			req.Header.Set("Content-Type", "application/json")
			if _, err := x.RoundTrip(req); err != nil {
				t.Fatal(err)
			}
			_, breach, _ := strings.Cut(reported, "breaks the contract")
			if (breach != "") != (tt.breach != "") || !strings.Contains(breach, tt.breach) {
				t.Errorf("reported %q, want %q", reported, tt.breach)
			}
		})
	}
}

// caller asks the API for anything, as no app would.
type caller struct {
	*system
	token string
}

// under returns the caller whose exchanges are reported to the test.
func (c caller) under(tb testing.TB) caller {
	tb.Helper()
	c.system = c.system.under(tb)
	return c
}

// call is one exchange; header names and values alternate.
func (c caller) call(
	ctx context.Context, t *testing.T, method, path, body string, header ...string,
) (status int, answer []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := c.exchanges.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	answer, err = io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, answer
}

func (c caller) want(ctx context.Context, t *testing.T, status int, method, path, body string, header ...string) {
	t.Helper()
	if got, answer := c.call(ctx, t, method, path, body, header...); got != status {
		t.Errorf("%s %s %s: %d, want %d: %s", method, path, body, got, status, answer)
	}
}

func (c caller) refused(
	ctx context.Context, t *testing.T, code fault.Code, method, path, body string, header ...string,
) {
	t.Helper()
	got, answer := c.call(ctx, t, method, path, body, header...)
	var p httpapi.Problem
	if err := json.Unmarshal(answer, &p); err != nil || p.Code != code || got != code.Kind().Status() {
		t.Errorf("%s %s %s: %d %s, want %s", method, path, body, got, answer, code)
	}
}

// ownersAnswer sends each operation, without a token, to the function that owns its path: that
// function must know it.
func (s *system) ownersAnswer(ctx context.Context, t *testing.T) {
	t.Helper()
	for pattern, op := range described(s.exchanges.doc) {
		method, _, _ := strings.Cut(pattern, " ")
		status, answer := caller{system: s}.call(ctx, t, method, pathOf(pattern), "")
		// What is named in the URL alone may well not be there.
		absent := status == http.StatusNotFound && (op.Security == nil || op.Responses.Status(status) == nil)
		if absent || status == http.StatusMethodNotAllowed || status >= http.StatusInternalServerError {
			t.Errorf("%s: %d %s", pattern, status, answer)
		}
		if op.Security == nil && status != http.StatusUnauthorized {
			t.Errorf("%s without a token: %d %s", pattern, status, answer)
		}
	}
}

// everyOperation has each operation answered well at least once, and refused in most of the ways
// that the contract has.
func (s *system) everyOperation(ctx context.Context, t *testing.T) {
	t.Helper()
	bob := s.app("bob")
	tokens, err := bob.SignUp(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.crash.strike(tokens.UID)
	c, nobody := caller{s, tokens.IDToken}, caller{system: s}
	c.refused(ctx, t, fault.CodeNotRegistered, "GET", "/v1/me", "")
	if err := bob.VerifyEmail(ctx); err != nil {
		t.Fatal(err)
	}
	c.account(ctx, t)
	c.consent(ctx, t)
	c.scans(ctx, t, bob)
	c.inbox(ctx, t, bob)
	c.boards(ctx, t)
	c.want(ctx, t, 200, "GET", "/v1/me/summary", "")
	c.want(ctx, t, 204, "DELETE", "/v1/leaderboards/me", "")
	c.friends(ctx, t)
	c.reported(ctx, t, tokens.UID)
	for _, path := range []string{
		"/health", "/ready", "/v1/openapi.yaml", "/v1/openapi.json", "/account-deletion", "/problems/not_found",
		"/docs", "/docs/start.js",
	} {
		nobody.want(ctx, t, 200, "GET", path, "")
	}
	credentials := func(email, password string) string {
		return fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	}
	nobody.refused(ctx, t, fault.CodeEmailExists, "POST", "/v1/auth/signup", credentials(bob.Email, "another horse"))
	nobody.refused(ctx, t, fault.CodeWeakPassword, "POST", "/v1/auth/signup", credentials("systest-weak@example.com", "x"))
	nobody.refused(ctx, t, fault.CodeInvalidCredentials, "POST", "/v1/auth/login", credentials(bob.Email, "another horse"))
	nobody.refused(ctx, t, fault.CodeInvalidField, "POST", "/v1/auth/login", `{}`)
	known := fmt.Sprintf(`{"email":%q,"password":%q,"clientToken":%q}`, bob.Email, bob.Password, tokens.ClientToken)
	nobody.want(ctx, t, 200, "POST", "/v1/auth/login", known)
	nobody.want(ctx, t, 200, "POST", "/v1/auth/login", strings.Replace(known, tokens.ClientToken, "x", 1))
	refresh := func(token string) string { return fmt.Sprintf(`{"refreshToken":%q}`, token) }
	nobody.want(ctx, t, 200, "POST", "/v1/auth/refresh", refresh(tokens.RefreshToken))
	nobody.refused(ctx, t, fault.CodeTokenInvalid, "POST", "/v1/auth/refresh", refresh("x"))
	nobody.refused(ctx, t, fault.CodeInvalidField, "POST", "/v1/auth/refresh", `{}`)
	nobody.want(ctx, t, 202, "POST", "/v1/auth/password-reset", fmt.Sprintf(`{"email":%q}`, bob.Email))
	nobody.refused(ctx, t, fault.CodeInvalidField, "POST", "/v1/auth/password-reset", `{"email":"nobody"}`)
	const ask, follow = "/v1/account-deletion", "/v1/account-deletion/any-token?lang=de"
	const form, media = "application/x-www-form-urlencoded", "Content-Type"
	nobody.want(ctx, t, 202, "POST", ask, `{"email":"systest-unknown@example.com","locale":"de"}`)
	nobody.refused(ctx, t, fault.CodeInvalidField, "POST", ask, `{"email":"nobody"}`)
	nobody.want(ctx, t, 200, "GET", follow, "")
	nobody.want(ctx, t, 200, "POST", follow, "sure=yes", media, form)
	nobody.refused(ctx, t, fault.CodeInvalidField, "POST", follow, "sure=no", media, form)
	caller{s, "x"}.refused(ctx, t, fault.CodeTokenInvalid, "GET", "/v1/me", "")
	nobody.refused(ctx, t, fault.CodeMethodNotAllowed, "PUT", "/v1/me", "")
	nobody.want(ctx, t, 200, "GET", "/v1/erasures/key", "")
	nobody.refused(ctx, t, fault.CodeNotFound, "GET", "/v1/erasures/"+strings.ToLower(rand.Text()), "")
	c.export(ctx, t)
	// The function dies after the commit at first, which ended the sign-in all the same.
	for _, status := range []int{http.StatusInternalServerError, http.StatusNoContent} {
		c.want(ctx, t, status, "POST", "/v1/auth/sign-out-everywhere", "")
		c.refused(ctx, t, fault.CodeTokenRevoked, "GET", "/v1/me", "")
		at := time.Now().Unix() // a function that died did not wait for the next second
		testkit.Eventually(t, "the next second", func() bool { return time.Now().Unix() > at })
		again, err := bob.Login(ctx)
		if err != nil {
			t.Fatal(err)
		}
		c.token = again.IDToken
	}
	c.erase(ctx, t, tokens.UID)
	for pattern, op := range described(s.exchanges.doc) {
		if _, answered := s.exchanges.answered.Load(op.OperationID); !answered {
			t.Errorf("%s was never answered well, so its answer was not compared with the contract", pattern)
		}
	}
}

// staff returns one of the staff with the role.
func (s *system) staff(ctx context.Context, t *testing.T, name, role string) caller {
	t.Helper()
	p := s.newPerson(ctx, t, name)
	return caller{s, p.token(t, func(claims map[string]any) { claims["role"] = role })}
}

// reported has another user report the caller's name, and staff look at it.
func (c caller) reported(ctx context.Context, t *testing.T, uid string) {
	t.Helper()
	const path, reports = "/v1/leaderboards/reports", "/v1/admin/reports"
	var me struct{ Username string }
	if _, answer := c.call(ctx, t, "GET", "/v1/me", ""); json.Unmarshal(answer, &me) != nil || me.Username == "" {
		t.Fatalf("the caller has no name: %s", answer)
	}
	_, eve := c.enrolled(ctx, t, "name-reporter")
	eve.refused(ctx, t, fault.CodeInvalidField, "POST", path, `{"username":"","reason":"ugly"}`)
	for _, name := range []string{me.Username, strings.ToUpper(me.Username), me.Username, "nobody.has.this"} {
		eve.want(ctx, t, 204, "POST", path, fmt.Sprintf(`{"username":%q,"reason":"impersonation"}`, name))
	}
	admin, support := c.staff(ctx, t, "staff-admin", "admin"), c.staff(ctx, t, "staff-support", "support")
	support.refused(ctx, t, fault.CodeRoleRequired, "GET", reports, "")
	var open struct {
		Items []struct {
			ID, UID string
			Reasons map[string]int
		}
	}
	if _, answer := admin.call(ctx, t, "GET", reports+"?limit=100", ""); json.Unmarshal(answer, &open) != nil {
		t.Fatal(string(answer))
	}
	i := slices.IndexFunc(open.Items, func(one struct {
		ID, UID string
		Reasons map[string]int
	}) bool {
		return one.UID == uid
	})
	if i < 0 || open.Items[i].Reasons["impersonation"] != 1 {
		t.Fatalf("reported once by one user: %+v", open)
	}
	resolve := reports + "/" + open.Items[i].ID + "/resolve"
	admin.refused(ctx, t, fault.CodeInvalidField, "POST", resolve, `{"decision":"ban"}`)
	admin.refused(ctx, t, fault.CodeNotFound, "POST", reports+"/none/resolve", `{"decision":"bar"}`)
	admin.want(ctx, t, 204, "POST", resolve, `{"decision":"dismiss"}`)
	support.want(ctx, t, 200, "GET", "/v1/admin/users/"+uid, "")
	support.refused(ctx, t, fault.CodeNotFound, "GET", "/v1/admin/users/none", "")
	c.reviewed(ctx, t, uid, admin)
	c.audited(
		ctx, t, uid, "account.quarantined", "account.registered", "account.released", "consent.granted", "consent.granted",
		"consent.withdrawn", "report.dismissed", "user.read", "user.read",
	)
}

// reviewed has the administrator put the caller into quarantine for a moment.
func (c caller) reviewed(ctx context.Context, t *testing.T, uid string, admin caller) {
	t.Helper()
	standing := "/v1/admin/users/" + uid + "/standing"
	admin.refused(ctx, t, fault.CodeInvalidField, "POST", standing, `{"action":"ban","reason":"appeal"}`)
	admin.refused(ctx, t, fault.CodeNotFound, "POST", "/v1/admin/users/none/standing", `{"action":"ban","reason":"legal"}`)
	admin.want(ctx, t, 200, "POST", standing, `{"action":"ban","reason":"fraud","dryRun":true}`)
	admin.want(ctx, t, 200, "POST", standing, `{"action":"quarantine","reason":"fraud"}`)
	c.refused(ctx, t, fault.CodeAccountQuarantined, "POST", "/v1/uploads", `{"contentType":"image/jpeg"}`)
	c.want(ctx, t, 200, "GET", "/v1/scans", "")
	admin.want(ctx, t, 200, "POST", standing, `{"action":"release","reason":"mistake"}`)
}

// audited wants acts of the kinds about the user, and no others.
func (c caller) audited(ctx context.Context, t *testing.T, uid string, kinds ...string) {
	t.Helper()
	u, err := account.Get(ctx, c.fs, account.UID(uid))
	if err != nil {
		t.Fatal(err)
	}
	about, ok := audit.New(c.fs, c.Process.Config.Ring(keys.ForAudit), c.Process.Now).About(u.Acts)
	if !ok {
		t.Fatal("the user has no link to the audit")
	}
	var got []string
	for _, act := range c.documents(ctx, t, about) {
		kind, _ := act.Data()["kind"].(string)
		got = append(got, kind)
	}
	slices.Sort(got)
	if diff := cmp.Diff(kinds, got); diff != "" {
		t.Errorf("acts about the user (-want +got):\n%s", diff)
	}
}

// export has all that is kept of the user downloaded and verified.
func (c caller) export(ctx context.Context, t *testing.T) {
	t.Helper()
	const path = "/v1/me/export"
	c.refused(ctx, t, fault.CodeNotFound, "GET", path, "")
	if status, answer := c.again(ctx, t, "POST", path); status != http.StatusAccepted {
		t.Fatalf("POST %s: %d %s", path, status, answer)
	}
	c.want(ctx, t, 202, "POST", path, "") // tells anew what the function may have died before
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", path+"?wait=26", "")
	var seen api.Export
	c.await(ctx, t, "the export", func() bool {
		_, answer := c.call(ctx, t, "GET", path+"?wait=1", "")
		if err := json.Unmarshal(answer, &seen); err != nil {
			t.Fatal(err)
		}
		return seen.State == api.ExportStateReady
	})
	if _, err := new(client.Client).Download(ctx, seen); err != nil {
		t.Error(err)
	}
}

// erase ends the user, with all that the calls before have left everywhere.
func (c caller) erase(ctx context.Context, t *testing.T, uid string) {
	t.Helper()
	uploads, results := c.bucket(ctx, t, host.UploadsBucket), c.bucket(ctx, t, host.ResultsBucket)
	if len(emulatortest.Mentions(t, c.fs, uid, uploads, results)) == 0 {
		t.Fatal("there is nothing to erase")
	}
	var asked struct{ ReceiptURL string }
	status, answer := c.again(ctx, t, "DELETE", "/v1/me")
	if err := json.Unmarshal(answer, &asked); err != nil || status != http.StatusAccepted {
		t.Fatalf("DELETE /v1/me: %d %s", status, answer)
	}
	receipt := strings.TrimPrefix(asked.ReceiptURL, c.URL)
	var seen struct{ State string }
	c.await(ctx, t, "the receipt", func() bool {
		if err := c.RequestSweep(ctx); err != nil {
			t.Fatal(err)
		}
		_, answer := (caller{system: c.system}).call(ctx, t, "GET", receipt+"?wait=1", "")
		if err := json.Unmarshal(answer, &seen); err != nil {
			t.Fatal(err)
		}
		return seen.State == "erased"
	})
	c.await(ctx, t, "the end of every trace", func() bool {
		return len(emulatortest.Mentions(t, c.fs, uid, uploads, results)) == 0
	})
}

// again makes a call once more if the function died after its commit.
func (c caller) again(ctx context.Context, t *testing.T, method, path string) (status int, answer []byte) {
	t.Helper()
	status, answer = c.call(ctx, t, method, path, "")
	if status == http.StatusInternalServerError {
		status, answer = c.call(ctx, t, method, path, "")
	}
	return status, answer
}

func (s *system) bucket(ctx context.Context, t *testing.T, name string) *storage.BucketHandle {
	t.Helper()
	client, err := storage.NewClient(ctx, s.Storage.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client.Bucket(name)
}

func (c caller) account(ctx context.Context, t *testing.T) {
	t.Helper()
	const me, register, username = "/v1/me", "/v1/auth/register", "/v1/me/username"
	c.want(
		ctx, t, 201, "POST", register,
		`{"displayName":"Bob","locale":"pt-br","device":{"id":"phone","token":"t","platform":"ios"}}`,
	)
	c.want(ctx, t, 200, "POST", register, `{}`)
	c.refused(ctx, t, fault.CodeInvalidField, "POST", register, `{"locale":"!"}`)
	c.refused(ctx, t, fault.CodeInvalidField, "POST", register, `{"device":{"id":"phone","token":"t","platform":"tv"}}`)
	c.want(ctx, t, 200, "GET", me, "")
	c.want(ctx, t, 304, "GET", me, "", "If-None-Match", "*")
	c.want(ctx, t, 200, "GET", "/v1/me/summary", "")
	c.want(ctx, t, 200, "PATCH", me, `{"displayName":"Bob B.","leaderboard":{"optIn":true}}`, "If-Match", "*")
	c.refused(ctx, t, fault.CodeInvalidField, "PATCH", me, `{"birthYear":1899}`)
	c.refused(ctx, t, fault.CodePreconditionFailed, "PATCH", me, `{}`, "If-Match", `"999"`)
	c.refused(ctx, t, fault.CodeUnknownField, "PATCH", me, `{"uid":"x"}`)
	c.refused(ctx, t, fault.CodeMalformedBody, "PATCH", me, `{`)
	c.refused(ctx, t, fault.CodeUnsupportedMediaType, "PATCH", me, `x`, "Content-Type", "text/plain")
	c.refused(ctx, t, fault.CodeBodyTooLarge, "PATCH", me, `{"displayName":"`+strings.Repeat("x", httpapi.MaxBody)+`"}`)
	c.refused(ctx, t, fault.CodeInvalidField, "PUT", username, `{"username":"x"}`)
	c.refused(ctx, t, fault.CodeUsernameTaken, "PUT", username, `{"username":"systest_ada"}`)
	c.want(ctx, t, 200, "GET", "/v1/usernames/"+url.PathEscape("bób"), "")
	c.want(ctx, t, 200, "PUT", username, `{"username":"bób"}`)
	c.want(ctx, t, 200, "PUT", username, `{"username":"róbert"}`)
	c.refused(ctx, t, fault.CodeUsernameCooldown, "PUT", username, `{"username":"someone"}`)
	c.want(ctx, t, 200, "GET", username, "")
}

func (c caller) consent(ctx context.Context, t *testing.T) {
	t.Helper()
	const path = "/v1/me/consent"
	c.want(ctx, t, 200, "GET", path, "")
	c.refused(ctx, t, fault.CodeConsentRequired, "POST", "/v1/uploads", `{"contentType":"image/jpeg"}`)
	c.refused(ctx, t, fault.CodeConsentRequired, "POST", "/v1/coach", "x", "Content-Type", "image/jpeg")
	c.refused(ctx, t, fault.CodeConsentOutdated, "POST", path, `{"version":"1999-01-01"}`)
	var status api.ConsentStatus
	_, answer := c.call(ctx, t, "GET", path, "")
	if err := json.Unmarshal(answer, &status); err != nil {
		t.Fatal(err)
	}
	agree := fmt.Sprintf(`{"version":%q,"appVersion":"2.4.1"}`, status.Current.Version)
	c.want(ctx, t, 201, "POST", path, agree)
	c.want(ctx, t, 200, "POST", path, agree)
	if status, answer := c.again(ctx, t, "DELETE", path); status != http.StatusOK {
		t.Errorf("DELETE %s: %d %s", path, status, answer)
	}
	c.want(ctx, t, 201, "POST", path, agree)

	c.want(ctx, t, 200, "GET", path+"/history?limit=1", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", path+"/history?cursor=x", "")
	c.refused(ctx, t, fault.CodeBirthYearRequired, "POST", "/v1/uploads", `{"contentType":"image/jpeg"}`)
	c.want(ctx, t, 200, "PATCH", "/v1/me", `{"birthYear":1990}`)
	c.refused(ctx, t, fault.CodeBirthYearFixed, "PATCH", "/v1/me", `{"birthYear":1991}`)
}

func (c caller) scans(ctx context.Context, t *testing.T, bob *client.Client) {
	t.Helper()
	const uploads, jpeg = "/v1/uploads", `{"contentType":"image/jpeg"}`
	c.refused(ctx, t, fault.CodeInvalidField, "POST", uploads, `{"contentType":"image/heic"}`)
	c.refused(ctx, t, fault.CodeInvalidParameter, "POST", uploads, jpeg, "Idempotency-Key", strings.Repeat("x", 129))
	c.want(ctx, t, 201, "POST", uploads, jpeg)
	sample, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	var ids []string
	for key, try := range map[string]struct {
		photo []byte
		state api.ScanState
	}{"good": {sample, api.ScanStateCompleted}, "bad": {[]byte("no photo"), api.ScanStateFailed}} {
		opened, err := bob.Open(ctx, key, api.UploadRequestContentTypeImageJpeg)
		if err != nil {
			t.Fatal(err)
		}
		c.want(ctx, t, 200, "POST", uploads, jpeg, "Idempotency-Key", key)
		c.refused(ctx, t, fault.CodeIdempotencyReused, "POST", uploads, `{"contentType":"image/png"}`, "Idempotency-Key", key)
		if err := bob.Put(ctx, opened.Upload, try.photo); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, opened.Scan.ID)
		done, err := bob.AwaitScan(ctx, opened.Scan.ID)
		if err != nil || done.State != try.state {
			t.Errorf("%s: %+v, %v", key, done, err)
		}
		c.want(ctx, t, 200, "POST", uploads, jpeg, "Idempotency-Key", key)
		if images := "/v1/scans/" + opened.Scan.ID + "/images"; try.state == api.ScanStateCompleted {
			c.want(ctx, t, 200, "GET", images, "")
			c.remeasure(ctx, t, opened.Scan.ID)
		} else {
			c.refused(ctx, t, fault.CodeScanNotCompleted, "POST", "/v1/scans/"+opened.Scan.ID+"/verify", "")
			c.refused(ctx, t, fault.CodeScanNotCompleted, "GET", images, "")
		}
		c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/scans/"+opened.Scan.ID+"?wait=26", "")
		c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/scans/"+opened.Scan.ID+"?since=-1", "")
	}
	c.refused(ctx, t, fault.CodeNotFound, "GET", "/v1/scans/"+strings.ToLower(rand.Text()), "")
	c.scanList(ctx, t)
	c.want(ctx, t, 200, "GET", "/v1/timeline?limit=1", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/timeline?cursor=x", "")
	c.direct(ctx, t, sample)
	c.series(ctx, t, bob, sample)
	c.refused(ctx, t, fault.CodeNotFound, "DELETE", "/v1/scans/x", "")
	for _, id := range ids {
		if status, _ := c.call(ctx, t, "DELETE", "/v1/scans/"+id, ""); status != http.StatusNoContent {
			c.want(ctx, t, 204, "DELETE", "/v1/scans/"+id, "") // the first one died after its commit
		}
		c.refused(ctx, t, fault.CodeNotFound, "DELETE", "/v1/scans/"+id, "")
	}
	c.coach(ctx, t, sample)
}

// series takes one of three photos, of which one is none, from its tickets to its deletion.
func (c caller) series(ctx context.Context, t *testing.T, bob *client.Client, sample []byte) {
	t.Helper()
	const all, key, jpeg = "/v1/series", "series", api.SeriesRequestContentTypeImageJpeg
	c.refused(ctx, t, fault.CodeInvalidField, "POST", all, `{"contentType":"image/jpeg","photos":6}`)
	c.refused(ctx, t, fault.CodeInvalidField, "POST", all, `{"contentType":"image/heic"}`)
	opened, err := bob.OpenSeries(ctx, key, jpeg, 3)
	if err != nil || len(opened.Uploads) != 3 {
		t.Fatalf("open a series: %+v, %v", opened, err)
	}
	c.want(ctx, t, 200, "POST", all, `{"contentType":"image/jpeg","photos":3}`, "Idempotency-Key", key)
	c.refused(
		ctx, t, fault.CodeIdempotencyReused, "POST", all, `{"contentType":"image/jpeg","photos":4}`, "Idempotency-Key", key,
	)
	for i, u := range opened.Uploads {
		photo := []byte("no photo")
		if i > 0 {
			if photo, err = client.Look(sample, i); err != nil {
				t.Fatal(err)
			}
		}
		if err := bob.Put(ctx, &u.Upload, photo); err != nil {
			t.Fatal(err)
		}
	}
	done, err := bob.AwaitSeries(ctx, opened.Series.ID)
	if err != nil || done.State != api.SeriesStateCompleted || done.Scans[0].LeftOut == nil {
		t.Errorf("series: %+v, %v", done, err)
	}
	path := all + "/" + opened.Series.ID
	c.want(ctx, t, 200, "GET", path+"/images", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", path+"?wait=26", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", path+"?since=-1", "")
	c.want(ctx, t, 201, "POST", all, `{"contentType":"image/png","photos":2}`)
	next := c.cursor(ctx, t, all+"?limit=1")
	c.want(ctx, t, 200, "GET", all+"?limit=1&cursor="+next, "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/scans?cursor="+next, "")
	c.refused(ctx, t, fault.CodeNotFound, "GET", all+"/"+strings.ToLower(rand.Text()), "")
	if status, _ := c.call(ctx, t, "DELETE", path, ""); status != http.StatusNoContent {
		c.want(ctx, t, 204, "DELETE", path, "") // the first one died after its commit
	}
	for _, gone := range []string{path, path + "/images", "/v1/scans/" + opened.Series.Scans[1].ID} {
		c.refused(ctx, t, fault.CodeNotFound, "GET", gone, "")
	}
	c.refused(ctx, t, fault.CodeNotFound, "DELETE", path, "")
}

// friends goes from a code to friendships, a block and their ends.
func (c caller) friends(ctx context.Context, t *testing.T) {
	t.Helper()
	const all, code = "/v1/friends", "/v1/friends/code"
	c.refused(ctx, t, fault.CodeNotFound, "GET", code, "")
	c.refused(ctx, t, fault.CodeNotFound, "DELETE", code, "")
	c.want(ctx, t, 201, "POST", code, "")
	c.want(ctx, t, 200, "POST", code, "")
	c.want(ctx, t, 201, "POST", code+"/rotate", "")
	c.want(ctx, t, 200, "GET", code, "")
	own := c.friendCode(ctx, t)
	use := func(code string) string { return fmt.Sprintf(`{"code":%q}`, code) }
	_, other := c.registered(ctx, t, "friend-of-bob")
	theirs := other.friendCode(ctx, t)
	c.want(ctx, t, 201, "POST", all, use(strings.ToLower(theirs)))
	c.want(ctx, t, 200, "POST", all, use(theirs))
	c.refused(ctx, t, fault.CodeInvalidField, "POST", all, use(own))
	c.refused(ctx, t, fault.CodeInvalidField, "POST", all, use("ßßßß-ßßßß-ßßßß-ßßßß"))
	c.refused(ctx, t, fault.CodeNotFound, "POST", all, use("0000-0000-0000-0000"))
	friend, blocked := c.circle(ctx, t)
	c.want(ctx, t, 200, "GET", all+"?limit=1&cursor="+c.cursor(ctx, t, all+"?limit=1"), "")
	c.want(ctx, t, 200, "GET", all+"/blocked?limit=1", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", all+"?cursor=x", "")
	c.want(ctx, t, 204, "DELETE", all+"/"+friend, "")
	c.refused(ctx, t, fault.CodeNotFound, "DELETE", all+"/"+friend, "")
	c.refused(ctx, t, fault.CodeNotFound, "POST", all+"/"+friend+"/block", "")
	c.want(ctx, t, 204, "POST", all+"/"+blocked+"/block", "")
	c.want(ctx, t, 204, "DELETE", all+"/"+blocked+"/block", "")
	c.refused(ctx, t, fault.CodeNotFound, "DELETE", all+"/"+blocked+"/block", "")
	c.want(ctx, t, 204, "DELETE", code, "")
}

func (c caller) coach(ctx context.Context, t *testing.T, sample []byte) {
	t.Helper()
	const path, media = "/v1/coach", "Content-Type"
	c.want(ctx, t, 200, "POST", path, string(sample), media, "image/jpeg")
	c.refused(ctx, t, fault.CodeUnsupportedMediaType, "POST", path, string(sample), media, "image/gif")
	c.refused(ctx, t, fault.CodeUnreadablePhoto, "POST", path, string(sample[:500]), media, "image/jpeg")
	c.refused(ctx, t, fault.CodeBodyTooLarge, "POST", path, strings.Repeat("x", coach.MaxBytes+1), media, "image/jpeg")
}

// remeasure has the scan's photo measured again: to compare, and in place of an older engine's
// result.
func (c caller) remeasure(ctx context.Context, t *testing.T, id string) {
	t.Helper()
	path := "/v1/scans/" + id
	settle := func(action, outcome string) {
		t.Helper()
		if status, _ := c.call(ctx, t, "POST", path+"/"+action, ""); status != http.StatusAccepted {
			c.want(ctx, t, 202, "POST", path+"/"+action, "") // the first one died after its commit
		}
		c.await(ctx, t, "the scan to be "+outcome, func() bool {
			var s api.Scan
			_, answer := c.call(ctx, t, "GET", path, "")
			if err := json.Unmarshal(answer, &s); err != nil || s.Verification == nil {
				t.Fatalf("no verification: %s, %v", answer, err)
			}
			return s.Verification.State == outcome
		})
	}
	settle("verify", "matches")
	c.refused(ctx, t, fault.CodeAlreadyCurrent, "POST", path+"/rescore", "")
	c.change(ctx, t, "scans/"+id, "result.version", "facescan-1.0.0+older")
	settle("rescore", "rescored")
}

func (c caller) scanList(ctx context.Context, t *testing.T) {
	t.Helper()
	const list = "/v1/scans?limit=1&order=oldest"
	next := c.cursor(ctx, t, list)
	c.want(ctx, t, 200, "GET", list+"&cursor="+next, "")
	c.want(ctx, t, 200, "GET", "/v1/scans?state=completed&rankable=true&from=2026-01-01T00:00:00Z", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/scans?limit=1&cursor="+next, "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/scans?state=gone", "")
}

// cursor is that of the list's next page, which there must be.
func (c caller) cursor(ctx context.Context, t *testing.T, list string) string {
	t.Helper()
	var page struct{ NextCursor string }
	_, answer := c.call(ctx, t, "GET", list, "")
	if err := json.Unmarshal(answer, &page); err != nil || page.NextCursor == "" {
		t.Fatalf("no next page: %s, %v", answer, err)
	}
	return page.NextCursor
}

// boards asks for all that there is of the boards.
func (c caller) boards(ctx context.Context, t *testing.T) {
	t.Helper()
	const boards = "/v1/leaderboards"
	c.want(ctx, t, 200, "GET", boards, "")
	c.want(ctx, t, 200, "GET", boards+"/archives?division=women&period=day", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", boards+"/archives?period=year", "")
	day := "/symmetry_overall_" + time.Now().UTC().Format(time.DateOnly) + "_v2"
	for _, board := range []string{"/symmetry", "/symmetry_men_all_v2", day} {
		c.want(ctx, t, 200, "GET", boards+board+"/top?limit=100", "")
		c.want(ctx, t, 200, "GET", boards+board+"/around?limit=3", "")
		c.want(ctx, t, 200, "GET", boards+board+"/me", "")
		c.want(ctx, t, 200, "GET", boards+board+"/friends", "")
	}
	for _, what := range []string{"/top", "/around", "/me", "/friends"} {
		c.refused(ctx, t, fault.CodeNotFound, "GET", boards+"/symmetry_all_v1"+what, "")
		c.refused(ctx, t, fault.CodeBoardGone, "GET", boards+"/symmetry_overall_2026-01-01_v1"+what, "")
	}
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", boards+"/symmetry/top?limit=0", "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", boards+"/symmetry/top?cursor=x", "")
	c.want(ctx, t, 200, "PATCH", "/v1/me", `{"leaderboard":{"division":"women"}}`)
	c.refused(ctx, t, fault.CodeDivisionCooldown, "PATCH", "/v1/me", `{"leaderboard":{"division":"none"}}`)
	c.refused(ctx, t, fault.CodeInvalidField, "PATCH", "/v1/me", `{"leaderboard":{"division":"x"}}`)
}

func (c caller) inbox(ctx context.Context, t *testing.T, bob *client.Client) {
	t.Helper()
	var items []api.InboxItem
	c.await(ctx, t, "two notifications", func() bool {
		var err error
		if items, err = bob.Inbox(ctx); err != nil {
			t.Fatal(err)
		}
		return len(items) > 1
	})
	c.want(ctx, t, 204, "POST", "/v1/inbox/"+items[0].ID+"/read", "")
	c.want(ctx, t, 200, "GET", "/v1/inbox?unread=true&kind="+items[1].Kind, "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/inbox?kind=x", "")
	c.want(ctx, t, 304, "GET", "/v1/inbox", "", "If-None-Match", "*")
	c.refused(ctx, t, fault.CodeNotFound, "POST", "/v1/inbox/nothing/read", "")
	c.want(ctx, t, 200, "GET", "/v1/inbox?limit=1&cursor="+c.cursor(ctx, t, "/v1/inbox?limit=1"), "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "GET", "/v1/inbox?cursor=x", "")
	c.want(ctx, t, 200, "POST", "/v1/inbox/read-all", "")
	c.want(ctx, t, 200, "POST", "/v1/inbox/read-all", `{"before":"2026-11-20T08:16:06.020Z"}`)
	c.refused(ctx, t, fault.CodeInvalidField, "POST", "/v1/inbox/read-all", `{"before":"soon"}`)
	c.want(ctx, t, 204, "DELETE", "/v1/inbox/"+items[0].ID, "")
	c.refused(ctx, t, fault.CodeNotFound, "DELETE", "/v1/inbox/"+items[0].ID, "")
	c.refused(ctx, t, fault.CodeInvalidParameter, "DELETE", "/v1/inbox", "")
	c.want(ctx, t, 200, "DELETE", "/v1/inbox?read=true&before=2026-11-20T08:16:06.020Z", "")

	const device, preferences = "/v1/devices/tablet", "/v1/preferences"
	c.want(ctx, t, 201, "PUT", device, `{"token":"tt","platform":"android"}`)
	c.want(ctx, t, 200, "GET", "/v1/devices", "")
	c.want(ctx, t, 200, "PUT", device, `{"token":"tt","platform":"android"}`)
	c.refused(ctx, t, fault.CodeInvalidField, "PUT", device, `{"token":"","platform":"android"}`)
	c.refused(ctx, t, fault.CodeInvalidParameter, "PUT", "/v1/devices/a.b", `{"token":"tt","platform":"android"}`)
	c.want(ctx, t, 204, "DELETE", device, "")
	c.want(ctx, t, 204, "DELETE", device, "")
	c.want(ctx, t, 200, "GET", preferences, "")
	c.want(ctx, t, 200, "PUT", preferences, `{"push":true,"email":false}`)
	c.refused(ctx, t, fault.CodeInvalidField, "PUT", preferences, `{"push":true}`)
	night := `{"kinds":{"welcome":{"push":false}},"quietHours":{"from":"22:00","to":"07:00","zone":"Europe/Berlin"}}`
	c.want(ctx, t, 200, "PATCH", preferences, night)
	const stop, click = "/v1/unsubscribe/any-token?lang=de", "List-Unsubscribe=One-Click"
	const form, media = "application/x-www-form-urlencoded", "Content-Type"
	c.want(ctx, t, 200, "GET", stop, "")
	c.want(ctx, t, 200, "POST", stop, click, media, form)
	c.refused(ctx, t, fault.CodeInvalidField, "POST", stop, "a=b", media, form)
	const reset, patch = `{"kinds":null,"quietHours":null}`, "application/merge-patch+json"
	c.want(ctx, t, 200, "PATCH", preferences, reset, media, patch)
	c.refused(ctx, t, fault.CodeNotOptional, "PATCH", preferences, `{"kinds":{"security":{"email":false}}}`)
	c.refused(ctx, t, fault.CodeUnknownField, "PATCH", preferences, `{"kinds":{"welcome":{"sms":true}}}`)
	c.refused(ctx, t, fault.CodeInvalidField, "PATCH", preferences, `{"quietHours":{"from":"22:00"}}`)
}
