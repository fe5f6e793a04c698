package systest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/getkin/kin-openapi/openapi3"
	"golang.org/x/net/http/httpguts"

	"github.com/facescan/facescan/internal/httpapi"
)

// spot is a place in a request that a client can put anything into.
type spot struct {
	operation
	in, name string
}

// wholeQuery is the spot of the query as it is written.
const wholeQuery = "?"

// headers are those that every operation is sent, beside its own: some that it refuses, some that
// it must not mind. None of them is for net/http to answer.
var headers = []string{
	httpapi.IfMatch, httpapi.IfNoneMatch, httpapi.IdempotencyKey, "If-Unmodified-Since",
	"Content-Type", "Content-Encoding", "Accept",
	"Accept-Encoding", "Range", "Origin", "Authorization", "X-Forwarded-For", "X-FaceScan-Client", "X-Firebase-AppCheck",
	"X-Http-Method-Override", "Traceparent",
}

// spots are every parameter of the contract, and what every operation has.
func spots(doc *openapi3.T) []spot {
	var all []spot
	for _, o := range operations(doc) {
		for _, p := range o.parameters {
			all = append(all, spot{o, p.Value.In, p.Value.Name})
		}
		all = append(all, spot{o, openapi3.ParameterInQuery, "x-unknown"}, spot{o, openapi3.ParameterInQuery, wholeQuery})
		for _, name := range headers {
			if o.parameters.GetByInAndName(openapi3.ParameterInHeader, name) == nil {
				all = append(all, spot{o, openapi3.ParameterInHeader, name})
			}
		}
	}
	return all
}

// own reports whether the contract lists the parameter.
func (p spot) own() bool { return p.parameters.GetByInAndName(p.in, p.name) != nil }

// takes reports whether the value can be tried: that of a header must be one, a reset takes its
// time on purpose, and so does a wait. ServeMux has no route for a parameter of a slash alone, so
// that nothing is at its path.
func (p spot) takes(value string) bool {
	if p.in == openapi3.ParameterInPath && (value == "/" || strings.EqualFold(value, "%2F")) {
		return false
	}
	if p.in == openapi3.ParameterInHeader && (!httpguts.ValidHeaderFieldValue(value) || p.OperationID == "resetPassword") {
		return false
	}
	if p.in == openapi3.ParameterInQuery && p.OperationID == "getScan" {
		_, err := strconv.Atoi(value)
		return err != nil || p.name == "since"
	}
	return true
}

