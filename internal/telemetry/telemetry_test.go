package telemetry_test

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/telemetry"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestLogger_writesCloudLoggingFields(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, "demo", slog.LevelInfo)
	ctx := telemetry.FromTraceparent(t.Context(), parent)
	ctx = telemetry.With(ctx, slog.String("function", "upload"))
	log.DebugContext(ctx, "not shown")
	log.WarnContext(ctx, "slow", "scan_id", "s1")
	var got map[string]any
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatalf("%v in %s", err, out.String())
	}
	delete(got, "time")
	want := map[string]any{
		"severity": "WARNING", "message": "slow", "scan_id": "s1", "function": "upload",
		"logging.googleapis.com/trace":         "projects/demo/traces/4bf92f3577b34da6a3ce929d0e0e4736",
		"logging.googleapis.com/spanId":        "00f067aa0ba902b7",
		"logging.googleapis.com/trace_sampled": true,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}
}

func TestWith_keepsSiblingsApart(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, "demo", slog.LevelInfo)
	base := telemetry.With(t.Context(), slog.String("a", "1"))
	_ = telemetry.With(base, slog.String("b", "2"))
	log.InfoContext(telemetry.With(base, slog.String("c", "3")), "x")
	if bytes.Contains(out.Bytes(), []byte(`"b"`)) {
		t.Errorf("a sibling's attribute leaked: %s", out.String())
	}
}

func TestTraceContextTravels(t *testing.T) {
	t.Parallel()
	tracing := telemetry.StartTracing(telemetry.Traces{Ratio: 1})
	t.Cleanup(func() { _ = tracing.Stop(t.Context()) })
	ctx := telemetry.FromClient(t.Context(), http.Header{"Traceparent": {parent}})
	ctx, end := telemetry.Span(ctx, "step")
	defer end(nil)
	got := telemetry.Traceparent(ctx)
	if len(got) != len(parent) || got[:36] != parent[:36] || got == parent {
		t.Errorf("traceparent = %q, want a new span in the trace of %q", got, parent)
	}
	if !telemetry.Sampled(ctx) {
		t.Error("not sampled at a ratio of 1")
	}
	if got := telemetry.Traceparent(telemetry.FromTraceparent(t.Context(), "garbage")); got != "" {
		t.Errorf("a malformed traceparent became %q", got)
	}
}
