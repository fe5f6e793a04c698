package mail

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/textproto"

	"github.com/wneessen/go-mail"

	"github.com/facescan/facescan/internal/provider"
)

// wire is the connection of one mail. It remembers how it broke, which the client does not say.
type wire struct {
	net.Conn
	broken error
	stop   func() bool
}

// Read implements net.Conn.
func (w *wire) Read(b []byte) (int, error) {
	n, err := w.Conn.Read(b)
	w.note(err)
	return n, err
}

// Write implements net.Conn.
func (w *wire) Write(b []byte) (int, error) {
	n, err := w.Conn.Write(b)
	w.note(err)
	return n, err
}

func (w *wire) note(err error) {
	if w.broken == nil {
		w.broken = err
	}
}

// dial returns the option that connects the client by the wire, which ends with ctx. The client's
// own time limits are prolonged at each stage. TLS comes first if config is not nil.
func (w *wire) dial(ctx context.Context, config *tls.Config) mail.Option {
	return mail.WithDialContextFunc(func(dialing context.Context, network, addr string) (net.Conn, error) {
		conn, err := new(net.Dialer).DialContext(dialing, network, addr)
		if err != nil {
			return nil, err
		}
		w.Conn = conn
		w.stop = context.AfterFunc(ctx, func() { _ = conn.Close() })
		if config == nil {
			return w, nil
		}
		secure := tls.Client(w, config)
		return secure, secure.HandshakeContext(dialing)
	})
}

// end closes the connection. The client itself does so only after a success.
func (w *wire) end() {
	if w.Conn != nil {
		w.stop()
		_ = w.Close()
	}
}

// steps are the names of the client's steps at which a server can refuse a mail.
var steps = map[mail.SendErrReason]string{
	mail.ErrSMTPMailFrom: "MAIL", mail.ErrSMTPRcptTo: "RCPT", mail.ErrSMTPData: "DATA", mail.ErrSMTPDataClose: "DATA",
}

// refusal returns the error for that of a client that has not delivered its mail.
func (w *wire) refusal(ctx context.Context, err error) error {
	sending, ok := errors.AsType[*mail.SendError](err)
	switch {
	case !ok:
		return w.start(ctx, err)
	case sending.ErrorCode() != 0:
		return refused(sending)
	}
	f := w.lost(ctx, errors.New("no answer of the mail server"))
	if sending.Reason == mail.ErrSMTPDataClose { // after the mail's last line
		f.Class = provider.Unknown
	}
	return f
}

// lost returns the fault of the connection, or of err if it has not broken.
func (w *wire) lost(ctx context.Context, err error) *provider.Fault {
	if ctx.Err() != nil {
		return provider.Lost(fmt.Errorf("mail server: %w", context.Cause(ctx)))
	}
	if w.broken != nil {
		err = w.broken
	}
	return provider.Lost(fmt.Errorf("mail server: %w", err))
}

// start returns the fault of a conversation that has not come to the mail. What the server then
// refuses permanently, operators must mend.
func (w *wire) start(ctx context.Context, err error) *provider.Fault {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		f := &provider.Fault{Class: provider.Config, Ours: true, Err: fmt.Errorf("the mail server answers %d", reply.Code)}
		switch {
		case reply.Code/100 == 4:
			f.Class, f.Ours = provider.Unavailable, false
		case login(reply.Code):
			f.Class = provider.Auth
		}
		return f
	}
	_, network := errors.AsType[net.Error](err)
	_, badCertificate := errors.AsType[*tls.CertificateVerificationError](err)
	if ctx.Err() != nil || !badCertificate && (network || w.broken != nil) {
		return w.lost(ctx, err)
	}
	if _, ok := errors.AsType[textproto.ProtocolError](err); ok { // which repeats what came
		err = errors.New("it does not speak SMTP")
	}
	// It has a bad certificate, or offers no TLS or no login that we know.
	return &provider.Fault{Class: provider.Config, Ours: true, Err: fmt.Errorf("mail server: %w", err)}
}

// login reports whether the answer is about our login:
// https://datatracker.ietf.org/doc/html/rfc4954#section-6
func login(code int) bool { return code == 530 || code == 534 || code == 535 || code == 538 }

// refused returns the error for a server's answer to a step of the mail:
// https://datatracker.ietf.org/doc/html/rfc5321#section-4.2.3
func refused(sending *mail.SendError) error {
	code := sending.ErrorCode()
	answer := fmt.Errorf("the mail server answers %d to %s", code, steps[sending.Reason])
	toAddress := sending.Reason == mail.ErrSMTPRcptTo
	switch {
	case login(code):
		return &provider.Fault{Class: provider.Auth, Ours: true, Err: answer}
	case toAddress && (code == 450 || code == 451):
		// https://datatracker.ietf.org/doc/html/rfc6647#section-2.1
		return &provider.Fault{Class: provider.Greylisted, Err: answer}
	case code/100 == 4:
		return &provider.Fault{Class: provider.Unavailable, Err: answer}
	case toAddress:
		return fmt.Errorf("%w: %d", ErrRefused, code)
	default:
		return fmt.Errorf("%w: %w", ErrRejected, answer)
	}
}
