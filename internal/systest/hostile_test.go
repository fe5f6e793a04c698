package systest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// asked is the caller of the operation: nobody, where it wants no user.
func (c caller) asked(o operation) caller {
	if o.access == httpapi.Public || o.access == httpapi.Open {
		return caller{system: c.system}
	}
	return c
}

// TestHostileBodies spoils the contract's sample of every JSON body in every way that a decoder could stumble over.
func TestHostileBodies(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	_, mallory := s.enrolled(ctx, t, "mallory")
	for _, o := range operations(s.exchanges.doc) {
		media, sample := o.sample(t)
		if media != "application/json" {
			continue
		}
		for name, h := range spoil(t, sample) {
			t.Run(o.OperationID+" and "+name, func(t *testing.T) {
				s.exchanges.report = t.Errorf
				status, answer := mallory.asked(o).call(ctx, t, o.method, o.target(""), h.body, "Content-Type", h.media())
				var p httpapi.Problem
				if err := json.Unmarshal(answer, &p); err != nil || !slices.Contains(h.codes, p.Code) {
					t.Errorf("%d %.300s, want one of %v", status, answer, h.codes)
				}
			})
		}
	}
}

// hostile is a body and the codes that may refuse it.
type hostile struct {
	body  string
	codes []fault.Code
	other string // media type, where it is not JSON's
}

func (h hostile) media() string {
	if h.other != "" {
		return h.other
	}
	return "application/json"
}

func spoil(t *testing.T, sample string) map[string]hostile {
	t.Helper()
	const depth, large = 10_000, 10 << 20
	malformed, unknown := []fault.Code{fault.CodeMalformedBody}, []fault.Code{fault.CodeUnknownField}
	invalid, tooLarge := []fault.Code{fault.CodeInvalidField}, []fault.Code{fault.CodeBodyTooLarge}
	refused := slices.Concat(malformed, unknown, invalid)
	all := map[string]hostile{
		"nothing":             {body: " ", codes: malformed},
		"half a value":        {body: sample[:len(sample)-1], codes: malformed},
		"two values":          {body: sample + sample, codes: malformed},
		"arrays 10,000 deep":  {body: strings.Repeat("[", depth) + strings.Repeat("]", depth), codes: refused},
		"objects 10,000 deep": {body: strings.Repeat(`{"":`, depth) + "0" + strings.Repeat("}", depth), codes: refused},
		"an unknown member 9,000 deep": {
			body: `{"x":` + strings.Repeat("[", depth-1000) + strings.Repeat("]", depth-1000) + "}", codes: refused,
		},
		"10 MB":             {body: `{"x":"` + strings.Repeat("x", large) + `"}`, codes: tooLarge},
		"10 MB of spaces":   {body: strings.Repeat(" ", large), codes: tooLarge},
		"an unknown member": {body: `{"x-unknown":1}`, codes: unknown},
		"no object":         {body: `[]`, codes: invalid},
		"text":              {body: `"{}"`, codes: invalid},
		"no UTF-8":          {body: "{\"\xff\":1}", codes: malformed},
		"a NUL":             {body: "{\"\x00\":1}", codes: malformed},
		"a form":            {body: "a=b", codes: []fault.Code{fault.CodeUnsupportedMediaType}, other: "application/x-www-form-urlencoded"},
		"no media type":     {body: sample, codes: []fault.Code{fault.CodeUnsupportedMediaType}, other: "\t"},
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(sample), &members); err != nil || len(members) == 0 {
		t.Fatalf("the sample has no members: %s, %v", sample, err)
	}
	for name, value := range members {
		all[name+" twice"] = hostile{body: fmt.Sprintf(`{%q:%s,%q:%s}`, name, value, name, value), codes: malformed}
		all[name+" of another type"] = hostile{body: replace(t, members, name, otherType(value)), codes: invalid}
		if value[0] == '"' {
			all[name+" that is no UTF-8"] = hostile{body: replace(t, members, name, "\"\xff\""), codes: malformed}
			all[name+" of half a surrogate"] = hostile{body: replace(t, members, name, `"\ud800"`), codes: refused}
		}
	}
	return all
}

// replace is the object with another value of the member, which need not be JSON.
func replace(t *testing.T, members map[string]json.RawMessage, name, value string) string {
	t.Helper()
	var parts []string
	for n, v := range members {
		if n == name {
			v = json.RawMessage(value)
		}
		parts = append(parts, fmt.Sprintf("%q:%s", n, v))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

func otherType(value json.RawMessage) string {
	if value[0] == '[' {
		return `{"0":1}`
	}
	return `[1]`
}

// TestUnfinishedBodies sends half of every body: slowly, and then nothing more, and with an end of the connection.
func TestUnfinishedBodies(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	_, mallory := s.enrolled(ctx, t, "slow-mallory")
	var all sync.WaitGroup
	for _, o := range operations(s.exchanges.doc) {
		media, body := o.sample(t)
		if media != "application/json" {
			continue
		}
		half := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",
			o.method, o.target(""), mallory.token, media, len(body)+100, body[:len(body)/2])
		all.Go(func() { s.cutOff(ctx, t, half) })
		all.Go(func() {
			status, err := s.drip(ctx, half)
			if err != nil || status < 400 || status >= 500 {
				t.Errorf("%s: a body that never ends: %d, %v", o.OperationID, status, err)
			}
		})
	}
	all.Wait()
	caller{system: s}.want(ctx, t, 200, "GET", "/readyz", "")
}

func (s *system) dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.URL, "http://"))
}

