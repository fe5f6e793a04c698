package systest_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"github.com/getkin/kin-openapi/openapi3"
	gocmp "github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testphoto"
)

// TestOWASP attacks the running system by each section of the OWASP API Security Top 10 of 2023.
// Where another test has the rest of a section, the section's comment names it.
func TestOWASP(t *testing.T) {
	t.Parallel()
	for _, section := range []struct {
		name   string
		attack func(*system, context.Context, *testing.T)
	}{
		{"API1 object level authorization", (*system).attackObjects},
		{"API2 authentication", (*system).attackTokens},
		{"API3 object property level authorization", (*system).attackProperties},
		{"API4 resource consumption", (*system).attackResources},
		{"API5 function level authorization", (*system).attackFunctions},
		{"API6 sensitive business flows", (*system).attackFlows},
		{"API7 server side request forgery", (*system).attackByURLs},
		{"API8 misconfiguration", (*system).attackConfiguration},
		{"API9 inventory", (*system).attackInventory},
		{"API10 unsafe consumption", (*system).attackEvents},
	} {
		t.Run(section.name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithTimeout(t.Context(), deadline)
			defer cancel()
			section.attack(start(t), ctx, t)
		})
	}
}

// attackObjects asks for what is another user's: by its id, and by what only the system can make,
// made with the secrets of another use. TestAuthorization asks every operation for another user's
// ids, TestHostilePaths for ids that are none.
func (s *system) attackObjects(ctx context.Context, t *testing.T) {
	t.Helper()
	_, owner := s.enrolled(ctx, t, "owasp-owner")
	_, mallory := s.enrolled(ctx, t, "owasp-mallory")
	opened := owner.opened(ctx, t, `{"contentType":"image/jpeg"}`, "shared")
	for _, attempt := range []string{
		"GET /v1/scans/ID", "GET /v1/scans/ID?wait=1", "GET /v1/scans/ID/images", "POST /v1/scans/ID/verify",
		"POST /v1/scans/ID/rescore", "DELETE /v1/scans/ID", "GET /v1/series/ID",
	} {
		method, path, _ := strings.Cut(strings.Replace(attempt, "ID", opened.Scan.ID, 1), " ")
		mallory.refused(ctx, t, fault.CodeNotFound, method, path, "")
	}
	if other := mallory.opened(ctx, t, `{"contentType":"image/jpeg"}`, "shared"); other.Scan.ID == opened.Scan.ID {
		t.Error("another user's idempotency key finds the scan")
	}
	owner.want(ctx, t, 200, "GET", "/v1/scans/"+opened.Scan.ID, "")
	t.Run("a known photo of another user", func(t *testing.T) { s.forgePhoto(ctx, t, mallory) })
	t.Run("a cursor", func(t *testing.T) { s.forgeCursor(ctx, t, mallory.under(t)) })
	t.Run("a link that turns mails off", func(t *testing.T) { s.under(t).forgeLink(ctx, t) })
	t.Run("the capability of a receipt", func(t *testing.T) { s.under(t).forgeCapability(ctx, t) })
}

// opened is a scan that the caller opens.
func (c caller) opened(ctx context.Context, t *testing.T, body, key string) api.OpenedScan {
	t.Helper()
	var opened api.OpenedScan
	status, answer := c.call(ctx, t, "POST", "/v1/uploads", body, "Idempotency-Key", key)
	if err := json.Unmarshal(answer, &opened); err != nil || opened.Scan.ID == "" {
		t.Fatalf("open a scan: %d %s", status, answer)
	}
	return opened
}

// guises calls try with the secrets of every other use, as a ring of this one.
func (s *system) guises(t *testing.T, as keys.Use, try func(of keys.Use, forged keys.Ring)) {
	t.Helper()
	for _, of := range keys.Uses() {
		if of == as {
			continue
		}
		forged, err := keys.Parse(as, s.Process.Config.Ring(of).Text())
		if err != nil {
			t.Fatal(err)
		}
		try(of, forged)
	}
}

// forgePhoto opens a scan with the SHA-256 of a photo that another user has had measured.
func (s *system) forgePhoto(ctx context.Context, t *testing.T, mallory caller) {
	t.Helper()
	owner, photo := s.app("owasp-photographed"), sample(ctx, t)
	s.enrol(ctx, t, owner, "owasp_photographed")
	done := s.scan(ctx, t, owner, "photo", photo)
	body := fmt.Sprintf(`{"contentType":"image/jpeg","sha256":"%x"}`, sha256.Sum256(photo))
	if found := mallory.under(t).opened(ctx, t, body, "photo"); found.Scan.ID == done.ID || found.Upload == nil {
		t.Errorf("another user's photo is known: %+v", found.Scan)
	}
}

// sample is the photo that is measured here.
func sample(ctx context.Context, t *testing.T) []byte {
	t.Helper()
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return photo
}

// forgeCursor asks for the page of a board after a place that the system never told.
func (s *system) forgeCursor(ctx context.Context, t *testing.T, mallory caller) {
	t.Helper()
	const board, path = "symmetry_overall_all_v2", "/v1/leaderboards/symmetry_overall_all_v2/top?cursor="
	seal := func(ring keys.Ring, context string) string {
		t.Helper()
		cursor, err := ring.Seal(keys.Cursor, ">z", context)
		if err != nil {
			t.Fatal(err)
		}
		return cursor
	}
	own := s.Process.Config.Ring(keys.ForCursors)
	mallory.want(ctx, t, 200, "GET", path+seal(own, board), "")
	mallory.refused(ctx, t, fault.CodeInvalidParameter, "GET", path+seal(own, "symmetry_men_all_v2"), "")
	s.guises(t, keys.ForCursors, func(_ keys.Use, forged keys.Ring) {
		mallory.refused(ctx, t, fault.CodeInvalidParameter, "GET", path+seal(forged, board), "")
	})
}

