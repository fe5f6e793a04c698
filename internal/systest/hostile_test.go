package systest_test

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// asked is the caller of the operation: none, where it wants no user, and an administrator where it
// wants staff.
func (c caller) asked(o operation) caller {
	if o.access == httpapi.Support || o.access == httpapi.Admin {
		return c.inRole("admin")
	}
	if o.access == httpapi.Public || o.access == httpapi.Open {
		return caller{system: c.system}
	}
	return c
}

// inRole is the caller with the role in the token, which is unsigned.
func (c caller) inRole(role string) caller {
	parts := strings.Split(c.token, ".")
	claims, err := base64.RawURLEncoding.DecodeString(parts[1])
	if err != nil {
		panic("systest: a token that cannot be read: " + err.Error())
	}
	parts[1] = base64.RawURLEncoding.EncodeToString(bytes.Replace(claims, []byte("{"), []byte(`{"role":"`+role+`",`), 1))
	c.token = strings.Join(parts, ".")
	return c
}

// TestHostileBodies spoils the contract's sample of every JSON body in every way that a decoder
// could stumble over.
func TestHostileBodies(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	_, mallory := s.enrolled(ctx, t, "mallory")
	for _, o := range operations(s.exchanges.doc) {
		media, sample := o.sample(t)
		if media != "application/json" {
			continue
		}
		all := spoil(t, sample)
		maps.Copy(all, spoilMembers(t, o.RequestBody.Value.Content[media].Schema.Value, sample))
		for name, h := range all {
			t.Run(o.OperationID+" and "+name, func(t *testing.T) {
				status, answer := mallory.asked(o).under(t).call(ctx, t, o.method, o.target(""), h.body, h.headers()...)
				var p httpapi.Problem
				if err := json.Unmarshal(answer, &p); err != nil || !slices.Contains(h.codes, p.Code) {
					t.Errorf("%d %.300s, want one of %v", status, answer, h.codes)
				}
				if h.pointer != "" && (len(p.Fields) == 0 || p.Fields[0].String() != h.pointer) {
					t.Errorf("fields %v, want %s", p.Fields, h.pointer)
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
	// pointer is that of the faulty member, "" where it is not looked at, and header a further header.
	pointer string
	header  []string
}

func (h hostile) headers() []string {
	return append([]string{"Content-Type", cmp.Or(h.other, "application/json")}, h.header...)
}

func spoil(t *testing.T, sample string) map[string]hostile {
	t.Helper()
	const depth, large = 10_000, 10 << 20
	malformed, unknown := []fault.Code{fault.CodeMalformedBody}, []fault.Code{fault.CodeUnknownField}
	invalid, tooLarge := []fault.Code{fault.CodeInvalidField}, []fault.Code{fault.CodeBodyTooLarge}
	refused, media := slices.Concat(malformed, unknown, invalid), []fault.Code{fault.CodeUnsupportedMediaType}
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
		"null":              {body: `null`, codes: invalid},
		"text":              {body: `"{}"`, codes: invalid},
		"no UTF-8":          {body: "{\"\xff\":1}", codes: malformed},
		"a NUL":             {body: "{\"\x00\":1}", codes: malformed},
		"a form": {
			body: "a=b", codes: media, other: "application/x-www-form-urlencoded", pointer: "header/Content-Type",
		},
		"no media type": {body: sample, codes: media, other: "\t", pointer: "header/Content-Type"},
		"another charset": {
			body: sample, codes: media, other: "application/json; charset=utf-16", pointer: "header/Content-Type",
		},
		"a content coding": {
			body: sample, codes: media, header: []string{"Content-Encoding", "gzip"}, pointer: "header/Content-Encoding",
		},
	}
	var members map[string]json.RawMessage
	if err := json.Unmarshal([]byte(sample), &members); err != nil || len(members) == 0 {
		t.Fatalf("the sample has no members: %s, %v", sample, err)
	}
	for name, value := range members {
		all[name+" twice"] = hostile{body: fmt.Sprintf(`{%q:%s,%q:%s}`, name, value, name, value), codes: malformed}
		if value[0] == '"' {
			all[name+" that is no UTF-8"] = hostile{body: replace(members, name, "\"\xff\""), codes: malformed}
			all[name+" of half a surrogate"] = hostile{body: replace(members, name, `"\ud800"`), codes: refused}
		}
	}
	return all
}

// replace is the object with another value of the member, which need not be JSON, or without the
// member for "".
func replace(members map[string]json.RawMessage, name, value string) string {
	var parts []string
	for n, v := range members {
		if n == name {
			v = json.RawMessage(value)
		}
		if len(v) > 0 {
			parts = append(parts, fmt.Sprintf("%q:%s", n, v))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// spoilMembers spoils each member of the sample, however deep, in every way that its schema
// forbids.
func spoilMembers(t *testing.T, schema *openapi3.Schema, sample string) map[string]hostile {
	t.Helper()
	invalid := []fault.Code{fault.CodeInvalidField}
	all := map[string]hostile{}
	for pointer, m := range membersOf(t, schema, []byte(sample), "") {
		spoiled := func(value string) hostile {
			return hostile{body: m.whole(value), codes: invalid, pointer: pointer}
		}
		other := `[1]`
		if m.schema.Type.Includes(openapi3.TypeArray) {
			other = `{"0":1}`
		}
		all[pointer+" of another type"] = spoiled(other)
		if !m.schema.Type.Includes(openapi3.TypeNull) {
			all[pointer+" that is null"] = spoiled("null")
		}
		if m.schema.Type.Includes(openapi3.TypeInteger) {
			all[pointer+" with a fraction"] = spoiled("1.5")
			all[pointer+" beyond all numbers"] = spoiled("1e400")
		}
		if m.required {
			all[pointer+" that is missing"] = spoiled("")
			if m.schema.Type.Includes(openapi3.TypeString) {
				all[pointer+" that is empty"] = spoiled(`""`)
			}
		}
	}
	return all
}

// sampled is a member of a sample.
type sampled struct {
	schema   *openapi3.Schema
	required bool
	// whole is the sample with another value in its place, or without it for "".
	whole func(value string) string
}

// membersOf are the members of the JSON value by their pointers.
func membersOf(t *testing.T, schema *openapi3.Schema, value json.RawMessage, at string) map[string]sampled {
	t.Helper()
	all := map[string]sampled{}
	// within takes over the members of a part, which is one of the value's.
	within := func(part json.RawMessage, of *openapi3.Schema, at string, around func(string) string) {
		for pointer, m := range membersOf(t, of, part, at) {
			inner := m.whole
			m.whole = func(value string) string { return around(inner(value)) }
			all[pointer] = m
		}
	}
	switch value[0] {
	case '{':
		var members map[string]json.RawMessage
		if err := json.Unmarshal(value, &members); err != nil {
			t.Fatal(err)
		}
		for name, part := range members {
			of, here := schema.Properties[name].Value, at+"/"+name
			around := func(value string) string { return replace(members, name, value) }
			all[here] = sampled{of, slices.Contains(schema.Required, name), around}
			within(part, of, here, around)
		}
	case '[':
		var elements []json.RawMessage
		if err := json.Unmarshal(value, &elements); err != nil {
			t.Fatal(err)
		}
		for i, part := range elements {
			within(part, schema.Items.Value, at+"/"+strconv.Itoa(i), func(value string) string {
				changed := slices.Clone(elements)
				changed[i] = json.RawMessage(value)
				return "[" + string(bytes.Join(asBytes(changed), []byte(","))) + "]"
			})
		}
	}
	return all
}

func asBytes(list []json.RawMessage) [][]byte {
	all := make([][]byte, len(list))
	for i, v := range list {
		all[i] = v
	}
	return all
}

// TestUnfinishedBodies sends half of every body: slowly, and then nothing more, and with an end of
// the connection.
func TestUnfinishedBodies(t *testing.T) {
	t.Parallel() // with those that use no system: it waits for the end of patience with a body
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
		half := fmt.Sprintf(
			"%s %s HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s",

			o.method, o.target(""), mallory.token, media, len(body)+100, body[:len(body)/2],
		)
		all.Go(func() { s.cutOff(ctx, t, half) })
		all.Go(func() {
			status, err := s.drip(ctx, half)
			if err != nil || status < 400 || status >= 500 {
				t.Errorf("%s: a body that never ends: %d, %v", o.OperationID, status, err)
			}
		})
	}
	all.Wait()
	caller{system: s}.want(ctx, t, 200, "GET", "/ready", "")
}

func (s *system) dial(ctx context.Context) (net.Conn, error) {
	return new(net.Dialer).DialContext(ctx, "tcp", strings.TrimPrefix(s.URL, "http://"))
}

// cutOff leaves in the middle. There is no one to answer; the system must only not mind.
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

// drip goes on with a space a second for as long as it is listened to, and gives the answer's
// status.
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
		"no width": url.PathEscape("a\u200bb"), "an emoji": url.PathEscape("👩‍🔬"), "a template": "%7B%7B7*7%7D%7D",
		"a percent sign":                "%25",
		"a percent sign, encoded twice": "%252e%252e", "a blank": "%20", "4,000 letters": strings.Repeat("a", 4000),
		"a reserved id of the database": "__x__", "a dot": "%2e",
	}
}

func TestHostilePaths(t *testing.T) {
	t.Parallel()
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
				// The contract wants a problem, and no redirect.
				if status, p := mallory.under(t).ask(ctx, t, o, value); status >= 500 {
					t.Errorf("%d %s", status, p.Code)
				}
			})
		}
	}
}

// TestEdgesOfPages asks every operation with a bounded number, or a cursor, in its query for the
// first and last number that it takes, and for the ones beyond.
func TestEdgesOfPages(t *testing.T) {
	t.Parallel()
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
