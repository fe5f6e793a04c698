package erasure_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

// rotated returns the ring after a rotation.
func rotated(use keys.Use) keys.Ring {
	return keys.NewRing(use, []byte("the next key for "+use), testkit.Secret(use))
}

// A rotation in the middle of an erasure: its user has the receipt's URL, the last mail names it,
// and a replay knows the tombstones of both secrets.
func TestErasure_rotated(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.MoveIn(bob, byBoth, "token-of-bob")
	backup := w.backup(t)
	path := w.request(t, ada)
	w.erase(t) // the tombstone of the beginning has the earlier secret's name
	mails := len(w.Mail.Messages())
	w.eraser.Key, w.eraser.ErasedKey = rotated(keys.ForReceipts), rotated(keys.ForErased)
	w.finish(t)

	status, answer, _ := w.call(t, http.MethodGet, path, "")
	if status != http.StatusOK || answer["state"] != "erased" {
		t.Fatalf("the receipt: %d %v", status, answer)
	}
	for _, m := range w.Mail.Messages()[mails:] {
		if strings.Contains(m.Text, "/v1/erasures/") && !strings.Contains(m.Text, path) {
			t.Errorf("the last mail has another receipt's URL: %s", m.Text)
		}
	}
	w.restore(t, backup)
	var did []erasure.Deed
	for _, r := range w.replayBy(t, rotated(keys.ForReceipts), rotated(keys.ForErased)) {
		did = append(did, r.Did)
	}
	if diff := cmp.Diff([]erasure.Deed{erasure.EraseAgain}, did); diff != "" {
		t.Errorf("replayed (-want +got):\n%s", diff)
	}
}

// Another use's secret, however it came into a ring, finds nothing.
func TestReplay_byTheWrongSecret(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.MoveIn(ada, byBoth, "token-of-ada")
	backup := w.backup(t)
	w.request(t, ada)
	w.erase(t)
	w.finish(t)
	w.restore(t, backup)
	stolen := keys.NewRing(keys.ForErased, testkit.Secret(keys.ForReceipts))
	if done := w.replayBy(t, testkit.Ring(keys.ForReceipts), stolen); len(done) > 0 {
		t.Errorf("replayed %+v", done)
	}
}
