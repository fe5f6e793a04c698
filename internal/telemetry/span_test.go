package telemetry_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"
	"go.opentelemetry.io/otel/trace"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/telemetry"
)

// trace starts tracing in the place of the process's, and returns what is exported once flush is
// called. The tests that use it are not parallel, since the tracer provider is the process's.
func start(t *testing.T, traces telemetry.Traces) (flush func() tracetest.SpanStubs) {
	t.Helper()
	traces.Ratio = 1
	tracing := telemetry.StartTracing(traces)
	spans := tracetest.NewInMemoryExporter()
	tracing.ExportBy(spans)
	t.Cleanup(func() { _ = tracing.Stop(context.WithoutCancel(t.Context())) })
	return func() tracetest.SpanStubs {
		t.Helper()
		if err := tracing.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		return spans.GetSpans()
	}
}

// textOf returns the attributes as text, by key.
func textOf(attrs []attribute.KeyValue) map[string]string {
	all := map[string]string{}
	for _, a := range attrs {
		all[string(a.Key)] = a.Value.String()
	}
	return all
}

func TestIn_spansAreTheFunctions(t *testing.T) {
	deployed := telemetry.Traces{Project: "p", Service: "facescan-scans", Revision: "scans-7", Release: "0123abc"}
	revised := deployed
	revised.Release = ""
	for name, tt := range map[string]struct {
		traces telemetry.Traces
		want   map[string]string
	}{
		"on the local stack": {telemetry.Traces{Project: "p"}, map[string]string{"faas.name": "scans"}},
		"of a release": {telemetry.Traces{Project: "p", Release: "0123abc"}, map[string]string{
			"faas.name": "scans", "service.version": "0123abc",
		}},
		"deployed": {deployed, map[string]string{
			"faas.name": "facescan-scans", "faas.version": "scans-7", "service.version": "0123abc",
			"cloud.provider": "gcp", "cloud.platform": "gcp_cloud_functions", "cloud.account.id": "p",
		}},
		"deployed without being told the release": {revised, map[string]string{
			"faas.name": "facescan-scans", "faas.version": "scans-7", "service.version": "scans-7",
			"cloud.provider": "gcp", "cloud.platform": "gcp_cloud_functions", "cloud.account.id": "p",
		}},
	} {
		t.Run(name, func(t *testing.T) {
			flush := start(t, tt.traces)
			client := otel.Tracer("a client library") // made once for all functions
			ctx := telemetry.In(t.Context(), "scans")
			_, end := telemetry.Span(ctx, "step")
			end(nil)
			_, span := client.Start(ctx, "call")
			span.End()
			_, end = telemetry.Span(telemetry.In(t.Context(), "rank"), "another's")
			end(nil)
			want := map[string]string{
				"service.name": "scans", "service.namespace": "facescan", "gcp.project_id": "p",
			}
			for key, value := range tt.want {
				want[key] = value
			}
			for _, span := range flush() {
				got := textOf(span.Resource.Attributes())
				if span.Name == "another's" {
					if got["service.name"] != "rank" {
						t.Errorf("the span of another function has %v", got)
					}
					continue
				}
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("%s (-want +got):\n%s", span.Name, diff)
				}
				if !strings.Contains(span.Resource.SchemaURL(), "/1.43.0") {
					t.Errorf("schema %q", span.Resource.SchemaURL())
				}
			}
		})
	}
}