// forgeLink turns off another user's mails. Each link answers the same, valid or not.
func (s *system) forgeLink(ctx context.Context, t *testing.T) {
	t.Helper()
	victim, c := s.registered(ctx, t, "owasp-reader")
	follow := func(ring keys.Ring) (email bool) {
		t.Helper()
		links, err := notify.NewUnsubscriber(s.URL, ring)
		if err != nil {
			t.Fatal(err)
		}
		link, err := links.URL(account.UID(victim.uid), []notify.Kind{notify.Welcome}, "en")
		if err != nil {
			t.Fatal(err)
		}
		caller{system: s}.want(ctx, t, 200, "POST", strings.TrimPrefix(link, s.URL), "List-Unsubscribe=One-Click",
			"Content-Type", "application/x-www-form-urlencoded")
		var set api.Preferences
		_, answer := c.call(ctx, t, "GET", "/v1/preferences", "")
		if err := json.Unmarshal(answer, &set); err != nil {
			t.Fatal(err)
		}
		return set.Kinds["welcome"]["email"]
	}
	s.guises(t, keys.ForUnsubscribing, func(of keys.Use, forged keys.Ring) {
		if !follow(forged) {
			t.Fatalf("a link that is sealed with the secret for %s turns mails off", of)
		}
	})
	if follow(s.Process.Config.Ring(keys.ForUnsubscribing)) {
		t.Error("the link that is sealed with its own secret turns nothing off: this test proves nothing")
	}
}

// forgeCapability asks for another user's receipt of erasure.
func (s *system) forgeCapability(ctx context.Context, t *testing.T) {
	t.Helper()
	victim, c := s.enrolled(ctx, t, "owasp-leaving")
	status, answer := c.call(ctx, t, "DELETE", "/v1/me", "")
	var requested api.ErasureRequested
	if err := json.Unmarshal(answer, &requested); err != nil {
		t.Fatalf("erase: %d %s", status, answer)
	}
	snap, err := s.fs.Doc("erasures/" + victim.uid).Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	at, err := snap.DataAt("requestedAt")
	if err != nil {
		t.Fatal(err)
	}
	nobody, job := caller{system: s}, erasure.Job{UID: account.UID(victim.uid), RequestedAt: at.(time.Time)}
	path := func(ring keys.Ring) string { return "/v1/erasures/" + erasure.Capability(ring, job) }
	if own := path(s.Process.Config.Ring(keys.ForReceipts)); !strings.HasSuffix(requested.ReceiptURL, own) {
		t.Fatalf("%s is not the receipt's URL %s: this test proves nothing", own, requested.ReceiptURL)
	}
	s.guises(t, keys.ForReceipts, func(_ keys.Use, forged keys.Ring) {
		nobody.refused(ctx, t, fault.CodeNotFound, "GET", path(forged), "")
	})
	for _, guess := range []string{victim.uid, strings.ToLower(rand.Text()), strings.Repeat("a", 26)} {
		nobody.refused(ctx, t, fault.CodeNotFound, "GET", "/v1/erasures/"+guess, "")
	}
}

// attackTokens asks with tokens that are not valid here, and with wrong passwords.
// TestAuthorization asks every operation with tokens that are malformed, of another project,
// expired and revoked, TestSignOutEverywhere ends sign-ins. The Auth emulator's tokens have no
// signature: internal/boot/identity tests that one is checked
// (TestUserIsSaidToBeDisabledOrGoneByAVerifiedTokenOnly).
func (s *system) attackTokens(ctx context.Context, t *testing.T) {
	t.Helper()
	p, c := s.registered(ctx, t, "owasp-token")
	now := time.Now()
	at := func(name string, offset time.Duration) func(map[string]any) {
		return func(claims map[string]any) { claims[name] = now.Add(offset).Unix() }
	}
	const cookies = "https://session.firebase.google.com/" + host.Project
	// Firebase's SDK takes clocks that differ by 5 minutes.
	for name, tt := range map[string]struct {
		change func(map[string]any)
		code   fault.Code // "" is a success
	}{
		"a clock that is 4 minutes fast":       {at("iat", 4*time.Minute), ""},
		"a clock that is 10 minutes fast":      {at("iat", 10*time.Minute), fault.CodeTokenInvalid},
		"a token that expired 4 minutes ago":   {at("exp", -4*time.Minute), ""},
		"a token that expired 10 minutes ago":  {at("exp", -10*time.Minute), fault.CodeTokenExpired},
		"another project's issuer":             {with("iss", "https://securetoken.google.com/x"), fault.CodeTokenInvalid},
		"a session cookie's issuer":            {with("iss", cookies), fault.CodeTokenInvalid},
		"another project's audience":           {with("aud", "x"), fault.CodeTokenInvalid},
		"nobody":                               {with("sub", ""), fault.CodeTokenInvalid},
		"a subject that is longer than any id": {with("sub", strings.Repeat("a", 129)), fault.CodeTokenInvalid},
		"a subject that is a path":             {with("sub", "../"+p.uid), fault.CodeTokenInvalid},
		"a user who never was":                 {with("sub", strings.ToLower(rand.Text())), fault.CodeTokenInvalid},
	} {
		t.Run(name, func(t *testing.T) {
			if code := (caller{s, p.token(t, tt.change)}).under(t).refusal(ctx, t, "/v1/me"); code != tt.code {
				t.Errorf("%q, want %q", code, tt.code)
			}
		})
	}
	nobody := caller{system: s}
	for _, header := range []string{"Basic " + c.token, c.token, "Bearer", "Token " + c.token} {
		if status, _ := nobody.call(ctx, t, "GET", "/v1/me", "", "Authorization", header); status != http.StatusUnauthorized {
			t.Errorf("Authorization: %.20s...: %d", header, status)
		}
	}
	nobody.refused(ctx, t, fault.CodeTokenMissing, "GET", "/v1/me", "", "Cookie", "__session="+c.token)
	if status, _ := nobody.call(ctx, t, "GET", "/v1/me?access_token="+c.token, ""); status < 400 {
		t.Errorf("a token in the URL: %d", status)
	}
	t.Run("passwords", func(t *testing.T) { s.under(t).guessPasswords(ctx, t, p.email) })
}

