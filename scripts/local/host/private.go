package host

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/catalog"
)

// Paths of the private port.
const (
	eventPath = "/events/" // with the function's name: where its push subscriptions deliver
	mailPath  = "/mails"
	pushPath  = "/pushes"
)

// readHeaderTimeout bounds the wait for the header of a request to the private port.
const readHeaderTimeout = 10 * time.Second

// private is what no client of the API may reach: the event functions, and what was sent to the users.
type private struct {
	socket net.Listener
	server *http.Server
	served chan struct{} // closed when the server has stopped; nil until it serves
}

// listenPrivate takes a free port of 127.0.0.1, whatever the public one is bound to.
func listenPrivate(ctx context.Context) (*private, error) {
	socket, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for events: %w", err)
	}
	return &private{socket: socket, server: &http.Server{ReadHeaderTimeout: readHeaderTimeout}}, nil
}

func (p *private) url() string { return "http://" + p.socket.Addr().String() }

// eventURL returns where the events of a function are delivered.
func (p *private) eventURL(function string) string { return p.url() + eventPath + function }

// serve answers with the event functions among functions, and with what the sinks of h received.
func (p *private) serve(h *Host, functions map[string]http.Handler) {
	mux := http.NewServeMux()
	for _, f := range catalog.Functions() {
		if f.Trigger != catalog.HTTP {
			mux.Handle(eventPath+f.Name, functions[f.Name])
		}
	}
	mux.HandleFunc("GET "+mailPath, list(h.Mail.Messages))
	mux.HandleFunc("GET "+pushPath, list(h.Push.Messages))
	p.server.Handler = mux
	p.served = make(chan struct{})
	go func() {
		defer close(p.served)
		_ = p.server.Serve(p.socket) // always the error of a closed listener: close is the only way out
	}()
}

// list answers with what was received so far, oldest first, as JSON.
func list[T any](messages func() []T) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		to := json.NewEncoder(w)
		to.SetEscapeHTML(false)
		to.SetIndent("", "  ")
		_ = to.Encode(append([]T{}, messages()...)) // a reader who is gone misses nothing
	}
}

// close cuts the deliveries under way off; Pub/Sub would repeat them, but ends next.
func (p *private) close() error {
	err := p.server.Close()
	_ = p.socket.Close() // which the server does not know unless it serves
	if p.served != nil {
		<-p.served
	}
	if err != nil && !errors.Is(err, net.ErrClosed) {
		return fmt.Errorf("close the private port: %w", err)
	}
	return nil
}

// MailURL returns where the mails sent so far are listed as JSON, http://127.0.0.1:port/mails.
func (h *Host) MailURL() string { return h.private.url() + mailPath }

// PushURL returns where the push messages sent so far are listed as JSON, http://127.0.0.1:port/pushes.
func (h *Host) PushURL() string { return h.private.url() + pushPath }

// EventURL returns where the events of a function are delivered, http://127.0.0.1:port/events/FUNCTION.
func (h *Host) EventURL(function string) string { return h.private.eventURL(function) }
