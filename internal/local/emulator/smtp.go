package emulator

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"time"

	"github.com/emersion/go-sasl"
	"github.com/emersion/go-smtp"
)

const smtpTimeout = 30 * time.Second

// Step is a step of the conversation with a mail server.
type Step string

// The steps at which a [MailAnswer] is given. The first three come before the server knows whom the
// mail is to.
const (
	Greeting Step = "greeting"
	Login    Step = "AUTH"
	Sender   Step = "MAIL"
	// Recipient is the command RCPT.
	Recipient Step = "RCPT"
	// Content is the end of the mail, after its last line.
	Content Step = "DATA"
)

// MailAnswer is an answer of the SMTP sink at one step of a conversation. The steps before it go
// well. With Code 0 and no Drop, so does the step itself.
type MailAnswer struct {
	At Step
	// Code is that of the refusal, such as 451, and Enhanced its enhanced code, such as 4.7.1.
	Code     int
	Enhanced [3]int
	// Drop resets the connection instead of an answer.
	Drop bool
	// Taken has a mail taken that is dropped, or refused, at Content.
	Taken bool
	// Wait delays the answer until it is closed. A mail is taken before that.
	Wait <-chan struct{}
	// Drip sends what the server says from here on byte by byte, one at each interval.
	Drip time.Duration
}

// MailAttempt is the end of a mail at the sink, accepted or not.
type MailAttempt struct {
	At time.Time
	// To is the recipient, "" if the conversation did not come to it.
	To string
	// Step is the last one, and Code the answer to it. Code is 0 if the connection ended instead.
	Step Step
	Code int
	// Taken reports whether the mail was accepted, even if the answer was lost.
	Taken bool
}

// SMTP is a mail server without TLS and without a login that records mails instead of delivering
// them, and refuses those that break the rules of RFC 5321 and RFC 5322. A recipient chooses the
// answer by its beginning: "bounce" does not exist (550), "later" is to be tried again later (451);
// all others are accepted. [SMTP.Script] has it answer otherwise, [SMTP.RequireLogin] demand a
// login, and [NewSMTPWithTLS] speak TLS.
type SMTP struct {
	Recorder[Mail]
	script[MailAnswer]
	attempts Recorder[MailAttempt]
	listener net.Listener
	server   *smtp.Server
	served   chan struct{} // closed when the server has stopped
	// closing ends with the sink, and with it what is delayed.
	closing context.Context //nolint:containedctx // the life of the sink
	close   context.CancelFunc

	mu    sync.Mutex
	login *[2]string // user and password; nil demands none
}

// NewSMTP starts a sink on a free port of 127.0.0.1.
func NewSMTP() (*SMTP, error) { return NewSMTPWithTLS(nil) }

// NewSMTPWithTLS starts a sink on a free port of 127.0.0.1 that offers STARTTLS.
func NewSMTPWithTLS(config *tls.Config) (*SMTP, error) {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for the SMTP sink: %w", err)
	}
	s := &SMTP{listener: listener, served: make(chan struct{})}
	s.closing, s.close = context.WithCancel(context.Background())
	s.server = smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &smtpSession{sink: s, conn: plainConn(c.Conn())}, nil
	}))
	s.server.Domain = "localhost"
	s.server.MaxMessageBytes = maxMailBytes
	s.server.ReadTimeout = smtpTimeout
	s.server.WriteTimeout = smtpTimeout
	s.server.TLSConfig = config
	s.server.AllowInsecureAuth = true
	s.server.ErrorLog = silent{}
	go func() {
		defer close(s.served)
		// Always an error of the closed listener: Close is the only way out.
		_ = s.server.Serve(&smtpListener{Listener: listener, sink: s})
	}()
	return s, nil
}

// silent drops the server's log, which has the connections that were dropped on purpose.
type silent struct{}

// Printf implements smtp.Logger.
func (silent) Printf(string, ...any) {}

// Println implements smtp.Logger.
func (silent) Println(...any) {}

// Host returns the address, as "127.0.0.1:port".
func (s *SMTP) Host() string { return s.listener.Addr().String() }