// with sets a claim.
func with(name string, value any) func(map[string]any) {
	return func(claims map[string]any) { claims[name] = value }
}

// guessPasswords guesses the password of an address until it is told to wait. An address without an
// account is answered the same.
func (s *system) guessPasswords(ctx context.Context, t *testing.T, email string) {
	t.Helper()
	attacker := caller{system: s.from(t, "127.0.0.61")}
	guess := func(email string) (*http.Response, []byte) {
		body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, rand.Text())
		return attacker.send(ctx, t, "POST", "/v1/auth/login", body)
	}
	told := func(answer []byte) httpapi.Problem {
		var p httpapi.Problem
		if err := json.Unmarshal(answer, &p); err != nil {
			t.Fatal(err)
		}
		p.RequestID = ""
		return p
	}
	_, known := guess(email)
	_, unknown := guess("systest-nobody@example.com")
	if diff := gocmp.Diff(told(known), told(unknown)); diff != "" {
		t.Errorf("the answer tells who has an account (-account +none):\n%s", diff)
	}
	limited(t, 100, func() *http.Response { resp, _ := guess(email); return resp })
}

// limited repeats what is to be refused with 429 and Retry-After after at most so many times.
func limited(t *testing.T, most int, do func() *http.Response) {
	t.Helper()
	for range most {
		resp := do()
		if resp.StatusCode != http.StatusTooManyRequests {
			continue
		}
		if wait, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || wait < 1 {
			t.Errorf("Retry-After %q", resp.Header.Get("Retry-After"))
		}
		return
	}
	t.Errorf("%d times are not limited", most)
}

// send is one exchange as [caller.call] does it, with the whole answer.
func (c caller) send(
	ctx context.Context, t *testing.T, method, path, body string, header ...string,
) (*http.Response, []byte) {
	t.Helper()
	var kept *http.Response
	seen := *c.exchanges
	seen.next = roundTripper(func(r *http.Request) (*http.Response, error) {
		resp, err := c.exchanges.next.RoundTrip(r)
		kept = resp
		return resp, err
	})
	system := *c.system
	system.exchanges = &seen
	_, answer := caller{&system, c.token}.call(ctx, t, method, path, body, header...)
	return kept, answer
}

// from is the system as clients of another address of this machine ask it.
func (s *system) from(t *testing.T, address string) *system {
	t.Helper()
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(address)}}
	l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", address+":0")
	if err != nil {
		t.Skipf("this machine has no address %s: %v", address, err)
	}
	_ = l.Close()
	transport := &http.Transport{DialContext: dialer.DialContext}
	t.Cleanup(transport.CloseIdleConnections)
	far := s.under(t)
	far.exchanges.next = transport
	return far
}

// attackProperties sends every operation with a JSON body each field of a user's document that it
// does not take, and reads what answers tell of others. TestHostileBodies sends members that are
// nowhere; every exchange of this package holds answers to the members of the contract.
func (s *system) attackProperties(ctx context.Context, t *testing.T) {
	t.Helper()
	p, c := s.enrolled(ctx, t, "owasp-properties")
	s.await(ctx, t, "the welcome", func() bool { return len(c.items(ctx, t)) > 0 })
	before := s.user(ctx, t, p)
	fields := slices.Sorted(maps.Keys(before))
	fields = append(fields, "uid", "tokensValidAfter", "role", "admin", "customClaims", "emailVerified", "score")
	if len(fields) < 15 || !slices.Contains(fields, "consentEpoch") || !slices.Contains(fields, "state") {
		t.Fatalf("the fields of a user's document are %v", fields)
	}
	for _, o := range operations(s.exchanges.doc) {
		media, sample := o.sample(t)
		if media != "application/json" {
			continue
		}
		taken := o.RequestBody.Value.Content[media].Schema.Value.Properties
		for _, field := range fields {
			if taken[field] != nil {
				continue
			}
			body := strings.Replace(sample, "{", fmt.Sprintf(`{%q:"9",`, field), 1)
			var p httpapi.Problem
			_, answer := c.asked(o).call(ctx, t, o.method, o.target(""), body)
			if err := json.Unmarshal(answer, &p); err != nil || p.Code != fault.CodeUnknownField {
				t.Errorf("%s with %s: %s", o.OperationID, field, answer)
			}
		}
	}
	if diff := gocmp.Diff(before, s.user(ctx, t, p)); diff != "" {
		t.Errorf("the user's document (-before +after):\n%s", diff)
	}
	friend, other := s.enrolled(ctx, t, "owasp-friend")
	other.done(ctx, t, "PATCH", "/v1/me", `{"leaderboard":{"optIn":true}}`)
	scan := other.opened(ctx, t, `{"contentType":"image/jpeg"}`, "scan").Scan.ID
	c.befriend(ctx, t, other.friendCode(ctx, t))
	listed := ""
	for _, path := range []string{
		"/leaderboards", "/friends", "/leaderboards/symmetry/top", "/leaderboards/symmetry/friends",
		"/leaderboards/symmetry/around",
	} {
		_, answer := c.call(ctx, t, "GET", "/v1"+path, "")
		listed += string(answer)
	}
	if !strings.Contains(listed, `"createdAt":"`) {
		t.Errorf("no friend is listed, so this proves nothing: %s", listed)
	}
	for _, secret := range []string{friend.uid, friend.email, scan, "1990"} {
		if strings.Contains(listed, secret) {
			t.Errorf("answers tell %s of another user: %s", secret, listed)
		}
	}
}

