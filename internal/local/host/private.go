package host

import (
	"encoding/json"
	"net/http"
)

// Paths of the private port.
const (
	eventPath = "/events/" // with the function's name: where its push subscriptions deliver
	mailPath  = "/mails"
	pushPath  = "/pushes"
)

// servePrivate serves what no client of the API may reach: the event functions, below eventPath,
// what was sent to the users, and the clock.
func (h *Host) servePrivate(events http.Handler) {
	mux := http.NewServeMux()
	mux.Handle(eventPath, events)
	mux.Handle("GET "+clockPath, h.clock)
	mux.Handle("POST "+clockPath, h.clock)
	mux.HandleFunc("GET "+mailPath, list(h.Mail.Messages))
	mux.HandleFunc("GET "+pushPath, list(h.Push.Messages))
	h.private.serve(mux)
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

// MailURL returns where the mails sent so far are listed as JSON, http://127.0.0.1:port/mails.
func (h *Host) MailURL() string { return h.private.url() + mailPath }

// PushURL returns where the push messages sent so far are listed as JSON,
// http://127.0.0.1:port/pushes.
func (h *Host) PushURL() string { return h.private.url() + pushPath }

// EventURL returns where the events of a function are delivered,
// http://127.0.0.1:port/events/FUNCTION.
func (h *Host) EventURL(function string) string { return h.private.url() + eventPath + function }
