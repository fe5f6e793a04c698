package otlp

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/resolver"
	"google.golang.org/grpc/resolver/manual"
	"google.golang.org/grpc/status"

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
	if !slices.Equal(md.Get("authorization"), []string{"Bearer " + sinkToken}) {
		return nil, status.Error(codes.Unauthenticated, "no valid token")
	}
	for _, spans := range req.GetResourceSpans() {
		project := ""
		for _, a := range spans.GetResource().GetAttributes() {
			if a.GetKey() == "gcp.project_id" {
				project = a.GetValue().GetStringValue()
			}
		}
		if project == "" {
			return nil, status.Error(codes.InvalidArgument, "the resource has no gcp.project_id")
		}
		s.mu.Lock()
		s.projects = append(s.projects, project)
		s.mu.Unlock()
	}
	return &collector.ExportTraceServiceResponse{}, nil
}

// startSink returns a sink and how to dial it in the place of every host.
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
	trusted := x509.NewCertPool()
	trusted.AddCert(web.Certificate())
	names := manual.NewBuilderWithScheme("dns")
	names.InitialState(resolver.State{Addresses: []resolver.Address{{Addr: listener.Addr().String()}}})
	return s, []grpc.DialOption{
		grpc.WithResolvers(names),
		grpc.WithTransportCredentials(credentials.NewTLS(
			&tls.Config{RootCAs: trusted, ServerName: "example.com", MinVersion: tls.VersionTLS12},
		)),
	}
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

func TestNew_exportsToGoogle(t *testing.T) {
	useAccount(t)
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
		t.Run(name, func(t *testing.T) {
			t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", tt.endpoint)
			sink, dial := startSink(t)
			exporter, err := newExporter(t.Context(), tt.endpoint, dial...)
			if err != nil {
				t.Fatal(err)
			}
			tracing := telemetry.StartTracing(telemetry.Traces{Service: "scans", Project: tt.project, Ratio: 1})
			_, end := telemetry.Span(t.Context(), "step")
			tracing.ExportBy(exporter) // as the first request does, whose span has begun
			end(nil)
			if err := tracing.Flush(t.Context()); status.Code(err) != tt.want {
				t.Errorf("export: %v, want %v", err, tt.want)
			}
			if err := tracing.Stop(t.Context()); err != nil {
				t.Error(err)
			}
			if want := tt.want == codes.OK; slices.Equal(sink.projects, []string{tt.project}) != want {
				t.Errorf("spans came for %q", sink.projects)
			}
		})
	}
	t.Run("not without encryption", func(t *testing.T) {
		const endpoint = "http://telemetry.googleapis.com"
		t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint)
		if _, err := New(t.Context(), endpoint); err == nil {
			t.Error("a token would be sent in the clear")
		}
	})
}