// user is the user's document.
func (s *system) user(ctx context.Context, t *testing.T, p person) map[string]any {
	t.Helper()
	snap, err := s.fs.Doc("users/" + p.uid).Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return snap.Data()
}

// items are the caller's inbox.
func (c caller) items(ctx context.Context, t *testing.T) []api.InboxItem {
	t.Helper()
	var inbox api.Inbox
	_, answer := c.call(ctx, t, "GET", "/v1/inbox", "")
	if err := json.Unmarshal(answer, &inbox); err != nil {
		t.Fatal(err)
	}
	return inbox.Items
}

// attackResources asks for too much. TestHostileBodies and TestUnfinishedBodies send bodies that
// are too large or never end, TestEdgesOfPages asks for pages and waits that are too long, and
// internal/face and internal/scan/rendition have photos that are small as files only.
func (s *system) attackResources(ctx context.Context, t *testing.T) {
	t.Helper()
	_, c := s.enrolled(ctx, t, "owasp-greedy")
	_, bystander := s.enrolled(ctx, t, "owasp-bystander")
	limited(t, 80, func() *http.Response {
		resp, _ := c.send(ctx, t, "POST", "/v1/uploads", `{"contentType":"image/jpeg"}`)
		return resp
	})
	bystander.opened(ctx, t, `{"contentType":"image/jpeg"}`, "bystander")
	many := url.Values{}
	for i := range 2000 {
		many.Add("limit", strconv.Itoa(i))
	}
	for name, path := range map[string]string{
		"a page": "/v1/scans?limit=100000", "a wait": "/v1/scans/aaaaaaaaaaaaaaaaaaaaaaaaaa?wait=3600",
		"a negative page": "/v1/inbox?limit=-1", "2,000 parameters": "/v1/scans?" + many.Encode(),
	} {
		t.Run(name, func(t *testing.T) {
			began := time.Now()
			bystander.under(t).refused(ctx, t, fault.CodeInvalidParameter, "GET", path, "")
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
	t.Run("2 MB of headers", func(t *testing.T) {
		req := s.request(ctx, t, "GET", "/health", "X-Large", strings.Repeat("x", 2<<20))
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			return // the server hung up on what it would not read
		}
		_ = resp.Body.Close()
		if resp.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
			t.Errorf("%d", resp.StatusCode)
		}
	})
	caller{system: s}.want(ctx, t, 200, "GET", "/ready", "")
}

// request is one that no client of the contract would send; header names and values alternate.
func (s *system) request(ctx context.Context, t *testing.T, method, path string, header ...string) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, s.URL+path, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	return req
}

