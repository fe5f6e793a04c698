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
)

const (
	scope       = "github.com/facescan/facescan"
	traceparent = "traceparent"
)

// Tracing is the process's tracer provider.
type Tracing struct{ provider *sdktrace.TracerProvider }

// StartTracing installs a tracer provider. Trace ids are always made and passed on. Spans are
// exported over OTLP/gRPC only when exportTo is not empty (the exporter then reads the standard
// OTEL_EXPORTER_OTLP_* variables). ratio is the share of new traces that is sampled, 0 to 1. A
// caller's decision is kept.
func StartTracing(ctx context.Context, service, exportTo string, ratio float64) (*Tracing, error) {
	opts := []sdktrace.TracerProviderOption{
		sdktrace.WithSampler(sdktrace.ParentBased(sdktrace.TraceIDRatioBased(ratio))),
		sdktrace.WithResource(resource.NewSchemaless(attribute.String("service.name", service))),
	}
	if exportTo != "" {
		exporter, err := otlptracegrpc.New(ctx)
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
