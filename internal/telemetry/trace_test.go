package telemetry

import (
	"context"
	"fmt"
	"net/http"
	"testing"

	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/trace"
)

// lowTrace is a trace id that a ratio of trace ids samples first, with the flag of a sampled trace.
const lowTrace = "00-00000000000000000000000000000001-00f067aa0ba902b7-%s"

func TestSampler(t *testing.T) {
	t.Parallel()
	client := func(ctx context.Context, traceparent string) context.Context {
		return FromClient(ctx, http.Header{"Traceparent": {traceparent}, "Tracestate": {"vendor=1"}})
	}
	for name, tt := range map[string]struct {
		from  func(context.Context, string) context.Context
		flag  string
		ratio float64
		// least and most bound how many of 1000 traces are sampled.
		least, most int
	}{
		"a client's sampled trace where none is sampled":       {client, "01", 0, 0, 0},
		"a client's sampled trace at a ratio":                  {client, "01", 0.1, 40, 200},
		"a client's other trace at a ratio":                    {client, "00", 0.1, 40, 200},
		"a client's other trace where all are sampled":         {client, "00", 1, 1000, 1000},
		"a message's sampled trace where none is sampled":      {FromTraceparent, "01", 0, 1000, 1000},
		"a message's other trace where all are sampled":        {FromTraceparent, "00", 1, 0, 0},
		"a client's malformed trace where none is sampled":     {client, "ff-01", 0, 0, 0},
		"a message of a client's trace, as the message has it": {both, "01", 0, 1000, 1000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			provider := sdktrace.NewTracerProvider(sdktrace.WithSampler(newSampler(tt.ratio)))
			sampled := 0
			for range 1000 {
				ctx, span := provider.Tracer(Scope).Start(tt.from(t.Context(), fmt.Sprintf(lowTrace, tt.flag)), "request")
				_, step := provider.Tracer(Scope).Start(ctx, "step")
				if step.SpanContext().IsSampled() != Sampled(ctx) {
					t.Fatal("a step is sampled otherwise than its request")
				}
				if state := trace.SpanContextFromContext(ctx).TraceState(); state.Len() != 0 {
					t.Fatalf("the client's state %s is carried on", state)
				}
				if Sampled(ctx) {
					sampled++
				}
				step.End()
				span.End()
			}
			if sampled < tt.least || sampled > tt.most {
				t.Errorf("%d of 1000 sampled, want %d to %d", sampled, tt.least, tt.most)
			}
		})
	}
}

// both continues a message's trace in the request that delivered the message.
func both(ctx context.Context, traceparent string) context.Context {
	ctx = FromClient(ctx, http.Header{"Traceparent": {"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b8-00"}})
	return FromTraceparent(ctx, traceparent)
}
