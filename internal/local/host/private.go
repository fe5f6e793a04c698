package host

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/console"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/mailbox"
	"github.com/facescan/facescan/internal/local/operator"
	"github.com/facescan/facescan/internal/local/waterfall"
)

// Paths of the private port.
const (
	eventPath = "/events/" // with the function's name: where its events are delivered
	mailPath  = "/mails"
	pushPath  = "/pushes"
	// faultsPath is where the faults in force are read, and set by a POST of a specification as text.
	faultsPath = "/dev/faults"
)

// servePrivate serves what no client of the API may reach: the event functions, below eventPath,
// what was sent to the users, for programs and for a person, the traces, and the clock.
func (h *Host) servePrivate(events http.Handler) error {
	site, err := console.New(h.consoleAddresses())
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	site.Routes(mux)
	mux.Handle(eventPath, h.desk.Deliveries(h.faults.Handler(events)))
	mux.HandleFunc("GET "+faultsPath, h.getFaults)
	mux.HandleFunc("POST "+faultsPath, h.setFaults)
	mux.HandleFunc("GET "+operatorPath, h.getOperator)
	mux.Handle("GET "+clockPath, h.clock)
	mux.Handle("POST "+clockPath, h.clock)
	mux.HandleFunc("GET "+mailPath, list(h.Mail.Messages))
	mux.HandleFunc("GET "+pushPath, list(h.Push.Messages))
	mailbox.Sent{Mails: h.Mail.Messages, Pushes: h.Push.Messages}.Routes(mux)
	h.desk.Routes(mux, operator.Stack{
		Project: Project, Uploads: UploadsBucket, Results: ResultsBucket,
		Firestore: cmp.Or(h.stack.Behind(), os.Getenv(emulator.Firestore.Env())), Now: h.clock.Now, Traces: h.traces,
		Mails: h.Mail.Messages, Pushes: h.Push.Messages, Faults: h.faults, PIDs: h.PIDs,
	})
	if h.traces != nil {
		waterfall.Pages{Ring: h.traces, Find: h.findTraces}.Routes(mux)
	}
	h.private.serve(forThisMachine(mux))
	return nil
}

// consoleAddresses returns what the console talks to: as the console is at 127.0.0.1 alone, it
// reaches the API there, too, and links have that host.
func (h *Host) consoleAddresses() console.Addresses {
	return console.Addresses{
		API:     h.public.url(address.Loopback),
		Auth:    "http://" + os.Getenv("FIREBASE_AUTH_EMULATOR_HOST"),
		Storage: "http://" + h.Storage.Host(),
		Project: Project,
	}
}

// ConsoleURL returns where a person sees the system work, http://127.0.0.1:port/console/.
func (h *Host) ConsoleURL() string { return h.private.url(address.Loopback) + console.Path }

// forThisMachine refuses requests that a page of the internet has a browser of this machine send:
// by a name that it has turned to 127.0.0.1, or in its own.
func forThisMachine(next http.Handler) http.Handler {
	return emulator.ForThisMachine(http.NewCrossOriginProtection().Handler(next))
}

// list answers with what was received so far, oldest first, as JSON.
func list[T any](messages func() []T) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Content-Type-Options", "nosniff")
		to := json.NewEncoder(w)
		to.SetEscapeHTML(false)
		to.SetIndent("", "  ")
		_ = to.Encode(append([]T{}, messages()...)) // a reader who is gone misses nothing
	}
}

// MailURL returns where the mails sent so far are listed as JSON, http://127.0.0.1:port/mails.
func (h *Host) MailURL() string { return h.private.url(address.Loopback) + mailPath }

// PushURL returns where the push messages sent so far are listed as JSON,
// http://127.0.0.1:port/pushes.
func (h *Host) PushURL() string { return h.private.url(address.Loopback) + pushPath }

// MailboxURL returns where a person reads the mails sent so far, http://127.0.0.1:port/view/mails.
func (h *Host) MailboxURL() string { return h.private.url(address.Loopback) + mailbox.MailPath }

// PushboxURL returns where a person reads the push messages sent so far,
// http://127.0.0.1:port/view/pushes.
func (h *Host) PushboxURL() string { return h.private.url(address.Loopback) + mailbox.PushPath }

// EventURL returns where the events of a function are delivered,
// http://127.0.0.1:port/events/FUNCTION.
func (h *Host) EventURL(function string) string {
	return h.private.url(address.Loopback) + eventPath + function
}