// bare is an exchange that the contract has no operation for.
func bare(t *testing.T, req *http.Request) (*http.Response, []byte) {
	t.Helper()
	resp, err := http.DefaultTransport.RoundTrip(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}

// attackFunctions asks for what is the system's or an operator's. TestEventsOnThePublicPort asks
// for the event functions, TestContract_namesWhoIsRefused wants a row of TestAuthorization for each
// role. In a deployment a push needs the token of its subscription's account (internal/boot,
// TestPushAuthorizer), and clients reach no function but by the load balancer (terraform/checks,
// TestOnlyHTTPFunctions_arePublicAndOnlyBehindTheLoadBalancer).
func (s *system) attackFunctions(ctx context.Context, t *testing.T) {
	t.Helper()
	p, _ := s.enrolled(ctx, t, "owasp-climber")
	// Claims that no one has given: no operation of a user may mind them.
	c := caller{s, p.token(t, func(claims map[string]any) {
		claims["admin"], claims["role"], claims["roles"] = true, "admin", []string{"admin", "support"}
	})}
	opened := c.opened(ctx, t, `{"contentType":"image/jpeg"}`, "own")
	for _, path := range []string{
		"/dev/clock", "/mails", "/pushes", "/view/mails", "/view/pushes", "/events/", "/_events/sweep", "/sweep",
		"/admin", "/v1/admins", "/v1/users", "/v1/users/" + p.uid, "/internal", "/actuator", "/debug/vars",
		"/emulator/v1/projects/" + host.Project + "/accounts", "/storage/v1/b", "/upload/storage/v1/b",
		"/v1/projects/" + host.Project + "/databases/(default)/documents/users",
		"/identitytoolkit.googleapis.com/v1/accounts:signUp", "/computeMetadata/v1/instance/service-accounts/default/token",
	} {
		for _, method := range []string{"GET", "POST", "DELETE"} {
			c.refused(ctx, t, fault.CodeNotFound, method, path, "")
		}
	}
	scan := "/v1/scans/" + opened.Scan.ID
	for _, header := range []string{"X-HTTP-Method-Override", "X-HTTP-Method", "X-Method-Override"} {
		c.want(ctx, t, 200, "GET", scan, "", header, "DELETE")
	}
	for _, header := range []string{"X-Original-URL", "X-Rewrite-URL", "X-Forwarded-Prefix", "X-Forwarded-Path"} {
		c.refused(ctx, t, fault.CodeNotFound, "GET", "/nothing", "", header, "/health")
	}
	c.want(ctx, t, 200, "GET", scan, "")
	moved := s.Now()
	caller{system: s}.refused(ctx, t, fault.CodeNotFound, "POST", "/dev/clock", `{"advance":"240h"}`)
	if d := s.Now().Sub(moved); d > time.Hour {
		t.Errorf("the clock is moved by %s", d)
	}
}

// attackFlows uses the product as it is meant to be, too often. internal/account/signin tests the
// limits of each route by client and mailbox, internal/scan/cheat what the guard of photos catches.
func (s *system) attackFlows(ctx context.Context, t *testing.T) {
	t.Helper()
	t.Run("the same photo twice", func(t *testing.T) {
		user, photo := s.under(t).app("owasp-twice"), sample(ctx, t)
		s.enrol(ctx, t, user, "owasp_twice")
		first := s.scan(ctx, t, user, "first", photo)
		second := s.scan(ctx, t, user, "second", photo)
		if first.Result == nil || !first.Result.Rankable {
			t.Fatalf("the first is not ranked: this test proves nothing: %+v", first)
		}
		if second.Result == nil || second.Result.Rankable || second.DuplicateOf == nil || *second.DuplicateOf != first.ID {
			t.Errorf("the second: %+v", second)
		}
	})
	t.Run("friend codes", func(t *testing.T) {
		_, c := s.under(t).registered(ctx, t, "owasp-guesser")
		limited(t, 40, func() *http.Response {
			code := strings.ReplaceAll(rand.Text()[:16], "U", "V") // codes have no U, and what is no code is not counted
			resp, answer := c.send(ctx, t, "POST", "/v1/friends", fmt.Sprintf(`{"code":%q}`, code))
			if resp.StatusCode < 400 {
				t.Fatalf("a guess finds a friend: %s", answer)
			}
			return resp
		})
	})
	t.Run("sign-ups", func(t *testing.T) {
		far := caller{system: s.from(t, "127.0.0.66")}
		credentials := func() string {
			return fmt.Sprintf(`{"email":"systest-%s@example.com","password":"correct horse"}`, strings.ToLower(rand.Text()))
		}
		limited(t, 100, func() *http.Response {
			// What a client says of its own address is not believed.
			resp, _ := far.send(ctx, t, "POST", "/v1/auth/signup", credentials(), "X-Forwarded-For", rand.Text(),
				httpapi.HeaderClient, "203.0.113."+strconv.Itoa(time.Now().Nanosecond()%200))
			return resp
		})
		near := caller{system: s.from(t, "127.0.0.67")}
		near.want(ctx, t, 201, "POST", "/v1/auth/signup", credentials())
	})
}

// urlLike are names of members that a server would fetch.
var urlLike = regexp.MustCompile(`(?i)ur[il]s?$|link|href|callback|hook|endpoint|host|redirect|avatar|proxy`)

// attackByURLs puts the URL of a server into all that the system takes as text. No
// function may ask it.
func (s *system) attackByURLs(ctx context.Context, t *testing.T) {
	t.Helper()
	var asked atomic.Int64
	canary := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked.Add(1)
		w.WriteHeader(http.StatusTeapot)
	}))
	defer canary.Close()
	if _, err := http.Get(canary.URL); err != nil || asked.Swap(0) != 1 {
		t.Fatalf("the server that nobody may ask cannot be asked: %v", err)
	}
	target, err := url.Parse(canary.URL)
	if err != nil {
		t.Fatal(err)
	}
	p, c := s.enrolled(ctx, t, "owasp-canary")
	headers := []string{
		"Referer", canary.URL, "Origin", canary.URL, "X-Forwarded-Host", target.Host, "Forwarded", "host=" + target.Host,
		"X-Forwarded-Proto", "gopher", "Link", "<" + canary.URL + ">; rel=preload", "X-Callback-URL", canary.URL,
	}
	for _, o := range operations(s.exchanges.doc) {
		if o.RequestBody != nil {
			for media, content := range o.RequestBody.Value.Content {
				for _, m := range members(content.Schema, map[*openapi3.Schema]bool{}) {
					if urlLike.MatchString(m.name) || strings.HasPrefix(m.format, "uri") {
						t.Errorf("%s takes a URL as %s of its %s", o.OperationID, m.name, media)
					}
				}
			}
		}
		media, sample := o.sample(t)
		if media != "application/json" {
			continue
		}
		for _, body := range withText(t, sample, canary.URL) {
			for _, body := range []string{body, strings.ReplaceAll(body, "http:", "")} {
				if status, answer := c.asked(o).call(ctx, t, o.method, o.target(""), body, headers...); status >= 500 {
					t.Errorf("%s %s: %d %s", o.OperationID, body, status, answer)
				}
			}
		}
	}
	c.done(ctx, t, "PUT", "/v1/devices/owasp", fmt.Sprintf(`{"token":%q,"platform":"android"}`, canary.URL))
	photo := "<svg xmlns='http://www.w3.org/2000/svg'><image href='" + canary.URL + "'/></svg>"
	c.call(ctx, t, "POST", "/v1/coach", photo, "Content-Type", "image/jpeg")
	for range 2 { // the first one's mail may be on its way already
		caller{system: s}.done(ctx, t, "POST", "/v1/auth/password-reset", fmt.Sprintf(`{"email":%q}`, p.email))
	}
	c.send(ctx, t, "POST", "/v1/auth/verify-email", "", headers...)
	s.await(ctx, t, "mails to the user", func() bool {
		for _, m := range s.Mail.Messages() {
			if slices.Contains(m.To, p.email) && stopLink.MatchString(m.Text) {
				return true
			}
		}
		return false
	})
	for _, m := range s.Mail.Messages() {
		if slices.Contains(m.To, p.email) && strings.Contains(m.Text+m.HTML, target.Host) {
			t.Errorf("a mail leads to where its request said: %s", m.Text)
		}
	}
	if n := asked.Load(); n != 0 {
		t.Errorf("the system asked a server of the caller's choice %d times", n)
	}
}

