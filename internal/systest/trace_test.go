package systest_test

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/testphoto"
)

// recorder is an exporter that keeps the spans of one trace, and those that are linked to it.
type recorder struct {
	of trace.TraceID

	mu    sync.Mutex
	spans tracetest.SpanStubs
}

func (r *recorder) ExportSpans(_ context.Context, spans []sdktrace.ReadOnlySpan) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, span := range spans {
		linked := slices.ContainsFunc(span.Links(), func(l sdktrace.Link) bool { return l.SpanContext.TraceID() == r.of })
		if linked || span.SpanContext().TraceID() == r.of {
			r.spans = append(r.spans, tracetest.SpanStubFromReadOnlySpan(span))
		}
	}
	return nil
}

func (*recorder) Shutdown(context.Context) error { return nil }

// byID returns the spans by their ids.
func (r *recorder) byID() map[trace.SpanID]tracetest.SpanStub {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := map[trace.SpanID]tracetest.SpanStub{}
	for _, span := range r.spans {
		all[span.SpanContext.SpanID()] = span
	}
	return all
}

// paths counts the spans of the trace, without the libraries', by the names on their way down.
func (r *recorder) paths() map[string]int {
	all, counts := r.byID(), map[string]int{}
	for _, span := range all {
		if span.SpanContext.TraceID() != r.of || span.InstrumentationScope.Name != telemetry.Scope {
			continue
		}
		var way []string
		for there := true; there; span, there = all[span.Parent.SpanID()] {
			if span.InstrumentationScope.Name == telemetry.Scope {
				way = append(way, service(span)+":"+span.Name)
			}
		}
		slices.Reverse(way)
		counts[strings.Join(way, " ")]++
	}
	return counts
}

func service(span tracetest.SpanStub) string {
	name, _ := span.Resource.Set().Value("service.name")
	return name.AsString()
}

// traced sends the requests that open an upload with a trace.
type traced struct {
	next  http.RoundTripper
	trace string
}

func (t traced) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Method == http.MethodPost && r.URL.Path == "/v1/uploads" {
		r = r.Clone(r.Context())
		r.Header.Set("Traceparent", t.trace)
	}
	return t.next.RoundTrip(r)
}

// TestOneTrace follows a photo from the upload to the push and the mail in one trace, though every
// event is delivered twice at the same time and once more at the end.
func TestOneTrace(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	var r recorder
	_, _ = rand.Read(r.of[:])
	s.Process.ExportBy(&r)
	tia := s.app("tia")
	tia.Transport = traced{next: tia.Transport, trace: "00-" + hex.EncodeToString(r.of[:]) + "-00f067aa0ba902b7-00"}
	uid := s.signUp(ctx, t, tia)
	s.moveIn(ctx, t, tia, "systest_tia")
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	done := s.scan(ctx, t, tia, "a", photo)

	const (
		upload  = "upload:POST /v1/uploads"
		analyze = upload + " analyze:scan.analyze"
		scanned = analyze + " analyze:face.Scan"
		ended   = analyze + " analyze:scan.finish"
		ranked  = ended + " rank:rank.handle"
		told    = ended + " notify:notify.handle"
	)
	want := []string{
		upload, analyze, analyze + " analyze:scan.claim", analyze + " analyze:scan.read",
		scanned, scanned + " analyze:face.decode", scanned + " analyze:face.detect", scanned + " analyze:face.measure",
		scanned + " analyze:face.draw", analyze + " analyze:scan.keep", ended,
		ranked, ranked + " rank:leaderboard.rating", ranked + " rank:leaderboard.rating rank:leaderboard.entry",
		told, told + " notify:notify.claim", told + " notify:notify.push", told + " notify:notify.email",
	}
	slices.Sort(want)
	s.await(ctx, t, "the spans of a whole trace", func() bool {
		return gocmp.Diff(want, slices.Sorted(maps.Keys(r.paths()))) == ""
	})
	for _, d := range s.repeat.late(uid) {
		if status := d.deliver(ctx); status != http.StatusOK {
			t.Errorf("a late delivery to %s: %d", d.function, status)
		}
	}
	counts := r.paths()
	if diff := gocmp.Diff(want, slices.Sorted(maps.Keys(counts))); diff != "" {
		t.Errorf("after late and repeated deliveries (-want +got):\n%s", diff)
	}
	for _, once := range []string{upload, scanned, told + " notify:notify.push", told + " notify:notify.email"} {
		if counts[once] != 1 {
			t.Errorf("%d times %s", counts[once], once)
		}
	}
	for _, often := range []string{analyze, ranked, told} {
		if counts[often] < 2 {
			t.Errorf("%d times %s, though it was delivered twice", counts[often], often)
		}
	}
	checkLinks(t, &r)
	checkPrivate(t, &r, uid, tia.Email, "systest_tia", token(tia), done)
}

// checkLinks checks that each delivery's own trace and the photo's lead to each other.
func checkLinks(t *testing.T, r *recorder) {
	t.Helper()
	all := r.byID()
	for id, span := range all {
		if span.SpanContext.TraceID() != r.of || span.SpanKind != trace.SpanKindConsumer && span.Name != "scan.analyze" {
			continue
		}
		if len(span.Links) != 1 {
			t.Errorf("%s has %d links", span.Name, len(span.Links))
			continue
		}
		delivery, ok := all[span.Links[0].SpanContext.SpanID()]
		back := slices.ContainsFunc(delivery.Links, func(l sdktrace.Link) bool {
			return l.SpanContext.SpanID() == all[id].Parent.SpanID()
		})
		if !ok || !back || delivery.SpanContext.TraceID() == r.of || service(delivery) != service(span) {
			t.Errorf("%s is linked to %q of %s, and linked back: %v", span.Name, delivery.Name, service(delivery), back)
		}
	}
}

// checkPrivate checks that nothing of the person or the scan is exported.
func checkPrivate(t *testing.T, r *recorder, uid, email, username, token string, done api.Scan) {
	t.Helper()
	for _, span := range r.byID() {
		text := fmt.Sprintf("%+v", span)
		for _, secret := range []string{uid, email, username, token, done.ID, "X-Goog-Signature", "uploads/", "results/"} {
			if strings.Contains(text, secret) {
				t.Errorf("%s has %q: %s", span.Name, secret, text)
			}
		}
	}
}
