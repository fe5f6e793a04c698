package telemetry

import (
	"errors"
	"fmt"
	"net/url"
)

// Collector is where spans go, by the standard variables of OpenTelemetry.
type Collector struct {
	// Endpoint is OTEL_EXPORTER_OTLP_ENDPOINT, such as "https://telemetry.googleapis.com". If it is
	// empty, no spans are exported.
	Endpoint string
	// Protocol is OTEL_EXPORTER_OTLP_PROTOCOL: GRPC, HTTP or "", which is GRPC.
	Protocol string
}

// The protocols of a collector. JSON over HTTP is not among them: whatever takes it takes protobuf.
const (
	GRPC = "grpc"
	HTTP = "http/protobuf"
)

// googleHost is Google's endpoint for OTLP, which takes both protocols. It takes no spans without
// an OAuth token, nor without the resource attribute ProjectAttribute. The quota counted is that of
// the account's own project, so no header names another. See
// https://docs.cloud.google.com/stackdriver/docs/reference/telemetry/overview and
// https://docs.cloud.google.com/trace/docs/migrate-to-otlp-endpoints.
const googleHost = "telemetry.googleapis.com"

// Validate returns an error that names the variables which cannot be used.
func (c Collector) Validate() error {
	return errors.Join(c.validateProtocol(), c.validateEndpoint())
}

func (c Collector) validateProtocol() error {
	switch c.Protocol {
	case "", GRPC, HTTP:
		return nil
	}
	return fmt.Errorf("OTEL_EXPORTER_OTLP_PROTOCOL is %q; it must be %s or %s", c.Protocol, GRPC, HTTP)
}

func (c Collector) validateEndpoint() error {
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		return errors.New("OTEL_EXPORTER_OTLP_ENDPOINT must be a URL that begins with https:// or http://")
	case u.Hostname() == googleHost && !Google(u):
		return errors.New("OTEL_EXPORTER_OTLP_ENDPOINT must begin with https:// for " + googleHost +
			", which is sent a token")
	}
	return nil
}

// Google reports whether the URL is of Google's endpoint, by TLS. No other is sent a token.
func Google(u *url.URL) bool { return u.Scheme == "https" && u.Hostname() == googleHost }
