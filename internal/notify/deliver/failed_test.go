package deliver

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/outbox"
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

func (b *bench) failed(uid account.UID) (all []Failed) {
	b.t.Helper()
	for f, err := range ListFailed(b.t.Context(), b.fs, uid, func() {}) {
		if err != nil {
			b.t.Fatal(err)
		}
		all = append(all, f)
	}
	return all
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
	if topic, err := Redrive(t.Context(), dry, uid, id); err != nil || topic != "scan-completed-v1" {
		t.Errorf("dry: %s, %v", topic, err)
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
