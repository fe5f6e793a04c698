package erasure_test

import (
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestReceipt_isWaitedFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "phone")
	path := w.request(t, ada)
	w.erase(t)
	waited := make(chan usertest.Answer, 1)
	go func() { waited <- w.Ask("", http.MethodGet, path+"?wait=25", "") }()
	testkit.Eventually(t, "the erasure is listened to", func() bool { return w.watcher.Hears(ada) })
	now := w.Ask("", http.MethodGet, path, "")
	if after := now.Header.Get("Retry-After"); after == "" || now.Status != http.StatusOK {
		t.Errorf("without waiting: %d, Retry-After is %q", now.Status, after)
	}
	w.finish(t)
	got := scantest.Receive(t, waited, "the receipt")
	member := usertest.Decode[struct{ State, Receipt string }](w.World, got)
	if member.State != "erased" || member.Receipt == "" || got.Header.Get("Retry-After") != "" {
		t.Errorf("%d %s", got.Status, got.Body)
	}
	if again := w.Ask("", http.MethodGet, path+"?wait=25", ""); again.Status != http.StatusOK {
		t.Errorf("one that is done is waited for: %d", again.Status)
	}
	for _, wait := range []string{"26", "x", ""} {
		if got := w.Ask("", http.MethodGet, path+"?wait="+wait, ""); got.Status != http.StatusBadRequest {
			t.Errorf("%q: %d %s", wait, got.Status, got.Body)
		}
	}
	testkit.Eventually(t, "nothing is listened to after the end", func() bool { return w.watcher.Watched() == 0 })
}
