package waterfall_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	resource "go.opentelemetry.io/proto/otlp/resource/v1"
	trace "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"

	"github.com/facescan/facescan/internal/local/waterfall"
	"github.com/facescan/facescan/internal/telemetry"
)

// hostile is what a name could hold.
const hostile = `"><script>alert(1)</script><!--`

var begun = time.Date(2026, 12, 1, 12, 0, 0, 0, time.UTC)

func text(s string) *common.AnyValue {
	return &common.AnyValue{Value: &common.AnyValue_StringValue{StringValue: s}}
}

// span returns a span of the trace that begins at and takes milliseconds. Ids are small numbers.
func span(of, id, parent byte, name string, at, took int) *trace.Span {
	s := &trace.Span{
		TraceId: bytes.Repeat([]byte{of}, 16), SpanId: bytes.Repeat([]byte{id}, 8), Name: name,
		StartTimeUnixNano: uint64(begun.Add(time.Duration(at) * time.Millisecond).UnixNano()),
		EndTimeUnixNano:   uint64(begun.Add(time.Duration(at+took) * time.Millisecond).UnixNano()),
	}
	if parent != 0 {
		s.ParentSpanId = bytes.Repeat([]byte{parent}, 8)
	}
	return s
}

func export(t *testing.T, service string, spans ...*trace.Span) []byte {
	t.Helper()
	data, err := proto.Marshal(&collector.ExportTraceServiceRequest{ResourceSpans: []*trace.ResourceSpans{{
		Resource:   &resource.Resource{Attributes: []*common.KeyValue{{Key: "service.name", Value: text(service)}}},
		ScopeSpans: []*trace.ScopeSpans{{Scope: &common.InstrumentationScope{Name: telemetry.Scope}, Spans: spans}},
	}}})
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func id(of byte) string { return strings.Repeat(fmt.Sprintf("%02x", of), 16) }

// served is the pages over a ring of so many spans.
func served(size int) http.Handler {
	mux := http.NewServeMux()
	waterfall.Pages{
		Ring: waterfall.NewRing(size),
		Find: func(_ context.Context, wanted string) ([]string, error) {
			if wanted == "scan-1" {
				return []string{id(1)}, nil
			}
			return nil, nil
		},
	}.Routes(mux)
	return mux
}

// post exports the body, and returns the status.
func post(t *testing.T, h http.Handler, body []byte, header ...string) int {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, waterfall.ExportPath, bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/x-protobuf")
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w.Code
}

func get(t *testing.T, h http.Handler, path string) *httptest.ResponseRecorder {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w
}

func zipped(t *testing.T, data []byte) []byte {
	t.Helper()
	var to bytes.Buffer
	w := gzip.NewWriter(&to)
	if _, err := w.Write(data); err != nil || w.Close() != nil {
		t.Fatal("gzip", err)
	}
	return to.Bytes()
}

func TestExport_refuses(t *testing.T) {
	t.Parallel()
	good := export(t, "upload", span(1, 1, 0, "POST", 0, 5))
	for name, tt := range map[string]struct {
		body   []byte
		header []string
		want   int
	}{
		"nothing wrong":               {good, nil, 200},
		"gzip":                        {zipped(t, good), []string{"Content-Encoding", "gzip"}, 200},
		"an empty export":             {nil, nil, 200},
		"garbage":                     {[]byte("\xff\xff\xff garbage"), nil, 400},
		"half of an export":           {good[:len(good)/2], nil, 400},
		"no gzip, though it says so":  {good, []string{"Content-Encoding", "gzip"}, 400},
		"half of a gzip":              {zipped(t, good)[:20], []string{"Content-Encoding", "gzip"}, 400},
		"another compression":         {good, []string{"Content-Encoding", "br"}, 415},
		"JSON":                        {[]byte("{}"), []string{"Content-Type", "application/json"}, 415},
		"no type":                     {good, []string{"Content-Type", ""}, 415},
		"more than is taken":          {make([]byte, 1<<20+1), nil, 413},
		"more than is taken, by gzip": {zipped(t, make([]byte, 2<<20+1)), []string{"Content-Encoding", "gzip"}, 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := post(t, served(10), tt.body, tt.header...); got != tt.want {
				t.Errorf("status %d, want %d", got, tt.want)
			}
		})
	}
}