// cutOff leaves in the middle. Nobody can be answered; the system must only not mind.
func (s *system) cutOff(ctx context.Context, t *testing.T, half string) {
	t.Helper()
	conn, err := s.dial(ctx)
	if err != nil {
		t.Error(err)
		return
	}
	_, err = io.WriteString(conn, half)
	if closed := conn.Close(); err != nil || closed != nil {
		t.Error(err, closed)
	}
}

// drip goes on with a space a second for as long as it is listened to, and gives the answer's status.
func (s *system) drip(ctx context.Context, half string) (int, error) {
	conn, err := s.dial(ctx)
	if err != nil {
		return 0, err
	}
	defer func() { _ = conn.Close() }()
	if err := conn.SetDeadline(time.Now().Add(time.Minute)); err != nil {
		return 0, err
	}
	dripping, stop := context.WithCancel(ctx)
	defer stop()
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for next := half; ; next = " " {
			if _, err := io.WriteString(conn, next); err != nil {
				return
			}
			select {
			case <-tick.C:
			case <-dripping.Done():
				return
			}
		}
	}()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}

// hostilePaths are what a path parameter could smuggle, percent-encoded.
func hostilePaths() map[string]string {
	return map[string]string{
		"a step up": "%2e%2e", "steps up": "%2e%2e%2f%2e%2e%2fetc%2fpasswd", "a slash": "a%2fb", "a backslash": "a%5cb",
		"a NUL": "a%00b", "a line break": "a%0d%0aX-Evil:%201", "no UTF-8": "%ff%fe", "half a surrogate": "%ed%a0%80",
		"text from right to left": url.PathEscape("\u202egnp.nacs"), "a name in another script": url.PathEscape("аda"),
		"no width": url.PathEscape("a\u200bb"), "an emoji": url.PathEscape("👩‍🔬"), "a template": "%7B%7B7*7%7D%7D", "a percent sign": "%25",
		"a percent sign, encoded twice": "%252e%252e", "a blank": "%20", "4,000 letters": strings.Repeat("a", 4000),
		"a reserved id of the database": "__x__", "a dot": "%2e",
	}
}

func TestHostilePaths(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	_, mallory := s.enrolled(ctx, t, "path-mallory")
	for _, o := range operations(s.exchanges.doc) {
		if len(o.in(openapi3.ParameterInPath)) == 0 {
			continue
		}
		for name, value := range hostilePaths() {
			t.Run(o.OperationID+" and "+name, func(t *testing.T) {
				s.exchanges.report = t.Errorf // which wants a problem, and no redirect
				if status, p := mallory.ask(ctx, t, o, value); status >= 500 {
					t.Errorf("%d %s", status, p.Code)
				}
			})
		}
	}
}

// TestEdgesOfPages asks every operation with a bounded number, or a cursor, in its query for the first and last number
// that it takes, and for the ones beyond.
func TestEdgesOfPages(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	_, reader := s.enrolled(ctx, t, "reader")
	own := reader.possessions(ctx, t)
	for _, o := range operations(s.exchanges.doc) {
		id, _ := at(own, o)
		for _, p := range o.in(openapi3.ParameterInQuery) {
			good, bad := edges(p)
			for _, v := range good {
				reader.asked(o).want(ctx, t, 200, o.method, o.target(id)+"?"+p.Name+"="+v, "")
			}
			for _, v := range bad {
				reader.asked(o).refused(ctx, t, fault.CodeInvalidParameter, o.method, o.target(id)+"?"+p.Name+"="+v, "")
			}
		}
	}
}

// edges are the values of the parameter that are just taken, and those that are not.
func edges(p *openapi3.Parameter) (good, bad []string) {
	schema := p.Schema.Value
	switch {
	case schema.Type.Is(openapi3.TypeInteger):
		bad = []string{"x", "1.5", "1e1", "+1", "%00", "99999999999999999999"}
		if schema.Min != nil {
			bad = append(bad, fmt.Sprint(int(*schema.Min)-1))
			if p.Name != "wait" { // the shortest wait is none, and the longest takes as long
				good = append(good, fmt.Sprint(int(*schema.Min)))
			}
		}
		if schema.Max != nil {
			bad = append(bad, fmt.Sprint(int(*schema.Max)+1))
			if p.Name != "wait" {
				good = append(good, fmt.Sprint(int(*schema.Max)))
			}
		}
	case len(schema.Enum) > 0:
		bad = []string{"x", "%00"}
		for _, v := range schema.Enum {
			good = append(good, url.QueryEscape(fmt.Sprint(v)))
		}
	case p.Name == "cursor":
		bad = []string{"x", "%00", "%ff", "AAAA", strings.Repeat("a", 5000)}
	}
	return good, bad
}