// Close stops the sink and its connections; what it recorded stays.
func (s *SMTP) Close() error {
	s.close()
	err := s.server.Close()
	_ = s.listener.Close() // which the server does not know yet if it is closed as soon as started
	<-s.served
	if err != nil && !errors.Is(err, smtp.ErrServerClosed) {
		return fmt.Errorf("close the SMTP sink: %w", err)
	}
	return nil
}

// Script sets the answers to the next mails for the address, in their order, in place of earlier
// ones. Those for the address "" are given to the next connections, for mails to any address, and
// only they can be at a step before [Recipient]. A mail beyond the script is answered as without
// one. Script panics at an answer that the sink could not give.
func (s *SMTP) Script(address string, answers ...MailAnswer) {
	for _, a := range answers {
		if early := a.At != Recipient && a.At != Content; early != (address == "") {
			panic(fmt.Sprintf("emulator: an answer to %q at %s", address, a.At))
		}
	}
	s.set(address, answers)
}

// RequireLogin has the sink offer AUTH PLAIN and refuse mails without this login.
func (s *SMTP) RequireLogin(user, password string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.login = &[2]string{user, password}
}

// Attempts returns all mails so far, oldest first.
func (s *SMTP) Attempts() []MailAttempt { return s.attempts.Messages() }

// smtpListener hands out the connections with their scripts.
type smtpListener struct {
	net.Listener
	sink *SMTP
}

// Accept implements net.Listener.
func (l *smtpListener) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &smtpConn{Conn: conn, sink: l.sink, reached: MailAttempt{Step: Greeting}}
	c.answer, _ = l.sink.next("")
	return c, nil
}

// smtpConn is a connection, whose answers can be slow.
type smtpConn struct {
	net.Conn
	sink    *SMTP
	answer  MailAnswer
	greeted bool

	mu       sync.Mutex
	interval time.Duration
	reached  MailAttempt // how far the conversation is
	told     bool        // an attempt was recorded
}

// reach notes a step, in case that it is the last.
func (c *smtpConn) reach(step Step, to string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reached = MailAttempt{Step: step, To: to}
}

// tell records an attempt.
func (c *smtpConn) tell(a MailAttempt) {
	c.mu.Lock()
	c.told = true
	c.mu.Unlock()
	a.At = c.sink.now()
	c.sink.attempts.add(a)
}

// Close implements net.Conn. A conversation that came to no answer is an attempt, too.
func (c *smtpConn) Close() error {
	c.mu.Lock()
	told, reached := c.told, c.reached
	c.mu.Unlock()
	if !told {
		c.tell(reached)
	}
	return c.Conn.Close()
}

// plainConn returns the connection below TLS.
func plainConn(c net.Conn) *smtpConn {
	if secure, ok := c.(*tls.Conn); ok {
		c = secure.NetConn()
	}
	return c.(*smtpConn) // smtpListener made it
}

func (c *smtpConn) slow(interval time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interval = interval
}

// Write implements net.Conn. The first call writes the greeting, for which the server has no hook.
func (c *smtpConn) Write(b []byte) (int, error) {
	if !c.greeted {
		c.greeted = true
		if c.answer.At == Greeting {
			err := c.sink.give(c, c.answer, MailAttempt{})
			if refusal, ok := errors.AsType[*smtp.SMTPError](err); ok {
				_, _ = fmt.Fprintf(c.Conn, "%d go away\r\n", refusal.Code)
				_ = c.Close()
			}
			if err != nil {
				return 0, net.ErrClosed
			}
		}
	}
	c.mu.Lock()
	interval := c.interval
	c.mu.Unlock()
	if interval == 0 {
		return c.Conn.Write(b)
	}
	return drip(c.sink.closing, c.Conn, b, interval)
}

// give gives an answer: it waits, records the attempt if it ends here, and returns the refusal, or
// an error if the connection was dropped.
func (s *SMTP) give(c *smtpConn, a MailAnswer, attempt MailAttempt) error {
	if a.Drip > 0 {
		c.slow(a.Drip)
	}
	attempt.Step, attempt.Code = a.At, a.Code
	if a.Drop {
		attempt.Code = 0
	}
	if a.Drop || a.Code != 0 {
		c.tell(attempt)
	}
	if a.Wait != nil {
		select {
		case <-a.Wait:
		case <-s.closing.Done():
		}
	}
	switch {
	case a.Drop:
		reset(c.Conn)
		return net.ErrClosed
	case a.Code != 0:
		return &smtp.SMTPError{Code: a.Code, EnhancedCode: smtp.EnhancedCode(a.Enhanced), Message: "refused by the sink"}
	}
	return nil
}

