package httpapi_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

type pet struct {
	Name string `json:"name"`
	Legs *int   `json:"legs"`
	Home struct {
		Street string `json:"street"`
	} `json:"home"`
	Tags []string `json:"tags"`
	Toys []struct {
		Kind  string `json:"kind" required:"true"`
		Maker string `json:"maker" required:"true" nonempty:"true"`
	} `json:"toys"`
}

const jsonType = "application/json"

// echo is an API that decodes a pet and answers with it.
func echo() *httpapi.API {
	api := httpapi.New(httpapi.Options{})
	api.Handle("POST /pets", httpapi.Public, func(w http.ResponseWriter, r *http.Request) error {
		p, err := httpapi.Decode[pet](w, r)
		if err != nil {
			return err
		}
		return httpapi.Write(w, http.StatusCreated, p)
	}, httpapi.JSON)
	return api
}

func send(t *testing.T, h http.Handler, method, path, contentType string, body io.Reader) *httptest.ResponseRecorder {
	t.Helper()
	req := httptest.NewRequestWithContext(t.Context(), method, path, body)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	return rec
}

// problem ends the test unless the answer is a well-formed problem of the code.
func problem(t *testing.T, rec *httptest.ResponseRecorder, code fault.Code) httpapi.Problem {
	t.Helper()
	var p httpapi.Problem
	if err := json.Unmarshal(rec.Body.Bytes(), &p); err != nil {
		t.Fatalf("status %d, body %q: %v", rec.Code, rec.Body, err)
	}
	if p.Code != code {
		t.Fatalf("code = %q, want %q: %s", p.Code, code, rec.Body)
	}
	kind := code.Kind()
	want := httpapi.Problem{
		Type: "/problems/" + string(code), Title: kind.Title(), Status: kind.Status(), Code: code,
		Detail: p.Detail, Params: p.Params, RequestID: rec.Header().Get("X-Request-Id"), Fields: p.Fields,
	}
	if diff := cmp.Diff(want, p); diff != "" {
		t.Errorf("problem (-want +got):\n%s", diff)
	}
	if rec.Code != kind.Status() || rec.Header().Get("Content-Type") != "application/problem+json" {
		t.Errorf("status %d, header %v", rec.Code, rec.Header())
	}
	if p.Detail == "" || p.RequestID == "" {
		t.Errorf("detail %q, request id %q", p.Detail, p.RequestID)
	}
	return p
}

