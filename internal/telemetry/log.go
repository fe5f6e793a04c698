// Package telemetry writes logs and traces for Cloud Logging and Cloud Trace: slog records in the
// structured-logging fields, W3C trace context on every path, and spans over OTLP when an endpoint
// is set.
package telemetry

import (
	"context"
	"io"
	"log/slog"

	"go.opentelemetry.io/otel/trace"
)

// Fields of Cloud Logging's structured JSON,
// https://docs.cloud.google.com/logging/docs/structured-logging.
const (
	fieldTrace   = "logging.googleapis.com/trace"
	fieldSpan    = "logging.googleapis.com/spanId"
	fieldSampled = "logging.googleapis.com/trace_sampled"
)

// NewLogger returns a logger that writes one JSON object for each record to w, in Cloud Logging's
// fields. Records logged with a context have its trace and the attributes of [With]. project is the
// Google Cloud project of the trace ids.
func NewLogger(w io.Writer, project string, level slog.Leveler) *slog.Logger {
	inner := slog.NewJSONHandler(w, &slog.HandlerOptions{Level: level, ReplaceAttr: cloudField})
	return slog.New(contextHandler{Handler: inner, project: project})
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
	project string
}

func (h contextHandler) Handle(ctx context.Context, r slog.Record) error {
	attrs, _ := ctx.Value(contextKey{}).([]slog.Attr)
	r.AddAttrs(attrs...)
	if span := trace.SpanContextFromContext(ctx); span.IsValid() {
		r.AddAttrs(
			slog.String(fieldTrace, "projects/"+h.project+"/traces/"+span.TraceID().String()),
			slog.String(fieldSpan, span.SpanID().String()),
			slog.Bool(fieldSampled, span.IsSampled()),
		)
	}
	return h.Handler.Handle(ctx, r)
}

func (h contextHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return contextHandler{Handler: h.Handler.WithAttrs(attrs), project: h.project}
}

func (h contextHandler) WithGroup(name string) slog.Handler {
	return contextHandler{Handler: h.Handler.WithGroup(name), project: h.project}
}