// A small export that unpacks to as many messages as fit takes no more memory than the developer's
// machine can spare.
func TestExport_costs(t *testing.T) { // not parallel: it counts what the process allocates
	for name, one := range map[string]string{
		"resources without spans": "\n\x00",
		"scopes without spans":    "\n\x02\x12\x00",
		"spans without ids":       "\n\x04\x12\x02\x12\x00",
	} {
		t.Run(name, func(t *testing.T) {
			body := zipped(t, []byte(strings.Repeat(one, 2<<20/len(one))))
			h := served(10)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			if status := post(t, h, body, "Content-Encoding", "gzip"); status != http.StatusOK {
				t.Fatal(status)
			}
			runtime.ReadMemStats(&after)
			if took := (after.TotalAlloc - before.TotalAlloc) >> 20; took > 256 {
				t.Errorf("%d MiB for an export of %d bytes", took, len(body))
			} else {
				t.Logf("%d MiB for an export of %d bytes", took, len(body))
			}
		})
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	h := served(100)
	first := span(1, 1, 0, "POST /v1/uploads", 0, 10)
	first.Attributes = []*common.KeyValue{
		{Key: "http.route", Value: text("/v1/uploads")}, {Key: hostile, Value: text(hostile)},
	}
	failed := span(1, 3, 2, "face.Scan", 20, 30)
	failed.Status = &trace.Status{Code: trace.Status_STATUS_CODE_ERROR}
	delivery := span(2, 4, 0, "POST", 15, 50)
	delivery.Links = []*trace.Span_Link{{TraceId: first.GetTraceId(), SpanId: first.GetSpanId()}}
	for service, spans := range map[string][]*trace.Span{
		"upload": {first}, "analyze": {span(1, 2, 1, "scan.analyze", 15, 40), failed, delivery},
		hostile: {span(3, 5, 9, hostile, 0, 1)},
	} {
		if status := post(t, h, export(t, service, spans...)); status != http.StatusOK {
			t.Fatal(status)
		}
	}
	for name, tt := range map[string]struct {
		path       string
		want, none []string
	}{
		"all traces":               {"/view/traces", []string{id(1), id(2), id(3), "POST /v1/uploads", "failed"}, nil},
		"by the id of a trace":     {"/view/traces?q=" + strings.ToUpper(id(1)), []string{id(1)}, []string{id(2)}},
		"by the id of a scan":      {"/view/traces?q=+scan-1", []string{id(1)}, []string{id(2)}},
		"by an id that nobody has": {"/view/traces?q=scan-2", []string{"No trace of it is kept"}, []string{id(1)}},
		"by a hostile text":        {"/view/traces?q=%22%3E%3Cscript%3E", []string{"No trace of it is kept"}, nil},
		"a trace": {
			"/view/traces/" + id(1), []string{
				"<b>upload</b> POST /v1/uploads", "d1", "d2", "55.0 ms", "http.route", `href="/view/traces/` + id(2), "failed",
			}, nil,
		},
		"a trace that is linked": {"/view/traces/" + id(2), []string{"linked to", id(1)}, nil},
		"a hostile trace":        {"/view/traces/" + id(3), []string{"&lt;script&gt;"}, []string{"<script>"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := get(t, h, tt.path)
			body := w.Body.String()
			if w.Code != http.StatusOK || !strings.Contains(w.Header().Get("Content-Security-Policy"), "default-src 'none'") {
				t.Fatalf("status %d, policy %q", w.Code, w.Header().Get("Content-Security-Policy"))
			}
			for _, want := range tt.want {
				if !strings.Contains(body, want) {
					t.Errorf("%q is missing in %s", want, body)
				}
			}
			for _, none := range append(tt.none, "<script", " style=") {
				if strings.Contains(body, none) {
					t.Errorf("%q is in %s", none, body)
				}
			}
		})
	}
	for _, path := range []string{"/view/traces/" + id(9), "/view/traces/x", "/traces/x"} {
		if w := get(t, h, path); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", path, w.Code)
		}
	}
	var spans []waterfall.Span
	if err := json.Unmarshal(get(t, h, "/traces/"+id(1)).Body.Bytes(), &spans); err != nil || len(spans) != 3 {
		t.Errorf("as JSON: %d spans, %v", len(spans), err)
	}
	var listed []waterfall.Summary
	if err := json.Unmarshal(get(t, h, "/traces").Body.Bytes(), &listed); err != nil || len(listed) != 3 {
		t.Errorf("as JSON: %d traces, %v", len(listed), err)
	}
}

