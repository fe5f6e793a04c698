package telemetry

import (
	"context"
	"math/rand/v2"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

const (
	scope       = "github.com/facescan/facescan"
	traceparent = "traceparent"
)

// ProjectAttribute names the project that Google stores the spans in.
const ProjectAttribute = "gcp.project_id"

// Tracing is the process's tracer provider.
type Tracing struct{ provider *sdktrace.TracerProvider }

// Traces says what is traced.
type Traces struct {
	// Service and Project name the function and its Google Cloud project.
	Service, Project string
	// Ratio is the share of traces that is sampled, 0 to 1, of those that begin here and those of
	// [FromClient].
	Ratio float64
}

// StartTracing installs a tracer provider. Trace ids are always made and passed on. Spans are
// exported once [Tracing.ExportBy] is called.
func StartTracing(t Traces) *Tracing {
	provider := sdktrace.NewTracerProvider(
		sdktrace.WithSampler(newSampler(t.Ratio)),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", t.Service), attribute.String(ProjectAttribute, t.Project),
		)),
	)
	otel.SetTracerProvider(provider)
	return &Tracing{provider: provider}
}

// ExportBy has the spans that end from now on exported. The exporter is not made here: gRPC would
// make the start of a program that exports nothing half as slow again. See package otlp.
func (t *Tracing) ExportBy(exporter sdktrace.SpanExporter) {
	t.provider.RegisterSpanProcessor(sdktrace.NewBatchSpanProcessor(exporter))
}

// Flush exports the finished spans until ctx is done. Cloud Run throttles the CPU between requests,
// so it is called at the end of each sampled invocation.
func (t *Tracing) Flush(ctx context.Context) error { return t.provider.ForceFlush(ctx) }

// Stop flushes and ends the provider.
func (t *Tracing) Stop(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// sampler decides by chance what is sampled of a client's traces. Each sampled request is exported
// before its answer ends, so a client that could decide would make every request slower, and
// dearer. Its trace id does not decide either, as it does of traces that begin here: the client
// chose it.
type sampler struct {
	sdktrace.Sampler
	ratio float64
}

func newSampler(ratio float64) sampler {
	return sampler{Sampler: sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio)), ratio: ratio}
}

// ShouldSample implements sdktrace.Sampler.
func (s sampler) ShouldSample(p sdktrace.SamplingParameters) sdktrace.SamplingResult {
	client, _ := p.ParentContext.Value(clientKey{}).(trace.SpanID)
	parent := trace.SpanContextFromContext(p.ParentContext)
	if !client.IsValid() || parent.SpanID() != client {
		return s.Sampler.ShouldSample(p)
	}
	decision := sdktrace.Drop
	if rand.Float64() < s.ratio { //nolint:gosec // an observer learns nothing by it
		decision = sdktrace.RecordAndSample
	}
	return sdktrace.SamplingResult{Decision: decision}
}

// clientKey is the key of the id of a client's span.
type clientKey struct{}

// FromClient continues the trace of the traceparent header of a request from outside. The client
// chooses the trace's id, by which its logs and ours are found together, but neither its state nor
// whether it is sampled.
func FromClient(ctx context.Context, header http.Header) context.Context {
	ctx = propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
	client := trace.SpanContextFromContext(ctx)
	if !client.IsValid() {
		return ctx
	}
	client = client.WithTraceState(trace.TraceState{}).WithTraceFlags(client.TraceFlags().WithSampled(false))
	ctx = trace.ContextWithRemoteSpanContext(ctx, client)
	return context.WithValue(ctx, clientKey{}, client.SpanID())
}

// FromTraceparent continues the trace of a W3C traceparent, and keeps its decision about sampling;
// a malformed or empty one changes nothing. It is for what only functions can have written: the
// attributes of their messages, and the metadata that a signed URL fixes.
func FromTraceparent(ctx context.Context, value string) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.MapCarrier{traceparent: value})
}

// Traceparent returns the W3C traceparent of the context's span, or "".
func Traceparent(ctx context.Context) string {
	carrier := propagation.MapCarrier{}
	propagation.TraceContext{}.Inject(ctx, carrier)
	return carrier[traceparent]
}

// Span starts a span. End it with the function returned, which records the error if any.
func Span(ctx context.Context, name string) (context.Context, func(error)) {
	ctx, span := otel.Tracer(scope).Start(ctx, name)
	return ctx, func(err error) {
		if err != nil {
			span.SetStatus(codes.Error, name)
		}
		span.End()
	}
}

// Sampled reports whether the context's span will be exported.
func Sampled(ctx context.Context) bool { return trace.SpanContextFromContext(ctx).IsSampled() }