func TestDecode(t *testing.T) {
	t.Parallel()
	mediaType := []string{"header/Content-Type"}
	filler := func(size int) string {
		const head, tail = `{"name":"`, `"}`
		return head + strings.Repeat("a", size-len(head)-len(tail)) + tail
	}
	for name, tt := range map[string]struct {
		contentType, body string
		want              fault.Code // "" is accepted
		fields            []string
	}{
		"a whole value":            {jsonType, `{"name":"Rex","legs":4,"home":{"street":"x"},"tags":["a"]}`, "", nil},
		"space around":             {jsonType, " \n{}\t ", "", nil},
		"a charset":                {"application/json; charset=utf-8", `{}`, "", nil},
		"another case of the type": {"Application/JSON", `{}`, "", nil},
		"the largest body":         {jsonType, filler(httpapi.MaxBody), "", nil},
		"a byte more":              {jsonType, filler(httpapi.MaxBody + 1), fault.CodeBodyTooLarge, nil},
		"space over the limit":     {jsonType, `{}` + strings.Repeat(" ", httpapi.MaxBody), fault.CodeBodyTooLarge, nil},
		"no type":                  {"", `{}`, fault.CodeUnsupportedMediaType, mediaType},
		"another type":             {"text/plain", `{}`, fault.CodeUnsupportedMediaType, mediaType},
		"a form": {
			"application/x-www-form-urlencoded", `name=Rex`, fault.CodeUnsupportedMediaType, mediaType,
		},
		"a merge patch": {"application/merge-patch+json", `{}`, fault.CodeUnsupportedMediaType, mediaType},
		"a broken type": {"application/json; =", `{}`, fault.CodeUnsupportedMediaType, mediaType},
		"another charset": {
			"application/json; charset=iso-8859-1", `{}`, fault.CodeUnsupportedMediaType, mediaType,
		},
		"nothing":              {jsonType, ``, fault.CodeMalformedBody, nil},
		"a beginning":          {jsonType, `{"name":`, fault.CodeMalformedBody, nil},
		"two values":           {jsonType, `{}{}`, fault.CodeMalformedBody, nil},
		"a value and text":     {jsonType, `{} x`, fault.CodeMalformedBody, nil},
		"a trailing comma":     {jsonType, `{"name":"Rex",}`, fault.CodeMalformedBody, nil},
		"broken UTF-8":         {jsonType, "{\"name\":\"\xff\"}", fault.CodeMalformedBody, nil},
		"a lone surrogate":     {jsonType, `{"name":"\ud800"}`, fault.CodeMalformedBody, nil},
		"a member given twice": {jsonType, `{"name":"a","name":"b"}`, fault.CodeMalformedBody, []string{"/name"}},
		"an inner one given twice": {
			jsonType, `{"home":{"street":"a","street":"b"}}`, fault.CodeMalformedBody, []string{"/home/street"},
		},
		"an unknown member":         {jsonType, `{"name":"Rex","age":3}`, fault.CodeUnknownField, []string{"/age"}},
		"an unknown inner member":   {jsonType, `{"home":{"zip":1}}`, fault.CodeUnknownField, []string{"/home/zip"}},
		"another case of a member":  {jsonType, `{"Name":"Rex"}`, fault.CodeUnknownField, []string{"/Name"}},
		"a name that needs escapes": {jsonType, `{"a/b~c":1}`, fault.CodeUnknownField, []string{"/a~1b~0c"}},
		"a wrong type":              {jsonType, `{"name":7}`, fault.CodeInvalidField, []string{"/name"}},
		"a wrong element":           {jsonType, `{"tags":["a",1]}`, fault.CodeInvalidField, []string{"/tags/1"}},
		"a fraction":                {jsonType, `{"legs":1.5}`, fault.CodeInvalidField, []string{"/legs"}},
		"a whole number as a text":  {jsonType, `{"legs":"4"}`, fault.CodeInvalidField, []string{"/legs"}},
		"a whole number, pointed":   {jsonType, `{"legs":4.0}`, "", nil},
		"a whole number, powered":   {jsonType, `{"legs":0.4e1}`, "", nil},
		"null":                      {jsonType, `null`, fault.CodeInvalidField, []string{""}},
		"a member that is null":     {jsonType, `{"name":null}`, fault.CodeInvalidField, []string{"/name"}},
		"a number that is null":     {jsonType, `{"legs":null}`, fault.CodeInvalidField, []string{"/legs"}},
		"an object that is null":    {jsonType, `{"home":null}`, fault.CodeInvalidField, []string{"/home"}},
		"an array that is null":     {jsonType, `{"tags":null}`, fault.CodeInvalidField, []string{"/tags"}},
		"an inner null":             {jsonType, `{"home":{"street":null}}`, fault.CodeInvalidField, []string{"/home/street"}},
		"an element that is null":   {jsonType, `{"tags":["a",null]}`, fault.CodeInvalidField, []string{"/tags/1"}},
		"members that are missing": {
			jsonType, `{"toys":[{"kind":"","maker":"x"},{}]}`, fault.CodeInvalidField, []string{"/toys/1/kind", "/toys/1/maker"},
		},
		"a member that is empty": {
			jsonType, `{"toys":[{"kind":"","maker":""}]}`, fault.CodeInvalidField, []string{"/toys/0/maker"},
		},
		"a number too large": {jsonType, `{"legs":1e400}`, fault.CodeInvalidField, []string{"/legs"}},
		"an array":           {jsonType, `[]`, fault.CodeInvalidField, []string{""}},
		"a deep array": {
			jsonType, strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000), fault.CodeInvalidField, []string{""},
		},
		"a deep unknown member": {
			jsonType, `{"x":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, fault.CodeUnknownField,
			[]string{"/x"},
		},
		"depth without an end": {jsonType, `{"tags":` + strings.Repeat("[", 30_000), fault.CodeMalformedBody, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rec := send(t, echo(), "POST", "/pets", tt.contentType, strings.NewReader(tt.body))
			if taken := rec.Header().Get("Accept"); (taken == jsonType) != (tt.want == fault.CodeUnsupportedMediaType) {
				t.Errorf("Accept = %q", taken)
			}
			if tt.want == "" {
				if rec.Code != http.StatusCreated || rec.Header().Get("Content-Type") != jsonType {
					t.Fatalf("status %d, header %v: %s", rec.Code, rec.Header(), rec.Body)
				}
				return
			}
			var got []string
			for _, f := range problem(t, rec, tt.want).Fields {
				got = append(got, f.String())
			}
			if diff := cmp.Diff(tt.fields, got); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestDecode_bodyThatBreaksOff(t *testing.T) {
	t.Parallel()
	body := io.MultiReader(strings.NewReader(`{"name":`), iotest.ErrReader(errors.New("connection reset by 10.0.0.1")))
	rec := send(t, echo(), "POST", "/pets", jsonType, body)
	if p := problem(t, rec, fault.CodeMalformedBody); strings.Contains(p.Detail, "10.0.0.1") {
		t.Errorf("detail = %q", p.Detail)
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(`{"name":"Rex","legs":4,"tags":["a"]}`)
	f.Add(`{"name":1e999,"name":"\ud800"}`)
	f.Add(strings.Repeat(`{"home":`, 100))
	api := echo()
	f.Fuzz(func(t *testing.T, body string) {
		rec := send(t, api, "POST", "/pets", jsonType, strings.NewReader(body))
		if rec.Code >= http.StatusInternalServerError || !json.Valid(rec.Body.Bytes()) {
			t.Errorf("status %d: %s", rec.Code, rec.Body)
		}
	})
}

func TestWrite_unmarshalableValueIsACleanFault(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{})
	api.Handle("GET /broken", httpapi.Public, func(w http.ResponseWriter, _ *http.Request) error {
		return httpapi.Write(w, http.StatusOK, map[string]any{"a": "b", "f": func() {}})
	})
	problem(t, send(t, api, "GET", "/broken", "", nil), fault.CodeInternal)
}

func TestWrite_leavesURLsAsTheyAre(t *testing.T) {
	t.Parallel()
	const body = `{"url":"https://example.com/?a=1&b=<2>"}` + "\n"
	api := httpapi.New(httpapi.Options{})
	api.Handle("GET /link", httpapi.Open, func(w http.ResponseWriter, _ *http.Request) error {
		return httpapi.Write(w, http.StatusOK, map[string]any{"url": "https://example.com/?a=1&b=<2>"})
	})
	if got := send(t, api, "GET", "/link", "", nil).Body.String(); got != body {
		t.Errorf("body = %s, want %s", got, body)
	}
}

func TestWriteProblem(t *testing.T) {
	t.Parallel()
	failing := func(err error) *httptest.ResponseRecorder {
		api := httpapi.New(httpapi.Options{})
		api.Handle("GET /", httpapi.Public, func(http.ResponseWriter, *http.Request) error { return err })
		return send(t, api, "GET", "/", "", nil)
	}
	t.Run("an unknown error shows nothing of itself", func(t *testing.T) {
		rec := failing(errors.New("dial 10.0.0.1: secret"))
		if p := problem(t, rec, fault.CodeInternal); strings.Contains(rec.Body.String(), "secret") || p.Fields != nil {
			t.Errorf("body = %s", rec.Body)
		}
	})
	t.Run("a cause stays inside", func(t *testing.T) {
		rec := failing(fault.Wrap(errors.New("secret"), fault.CodeUsernameTaken, "Taken.").WithField("/username", "is taken"))
		p := problem(t, rec, fault.CodeUsernameTaken)
		if strings.Contains(rec.Body.String(), "secret") {
			t.Errorf("body = %s", rec.Body)
		}
		want := []fault.Field{{In: fault.InBody, Pointer: "/username", Detail: "is taken"}}
		if diff := cmp.Diff(want, p.Fields); diff != "" {
			t.Error(diff)
		}
		if strings.Contains(rec.Body.String(), "retry") || rec.Header().Get("Retry-After") != "" ||
			rec.Header().Get("WWW-Authenticate") != "" {
			t.Errorf("header = %v", rec.Header())
		}
	})
	t.Run("Retry-After is in whole seconds, rounded up", func(t *testing.T) {
		rec := failing(fault.New(fault.CodeRateLimited, "Later.").WithRetryAfter(1200 * time.Millisecond))
		problem(t, rec, fault.CodeRateLimited)
		if got := rec.Header().Get("Retry-After"); got != "2" {
			t.Errorf("Retry-After = %q", got)
		}
	})
	t.Run("401 says how to authenticate", func(t *testing.T) {
		rec := failing(fault.New(fault.CodeTokenExpired, "Expired."))
		problem(t, rec, fault.CodeTokenExpired)
		if got := rec.Header().Get("WWW-Authenticate"); got != `Bearer realm="facescan"` {
			t.Errorf("WWW-Authenticate = %q", got)
		}
	})
	t.Run("every code is a whole problem", func(t *testing.T) {
		for code := range fault.Codes() {
			problem(t, failing(fault.New(code, "Detail.")), code)
		}
	})
}

func TestIntParam(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]int{"": 7, "?n=": 7, "?n=0": 0, "?n=25": 25, "?n=-0": 0, "?other=3": 7} {
		got, err := httpapi.IntParam(httptest.NewRequest(http.MethodGet, "/"+query, nil), "n", 7, 0, 25)
		if err != nil || got != want {
			t.Errorf("%q: %d, %v, want %d", query, got, err, want)
		}
	}
	for _, query := range []string{
		"?n=26", "?n=-1", "?n=1.5", "?n=x", "?n=1e1", "?n=99999999999999999999", "?n=%201", "?n=%2B1",
	} {
		_, err := httpapi.IntParam(httptest.NewRequest(http.MethodGet, "/"+query, nil), "n", 7, 0, 25)
		f := fault.From(err)
		if f == nil || f.Code != fault.CodeInvalidParameter || len(f.Fields) != 1 || f.Fields[0].String() != "query/n" {
			t.Errorf("%q: %v", query, err)
		}
	}
}

func TestTime(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 21, 13, 30, 0, 1_999_999, time.FixedZone("CET", 3600))
	if got := httpapi.Time(at); got != "2026-11-21T12:30:00.001Z" {
		t.Errorf("Time = %s", got)
	}
}

func TestWriteProblem_inTheLanguageOfTheReader(t *testing.T) {
	t.Parallel()
	for accept, want := range map[string]struct{ lang, title, detail, field string }{
		"": {"en", "Invalid request", "A query parameter is out of range.", "must be a whole number of 0 to 25"},
		"de-AT,en": {
			"de", "Ungültige Anfrage", "Ein Parameter hat keinen erlaubten Wert.", "muss eine ganze Zahl von 0 bis 25 sein",
		},
	} {
		t.Run(want.lang, func(t *testing.T) {
			t.Parallel()
			w, r := httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/?n=x", nil)
			r.Header.Set("Accept-Language", accept)
			_, err := httpapi.IntParam(r, "n", 1, 0, 25)
			httpapi.WriteProblem(w, r, err)
			var p httpapi.Problem
			if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil {
				t.Fatal(err)
			}
			field := fault.Field{
				In: fault.InQuery, Pointer: "/n", Detail: want.field, Code: "out_of_range", Params: []string{"0", "25"},
			}
			if diff := cmp.Diff([]fault.Field{field}, p.Fields); diff != "" || p.Detail != want.detail || p.Title != want.title {
				t.Errorf("%q: %q (-want +got):\n%s", p.Title, p.Detail, diff)
			}
			if got := w.Header().Get("Content-Language"); got != want.lang {
				t.Errorf("Content-Language %q, want %q", got, want.lang)
			}
		})
	}
}