// names returns the spans of the trace as they are drawn.
func names(t *testing.T, h http.Handler, of byte) []string {
	t.Helper()
	var found []string
	for _, part := range strings.Split(get(t, h, "/view/traces/"+id(of)).Body.String(), "<b>")[1:] {
		name, _, _ := strings.Cut(part, "</span>")
		found = append(found, strings.TrimPrefix(name, "f</b> "))
	}
	return found
}

func all(spans ...*trace.Span) []*trace.Span { return spans }

func TestOddSpans(t *testing.T) {
	t.Parallel()
	a, b, endless := span(1, 1, 0, "a", 0, 9), span(1, 2, 1, "b", 1, 1), span(1, 1, 0, "a", 0, 1)
	endless.StartTimeUnixNano, endless.EndTimeUnixNano = 0, 1<<64-1
	for name, tt := range map[string]struct {
		size  int
		spans []*trace.Span
		want  []string
	}{
		"a span that comes twice":   {9, all(a, a), []string{"a"}},
		"a parent that never comes": {9, all(span(1, 1, 7, "a", 0, 1), b), []string{"a", "b"}},
		"a parent of itself":        {9, all(span(1, 1, 1, "a", 0, 1)), []string{"a"}},
		"parents of each other":     {9, all(span(1, 1, 2, "a", 0, 1), b), []string{"a", "b"}},
		"children before parents":   {9, all(b, a), []string{"a", "b"}},
		"a clock that went back":    {9, all(span(1, 1, 0, "a", 10, -20)), []string{"a"}},
		"a child before its parent": {9, all(a, span(1, 2, 1, "b", -900, 1)), []string{"a", "b"}},
		"more than the ring keeps":  {3, all(a, span(1, 2, 0, "b", 1, 1), span(1, 3, 0, "c", 2, 1)), []string{"b", "c"}},
		"ids of a wrong length":     {9, all(a, &trace.Span{TraceId: []byte{1}, SpanId: []byte{1}}), []string{"a"}},
		"times that do not exist":   {9, all(endless), []string{"a"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := served(tt.size)
			if status := post(t, h, export(t, "f", tt.spans...)); status != http.StatusOK {
				t.Fatal(status)
			}
			if diff := cmp.Diff(tt.want, names(t, h, 1)); diff != "" {
				t.Errorf("drawn (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRing_keepsTheLast(t *testing.T) {
	t.Parallel()
	r := waterfall.NewRing(111)
	r.Add(waterfall.Span{Trace: "s", ID: "1", Service: "sweep"})
	for n := range 100_000 {
		r.Add(waterfall.Span{Trace: "t", ID: fmt.Sprint(n), Start: begun.Add(time.Duration(n))})
	}
	if len(r.Trace("s")) != 1 {
		t.Error("the sweep's span is gone")
	}
	for n := range 1000 {
		r.Add(waterfall.Span{Trace: "s", ID: fmt.Sprint(n), Service: "sweep"})
	}
	if n := len(r.Trace("s")); n != 11 {
		t.Errorf("%d spans of the sweep are kept", n)
	}
	spans := r.Trace("t")
	if len(spans) != 100 || spans[0].ID != "99900" || !slices.IsSortedFunc(spans, func(a, b waterfall.Span) int {
		return a.Start.Compare(b.Start)
	}) {
		t.Errorf("%d spans, from %s on", len(spans), spans[0].ID)
	}
}

// FuzzExport exports anything. It must be answered, within what a page of it costs, and the pages
// of what it left must be whole.
func FuzzExport(f *testing.F) {
	for _, seed := range []string{"", "garbage", "\n\x00", strings.Repeat("\n\x02\x12\x00", 100)} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		if len(body) > 64<<10 {
			return // longer than is worth the time
		}
		h := served(1000)
		if status := post(t, h, body); status != http.StatusOK && status != http.StatusBadRequest {
			t.Errorf("status %d", status)
		}
		list := get(t, h, "/view/traces").Body
		// A row has some 300 bytes beside its names, and a span of it two ids of 24 bytes at least.
		if limit := 16<<10 + 40*len(body); list.Len() > limit {
			t.Errorf("a page of %d bytes from an export of %d", list.Len(), len(body))
		}
	})
}
