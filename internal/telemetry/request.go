package telemetry

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Answer is what came of a request.
type Answer struct {
	Status  int
	In, Out int64 // bytes of the body that was read, and of the one that was written
}

// outcome says in a word what came of the request. A caller who has gone gets no answer.
func (a Answer) outcome(ctx context.Context) string {
	switch {
	case errors.Is(ctx.Err(), context.Canceled):
		return "abandoned"
	case a.Status >= http.StatusInternalServerError:
		return "failed"
	case a.Status >= http.StatusBadRequest:
		return "refused"
	}
	return "ok"
}

// routeKey is the key of the pattern of a request's route, a *string.
type routeKey struct{}

// Request starts the span of a request that the process serves, which [Route] names. End it with
// the answer, which also logs a line about the request. Neither has a path, since paths have the
// ids of users. What has no route and is answered well is an event, whose handling is logged by who
// handles it.
func Request(ctx context.Context, method string) (context.Context, func(Answer)) {
	began, route := time.Now(), new(string)
	name, attr := method, semconv.HTTPRequestMethodKey.String(method)
	if !known(method) {
		name, attr = "HTTP", semconv.HTTPRequestMethodOther
	}
	ctx, span := otel.Tracer(Scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attr))
	ctx = context.WithValue(ctx, routeKey{}, route)
	return ctx, func(a Answer) {
		status := a.Status
		if *route != "" || status >= http.StatusBadRequest {
			slog.InfoContext(ctx, "request", "method", name, "route", *route, "status", status, "outcome", a.outcome(ctx),
				"duration_ms", time.Since(began).Milliseconds(), "bytes_in", a.In, "bytes_out", a.Out)
		}
		span.SetAttributes(semconv.HTTPResponseStatusCode(status))
		if status >= http.StatusInternalServerError {
			span.SetAttributes(semconv.ErrorTypeKey.String(strconv.Itoa(status)))
			span.SetStatus(codes.Error, "")
		}
		span.End()
	}
}

// Route names the span of ctx, which is that of [Request], by the pattern of the route, such as
// "GET /v1/scans/{id}".
func Route(ctx context.Context, pattern string) {
	span := trace.SpanFromContext(ctx)
	_, route, _ := strings.Cut(pattern, " ")
	if named, ok := ctx.Value(routeKey{}).(*string); ok {
		*named = route
	}
	span.SetName(pattern)
	span.SetAttributes(semconv.HTTPRoute(route))
}

// Handle starts a span as [Span] does, for the handling of a message of Pub/Sub. attempt counts its
// deliveries.
func Handle(ctx context.Context, name, messageID string, attempt int) (context.Context, func(error)) {
	return Span(ctx, name, trace.WithSpanKind(trace.SpanKindConsumer), trace.WithAttributes(
		semconv.MessagingSystemGCPPubSub, semconv.MessagingOperationTypeProcess, semconv.MessagingOperationName("process"),
		semconv.MessagingMessageID(messageID), semconv.MessagingGCPPubSubMessageDeliveryAttempt(attempt),
	))
}

// known reports whether the method is one of HTTP's. Any other is the caller's own text.
func known(method string) bool {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodConnect, http.MethodOptions, http.MethodTrace:
		return true
	}
	return false
}