type member struct{ name, format string }

// members are all members of the schema, at any depth. A photo has no schema.
func members(ref *openapi3.SchemaRef, seen map[*openapi3.Schema]bool) (all []member) {
	if ref == nil || seen[ref.Value] {
		return nil
	}
	s := ref.Value
	seen[s] = true
	for name, p := range s.Properties {
		all = append(all, member{name, p.Value.Format})
		all = append(all, members(p, seen)...)
	}
	below := openapi3.SchemaRefs{s.Items, s.AdditionalProperties.Schema}
	for _, one := range slices.Concat(s.OneOf, s.AllOf, s.AnyOf, below) {
		all = append(all, members(one, seen)...)
	}
	return all
}

// withText are the JSON object with the text in the place of each of its texts in turn.
func withText(t *testing.T, object, text string) (all []string) {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(object), &value); err != nil {
		t.Fatal(err)
	}
	var through func(v any, set func(any))
	through = func(v any, set func(any)) {
		switch v := v.(type) {
		case map[string]any:
			for name, in := range v {
				through(in, func(to any) { v[name] = to })
			}
		case []any:
			for i, in := range v {
				through(in, func(to any) { v[i] = to })
			}
		case string:
			set(text)
			body, err := json.Marshal(value)
			if err != nil {
				t.Fatal(err)
			}
			set(v)
			all = append(all, string(body))
		}
	}
	through(value, func(any) {})
	return all
}

// internals are what an answer would tell of how the system is built.
var internals = regexp.MustCompile(
	`goroutine|\.go:\d|(?i)firestore|googleapis|identitytoolkit|grpc|rpc error|panic|/root/|/work/|stack|127\.0\.0\.1`,
)

// attackConfiguration looks at what every answer says beside its content, as a page of a foreign
// origin gets it. TestEveryPath sends lines that are no requests; internal/httpapi's TestPanic has
// what an answer says of a panic; terraform/checks has the balancer, the buckets and the grants.
func (s *system) attackConfiguration(ctx context.Context, t *testing.T) {
	t.Helper()
	_, c := s.enrolled(ctx, t, "owasp-config")
	const evil = "https://evil.example"
	for _, tt := range []struct {
		line, body string
		status     int
	}{
		{"GET /health", "", 200}, {"GET /v1/me", "", 200}, {"GET /v1/scans?limit=x", "", 422},
		{"GET /v1/scans/aaaaaaaaaaaaaaaaaaaaaaaaaa", "", 404}, {"GET /nothing", "", 404}, {"PUT /v1/me", "", 405},
		{"POST /v1/auth/login", `{"email":"systest-x@example.com","password":"wrong horse"}`, 401},
		{"POST /v1/auth/refresh", `{"refreshToken":"x"}`, 401}, {"PATCH /v1/me", `{`, 400}, {"PATCH /v1/me", `{"x":1}`, 422},
		{"GET /v1/leaderboards/__x__/top", "", 404}, {"GET /v1/unsubscribe/x", "", 200},
		{"GET /account-deletion", "", 200}, {"OPTIONS /v1/me", "", 204}, {"HEAD /v1/me", "", 200},
	} {
		t.Run(tt.line+tt.body, func(t *testing.T) {
			method, path, _ := strings.Cut(tt.line, " ")
			header := []string{"Origin", evil, "Access-Control-Request-Method", "DELETE"}
			var resp *http.Response
			var body []byte
			if method == http.MethodOptions || method == http.MethodHead {
				resp, body = bare(t, s.request(ctx, t, method, path, append(header, "Authorization", "Bearer "+c.token)...))
			} else {
				resp, body = c.under(t).send(ctx, t, method, path, tt.body, header...)
			}
			h := resp.Header
			if resp.StatusCode/100 != tt.status/100 {
				t.Errorf("%d %s, want %d", resp.StatusCode, body, tt.status)
			}
			age, _ := strconv.Atoi(strings.TrimPrefix(strings.Split(h.Get("Strict-Transport-Security"), ";")[0], "max-age="))
			if age < 365*24*3600 || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Cache-Control") != "no-store" {
				t.Errorf("headers %v", h)
			}
			for name := range h {
				if strings.HasPrefix(name, "Access-Control-") || name == "Server" || name == "X-Powered-By" || name == "Via" {
					t.Errorf("%s: %s", name, h.Get(name))
				}
			}
			if strings.HasPrefix(h.Get("Content-Type"), "text/html") && !strings.Contains(
				h.Get("Content-Security-Policy"), "default-src 'none'",
			) {
				t.Errorf("a page without a policy: %v", h)
			}
			if resp.StatusCode >= 400 && internals.Match(body) {
				t.Errorf("the answer tells how the system is built: %s", body)
			}
		})
	}
	for _, method := range []string{"TRACE", "TRACK", "DEBUG"} {
		resp, body := bare(t, s.request(ctx, t, method, "/v1/me", "X-Secret", "echoed"))
		if resp.StatusCode != http.StatusMethodNotAllowed || bytes.Contains(body, []byte("echoed")) {
			t.Errorf("%s: %d %s", method, resp.StatusCode, body)
		}
	}
}

