// Package telemetry writes logs and traces for Cloud Logging and Cloud Trace: slog records in the
// structured-logging fields, W3C trace context on every path, and spans over OTLP when an endpoint
// is set.
package telemetry

import (
	"cmp"
	"context"
	"io"
	"log/slog"
	"maps"
	"slices"

	"go.opentelemetry.io/otel/trace"
)

// Fields of Cloud Logging's structured JSON,
// https://docs.cloud.google.com/logging/docs/structured-logging.
const (
	fieldTrace   = "logging.googleapis.com/trace"
	fieldSpan    = "logging.googleapis.com/spanId"
	fieldSampled = "logging.googleapis.com/trace_sampled"
)

// Fields of Error Reporting, which takes a record of [ErrorEvent] for an error even if it has no
// stack, https://docs.cloud.google.com/error-reporting/docs/formatting-error-messages.
const (
	fieldType    = "@type"
	fieldService = "serviceContext"
	fieldStack   = "stack_trace"
	// ErrorEvent is the type of the records that Error Reporting takes.
	ErrorEvent = "type.googleapis.com/google.devtools.clouderrorreporting.v1beta1.ReportedErrorEvent"
)

// NewLogger returns a logger that writes one JSON object for each record to w, in Cloud Logging's
// fields. Records logged with a context have its trace and the attributes of [With]. An attribute
// of the record hides one of the context with its key, so that no object has a key twice. Errors
// have Error Reporting's fields.
func NewLogger(w io.Writer, of Traces, level slog.Leveler) *slog.Logger {
	inner := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cloudField})
	return slog.New(contextHandler{Handler: inner, of: of, taken: builtIn()})
}

// builtIn returns the keys of what slog itself writes, by its names and by those of Cloud Logging.
func builtIn() map[string]bool {
	return map[string]bool{
		slog.TimeKey: true, slog.LevelKey: true, slog.MessageKey: true,
		"severity": true, "message": true,
	}
}

// Stack returns the attribute that shows Error Reporting where an error arose: what went wrong, and
// below it the stack of the goroutine, as of debug.Stack.
func Stack(what string, stack []byte) slog.Attr {
	return slog.String(fieldStack, what+"\n\n"+string(stack))
}

func cloudField(groups []string, a slog.Attr) slog.Attr {
	if len(groups) > 0 {
		return a
	}
	switch a.Key {
	case slog.LevelKey:
		level, _ := a.Value.Any().(slog.Level)
		return slog.String("severity", severity(level))
	case slog.MessageKey:
		a.Key = "message"
	}
	return a
}

func severity(l slog.Level) string {
	switch {
	case l >= slog.LevelError:
		return "ERROR"
	case l >= slog.LevelWarn:
		return "WARNING"
	case l >= slog.LevelInfo:
		return "INFO"
	default:
		return "DEBUG"
	}
}

type contextKey struct{}

// With returns a context whose log records carry the attributes, after those already there.
func With(ctx context.Context, attrs ...slog.Attr) context.Context {
	have, _ := ctx.Value(contextKey{}).([]slog.Attr)
	return context.WithValue(ctx, contextKey{}, append(have[:len(have):len(have)], attrs...))
}

type contextHandler struct {
	slog.Handler
	of    Traces
	taken map[string]bool // the keys that each record of the handler has
}

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	taken := maps.Clone(h.taken)
	written := slog.NewRecord(r.Time, r.Level, r.Message, r.PC)
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		written.AddAttrs(unique(taken, []slog.Attr{
			slog.String(fieldTrace, "projects/"+h.of.Project+"/traces/"+span.TraceID().String()),
			slog.String(fieldSpan, span.SpanID().String()),
			slog.Bool(fieldSampled, span.IsSampled()),
		})...)
	}
	if r.Level >= slog.LevelError {
		written.AddAttrs(unique(taken, h.reported(ctx))...)
	}
	var own []slog.Attr
	r.Attrs(func(a slog.Attr) bool {
		own = append(own, a)
		return true
	})
	written.AddAttrs(unique(taken, own)...)
	attrs, _ := ctx.Value(contextKey{}).([]slog.Attr)
	written.AddAttrs(unique(taken, attrs)...)
	return h.Handler.Handle(ctx, written)
}

// reported returns Error Reporting's fields.
func (h contextHandler) reported(ctx context.Context) []slog.Attr {
	function, _ := ctx.Value(functionKey{}).(string)
	return []slog.Attr{slog.String(fieldType, ErrorEvent), slog.Group(fieldService,
		slog.String("service", cmp.Or(function, h.of.Service, namespace)),
		slog.String("version", cmp.Or(h.of.Release, h.of.Revision, "unknown")),
	)}
}

// unique returns the attributes whose keys are not taken, and takes them. Of those with one key,
// the last is the latest said.
func unique(taken map[string]bool, attrs []slog.Attr) []slog.Attr {
	var all []slog.Attr
	for _, a := range slices.Backward(attrs) {
		a.Value = a.Value.Resolve()
		group := a.Value.Kind() == slog.KindGroup
		switch {
		case group && a.Key == "": // slog writes its attributes in its place
			all = append(all, unique(taken, a.Value.Group())...)
			continue
		case taken[a.Key]:
			continue
		case group:
			a.Value = slog.GroupValue(unique(map[string]bool{}, a.Value.Group())...)
		}
		taken[a.Key] = true
		all = append(all, a)
	}
	slices.Reverse(all)
	return all
}

// WithAttrs implements slog.Handler.
func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	taken := maps.Clone(h.taken)
	return contextHandler{Handler: h.Handler.WithAttrs(unique(taken, attrs)), of: h.of, taken: taken}
}

// WithGroup implements slog.Handler.
func (h contextHandler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	return contextHandler{Handler: h.Handler.WithGroup(name), of: h.of, taken: map[string]bool{}}
}
