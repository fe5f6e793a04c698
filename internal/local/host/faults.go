package host

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/faults/seams"
)

// maxFaults bounds a posted specification, in bytes.
const maxFaults = 1024

// storageVariable names to the functions' process the host:port of Cloud Storage in signed URLs,
// which are the clients': its own requests go to another port.
const storageVariable = "FACESCAN_LOCAL_STORAGE"

// heldFaults returns the injector, or one without faults, paused until the system is up.
func heldFaults(wanted *faults.Injector) *faults.Injector {
	i := cmp.Or(wanted, faults.New(nil, 0))
	i.Pause()
	return i
}

// openSinks puts the faults before the push messages and the mails. The functions alone send any.
func (h *Host) openSinks() {
	h.Push.SetFault(func(token string) emulator.PushAnswer {
		f := h.faults.Draw(faults.FCM, token)
		answer := emulator.PushAnswer{Wait: delayed(f)}
		switch {
		case f.Refused != "":
			answer.Status, answer.Code, answer.Message = http.StatusServiceUnavailable, "UNAVAILABLE", "a fault on purpose"
		case f.Drop || f.Kill != nil:
			answer.Break = emulator.BreakTaken
		}
		return answer
	})
	h.Mail.SetFault(func(to string) emulator.MailAnswer {
		f := h.faults.Draw(faults.Mail, to)
		switch wait := delayed(f); {
		case f.Refused != "":
			return emulator.MailAnswer{At: emulator.Recipient, Code: 451, Enhanced: [3]int{4, 3, 0}, Wait: wait}
		case f.Drop || f.Kill != nil:
			return emulator.MailAnswer{At: emulator.Content, Drop: true, Taken: true, Wait: wait}
		default:
			return emulator.MailAnswer{At: emulator.Content, Wait: wait}
		}
	})
}

// delayed returns what is closed once a message has waited as its fate is, and the process that
// sends it is killed if it is to be. It is nil without either.
func delayed(f faults.Fate) <-chan struct{} {
	if f.Slow <= 0 && f.Kill == nil {
		return nil
	}
	done := make(chan struct{})
	time.AfterFunc(f.Slow, func() {
		defer close(done)
		if f.Kill != nil {
			f.Kill()
		}
	})
	return done
}

// openSeams returns the environment by which the functions' process finds the services behind their
// faults. Everybody else finds them at other ports, without. Where nothing stands before the
// Firestore emulator, Firestore has no faults.
func (h *Host) openSeams(ctx context.Context, anyQuery bool) (map[string]string, error) {
	env := map[string]string{storageVariable: h.Storage.Host()}
	var err error
	behind := func(of emulator.Service, wrap func(*faults.Injector, http.Handler) http.Handler) {
		host, fault := h.stack.Beside(ctx, of, func(next http.Handler) http.Handler { return wrap(h.faults, next) })
		env[of.Env()], err = host, errors.Join(err, fault)
	}
	behind(emulator.PubSub, seams.PubSub)
	if !anyQuery {
		behind(emulator.Firestore, seams.Firestore)
	}
	host, fault := h.Storage.Beside(ctx, func(next http.Handler) http.Handler { return seams.Storage(h.faults, next) })
	for name := range h.Storage.Environ() {
		env[name] = host
	}
	return env, errors.Join(err, fault)
}

// Faults returns what injects the faults of this host, to set and to count them.
func (h *Host) Faults() *faults.Injector { return h.faults }

// getFaults answers with the specification in force, and with the faults injected so far.
func (h *Host) getFaults(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintf(w, "%s\n%s", h.faults.Spec(), h.faults.Counts()) // a reader who is gone misses nothing
}

// setFaults replaces the specification by that of the body; an empty one ends the faults.
func (h *Host) setFaults(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFaults))
	if err != nil {
		http.Error(w, "the body could not be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	spec, err := faults.Parse(string(text))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.faults.Set(spec)
	h.getFaults(w, r)
}

// crash kills the functions' processes that serve. Each is started again by its child.
func (h *Host) crash() {
	for _, pid := range h.PIDs() {
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill() // one that has ended meanwhile needs no more
		}
	}
}

// FaultsURL returns where the faults in force are read and set, http://127.0.0.1:port/dev/faults.
func (h *Host) FaultsURL() string { return h.private.url(address.Loopback) + faultsPath }
