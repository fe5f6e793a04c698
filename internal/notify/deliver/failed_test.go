package deliver

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
)

// delivering delivers what it publishes to the consumer.
type delivering struct{ to *Consumer }

func (d delivering) Publish(ctx context.Context, _ string, data []byte, attributes map[string]string) error {
	return d.to.Handle(ctx, event.Message{ID: "again", Data: data, Attributes: attributes})
}

// silent publishes nowhere.
type silent struct{}

func (silent) Publish(context.Context, string, []byte, map[string]string) error { return nil }

func (b *bench) redriver(publisher outbox.Publisher) *operate.Redriver {
	now := func() time.Time { return b.now }
	return &operate.Redriver{
		Firestore: b.fs, Outbox: outbox.New(b.fs, publisher, testkit.Writer(catalog.Operator), now),
		Acts: audit.New(b.fs, testkit.Ring(keys.ForAudit), now), By: audit.Operator, Now: now,
	}
}

func (b *bench) failed(uid account.UID) (all []Delivery) {
	b.t.Helper()
	found, err := ListFailed(b.t.Context(), b.fs, Look{UID: uid, Reads: 100, Most: 100})
	if err != nil || found.Next != "" {
		b.t.Fatalf("next %q, %v", found.Next, err)
	}
	return found.Failed
}

func TestListFailed_byPages(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.handle(scanDone("s"), "s")
	for _, id := range []string{"s1", "s2", "s3"} {
		b.saveScan(scan.ID(id), scan.Completed)
		b.now = b.now.Add(time.Hour) // so that none waits for the one before
		b.fcm.Script("token-1", emulator.PushAnswer{Status: 503, Code: "UNAVAILABLE"})
		if err := b.consumer.Handle(t.Context(), messageOf(t, scanDone(id), id)); err == nil {
			t.Fatal("it is sent while FCM refuses")
		}
	}
	for _, look := range []Look{
		{Reads: 1, Most: 9}, {Reads: 9, Most: 1}, {Reads: 2, Most: 2}, {UID: uid, Reads: 3, Most: 9}, {Reads: 9, Most: 9},
	} {
		seen, reads := map[string]int{}, 0
		for next := look; ; {
			found, err := ListFailed(t.Context(), b.fs, next)
			if err != nil {
				t.Fatal(err)
			}
			if reads += found.Reads; found.Reads > look.Reads || len(found.Failed) > look.Most {
				t.Fatalf("%+v has read %d and found %d", look, found.Reads, len(found.Failed))
			}
			for _, f := range found.Failed {
				seen[f.EventID]++
			}
			if next.After = found.Next; found.Next == "" {
				break
			}
		}
		want := map[string]int{idOf(scanDone("s1"), "s1"): 1, idOf(scanDone("s2"), "s2"): 1, idOf(scanDone("s3"), "s3"): 1}
		if diff := cmp.Diff(want, seen); diff != "" || reads != 4 {
			t.Errorf("%+v: %d read, found (-want +got):\n%s", look, reads, diff)
		}
	}
	for _, look := range []Look{
		{After: "x"}, {After: "users/a/inbox/b"}, {After: "users//deliveries/b"}, {UID: uid, After: "users/eve/deliveries/b"},
	} {
		look.Reads, look.Most = 1, 1
		if _, err := ListFailed(t.Context(), b.fs, look); !errors.Is(err, ErrAfter) {
			t.Errorf("%+v: %v", look, err)
		}
	}
}

func TestRedrive(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	fail := func() {
		t.Helper()
		b.fcm.Script("token-1", emulator.PushAnswer{Status: 503, Code: "UNAVAILABLE"})
		if err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s")); err == nil {
			t.Fatal("it is sent while FCM refuses")
		}
		b.now = b.now.Add(time.Minute)
	}
	fail()
	all := b.failed("")
	if len(all) != 1 || len(b.failed(uid)) != 1 || len(b.failed("another")) != 0 || all[0].UID != uid {
		t.Fatalf("failed: %+v", all)
	}
	id := all[0].EventID
	if f, err := GetFailed(t.Context(), b.fs, uid, id); err != nil || f.EventID != id || len(f.Channels) != 2 {
		t.Errorf("%+v, %v", f, err)
	}
	dry := b.redriver(silent{})
	dry.DryRun = true
	if sent, err := Redrive(t.Context(), dry, uid, id); err != nil || sent.Topic != "scan-completed-v1" {
		t.Errorf("dry: %+v, %v", sent, err)
	}
	// Two ask for the same; what the first publishes is on its way.
	if _, err := Redrive(t.Context(), b.redriver(silent{}), uid, id); err != nil {
		t.Fatal(err)
	}
	if _, err := Redrive(t.Context(), b.redriver(silent{}), uid, id); !errors.Is(err, operate.ErrRedriven) {
		t.Errorf("the second: %v", err)
	}
	fail()
	if _, err := Redrive(t.Context(), b.redriver(delivering{b.consumer}), uid, id); err != nil {
		t.Fatal(err)
	}
	b.wantLeg(id, notify.Push, sent, "unavailable") // the class of the last failure stays
	b.want(1, 1, 1)
	if left := b.failed(""); len(left) != 0 {
		t.Errorf("failed: %+v", left)
	}
	if _, err := Redrive(t.Context(), b.redriver(silent{}), uid, id); !errors.Is(err, ErrNotFailed) {
		t.Errorf("of what was sent: %v", err)
	}
	for _, other := range []string{"", "a/b", "nothing"} {
		if _, err := Redrive(t.Context(), b.redriver(silent{}), uid, other); !errors.Is(err, ErrNotFailed) {
			t.Errorf("of %q: %v", other, err)
		}
	}
}
