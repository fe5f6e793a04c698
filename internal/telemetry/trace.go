package telemetry

import (
	"context"
	"log/slog"
	"sync"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Scope is the instrumentation scope of all spans that are not a client library's.
const Scope = "github.com/facescan/facescan"

const traceparent = "traceparent"

// Tracing makes and exports the spans of a process. A function has a tracer provider of its own,
// since the functions of the local stack share a process; see [In].
type Tracing struct {
	traces  Traces
	sampler sdktrace.Sampler
	outlet  outlet

	mu        sync.Mutex
	functions map[string]*sdktrace.TracerProvider
}

// Traces says what is traced.
type Traces struct {
	// Project is the Google Cloud project.
	Project string
	// Service and Revision are Cloud Run's names of the deployed function and of its revision, "" on
	// the local stack. Release is the commit, "" where it is not known.
	Service, Revision, Release string
	// Ratio is the share of traces that is sampled, 0 to 1, of those that begin here and those of
	// [FromClient].
	Ratio float64
}

// StartTracing installs a tracer provider. Trace ids are always made and passed on. Spans are
// exported once [Tracing.ExportBy] is called.
func StartTracing(t Traces) *Tracing {
	started := &Tracing{traces: t, sampler: newSampler(t.Ratio), functions: map[string]*sdktrace.TracerProvider{}}
	otel.SetTracerProvider(provider{tracing: started})
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { slog.Warn("export traces", "error", err) }))
	return started
}

// ExportBy has the spans that end from now on exported, without what could tell of a person (see
// plain). The exporter is not made here: gRPC would make the start of a program that exports
// nothing half as slow again. See package otlp.
func (t *Tracing) ExportBy(exporter sdktrace.SpanExporter) { t.outlet.open(exporter) }

// Flush exports the finished spans, for at most a second, and not at all in the 30 seconds after an
// export that failed. Cloud Run throttles the CPU between requests, so it is called at the end of
// each sampled invocation.
func (t *Tracing) Flush(ctx context.Context) error { return t.outlet.flush(ctx) }

// Stop flushes and ends the export.
func (t *Tracing) Stop(ctx context.Context) error { return t.outlet.Shutdown(ctx) }

// FromTraceparent continues the trace of a W3C traceparent, and keeps its decision about sampling;
// a malformed or empty one changes nothing. It is for what only functions can have written: the
// attributes of their messages, and the metadata that a signed URL fixes. The span of ctx, which is
// that of the delivery, and the spans that continue the trace here are linked to each other.
func FromTraceparent(ctx context.Context, value string) context.Context {
	left := trace.SpanFromContext(ctx)
	continued := propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceparent: value})
	message := trace.SpanContextFromContext(continued)
	if !left.SpanContext().IsValid() || message.Equal(left.SpanContext()) {
		return continued
	}
	left.AddLink(trace.Link{SpanContext: message})
	return context.WithValue(continued, linkKey{}, link{of: message.SpanID(), to: left.SpanContext()})
}

// linkKey is the key of a link.
type linkKey struct{}

// link is what the spans whose parent is the span of are linked to.
type link struct {
	of trace.SpanID
	to trace.SpanContext
}

// linked returns the option that links a span, which starts in ctx, to what [FromTraceparent] left.
func linked(ctx context.Context) []trace.SpanStartOption {
	l, ok := ctx.Value(linkKey{}).(link)
	if !ok || trace.SpanContextFromContext(ctx).SpanID() != l.of {
		return nil
	}
	return []trace.SpanStartOption{trace.WithLinks(trace.Link{SpanContext: l.to})}
}

// Traceparent returns the W3C traceparent of the context's span, or "".
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceparent]
}

// Span starts a span. End it with the function returned, which records the type of the error if
// any, but not its text: that may have addresses, URLs or tokens in it. The names of spans and
// their attributes must have none either.
func Span(ctx context.Context, name string, opts ...trace.SpanStartOption) (context.Context, func(error)) {
	ctx, span := otel.Tracer(Scope).Start(ctx, name, append(linked(ctx), opts...)...)
	return ctx, func(err error) {
		if err != nil {
			span.SetAttributes(semconv.ErrorType(err))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Stages returns a function that starts the span of a stage, named by the prefix, a point and the
// stage, and returns what ends it.
func Stages(ctx context.Context, prefix string) func(stage string) (end func()) {
	return func(stage string) func() {
		_, end := Span(ctx, prefix+"."+stage)
		return func() { end(nil) }
	}
}

// Sampled reports whether the context's span will be exported.
func Sampled(ctx context.Context) bool { return trace.SpanContextFromContext(ctx).IsSampled() }
