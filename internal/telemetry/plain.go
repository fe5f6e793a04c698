package telemetry

import (
	"context"

	"go.opentelemetry.io/otel/attribute"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	semconv "go.opentelemetry.io/otel/semconv/v1.43.0"
)

// plain is an exporter of spans without what could tell of a person. The client libraries make
// spans too, and put the URLs of their calls into them, which have the ids of users, and the
// errors' texts.
type plain struct{ sdktrace.SpanExporter }

// ExportSpans implements sdktrace.SpanExporter.
func (p plain) ExportSpans(ctx context.Context, spans []sdktrace.ReadOnlySpan) error {
	all := make([]sdktrace.ReadOnlySpan, len(spans))
	for i, span := range spans {
		all[i] = plainSpan{span}
	}
	return p.SpanExporter.ExportSpans(ctx, all)
}

// plainSpan is a span with the attributes that are known to be harmless, and without events and the
// description of its status.
type plainSpan struct{ sdktrace.ReadOnlySpan }

// Attributes implements sdktrace.ReadOnlySpan.
func (s plainSpan) Attributes() []attribute.KeyValue {
	var all []attribute.KeyValue
	for _, a := range s.ReadOnlySpan.Attributes() {
		if harmless(a.Key) {
			all = append(all, a)
		}
	}
	return all
}

// Events implements sdktrace.ReadOnlySpan.
func (s plainSpan) Events() []sdktrace.Event { return nil }

// Status implements sdktrace.ReadOnlySpan.
func (s plainSpan) Status() sdktrace.Status {
	return sdktrace.Status{Code: s.ReadOnlySpan.Status().Code}
}

// harmless reports whether the attribute has none of a person's data, whatever its value.
func harmless(key attribute.Key) bool {
	switch key {
	case semconv.HTTPRequestMethodKey, semconv.HTTPRouteKey, semconv.HTTPResponseStatusCodeKey, semconv.ErrorTypeKey,
		semconv.MessagingSystemKey, semconv.MessagingOperationNameKey, semconv.MessagingOperationTypeKey,
		semconv.MessagingMessageIDKey, semconv.MessagingGCPPubSubMessageDeliveryAttemptKey,
		semconv.RPCSystemNameKey, semconv.RPCMethodKey, semconv.RPCResponseStatusCodeKey,
		semconv.ServerAddressKey, semconv.ServerPortKey:
		return true
	}
	return false
}