// attackInventory looks for what is served and is not in the contract. TestContract_isServed
// compares the routes of all functions with it, and TestEveryPath asks for other spellings of its
// paths.
func (s *system) attackInventory(ctx context.Context, t *testing.T) {
	t.Helper()
	_, c := s.registered(ctx, t, "owasp-inventory")
	for _, path := range []string{
		"/v0/me", "/v2/me", "/v1", "/v1/", "/v1beta/me", "/api/v1/me", "/debug/pprof/", "/debug/pprof/heap", "/debug/vars",
		"/metrics", "/statusz", "/env", "/.env", "/.git/config", "/.git/HEAD", "/.well-known/security.txt", "/.DS_Store",
		"/swagger.json", "/swagger-ui/", "/openapi.json", "/openapi.yaml", "/graphql", "/index.html",
		"/server-status", "/phpinfo.php", "/wp-login.php", "/config.json", "/backup.zip", "/go.mod", "/v1/test", "/v1/debug",
	} {
		c.refused(ctx, t, fault.CodeNotFound, "GET", path, "")
	}
	for path, item := range s.exchanges.doc.Paths.Map() {
		target := pathOf("GET " + path)
		want := s.allowed(target)
		resp, _ := bare(t, s.request(ctx, t, http.MethodOptions, target))
		got := strings.Split(resp.Header.Get("Allow"), ", ")
		slices.Sort(got)
		if diff := gocmp.Diff(want, got); diff != "" {
			t.Errorf("OPTIONS %s (-contract +answer):\n%s", path, diff)
		}
		for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE", "SEARCH", "PROPFIND"} {
			if !slices.Contains(want, method) {
				c.refused(ctx, t, fault.CodeMethodNotAllowed, method, target, "")
			}
		}
		if item.Get == nil {
			continue
		}
		status, _ := caller{system: s}.call(ctx, t, "GET", target, "")
		if head, body := bare(t, s.request(ctx, t, "HEAD", target)); head.StatusCode != status || len(body) > 0 {
			t.Errorf("HEAD %s without a token: %d %s, GET: %d", target, head.StatusCode, body, status)
		}
	}
}

// allowed are the methods that the contract has for the path, sorted.
func (s *system) allowed(target string) []string {
	methods := []string{http.MethodOptions}
	for path, item := range s.exchanges.doc.Paths.Map() {
		if !fits(path, target) {
			continue
		}
		for method := range item.Operations() {
			methods = append(methods, method)
			if method == http.MethodGet {
				methods = append(methods, http.MethodHead)
			}
		}
	}
	slices.Sort(methods)
	return slices.Compact(methods)
}

// fits reports whether the contract's path serves the target.
func fits(path, target string) bool {
	return slices.EqualFunc(strings.Split(path, "/"), strings.Split(target, "/"), func(part, is string) bool {
		return part == is || strings.HasPrefix(part, "{")
	})
}

// attackEvents stands for a function or a publisher that was taken over: what it tells others is
// judged, and what was told once has no effect again. TestMalformedIDs sends ids that are none,
// TestOnePhotoAllTheWay every event three times, and internal/outbox's TestSweep_judges has the
// other ways to forge what is owed.
func (s *system) attackEvents(ctx context.Context, t *testing.T) {
	t.Helper()
	ada, photo := s.app("owasp-ada"), sample(ctx, t)
	s.enrol(ctx, t, ada, "owasp_ada")
	done := s.scan(ctx, t, ada, "photo", photo)
	tokens, err := ada.Login(ctx)
	if err != nil {
		t.Fatal(err)
	}
	victim := caller{s, tokens.IDToken}
	s.await(ctx, t, "the notices of the scan", func() bool {
		return len(victim.items(ctx, t)) > 1 && s.sentTo(ada.Email) > 1 && s.contributions(ctx, t, tokens.UID) == 1
	})
	t.Run("notices of photos", func(t *testing.T) {
		s.under(t).forgePhotoNotices(ctx, t, victim.under(t), tokens.UID, done.ID)
	})
	t.Run("events under new message ids", func(t *testing.T) {
		before := s.traces(ctx, t, victim, ada.Email, tokens.UID)
		late := s.repeat.late(tokens.UID)
		if len(late) < 3 {
			t.Fatalf("%d events are known", len(late))
		}
		for i, d := range late {
			var pushed struct {
				Message struct {
					Data       []byte
					Attributes map[string]string
				}
			}
			if err := json.Unmarshal(d.body, &pushed); err != nil {
				t.Fatal(err)
			}
			m := pushed.Message
			id := fmt.Sprintf("replayed-%d-%s", i, tokens.UID)
			if status := s.push(ctx, t, d.function, id, m.Attributes, m.Data); status != http.StatusOK {
				t.Errorf("%s: %d", d.function, status)
			}
		}
		if diff := gocmp.Diff(before, s.traces(ctx, t, victim, ada.Email, tokens.UID)); diff != "" {
			t.Errorf("what events leave (-once +replayed):\n%s", diff)
		}
	})
	t.Run("the outbox", func(t *testing.T) { s.under(t).forgeOutbox(ctx, t) })
	if n := s.parked(ctx, t); n != 0 {
		t.Errorf("%d more events are parked", n)
	}
}

// sentTo is the number of mails to the address.
func (s *system) sentTo(address string) (n int) {
	for _, m := range s.Mail.Messages() {
		if slices.Contains(m.To, address) {
			n++
		}
	}
	return n
}

// traces are the numbers of what events leave with a user: items, mails, contributions, reports.
func (s *system) traces(ctx context.Context, t *testing.T, c caller, address, uid string) []int {
	t.Helper()
	return []int{
		len(c.items(ctx, t)), s.sentTo(address), s.contributions(ctx, t, uid), s.reports(ctx, t, uid),
	}
}

