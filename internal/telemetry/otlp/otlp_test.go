package otlp

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	sdktrace "go.opentelemetry.io/otel/sdk/trace"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/facescan/facescan/internal/telemetry"
)

// sink takes spans as telemetry.googleapis.com does: by TLS, with a token, for a project.
type sink struct {
	collector.UnimplementedTraceServiceServer

	mu       sync.Mutex
	projects []string
}

const sinkToken = "ya29.a-token"

func (s *sink) Export(
	ctx context.Context, req *collector.ExportTraceServiceRequest,
) (*collector.ExportTraceServiceResponse, error) {
	md, _ := metadata.FromIncomingContext(ctx)
	if err := s.take(md.Get("authorization"), req); err != nil {
		return nil, err
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// take takes the spans of a request with the values of Authorization.
func (s *sink) take(authorization []string, req *collector.ExportTraceServiceRequest) error {
	if !slices.Equal(authorization, []string{"Bearer " + sinkToken}) {
		return status.Error(codes.Unauthenticated, "no valid token")
	}
	for _, spans := range req.GetResourceSpans() {
		project := ""
		for _, a := range spans.GetResource().GetAttributes() {
			if a.GetKey() == telemetry.ProjectAttribute {
				project = a.GetValue().GetStringValue()
			}
		}
		if project == "" {
			return status.Error(codes.InvalidArgument, "the resource has no gcp.project_id")
		}
		s.mu.Lock()
		s.projects = append(s.projects, project)
		s.mu.Unlock()
	}
	return nil
}

// ServeHTTP takes spans over HTTP.
func (s *sink) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	var req collector.ExportTraceServiceRequest
	if err == nil {
		err = proto.Unmarshal(body, &req)
	}
	if err != nil || r.Method != http.MethodPost || r.URL.Path != "/v1/traces" {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	switch status.Code(s.take(r.Header.Values("Authorization"), &req)) {
	case codes.OK:
		w.Header().Set("Content-Type", "application/x-protobuf")
	case codes.Unauthenticated:
		w.WriteHeader(http.StatusUnauthorized)
	default:
		w.WriteHeader(http.StatusBadRequest)
	}
}

// startSink returns a sink and how to dial it over gRPC in the place of every host.
func startSink(t *testing.T) (*sink, []grpc.DialOption) {
	t.Helper()
	web := httptest.NewTLSServer(http.NotFoundHandler()) // for its certificate, of example.com
	t.Cleanup(web.Close)
	var listening net.ListenConfig
	listener, err := listening.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewServerTLSFromCert(&web.TLS.Certificates[0])))
	s := new(sink)
	collector.RegisterTraceServiceServer(server, s)
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	names := manual.NewBuilderWithScheme("dns")
	names.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: listener.Addr().String()}}})
	return s, []grpc.DialOption{
		grpc.WithResolvers(names), grpc.WithTransportCredentials(credentials.NewTLS(trusting(web))),
	}
}

// trusting returns a client's settings that trust the server under every name.
func trusting(web *httptest.Server) *tls.Config {
	trusted := x509.NewCertPool()
	trusted.AddCert(web.Certificate())
	return &tls.Config{RootCAs: trusted, ServerName: "example.com", MinVersion: tls.VersionTLS12}
}

// startWeb returns a sink and a transport that leads to it over HTTP from every host.
func startWeb(t *testing.T) (*sink, *http.Transport) {
	t.Helper()
	s := new(sink)
	web := httptest.NewTLSServer(s)
	t.Cleanup(web.Close)
	there := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", web.Listener.Addr().String())
	}
	transport := &http.Transport{DialContext: there, TLSClientConfig: trusting(web)}
	t.Cleanup(transport.CloseIdleConnections)
	return s, transport
}

