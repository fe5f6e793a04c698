package telemetry

import (
	"context"
	"math/rand/v2"
	"net/http"

	"go.opentelemetry.io/otel/propagation"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

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