// request asks for the operation with the value in its spot, and all else as the contract shows it.
// A raw value stands there as it is, where a request line can have it; net/http answers a path that
// is none.
func (p spot) request(ctx context.Context, t *testing.T, c caller, id, value string, raw bool) *http.Request {
	t.Helper()
	media, body := p.sample(t)
	req, err := http.NewRequestWithContext(ctx, p.method, c.URL+p.target(id), strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if media != "" {
		req.Header.Set("Content-Type", media)
	}
	if c.token != "" {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	raw = raw && !strings.ContainsFunc(value, func(r rune) bool { return r <= ' ' || r >= 0x7f || r == '#' })
	switch p.in {
	case openapi3.ParameterInHeader:
		req.Header.Set(p.name, value)
	case openapi3.ParameterInQuery:
		req.URL.RawQuery = p.query(value, raw)
	case openapi3.ParameterInPath:
		at := "{" + p.name + "}"
		written, err := url.Parse(c.URL + strings.ReplaceAll(p.path, at, value))
		if !raw || err != nil || strings.Contains(value, "?") {
			written, err = url.Parse(c.URL + strings.ReplaceAll(p.path, at, url.PathEscape(value)))
		}
		if err != nil {
			t.Fatal(err)
		}
		req.URL = written
	}
	return req
}

func (p spot) query(value string, raw bool) string {
	switch {
	case p.name == wholeQuery && raw:
		return value
	case p.name == wholeQuery:
		return url.QueryEscape(value)
	case raw:
		return p.name + "=" + value
	}
	return url.Values{p.name: {value}}.Encode()
}

// hostileValues are what parameters have stumbled over, here and elsewhere.
func hostileValues() []string {
	values := []string{
		"", " ", "\t", "0", "-1", "+1", "001", "1.5", "1e3", "0x10", "26", "101",
		"9223372036854775807", "9223372036854775808", "1_000", "NaN",
		"\x00", "a\x00b", "\xff\xfe", "\xed\xa0\x80", "\r\nX-Evil: 1", "..", "../../etc/passwd", "a/b", `a\b`, "%", "%zz",
		"%00", "%2F", ";",
		"a;b=c", "a&b=c", "&&&", "=", "__x__", ".", "*", `"7"`, `W/"7"`, `"7", *`, "7", `"`, `"a,b"`, ",", "null", "true",
		"TRUE", "x",
		strings.Repeat("a", 129), strings.Repeat("a", 5000), "👩‍🔬", "\u202egnp.nacs", "a\u200bb", "{{7*7}}", "' OR 1=1 --",
		"<script>",
		"0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00",
		"9999-12-31T23:59:59.999999999Z", "10000-01-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-11-28T12:00:60Z",
		"2026-11-28",
		"application/json; charset=\"", "gzip", "identity", "identity;q=0", "Bearer", "Bearer ..", "bytes=0-", "DELETE",
	}
	cursor := []byte("1.a.b")
	return append(values, "AAAA", base64.RawURLEncoding.EncodeToString(cursor), base64.URLEncoding.EncodeToString(cursor))
}

// forged are cursors of the user's lists that an attacker can make, of times that no list has.
func forged(uid string) (all []string) {
	scopes := [][]string{
		{"inbox"}, {"consents"}, {"timeline"}, {"series"}, {"friends"}, {"blocked"},
		{"scans", "", "", "", "", fmt.Sprint(firestore.Desc)},
	}
	ends := []int64{
		math.MinInt64, math.MaxInt64, 0,
		time.Date(0, 12, 31, 0, 0, 0, 0, time.UTC).UnixMicro(), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro(),
	}
	for _, scope := range scopes {
		for _, micros := range ends {
			text := strconv.FormatInt(micros, 10) + "." + strings.Repeat("a", 26)
			sum := sha256.Sum256([]byte(strings.Join(append(append([]string{uid}, scope...), text), "\x00")))
			sealed := text + "." + base64.RawURLEncoding.EncodeToString(sum[:9])
			all = append(all, base64.RawURLEncoding.EncodeToString([]byte(sealed)))
		}
	}
	return all
}

// fuzzed are the users that ask: one that stays, whose id forged cursors are made of, and one who
// may lose everything.
type fuzzed struct {
	caller, leaver caller
	own            map[string]string
}

const fuzzerUID = "systest-fuzzer"

// fuzzers are those of the one system of this process.
var fuzzers struct {
	sync.Mutex
	*fuzzed
}

func (s *system) fuzzers(ctx context.Context, t *testing.T) *fuzzed {
	t.Helper()
	fuzzers.Lock()
	defer fuzzers.Unlock()
	if fuzzers.fuzzed != nil {
		return fuzzers.fuzzed
	}
	p := s.newPersonWithID(ctx, t, "fuzzer", fuzzerUID)
	c := s.register(ctx, t, p)
	c.agree(ctx, t)
	_, leaver := s.enrolled(ctx, t, "leaver")
	fuzzers.fuzzed = &fuzzed{caller: c, leaver: leaver, own: c.possessions(ctx, t)}
	return fuzzers.fuzzed
}

// who is the caller for the operation: none, where it wants no user.
func (f *fuzzed) who(o operation) caller {
	if o.OperationID == "eraseAccount" || o.OperationID == "withdrawConsent" {
		return f.leaver.asked(o)
	}
	return f.caller.asked(o)
}

// FuzzParameters puts a value into a spot of a request. The answer is what the contract says, and
// never the system's fault. `go test` tries the seeds; for more:
//
//	go test ./internal/systest -run '^$' -fuzz FuzzParameters -fuzztime 10m -parallel 1
func FuzzParameters(f *testing.F) {
	all := spots(loadContract(f))
	for i, p := range all {
		values := []string{"", "x", `"7"`}
		switch {
		case p.own():
			values = hostileValues()
		case p.name == wholeQuery:
			values = []string{"%zz", "%", "a;b=c", "&&&", "=", "a=1&a=2"}
		}
		if p.name == "cursor" {
			values = append(values, forged(fuzzerUID)...)
		}
		for _, v := range values {
			f.Add(uint(i), v, false)
			if p.in != openapi3.ParameterInHeader && strings.ContainsAny(v, "%&;=/.") {
				f.Add(uint(i), v, true)
			}
		}
	}
	if worker := flag.Lookup("test.fuzzworker"); worker.Value.String() == "true" {
		start(f) // takes longer than an input may, which is 10 s
	}
	f.Fuzz(func(t *testing.T, index uint, value string, raw bool) {
		t.Parallel()
		p := all[index%uint(len(all))]
		if !p.takes(value) {
			t.Skip()
		}
		s := start(t)
		who := s.fuzzers(t.Context(), t)
		id := ""
		if p.method == http.MethodGet {
			id, _ = at(who.own, p.operation)
		}
		req := p.request(t.Context(), t, who.who(p.operation), id, value, raw)
		resp, err := s.exchanges.RoundTrip(req)
		if err != nil {
			t.Fatalf("%s: %v", p.OperationID, err)
		}
		body, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		p.answered(t, req, resp, body)
	})
}

// answered fails unless the answer is a success or a whole problem that is the client's own fault.
func (p spot) answered(t *testing.T, req *http.Request, resp *http.Response, body []byte) {
	t.Helper()
	id := resp.Header.Get("X-Request-Id")
	if resp.StatusCode < http.StatusBadRequest && resp.StatusCode/100 != 3 || resp.StatusCode == http.StatusNotModified {
		if id == "" {
			t.Errorf("%s %s: no id", p.OperationID, req.URL)
		}
		return
	}
	var problem httpapi.Problem
	err := json.NewDecoder(bytes.NewReader(body)).Decode(&problem)
	if err != nil || resp.StatusCode >= http.StatusInternalServerError || resp.StatusCode < http.StatusBadRequest ||
		problem.Code == "" || problem.Status != resp.StatusCode || problem.RequestID != id || id == "" {
		t.Errorf("%s %s with %s %q: %d %v\n%s",
			p.OperationID, req.URL, p.name, req.Header.Get(p.name), resp.StatusCode, resp.Header, body)
	}
}
