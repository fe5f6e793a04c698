package fcm_test

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/provider"
)

const account = "pushes@demo-fcm.iam.gserviceaccount.com"

// useAccount has Application Default Credentials be those of a service account whose access tokens
// come from the server.
func useAccount(t *testing.T, server http.HandlerFunc) {
	t.Helper()
	tokens := httptest.NewServer(server)
	t.Cleanup(tokens.Close)
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	file, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "demo-fcm", "client_email": account, "private_key_id": "1",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})),
		"token_uri":   tokens.URL,
	})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "account.json")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
}

// detour sends what is meant for FCM to a sink, and keeps the credentials.
type detour struct {
	http.Transport
	t     *testing.T
	to    *emulator.FCM
	token string
}

// RoundTrip implements http.RoundTripper.
func (d *detour) RoundTrip(r *http.Request) (*http.Response, error) {
	d.token = r.Header.Get("Authorization")
	sink, err := url.Parse(d.to.URL())
	if err != nil || r.URL.Scheme != "https" || r.URL.Host != "fcm.googleapis.com" {
		d.t.Errorf("request to %s, %v", r.URL, err)
	}
	r.URL.Scheme, r.URL.Host = sink.Scheme, sink.Host
	return d.Transport.RoundTrip(r)
}

// production returns a sink with a sender to it that takes it for FCM.
func production(t *testing.T) (*detour, *fcm.Sender) {
	t.Helper()
	server, _ := sink(t)
	way := &detour{t: t, to: server}
	t.Cleanup(way.CloseIdleConnections)
	sender, err := fcm.New(fcm.Config{Project: "demo-fcm", Transport: way})
	if err != nil {
		t.Fatal(err)
	}
	return way, sender
}

func TestSend_withCredentials(t *testing.T) {
	useAccount(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"access_token":"a-token","token_type":"Bearer","expires_in":3600}`))
	})
	way, sender := production(t)
	if err := sender.Send(t.Context(), push()); err != nil {
		t.Fatal(err)
	}
	if way.token != "Bearer a-token" || len(way.to.Messages()) != 1 {
		t.Errorf("credentials %q, %d pushes", way.token, len(way.to.Messages()))
	}
}

// The server of the tokens names the account in its errors, which are logged.
func TestSend_withoutAccessToken(t *testing.T) {
	tests := map[string]struct {
		status int
		class  string
		ours   bool
	}{
		"the account is gone": {http.StatusBadRequest, provider.Auth, true},
		"the server is down":  {http.StatusNotImplemented, provider.Unavailable, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			useAccount(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json")
				w.WriteHeader(tt.status)
				_, _ = w.Write([]byte(`{"error":"invalid_grant","error_description":"no account ` + account + `"}`))
			})
			way, sender := production(t)
			err := sender.Send(t.Context(), push())
			fault, _ := errors.AsType[*provider.Fault](err)
			if fault == nil || fault.Class != tt.class || fault.Ours != tt.ours || strings.Contains(err.Error(), account) {
				t.Errorf("error = %v", err)
			}
			if n := len(way.to.Attempts()); n != 0 {
				t.Errorf("%d requests without credentials", n)
			}
		})
	}
}

// The wait for an access token is part of the attempt.
func TestSend_slowAccessToken(t *testing.T) {
	useAccount(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the client has gone
		<-r.Context().Done()
	})
	_, sender := production(t)
	ctx, cancel := context.WithTimeout(t.Context(), 500*time.Millisecond)
	defer cancel()
	err := sender.Send(ctx, push())
	if fault, _ := errors.AsType[*provider.Fault](err); fault == nil || fault.Class != provider.Timeout {
		t.Errorf("error = %v, want a timeout", err)
	}
}
