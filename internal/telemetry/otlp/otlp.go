// Package otlp exports spans over OTLP, by gRPC or by HTTP. What a setting does not say, the
// exporters read from the standard variables: headers, certificates, compression.
package otlp

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/oauth"

	"github.com/facescan/facescan/internal/telemetry"
)

// Exports are repeated within the second that telemetry.Tracing gives them, as after a connection
// that was closed while the instance slept.
const (
	firstPause   = 50 * time.Millisecond
	longestPause = 200 * time.Millisecond
	longestRetry = 500 * time.Millisecond
)

// New returns an exporter to the collector. It does not dial yet. The collector's endpoint counts
// alone, whatever OTEL_EXPORTER_OTLP_TRACES_ENDPOINT says: the token is for no other host.
func New(ctx context.Context, c telemetry.Collector) (sdktrace.SpanExporter, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	endpoint, err := url.Parse(c.Endpoint)
	if err != nil {
		return nil, fmt.Errorf("read the collector's endpoint: %w", err)
	}
	if c.Protocol == telemetry.HTTP {
		return overHTTP(ctx, endpoint, nil)
	}
	return overGRPC(ctx, endpoint)
}

func overGRPC(ctx context.Context, endpoint *url.URL, dial ...grpc.DialOption) (sdktrace.SpanExporter, error) {
	if telemetry.Google(endpoint) {
		// These credentials refuse a connection without TLS by themselves.
		dial = append(dial, grpc.WithPerRPCCredentials(oauth.TokenSource{TokenSource: &defaultCredentials{}}))
	}
	exporter, err := otlptracegrpc.New(ctx,
		otlptracegrpc.WithEndpointURL(endpoint.String()), otlptracegrpc.WithDialOption(dial...),
		otlptracegrpc.WithRetry(otlptracegrpc.RetryConfig{
			Enabled: true, InitialInterval: firstPause, MaxInterval: longestPause, MaxElapsedTime: longestRetry,
		}),
	)
	if err != nil {
		return nil, fmt.Errorf("make the OTLP exporter: %w", err)
	}
	return exporter, nil
}

// overHTTP returns an exporter that POSTs to v1/traces below the endpoint. base replaces
// http.DefaultTransport for Google's endpoint, unless it is nil.
func overHTTP(ctx context.Context, endpoint *url.URL, base http.RoundTripper) (sdktrace.SpanExporter, error) {
	opts := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(endpoint.JoinPath("v1", "traces").String()),
		otlptracehttp.WithRetry(otlptracehttp.RetryConfig{
			Enabled: true, InitialInterval: firstPause, MaxInterval: longestPause, MaxElapsedTime: longestRetry,
		}),
	}
	if telemetry.Google(endpoint) {
		opts = append(opts, otlptracehttp.WithHTTPClient(&http.Client{
			Transport: &authorizing{base: base, tokens: &defaultCredentials{}},
		}))
	}
	exporter, err := otlptracehttp.New(ctx, opts...)
	if err != nil {
		return nil, fmt.Errorf("make the OTLP exporter: %w", err)
	}
	return exporter, nil
}