// forgePhotoNotices tells analyze of photos that are not there or are another user's.
func (s *system) forgePhotoNotices(ctx context.Context, t *testing.T, victim caller, uid, scan string) {
	t.Helper()
	malloryID, mallory := s.enrolled(ctx, t, "owasp-notices")
	open := mallory.opened(ctx, t, `{"contentType":"image/jpeg"}`, "open").Scan.ID
	snapshot := func() string {
		_, answer := victim.call(ctx, t, "GET", "/v1/scans/"+scan, "")
		var one api.Scan
		if err := json.Unmarshal(answer, &one); err != nil {
			t.Fatal(err)
		}
		return fmt.Sprint(one.State, one.Revision, one.UpdatedAt)
	}
	before := snapshot()
	for name, object := range map[string]string{
		"another user's scan": "uploads/" + malloryID.uid + "/" + scan, "another generation": "uploads/" + uid + "/" + scan,
		"a scan that never was": "uploads/" + uid + "/" + strings.Repeat("a", 26), "no scan": "uploads/" + uid,
		"a photo that is not there": "uploads/" + malloryID.uid + "/" + open, "a result": "results/" + uid + "/" + scan,
	} {
		data := fmt.Appendf(nil, `{"bucket":%q,"name":%q,"generation":"1","size":"1"}`, host.UploadsBucket, object)
		// One of two at the same time waits for the other's lease, and is delivered again.
		s.await(ctx, t, "the end of "+name, func() bool {
			status := s.push(ctx, t, "analyze", "owasp "+name, map[string]string{"eventType": "OBJECT_FINALIZE"}, data)
			return status == http.StatusOK
		})
	}
	if after := snapshot(); after != before {
		t.Errorf("the scan was %s and is %s", before, after)
	}
	storages, err := storage.NewClient(ctx, s.Storage.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = storages.Close() }()
	if _, err := storages.Bucket(host.UploadsBucket).Object("uploads/" + uid + "/" + scan).Attrs(ctx); err != nil {
		t.Errorf("the photo: %v", err)
	}
	if n := s.reports(ctx, t, uid); n != 1 {
		t.Errorf("%d reports", n)
	}
	var mine api.Scan
	_, answer := mallory.call(ctx, t, "GET", "/v1/scans/"+open, "")
	if err := json.Unmarshal(answer, &mine); err != nil || mine.State == api.ScanStateCompleted || mine.Result != nil {
		t.Errorf("a scan without a photo: %s, %v", answer, err)
	}
}

// unreachable is a topic that is never told anything.
type unreachable struct{}

func (unreachable) Publish(context.Context, string, []byte, map[string]string) error {
	return errors.New("it is left to the sweep")
}

// owe leaves the event of a registration in the outbox as the writer of the ring would, but for the
// change.
func (s *system) owe(
	ctx context.Context, t *testing.T, ring keys.Ring, uid string, change func(document map[string]any),
) {
	t.Helper()
	// It is made in a database of its own, where no sweep finds it before it is changed.
	workshop, err := firestore.NewClient(ctx, "owasp-workshop")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = workshop.Close() }()
	box := outbox.New(workshop, unreachable{}, ring, time.Now)
	err = box.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		return tx.Tell(ctx, time.Now(), event.AccountRegisteredV1{UID: uid}, uid)
	})
	if err != nil {
		t.Fatal(err)
	}
	path := "outbox/" + event.ID(event.AccountRegisteredV1{}.EventType(), uid)
	snap, err := workshop.Doc(path).Get(ctx)
	if err != nil {
		t.Fatal(err)
	}
	document := snap.Data()
	change(document)
	if _, err := s.fs.Doc(path).Set(ctx, document); err != nil {
		t.Fatal(err)
	}
}

// forgeOutbox leaves events in the outbox of which one is its writer's to tell.
func (s *system) forgeOutbox(ctx context.Context, t *testing.T) {
	t.Helper()
	const owner, thief, own = "register", "scans", "its own"
	topic := event.Topic(event.AccountRegisteredV1{}.EventType())
	if !catalog.MayOwe(owner, topic) || catalog.MayOwe(thief, topic) {
		t.Fatalf("%s is to owe %s, and %s is not", owner, topic, thief)
	}
	root := s.Process.Config.Ring(keys.ForOutbox)
	stolen, err := keys.Parse(keys.ForOutbox, s.Process.Config.Ring(keys.ForScans).Text())
	if err != nil {
		t.Fatal(err)
	}
	padded := func(document map[string]any) { document["data"] = append(document["data"].([]byte), ' ') }
	victims := map[string]string{}
	for name, f := range map[string]struct {
		ring   keys.Ring
		change func(document map[string]any)
	}{
		own:                       {root.OfWriter(owner), func(map[string]any) {}},
		"another's topic":         {root.OfWriter(thief), func(map[string]any) {}},
		"another's name":          {root.OfWriter(thief), with("writer", owner)},
		"a secret of another use": {stolen.OfWriter(owner), func(map[string]any) {}},
		"no proof":                {root.OfWriter(owner), with("proof", "")},
		"no writer":               {root.OfWriter(owner), with("writer", "")},
		"another topic's proof":   {root.OfWriter(owner), with("topic", "account-updated-v1")},
		"other data":              {root.OfWriter(owner), padded},
	} {
		// Firebase knows no such user, so no mail leaves.
		victims[name] = mark + "-" + strings.ToLower(rand.Text())
		s.owe(ctx, t, f.ring, victims[name], f.change)
	}
	s.await(ctx, t, "the outbox to be judged", func() bool {
		s.sweep(ctx, t)
		left := 0
		for _, uid := range victims {
			left += len(s.documents(ctx, t, s.fs.Collection("outbox").Where("uid", "==", uid)))
		}
		return left == 0
	})
	s.await(ctx, t, "what is its writer's to be told", func() bool { return len(s.repeat.late(victims[own])) > 0 })
	for name, uid := range victims {
		kept := s.documents(ctx, t, s.fs.Collection("parked").Where("function", "==", "outbox").Where("uid", "==", uid))
		if told := len(s.repeat.late(uid)); (told > 0) != (name == own) || (len(kept) == 0) != (name == own) {
			t.Errorf("%s: told to %d, %d are parked", name, told, len(kept))
		}
	}
}
