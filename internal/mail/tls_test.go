package mail

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/wneessen/go-mail"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/provider"
)

// certificate returns the configuration of a server at 127.0.0.1, and the authorities that certify
// it.
func certificate(t *testing.T) (*tls.Config, *x509.CertPool) {
	t.Helper()
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	return &tls.Config{Certificates: server.TLS.Certificates, MinVersion: tls.VersionTLS12}, roots
}

func secureSink(t *testing.T, config *tls.Config) *emulator.SMTP {
	t.Helper()
	sink, err := emulator.NewSMTPWithTLS(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = sink.Close() })
	return sink
}

func letter() Message {
	return Message{ID: "m", To: "ann@example.com", Subject: "S", Text: "t", HTML: "h", Date: time.Unix(1764000000, 0)}
}

func TestSend_TLS(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	demanding := func(password string, answer ...emulator.MailAnswer) func(*emulator.SMTP) {
		return func(s *emulator.SMTP) {
			s.RequireLogin("user", password)
			s.Script("", answer...)
		}
	}
	tests := map[string]struct {
		server *tls.Config
		roots  *x509.CertPool
		setUp  func(*emulator.SMTP) // nil has the server know no login
		user   string
		class  string // "" if the mail is sent
		ours   bool
	}{
		"good":                    {server: config, roots: roots},
		"no TLS offered":          {roots: roots, class: provider.Config, ours: true},
		"a certificate of nobody": {server: config, roots: x509.NewCertPool(), class: provider.Config, ours: true},
		"good login":              {server: config, roots: roots, user: "user", setUp: demanding("secret")},
		"bad login": {
			server: config, roots: roots, user: "user", setUp: demanding("other"), class: provider.Auth, ours: true,
		},
		"no login given": {server: config, roots: roots, setUp: demanding("secret"), class: provider.Auth, ours: true},
		"no login taken": {server: config, roots: roots, user: "user", class: provider.Config, ours: true},
		"login fails for now": {
			server: config, roots: roots, user: "user",
			setUp: demanding("secret", emulator.MailAnswer{At: emulator.Login, Code: 454}), class: provider.Unavailable,
		},
		"login is refused oddly": {
			server: config, roots: roots, user: "user",
			setUp: demanding("secret", emulator.MailAnswer{At: emulator.Login, Code: 550}), class: provider.Config, ours: true,
		},
		"reset at the login": {
			server: config, roots: roots, user: "user",
			setUp: demanding("secret", emulator.MailAnswer{At: emulator.Login, Drop: true}), class: provider.Network,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := secureSink(t, tt.server)
			if tt.setUp != nil {
				tt.setUp(sink)
			}
			sender, err := New(Config{
				Addr: sink.Host(), User: tt.user, Password: "secret", From: "a@example.com", Roots: tt.roots,
			})
			if err != nil {
				t.Fatal(err)
			}
			check(t, sink, sender.Send(t.Context(), letter()), tt.class, tt.ours)
		})
	}
}

// check checks the outcome of a mail.
func check(t *testing.T, sink *emulator.SMTP, err error, class string, ours bool) {
	t.Helper()
	fault, _ := errors.AsType[*provider.Fault](err)
	sent := len(sink.Messages())
	switch {
	case class == "":
		if err != nil || sent != 1 {
			t.Errorf("error = %v with %d mails", err, sent)
		}
	case fault == nil || fault.Class != class || fault.Ours != ours || sent != 0:
		t.Errorf("error = %v (%+v) with %d mails, want class %s", err, fault, sent, class)
	}
}

// before puts TLS before a sink, as on port 465, and returns the address.
func before(t *testing.T, sink *emulator.SMTP, config *tls.Config) string {
	t.Helper()
	socket, err := tls.Listen("tcp", "127.0.0.1:0", config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	go func() {
		for {
			conn, err := socket.Accept()
			if err != nil {
				return
			}
			go relay(conn, sink.Host())
		}
	}()
	return socket.Addr().String()
}

// relay passes on what comes by the connection, and what comes back.
func relay(conn net.Conn, to string) {
	defer conn.Close()
	sink, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	go func() {
		defer sink.Close()
		_, _ = io.Copy(sink, conn)
	}()
	_, _ = io.Copy(conn, sink)
}

// Port 465 cannot be taken in a test, so the sender's fields are set as for it.
func TestSend_TLSFirst(t *testing.T) {
	t.Parallel()
	config, roots := certificate(t)
	for name, tt := range map[string]struct {
		roots *x509.CertPool
		plain bool // the server does not speak TLS
		class string
		ours  bool
	}{
		"good":                    {roots: roots},
		"a certificate of nobody": {roots: x509.NewCertPool(), class: provider.Config, ours: true},
		"a server without TLS":    {roots: roots, plain: true, class: provider.Config, ours: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sink := secureSink(t, nil)
			sink.RequireLogin("user", "secret")
			addr := sink.Host()
			if !tt.plain {
				addr = before(t, sink, config)
			}
			c := Config{Addr: "127.0.0.1:465", User: "user", Password: "secret", From: "a@example.com", Roots: tt.roots}
			sender, err := New(c)
			if err != nil || sender.tls == nil {
				t.Fatalf("no sender with TLS: %v", err)
			}
			at, err := net.ResolveTCPAddr("tcp", addr)
			if err != nil {
				t.Fatal(err)
			}
			sender.opts = append(sender.opts, mail.WithPort(at.Port))
			check(t, sink, sender.Send(t.Context(), letter()), tt.class, tt.ours)
		})
	}
}