func TestRequest(t *testing.T) {
	for name, tt := range map[string]struct {
		method, pattern string
		status          int
		name            string
		want            map[string]string
		failed          codes.Code
	}{
		"of a route": {
			http.MethodGet, "GET /v1/scans/{id}", 200, "GET /v1/scans/{id}", map[string]string{
				"http.request.method": "GET", "http.route": "/v1/scans/{id}", "http.response.status_code": "200",
			}, codes.Unset,
		},
		"refused, which is the caller's error": {
			http.MethodPost, "POST /v1/uploads", 403, "POST /v1/uploads", map[string]string{
				"http.request.method": "POST", "http.route": "/v1/uploads", "http.response.status_code": "403",
			}, codes.Unset,
		},
		"failed": {
			http.MethodPost, "POST /v1/uploads", 503, "POST /v1/uploads", map[string]string{
				"http.request.method": "POST", "http.route": "/v1/uploads", "http.response.status_code": "503",
				"error.type": "503",
			}, codes.Error,
		},
		"without a route": {
			http.MethodOptions, "", 204, "OPTIONS", map[string]string{
				"http.request.method": "OPTIONS", "http.response.status_code": "204",
			}, codes.Unset,
		},
		"of a method of the caller's own": {
			"a@example.com", "", 405, "HTTP", map[string]string{
				"http.request.method": "_OTHER", "http.response.status_code": "405",
			}, codes.Unset,
		},
	} {
		t.Run(name, func(t *testing.T) {
			flush := start(t, telemetry.Traces{})
			ctx, end := telemetry.Request(t.Context(), tt.method)
			if tt.pattern != "" {
				telemetry.Route(ctx, tt.pattern)
			}
			end(telemetry.Answer{Status: tt.status})
			spans := flush()
			if len(spans) != 1 {
				t.Fatalf("%d spans", len(spans))
			}
			span := spans[0]
			if span.Name != tt.name || span.SpanKind != trace.SpanKindServer || span.Status.Code != tt.failed {
				t.Errorf("span %q, a %v, %v", span.Name, span.SpanKind, span.Status)
			}
			if diff := cmp.Diff(tt.want, textOf(span.Attributes)); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSpan_hasTheTypeOfItsErrorAlone(t *testing.T) {
	secret := errors.New("read https://storage.example/o/u1?sig=abc of a@example.com")
	for name, tt := range map[string]struct {
		err  error
		want map[string]string
		code codes.Code
	}{
		"none": {nil, map[string]string{}, codes.Unset},
		"a fault": {
			fmt.Errorf("analyse: %w", fault.Wrap(secret, fault.CodeUnavailable, "Later.")),
			map[string]string{"error.type": "unavailable"}, codes.Error,
		},
		"any other": {fmt.Errorf("analyse: %w", secret), map[string]string{"error.type": "*errors.errorString"}, codes.Error},
	} {
		t.Run(name, func(t *testing.T) {
			flush := start(t, telemetry.Traces{})
			_, end := telemetry.Span(t.Context(), "step")
			end(tt.err)
			span := flush()[0]
			if diff := cmp.Diff(tt.want, textOf(span.Attributes)); diff != "" {
				t.Errorf("attributes (-want +got):\n%s", diff)
			}
			if span.Status.Code != tt.code || span.Status.Description != "" || len(span.Events) != 0 {
				t.Errorf("status %v, events %v", span.Status, span.Events)
			}
		})
	}
}

// The client libraries' spans have what they were called with.
func TestExportBy_exportsNoPersonsData(t *testing.T) {
	flush := start(t, telemetry.Traces{})
	const secret = "https://storage.example/uploads/u1?X-Goog-Signature=abc"
	_, span := otel.Tracer("a client library").Start(t.Context(), "HTTP GET", trace.WithAttributes(
		attribute.String("url.full", secret), attribute.String("http.url", secret), attribute.String("a new key", secret),
		attribute.String("http.request.method", "GET"),
	))
	span.RecordError(errors.New(secret))
	span.SetStatus(codes.Error, secret)
	span.End()
	spans := flush()
	if text := fmt.Sprintf("%+v", spans); strings.Contains(text, "Signature") {
		t.Errorf("exported: %s", text)
	}
	want := map[string]string{"http.request.method": "GET"}
	if diff := cmp.Diff(want, textOf(spans[0].Attributes)); diff != "" || spans[0].Status.Code != codes.Error {
		t.Errorf("status %v, attributes (-want +got):\n%s", spans[0].Status, diff)
	}
}

func TestFromTraceparent_linksTheDeliveryAndTheMessage(t *testing.T) {
	flush := start(t, telemetry.Traces{})
	ctx, endDelivery := telemetry.Request(t.Context(), http.MethodPost)
	delivery := trace.SpanContextFromContext(ctx)
	ctx = telemetry.FromTraceparent(ctx, parent)
	message := trace.SpanContextFromContext(ctx)
	ctx, end := telemetry.Handle(ctx, "rank.handle", "m1", 2)
	_, endStep := telemetry.Span(ctx, "step")
	endStep(nil)
	end(nil)
	endDelivery(telemetry.Answer{Status: http.StatusOK})

	links := map[string][]trace.SpanContext{}
	for _, span := range flush() {
		for _, l := range span.Links {
			links[span.Name] = append(links[span.Name], l.SpanContext)
		}
		if span.Name == "POST" {
			continue
		}
		if span.SpanContext.TraceID() != message.TraceID() {
			t.Errorf("%s is not in the message's trace", span.Name)
		}
		if span.Name == "rank.handle" && (span.SpanKind != trace.SpanKindConsumer ||
			textOf(span.Attributes)["messaging.gcp_pubsub.message.delivery_attempt"] != "2") {
			t.Errorf("handled by a %v with %v", span.SpanKind, span.Attributes)
		}
	}
	same := func(a, b []trace.SpanContext) bool {
		return slices.EqualFunc(a, b, func(x, y trace.SpanContext) bool { return x.SpanID() == y.SpanID() })
	}
	if len(links) != 2 || !same(links["POST"], []trace.SpanContext{message}) ||
		!same(links["rank.handle"], []trace.SpanContext{delivery}) {
		t.Errorf("links: %v", links)
	}
}