// useAccount sets the application default credentials to those of a service account.
func useAccount(t *testing.T) {
	t.Helper()
	tokens := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(map[string]any{
			"access_token": sinkToken, "token_type": "Bearer", "expires_in": 3600,
		})
	}))
	t.Cleanup(tokens.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "client_email": "facescan-health@demo.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": tokens.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(file, account, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", file)
}

// export exports a span of the project by the exporter.
func export(t *testing.T, exporter sdktrace.SpanExporter, project string) error {
	t.Helper()
	tracing := telemetry.StartTracing(telemetry.Traces{Project: project, Ratio: 1})
	_, end := telemetry.Span(t.Context(), "step")
	tracing.ExportBy(exporter) // as the first request does, whose span has begun
	end(nil)
	err := tracing.Flush(t.Context())
	if err := tracing.Stop(t.Context()); err != nil {
		t.Error(err)
	}
	return err
}

func parse(t *testing.T, endpoint string) *url.URL {
	t.Helper()
	u, err := url.Parse(endpoint)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestNew_exportsToGoogle(t *testing.T) {
	useAccount(t)
	// A variable for traces alone must not lead the token astray.
	t.Setenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://127.0.0.1:1")
	for name, tt := range map[string]struct {
		endpoint, project string
		want              codes.Code
	}{
		"with token and project":            {"https://telemetry.googleapis.com", "demo", codes.OK},
		"with the port":                     {"https://telemetry.googleapis.com:443", "demo", codes.OK},
		"without a project":                 {"https://telemetry.googleapis.com", "", codes.InvalidArgument},
		"no token goes to another's server": {"https://telemetry.googleapis.com.example", "demo", codes.Unauthenticated},
		"nor to a collector":                {"https://collector.example:4317", "demo", codes.Unauthenticated},
	} {
		t.Run("gRPC: "+name, func(t *testing.T) {
			sink, dial := startSink(t)
			exporter, err := overGRPC(t.Context(), parse(t, tt.endpoint), dial...)
			if err != nil {
				t.Fatal(err)
			}
			if err := export(t, exporter, tt.project); status.Code(err) != tt.want {
				t.Errorf("export: %v, want %v", err, tt.want)
			}
			if want := tt.want == codes.OK; slices.Equal(sink.projects, []string{tt.project}) != want {
				t.Errorf("spans came for %q", sink.projects)
			}
		})
		t.Run("HTTP: "+name, func(t *testing.T) {
			sink, transport := startWeb(t)
			endpoint := parse(t, tt.endpoint)
			exporter, err := overHTTP(t.Context(), endpoint, transport)
			if err != nil {
				t.Fatal(err)
			}
			if !telemetry.Google(endpoint) {
				// The transport for Google's endpoint must not give the token away either.
				exporter = redirected(t, endpoint, transport)
			}
			if err := export(t, exporter, tt.project); (err == nil) != (tt.want == codes.OK) {
				t.Errorf("export: %v, want %v", err, tt.want)
			}
			if want := tt.want == codes.OK; slices.Equal(sink.projects, []string{tt.project}) != want {
				t.Errorf("spans came for %q", sink.projects)
			}
		})
	}
}

// redirected returns an exporter to another host by the transport for Google's.
func redirected(t *testing.T, endpoint *url.URL, transport http.RoundTripper) sdktrace.SpanExporter {
	t.Helper()
	exporter, err := otlptracehttp.New(t.Context(),
		otlptracehttp.WithEndpointURL(endpoint.JoinPath("v1", "traces").String()),
		otlptracehttp.WithHTTPClient(&http.Client{Transport: &authorizing{base: transport, tokens: &defaultCredentials{}}}),
	)
	if err != nil {
		t.Fatal(err)
	}
	return exporter
}

func TestNew_exportsToACollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_HEADERS", "Authorization=Bearer "+sinkToken)
	s := new(sink)
	server := grpc.NewServer()
	collector.RegisterTraceServiceServer(server, s)
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = server.Serve(listener) }()
	t.Cleanup(server.Stop)
	web := httptest.NewServer(s)
	t.Cleanup(web.Close)
	byGRPC := "http://" + listener.Addr().String()
	for protocol, endpoint := range map[string]string{"": byGRPC, telemetry.GRPC: byGRPC, telemetry.HTTP: web.URL} {
		exporter, err := New(t.Context(), telemetry.Collector{Endpoint: endpoint, Protocol: protocol})
		if err != nil {
			t.Fatal(err)
		}
		if err := export(t, exporter, "by "+protocol); err != nil || !slices.Contains(s.projects, "by "+protocol) {
			t.Errorf("by %q: %v; spans came for %q", protocol, err, s.projects)
		}
	}
}

func TestNew_ofACollectorThatIsNotThere(t *testing.T) {
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	endpoint := "http://" + listener.Addr().String()
	if err := listener.Close(); err != nil {
		t.Fatal(err)
	}
	for _, protocol := range []string{telemetry.GRPC, telemetry.HTTP} {
		exporter, err := New(t.Context(), telemetry.Collector{Endpoint: endpoint, Protocol: protocol})
		if err != nil {
			t.Errorf("%s: the start depends on the collector: %v", protocol, err)
			continue
		}
		if err := export(t, exporter, "demo"); err == nil {
			t.Errorf("%s: exported", protocol)
		}
	}
}

func TestNew_refuses(t *testing.T) {
	for name, c := range map[string]telemetry.Collector{
		"an unknown protocol":                   {Endpoint: "https://collector.example", Protocol: "http/json"},
		"a token in the clear":                  {Endpoint: "http://telemetry.googleapis.com"},
		"a token in the clear, by HTTP":         {Endpoint: "http://telemetry.googleapis.com:443", Protocol: telemetry.HTTP},
		"an endpoint that has no scheme":        {Endpoint: "collector:4317"},
		"an endpoint that cannot be understood": {Endpoint: "https://%zz"},
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := New(t.Context(), c); err == nil {
				t.Error("made")
			}
		})
	}
}