// smtpSession is one connection.
type smtpSession struct {
	sink   *SMTP
	conn   *smtpConn
	known  bool // the user has logged in
	from   string
	to     []string
	answer MailAnswer // at Content
}

// AuthMechanisms implements smtp.AuthSession.
func (s *smtpSession) AuthMechanisms() []string {
	if s.sink.demands() == nil {
		return nil
	}
	return []string{sasl.Plain}
}

func (s *SMTP) demands() *[2]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.login
}

// Auth implements smtp.AuthSession.
func (s *smtpSession) Auth(string) (sasl.Server, error) {
	s.conn.reach(Login, "")
	return sasl.NewPlainServer(func(_, user, password string) error {
		if s.conn.answer.At == Login {
			if err := s.sink.give(s.conn, s.conn.answer, MailAttempt{}); err != nil {
				return err
			}
		}
		if login := s.sink.demands(); login != nil && *login != [2]string{user, password} {
			return s.sink.give(s.conn, MailAnswer{At: Login, Code: 535, Enhanced: [3]int{5, 7, 8}}, MailAttempt{})
		}
		s.known = true
		return nil
	}), nil
}

// Mail implements smtp.Session.
func (s *smtpSession) Mail(from string, _ *smtp.MailOptions) error {
	s.conn.reach(Sender, "")
	if s.sink.demands() != nil && !s.known {
		return s.sink.give(s.conn, MailAnswer{At: Sender, Code: 530, Enhanced: [3]int{5, 7, 0}}, MailAttempt{})
	}
	s.from = from
	if s.conn.answer.At == Sender {
		return s.sink.give(s.conn, s.conn.answer, MailAttempt{})
	}
	return nil
}

// Rcpt implements smtp.Session.
func (s *smtpSession) Rcpt(to string, _ *smtp.RcptOptions) error {
	s.conn.reach(Recipient, to)
	answer, scripted := s.sink.next(to)
	switch {
	case scripted:
	case strings.HasPrefix(to, "bounce"):
		answer = MailAnswer{At: Recipient, Code: 550, Enhanced: [3]int{5, 1, 1}}
	case strings.HasPrefix(to, "later"):
		answer = MailAnswer{At: Recipient, Code: 451, Enhanced: [3]int{4, 7, 1}}
	default:
		answer = s.sink.faulty(to)
	}
	if answer.At == Recipient {
		if err := s.sink.give(s.conn, answer, MailAttempt{To: to}); err != nil {
			return err
		}
	} else {
		s.answer = answer
	}
	s.to = append(s.to, to)
	return nil
}

// Data implements smtp.Session.
func (s *smtpSession) Data(r io.Reader) error {
	to := strings.Join(s.to, ",")
	s.conn.reach(Content, to)
	raw, err := io.ReadAll(r)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return err // the client has gone before the end
	}
	if err == nil {
		err = checkMail(raw)
	}
	var received Mail
	if err == nil {
		received, err = parseMail(raw)
	}
	if err != nil {
		s.conn.tell(MailAttempt{To: to, Step: Content, Code: 554})
		return &smtp.SMTPError{Code: 554, EnhancedCode: smtp.EnhancedCode{5, 6, 0}, Message: err.Error()}
	}
	received.From, received.To = s.from, s.to
	s.answer.At = Content
	refused := s.answer.Drop || s.answer.Code != 0
	attempt := MailAttempt{To: to, Step: Content, Code: 250, Taken: !refused || s.answer.Taken}
	if attempt.Taken {
		s.sink.add(received)
	}
	if !refused {
		s.conn.tell(attempt)
	}
	return s.sink.give(s.conn, s.answer, attempt)
}

// Reset implements smtp.Session.
func (s *smtpSession) Reset() { s.from, s.to, s.answer = "", nil, MailAnswer{} }

// Logout implements smtp.Session.
func (s *smtpSession) Logout() error { return nil }
