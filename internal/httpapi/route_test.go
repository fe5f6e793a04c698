package httpapi_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// kennel has a route of each kind.
func kennel() *httpapi.API {
	api := httpapi.New(httpapi.Options{})
	ok := func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	api.Handle("GET /list", httpapi.Public, ok, httpapi.Paged, httpapi.Query("state"))
	api.Handle("GET /page", httpapi.Open, ok, httpapi.AnyQuery)
	api.Handle("POST /nod", httpapi.Public, ok)
	api.Handle("PUT /pet", httpapi.Public, ok, httpapi.JSON, httpapi.Header(httpapi.IfMatch, httpapi.IdempotencyKey))
	api.Handle("PATCH /pet", httpapi.Public, ok, httpapi.MergePatch)
	api.Handle("POST /photo", httpapi.Public, ok, httpapi.Body("image/png", "image/webp"))
	return api
}

// pointers are the fields of a problem.
func pointers(p httpapi.Problem) (all []string) {
	for _, f := range p.Fields {
		all = append(all, f.String())
	}
	return all
}

func TestRoute_refusesWhatItDoesNotTake(t *testing.T) {
	t.Parallel()
	const parameter, body, media = fault.CodeInvalidParameter, fault.CodeMalformedBody, fault.CodeUnsupportedMediaType
	long := strings.Repeat("x", 100)
	for name, tt := range map[string]struct {
		method, target string
		header         http.Header
		body           string
		want           fault.Code // "" is taken
		fields         []string
	}{
		"parameters that are listed": {"GET", "/list?limit=1&state=a", nil, "", "", nil},
		"no parameter":               {"GET", "/list?", nil, "", "", nil},
		"an unknown parameter":       {"GET", "/list?statee=failed", nil, "", parameter, []string{"query/statee"}},
		"another case":               {"GET", "/list?Limit=1", nil, "", parameter, []string{"query/Limit"}},
		"several unknown ones":       {"GET", "/list?b=1&limit=1&a=2", nil, "", parameter, []string{"query/a", "query/b"}},
		"one given twice":            {"GET", "/list?limit=1&limit=1", nil, "", parameter, []string{"query/limit"}},
		"empty ones": {
			"GET", "/list?limit=&cursor=&state", nil, "", parameter, []string{"query/cursor", "query/limit", "query/state"},
		},
		"a broken escape":         {"GET", "/list?limit=%zz", nil, "", parameter, []string{"query"}},
		"half an escape":          {"GET", "/list?limit=1%2", nil, "", parameter, []string{"query"}},
		"a semicolon":             {"GET", "/list?limit=1;state=a", nil, "", parameter, []string{"query"}},
		"a name with a slash":     {"GET", "/list?a/b~=1", nil, "", parameter, []string{"query/a~1b~0"}},
		"a name that is no UTF-8": {"GET", "/list?%ff=1", nil, "", parameter, []string{"query/\uFFFD"}},
		"a name without an end": {
			"GET", "/list?" + long + "=1", nil, "", parameter, []string{"query/" + long[:64] + "..."},
		},
		"no name":               {"GET", "/list?=1", nil, "", parameter, []string{"query/"}},
		"any of a page":         {"GET", "/page?utm=%zz;&utm=2", nil, "", "", nil},
		"a query where none is": {"POST", "/nod?x=1", nil, "", parameter, []string{"query/x"}},

		"a condition":             {"PUT", "/pet", http.Header{"If-Match": {`"1"`}}, "{}", "", nil},
		"conditions in two lines": {"PUT", "/pet", http.Header{"If-Match": {`"1", W/"a,b"`, `"2"`}}, "{}", "", nil},
		"any":                     {"PUT", "/pet", http.Header{"If-Match": {" * "}}, "{}", "", nil},
		"a condition without quotes": {
			"PUT", "/pet", http.Header{"If-Match": {"7"}}, "{}", parameter, []string{"header/If-Match"},
		},
		"an empty condition": {
			"PUT", "/pet", http.Header{"If-Match": {""}}, "{}", parameter, []string{"header/If-Match"},
		},
		"half a condition": {
			"PUT", "/pet", http.Header{"If-Match": {`"7`}}, "{}", parameter, []string{"header/If-Match"},
		},
		"any among others": {
			"PUT", "/pet", http.Header{"If-Match": {`"7", *`}}, "{}", parameter, []string{"header/If-Match"},
		},
		"a condition not honoured": {
			"PATCH", "/pet", http.Header{"If-Match": {`"7"`}}, "{}", parameter, []string{"header/If-Match"},
		},
		"another condition": {
			"PUT", "/pet", http.Header{"If-None-Match": {"*"}}, "{}", parameter, []string{"header/If-None-Match"},
		},

		"a key": {"PUT", "/pet", http.Header{"Idempotency-Key": {strings.Repeat("k", 128)}}, "{}", "", nil},
		"a longer key": {
			"PUT", "/pet", http.Header{"Idempotency-Key": {strings.Repeat("k", 129)}}, "{}", parameter,
			[]string{"header/Idempotency-Key"},
		},
		"a blank key": {
			"PUT", "/pet", http.Header{"Idempotency-Key": {" "}}, "{}", parameter, []string{"header/Idempotency-Key"},
		},
		"two keys": {
			"PUT", "/pet", http.Header{"Idempotency-Key": {"a", "a"}}, "{}", parameter, []string{"header/Idempotency-Key"},
		},
		"a key of another use": {"POST", "/nod", http.Header{"Idempotency-Key": {""}}, "", "", nil},

		"a body where none is":  {"POST", "/nod", nil, "{}", body, []string{""}},
		"a type without a body": {"POST", "/nod", http.Header{"Content-Type": {"application/json"}}, "", "", nil},
		"no type": {
			"PUT", "/pet", http.Header{"Content-Type": nil}, "{}", media, []string{"header/Content-Type"},
		},
		"two types": {
			"PUT", "/pet", http.Header{"Content-Type": {"application/json", "text/plain"}}, "{}", media,
			[]string{"header/Content-Type"},
		},
		"a patch": {
			"PATCH", "/pet", http.Header{"Content-Type": {"application/merge-patch+json"}}, "{}", "", nil,
		},
		"a patch by JSON's type": {"PATCH", "/pet", nil, "{}", "", nil},
		"a patch of another kind": {
			"PATCH", "/pet", http.Header{"Content-Type": {"application/json-patch+json"}}, "[]", media,
			[]string{"header/Content-Type"},
		},
		"one of several types": {"POST", "/photo", http.Header{"Content-Type": {"image/WebP"}}, "x", "", nil},
		"none of several types": {
			"POST", "/photo", http.Header{"Content-Type": {"image/gif"}}, "x", media, []string{"header/Content-Type"},
		},
		"no coding": {"PUT", "/pet", http.Header{"Content-Encoding": {"Identity"}}, "{}", "", nil},
		"a coding": {
			"PUT", "/pet", http.Header{"Content-Encoding": {"gzip"}}, "{}", media, []string{"header/Content-Encoding"},
		},
		"a coding among others": {
			"PUT", "/pet", http.Header{"Content-Encoding": {"identity", "br"}}, "{}", media, []string{"header/Content-Encoding"},
		},
		"a coding of a photo": {
			"POST", "/photo", http.Header{"Content-Type": {"image/png"}, "Content-Encoding": {"deflate"}}, "x", media,
			[]string{"header/Content-Encoding"},
		},
		"a coding without a body": {"POST", "/nod", http.Header{"Content-Encoding": {"gzip"}}, "", "", nil},
		"a parameter, then a type": {
			"PUT", "/pet?x=1", http.Header{"Content-Type": {"text/plain"}}, "{}", parameter, []string{"query/x"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequestWithContext(t.Context(), tt.method, "/", strings.NewReader(tt.body))
			req.URL.Path, req.URL.RawQuery, _ = strings.Cut(tt.target, "?")
			req.Header.Set("Content-Type", jsonType)
			for name, values := range tt.header {
				req.Header[name] = values
			}
			rec := httptest.NewRecorder()
			kennel().ServeHTTP(rec, req)
			if tt.want == "" {
				if rec.Code != http.StatusNoContent {
					t.Errorf("status %d: %s", rec.Code, rec.Body)
				}
				return
			}
			if diff := cmp.Diff(tt.fields, pointers(problem(t, rec, tt.want))); diff != "" {
				t.Errorf("fields (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRoute_saysWhatItTakes(t *testing.T) {
	t.Parallel()
	var zipped bytes.Buffer
	zip := gzip.NewWriter(&zipped)
	if _, err := io.WriteString(zip, "{}"); err != nil {
		t.Fatal(err)
	}
	if err := zip.Close(); err != nil {
		t.Fatal(err)
	}
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/pet", &zipped)
	req.Header.Set("Content-Type", jsonType)
	req.Header.Set("Content-Encoding", "gzip")
	rec := httptest.NewRecorder()
	kennel().ServeHTTP(rec, req)
	problem(t, rec, fault.CodeUnsupportedMediaType)
	if got := rec.Header().Get("Accept-Encoding"); got != "identity" {
		t.Errorf("Accept-Encoding = %q", got)
	}
	rec = send(t, kennel(), http.MethodPatch, "/pet", "text/plain", strings.NewReader("{}"))
	problem(t, rec, fault.CodeUnsupportedMediaType)
	for _, name := range []string{"Accept", "Accept-Patch"} {
		if got := rec.Header().Get(name); got != "application/json, application/merge-patch+json" {
			t.Errorf("%s = %q", name, got)
		}
	}
}

func TestRoute_answersTooManyFaultsWithSome(t *testing.T) {
	t.Parallel()
	rec := send(t, kennel(), http.MethodGet, "/list?a&b&c&d&e&f&g&h&i&j&k&l&m&n&o&p&q&r&s", "", nil)
	if got := len(problem(t, rec, fault.CodeInvalidParameter).Fields); got != 16 {
		t.Errorf("%d fields", got)
	}
	rec = send(t, kennel(), http.MethodGet, "/list?"+strings.Repeat("x&", 100_000), "", nil)
	problem(t, rec, fault.CodeInvalidParameter)
}

// A body whose length is not announced is none if nothing comes.
func TestRoute_bodyOfUnknownLength(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]int{"": http.StatusNoContent, "x": http.StatusBadRequest} {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/nod", io.MultiReader(strings.NewReader(body)))
		rec := httptest.NewRecorder()
		kennel().ServeHTTP(rec, req)
		if rec.Code != want {
			t.Errorf("%q: status %d", body, rec.Code)
		}
	}
}

// A body that may be left out is decoded if there is one, whether its length is announced or not.
func TestRoute_optionalBody(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{})
	api.Handle("POST /pets", httpapi.Public, func(w http.ResponseWriter, r *http.Request) error {
		p, err := httpapi.DecodeOptional[struct {
			Name string `json:"name"`
		}](w, r)
		if err != nil {
			return err
		}
		return httpapi.Write(w, http.StatusOK, p)
	}, httpapi.OptionalJSON)
	for _, tt := range []struct{ media, body, want string }{
		{"", "", `{"name":""}`}, {jsonType, "", `{"name":""}`}, {"text/plain", "", `{"name":""}`},
		{jsonType, "{}", `{"name":""}`}, {jsonType, `{"name":"Rex"}`, `{"name":"Rex"}`},
		{"", "{}", `"unsupported_media_type"`}, {"text/plain", "{}", `"unsupported_media_type"`},
		{jsonType, " ", `"malformed_body"`}, {jsonType, `{"name":1}`, `"invalid_field"`},
		{jsonType, "null", `"invalid_field"`},
	} {
		for _, body := range []io.Reader{strings.NewReader(tt.body), io.MultiReader(strings.NewReader(tt.body))} {
			rec := send(t, api, http.MethodPost, "/pets", tt.media, body)
			if !strings.Contains(rec.Body.String(), tt.want) {
				t.Errorf("%q as %q: %d %s, want %s", tt.body, tt.media, rec.Code, rec.Body, tt.want)
			}
		}
	}
}

func TestWriteTagged(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{})
	name := "Rex"
	api.Handle("GET /pet", httpapi.Public, func(w http.ResponseWriter, r *http.Request) error {
		return httpapi.WriteTagged(w, r, map[string]string{"name": name})
	}, httpapi.Header(httpapi.IfNoneMatch))
	get := func(condition string) *httptest.ResponseRecorder {
		req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/pet", nil)
		if condition != "" {
			req.Header.Set(httpapi.IfNoneMatch, condition)
		}
		rec := httptest.NewRecorder()
		api.ServeHTTP(rec, req)
		return rec
	}
	first := get("")
	tag := first.Header().Get("ETag")
	again := get(`"other"`).Header().Get("ETag")
	if first.Code != http.StatusOK || first.Body.String() != `{"name":"Rex"}`+"\n" || tag != again {
		t.Errorf("%d %v %s", first.Code, first.Header(), first.Body)
	}
	for _, condition := range []string{tag, "W/" + tag, "*"} {
		same := get(condition)
		if same.Code != http.StatusNotModified || same.Body.Len() > 0 || same.Header().Get("ETag") != tag ||
			same.Header().Get("Content-Type") != "" {
			t.Errorf("%s: %d %v %q", condition, same.Code, same.Header(), same.Body)
		}
	}
	name = "Rexa"
	if other := get(tag); other.Code != http.StatusOK || other.Header().Get("ETag") == tag {
		t.Errorf("another body: %d %v", other.Code, other.Header())
	}
}

func TestTags(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		lines          []string
		admit, include bool
	}{
		"none":                     {nil, true, false},
		"any":                      {[]string{"*"}, true, true},
		"it":                       {[]string{`"7"`}, true, true},
		"it in a list":             {[]string{`"6", "7"`}, true, true},
		"it in the second line":    {[]string{`"6"`, `"7"`}, true, true},
		"it, with empty elements":  {[]string{`, ,"7" ,`}, true, true},
		"it, weak":                 {[]string{`W/"7"`}, false, true},
		"another":                  {[]string{`"8"`}, false, false},
		"a longer one":             {[]string{`"77"`}, false, false},
		"one with a comma":         {[]string{`"8,7"`}, false, false},
		"one that is empty":        {[]string{`""`}, false, false},
		"one of another spelling":  {[]string{`w/"7"`}, false, false}, // which the route refuses
		"one beside it, no commas": {[]string{`"8" "7"`}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/", nil)
			r.Header[httpapi.IfMatch], r.Header[httpapi.IfNoneMatch] = tt.lines, tt.lines
			if got := httpapi.Match(r).Admit(`"7"`); got != tt.admit {
				t.Errorf("Admit = %v", got)
			}
			if got := httpapi.NoneMatch(r).Include(`"7"`); got != tt.include {
				t.Errorf("Include = %v", got)
			}
		})
	}
}
