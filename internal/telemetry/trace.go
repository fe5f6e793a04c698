package telemetry

import (
	"context"
	"fmt"
	"net/http"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
	"google.golang.org/grpc"
)

const (
	scope       = "github.com/facescan/facescan"
	traceparent = "traceparent"
)

// Tracing is the process's tracer provider.
type Tracing struct{ provider *sdktrace.TracerProvider }

// Traces says what is traced, and where the spans go.
type Traces struct {
	// Service and Project name the function and its Google Cloud project.
	Service, Project string
	// ExportTo is the value of OTEL_EXPORTER_OTLP_ENDPOINT, "" to export nothing. The exporter reads
	// this and the other standard variables itself.
	ExportTo string
	// Ratio is the share of new traces that is sampled, 0 to 1. A caller's decision is kept.
	Ratio float64
}

// StartTracing installs a tracer provider. Trace ids are always made and passed on. Spans are
// exported over OTLP/gRPC.
func StartTracing(ctx context.Context, t Traces) (*Tracing, error) { return startTracing(ctx, t) }

func startTracing(ctx context.Context, t Traces, dial ...grpc.DialOption) (*Tracing, error) {
	opts := []sdktrace.TracerProviderOption{
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(t.Ratio))),
		sdktrace.WithResource(resource.NewSchemaless(
			attribute.String("service.name", t.Service), attribute.String(projectAttribute, t.Project),
		)),
	}
	if t.ExportTo != "" {
		exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithDialOption(append(authorization(t.ExportTo), dial...)...))
		if err != nil {
			return nil, fmt.Errorf("make the OTLP exporter: %w", err)
		}
		opts = append(opts, sdktrace.WithBatcher(exporter))
	}
	provider := sdktrace.NewTracerProvider(opts...)
	otel.SetTracerProvider(provider)
	return &Tracing{provider: provider}, nil
}

// Flush exports the finished spans until ctx is done. Cloud Run throttles the CPU between requests,
// so it is called at the end of each sampled invocation.
func (t *Tracing) Flush(ctx context.Context) error { return t.provider.ForceFlush(ctx) }

// Stop flushes and ends the provider.
func (t *Tracing) Stop(ctx context.Context) error { return t.provider.Shutdown(ctx) }

// FromHeader continues the trace of an HTTP request's traceparent header.
func FromHeader(ctx context.Context, header http.Header) context.Context {
	return propagation.TraceContext{}.Extract(ctx, propagation.HeaderCarrier(header))
}

// FromTraceparent continues the trace of a W3C traceparent; a malformed or empty one changes
// nothing.
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
