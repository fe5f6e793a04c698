package telemetry_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/telemetry"
)

const parent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"

func TestLogger_writesCloudLoggingFields(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := telemetry.NewLogger(&out, telemetry.Traces{Project: "demo"}, slog.LevelInfo)
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
	log := telemetry.NewLogger(&out, telemetry.Traces{Project: "demo"}, slog.LevelInfo)
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

// keysOf returns the keys of a JSON object in the order of the text, with those of objects in it.
func keysOf(t *testing.T, from *json.Decoder) []string {
	t.Helper()
	var keys []string
	for from.More() {
		key, err := from.Token()
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, key.(string))
		value, err := from.Token()
		if err != nil {
			t.Fatal(err)
		}
		if value == json.Delim('{') {
			inner := keysOf(t, from)
			if slices.Sort(inner); len(slices.Compact(slices.Clone(inner))) != len(inner) {
				t.Errorf("%s has a key twice: %q", key, inner)
			}
		}
	}
	if _, err := from.Token(); err != nil {
		t.Fatal(err)
	}
	return keys
}

type resolved struct{}

// LogValue implements slog.LogValuer.
func (resolved) LogValue() slog.Value {
	return slog.GroupValue(slog.String("a", "in"), slog.String("a", "group"))
}

func TestLogger_writesNoKeyTwice(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name  string
		log   func(context.Context, *slog.Logger)
		value string // what the line has of the key a
	}{
		{"the context's", func(ctx context.Context, l *slog.Logger) { l.InfoContext(ctx, "x") }, `"a":"context"`},
		{"the record's hides the context's", func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "x", "a", "record")
		}, `"a":"record"`},
		{"the last of the record's", func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "x", "a", "first", "a", "last")
		}, `"a":"last"`},
		{"the logger's", func(ctx context.Context, l *slog.Logger) {
			l.With("a", "logger").InfoContext(ctx, "x", "a", "record")
		}, `"a":"logger"`},
		{"in a group", func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "x", slog.Group("g", "a", 1, "a", 2))
		}, `"g":{"a":2}`},
		{"of a value that makes a group", func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "x", "g", resolved{})
		}, `"g":{"a":"group"}`},
		{"of a group without a name", func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "x", slog.Group("", "a", 1), "a", 2)
		}, `"a":2`},
		{"below an open group", func(ctx context.Context, l *slog.Logger) {
			l.WithGroup("g").InfoContext(ctx, "x", "a", "record")
		}, `"a":"record"`},
		{"slog's own", func(ctx context.Context, l *slog.Logger) {
			l.InfoContext(ctx, "x", "msg", "m", "message", "m", "level", "l", "severity", "s", "time", "t")
		}, `"message":"x"`},
		{"an error's", func(ctx context.Context, l *slog.Logger) {
			l.ErrorContext(ctx, "x", "@type", "t", "serviceContext", "s") //nolint:sloglint // Error Reporting's names
		}, `"@type":"` + telemetry.ErrorEvent + `","serviceContext":{"service":"rank","version":"v1"}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var out bytes.Buffer
			log := telemetry.NewLogger(&out, telemetry.Traces{Project: "demo", Release: "v1"}, slog.LevelInfo)
			ctx := telemetry.FromTraceparent(telemetry.In(t.Context(), "rank"), parent)
			tt.log(telemetry.With(ctx, slog.String("a", "earlier"), slog.String("a", "context")), log)
			from := json.NewDecoder(bytes.NewReader(out.Bytes()))
			if _, err := from.Token(); err != nil {
				t.Fatal(err)
			}
			keys := keysOf(t, from)
			if slices.Sort(keys); len(slices.Compact(slices.Clone(keys))) != len(keys) {
				t.Errorf("a key twice in %s", out.String())
			}
			if !strings.Contains(out.String(), tt.value) {
				t.Errorf("%s has no %s", out.String(), tt.value)
			}
		})
	}
}

// TestRequest_logsALine is not parallel: the line goes to the logger of the process.
func TestRequest_logsALine(t *testing.T) {
	before := slog.Default()
	t.Cleanup(func() { slog.SetDefault(before) })
	for name, tt := range map[string]struct {
		route  string
		answer telemetry.Answer
		gone   bool
		want   map[string]any // nil for no line
	}{
		"answered": {"POST /v1/uploads", telemetry.Answer{Status: 201, In: 12, Out: 345}, false, map[string]any{
			"route": "/v1/uploads", "status": 201., "outcome": "ok", "bytes_in": 12., "bytes_out": 345.,
		}},
		"refused": {"POST /v1/uploads", telemetry.Answer{Status: 422, Out: 1}, false, map[string]any{
			"route": "/v1/uploads", "status": 422., "outcome": "refused", "bytes_in": 0., "bytes_out": 1.,
		}},
		"failed": {"POST /v1/uploads", telemetry.Answer{Status: 503}, false, map[string]any{
			"route": "/v1/uploads", "status": 503., "outcome": "failed", "bytes_in": 0., "bytes_out": 0.,
		}},
		"by who has gone": {"POST /v1/uploads", telemetry.Answer{Status: 500}, true, map[string]any{
			"route": "/v1/uploads", "status": 500., "outcome": "abandoned", "bytes_in": 0., "bytes_out": 0.,
		}},
		"of no route": {"", telemetry.Answer{Status: 404}, false, map[string]any{
			"route": "", "status": 404., "outcome": "refused", "bytes_in": 0., "bytes_out": 0.,
		}},
		"an event": {"", telemetry.Answer{Status: 200}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			slog.SetDefault(telemetry.NewLogger(&out, telemetry.Traces{Project: "demo"}, slog.LevelInfo))
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			ctx, end := telemetry.Request(ctx, http.MethodPost)
			if tt.route != "" {
				telemetry.Route(ctx, tt.route)
			}
			if tt.gone {
				cancel()
			}
			end(tt.answer)
			if tt.want == nil {
				if out.Len() > 0 {
					t.Errorf("a line: %s", &out)
				}
				return
			}
			var got map[string]any
			if err := json.Unmarshal(out.Bytes(), &got); err != nil {
				t.Fatalf("%v in %s", err, &out)
			}
			if _, ok := got["duration_ms"].(float64); !ok || got["method"] != "POST" || got["message"] != "request" {
				t.Errorf("the line is %v", got)
			}
			maps.DeleteFunc(got, func(key string, _ any) bool { _, wanted := tt.want[key]; return !wanted })
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("the line (-want +got):\n%s", diff)
			}
		})
	}
}
