package deliver

import (
	"testing"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
)

func TestHandle_deletedScan(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.saveScan("other", scan.Completed)
	best := event.PersonalBestReachedV1{
		UID: string(uid), ScanID: "s", Board: "b", ConsentEpoch: 1, Score: 71.24, Previous: 68,
	}
	b.handle(event.AccountRegisteredV1{UID: string(uid)}, "")
	b.handle(scanDone("other"), "other")
	b.handle(scanDone("s"), "s")
	b.handle(best, "s")
	b.want(4, 2, 2) // what follows the first result soon waits

	b.saveScan("s", scan.Deleting)
	gone := event.ScanDeletedV1{UID: string(uid), ScanID: "s", ConsentEpoch: 1, CompletedAt: start}
	b.handle(gone, "s")
	b.handle(gone, "s")
	b.want(2, 2, 2)
	for _, kept := range []string{idOf(event.AccountRegisteredV1{}, ""), idOf(scanDone("other"), "other")} {
		if snap, err := notify.Inbox(account.Ref(b.fs, uid)).Doc(kept).Get(t.Context()); err != nil || !snap.Exists() {
			t.Errorf("an item about something else is gone: %v", err)
		}
		if b.record(kept) == nil {
			t.Error("a delivery about something else is gone")
		}
	}
	for _, id := range []string{idOf(scanDone("s"), "s"), idOf(best, "s")} {
		if r := b.record(id); r != nil {
			t.Errorf("%+v is left", r)
		}
	}

	t.Run("is not told of again", func(t *testing.T) {
		b.handle(scanDone("s"), "s")
		if _, err := b.fs.Collection("scans").Doc("s").Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.handle(scanDone("s"), "s")
		b.handle(best, "s")
		b.want(2, 2, 2)
	})
}
