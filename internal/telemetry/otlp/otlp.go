// Package otlp exports spans over OTLP/gRPC. The exporter reads the standard variables itself.
package otlp

import (
	"context"
	"fmt"
	"net/url"
	"sync"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracegrpc"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/google"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/oauth"
)

// googleHost is Google's endpoint for OTLP. It takes no spans without an OAuth token, nor without
// the resource attribute telemetry.ProjectAttribute. The quota counted is that of the account's
// own project, so no header names another. See
// https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview and
// https://docs.cloud.google.com/trace/docs/migrate-to-otlp-endpoints.
const googleHost = "telemetry.googleapis.com"

// New returns an exporter to the endpoint, which is the value of OTEL_EXPORTER_OTLP_ENDPOINT. It
// does not dial yet.
func New(ctx context.Context, endpoint string) (sdktrace.SpanExporter, error) {
	return newExporter(ctx, endpoint)
}

func newExporter(ctx context.Context, endpoint string, dial ...grpc.DialOption) (sdktrace.SpanExporter, error) {
	exporter, err := otlptracegrpc.New(ctx, otlptracegrpc.WithDialOption(append(authorization(endpoint), dial...)...))
	if err != nil {
		return nil, fmt.Errorf("make the OTLP exporter: %w", err)
	}
	return exporter, nil
}

const cloudScope = "https://www.googleapis.com/auth/cloud-platform"

// authorization returns how to dial the endpoint: Google's with the application default
// credentials.
func authorization(endpoint string) []grpc.DialOption {
	if u, err := url.Parse(endpoint); err != nil || u.Hostname() != googleHost {
		return nil
	}
	credentials := oauth.TokenSource{TokenSource: &defaultCredentials{}}
	return []grpc.DialOption{grpc.WithPerRPCCredentials(credentials)}
}

// defaultCredentials are the application default credentials, which the first export looks for: a
// start must not wait for the metadata server.
type defaultCredentials struct {
	mu    sync.Mutex
	found oauth2.TokenSource
}

// Token implements oauth2.TokenSource.
func (d *defaultCredentials) Token() (*oauth2.Token, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.found == nil {
		found, err := google.DefaultTokenSource(context.Background(), cloudScope)
		if err != nil {
			return nil, fmt.Errorf("find the credentials for traces: %w", err)
		}
		d.found = found
	}
	return d.found.Token()
}
