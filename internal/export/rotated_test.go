package export_test

import (
	"context"
	"errors"
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/testkit"
)

// dead is a publisher whose process ended.
type dead struct{}

func (dead) Publish(context.Context, string, []byte, map[string]string) error {
	return errors.New("the process ended")
}

// A rotation in the middle of an export: what was asked for and signed before it is built after it,
// and counted once.
func TestExport_rotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	before, after := []byte("the secret before"), []byte("the secret after")
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	(&export.Handler{
		Firestore: w.Firestore, Watcher: w.watcher, Results: w.Results, Signing: w.Signing, Now: w.Clock,
		Outbox: outbox.New(w.Firestore, dead{}, keys.NewRing(keys.ForOutbox, before).OfWriter("profile"), w.Clock),
		Limits: quota.New(w.Firestore, keys.NewRing(keys.ForLimits, before), w.Clock),
	}).Routes(api)
	w.API, api = api, w.API
	asked := w.ask(t)
	w.API = api

	w.Advance(outbox.SweepAge)
	rotated := keys.NewRing(keys.ForOutbox, after, before)
	box := outbox.New(w.Firestore, w.Publisher, testkit.Writer("sweep"), w.Clock)
	may := func(writer, _ string) bool { return writer == "profile" }
	if n, err := box.Judging(rotated, may).SweepAbandoned(t.Context()); n != 1 || err != nil {
		t.Fatalf("%d events are published, %v", n, err)
	}
	w.deliver(t)
	ready := w.call(t, http.MethodGet, ada, http.StatusOK)
	if ready.ID != asked.ID || ready.State != "ready" {
		t.Fatalf("asked for %+v, got %+v", asked, ready)
	}
	w.download(t, ready)
	if again := w.ask(t); again.ID != asked.ID {
		t.Errorf("asked again it is another: %+v", again)
	}
}
