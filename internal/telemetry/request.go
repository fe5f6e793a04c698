package telemetry

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/codes"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
	"go.opentelemetry.io/otel/trace"
)

// Request starts the span of a request that the process serves, which [Route] names. End it with
// the status of the answer. The span has no path, since paths have the ids of users.
func Request(ctx context.Context, method string) (context.Context, func(status int)) {
	name, attr := method, semconv.HTTPRequestMethodKey.String(method)
	if !known(method) {
		name, attr = "HTTP", semconv.HTTPRequestMethodOther
	}
	ctx, span := otel.Tracer(scope).Start(ctx, name, trace.WithSpanKind(trace.SpanKindServer), trace.WithAttributes(attr))
	return ctx, func(status int) {
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
