package deliver

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

func TestHandle_eachEventTwice(t *testing.T) {
	tests := []struct {
		data          event.Payload
		title, body   string
		pushes, mails int
		dataOfItem    map[string]string
	}{
		{
			event.AccountRegisteredV1{UID: string(uid)}, "Welcome to FaceScan", "Your account is ready.", 2, 1,
			map[string]string{},
		},
		{
			scanDone("s"), "Your scan is ready",
			"About 71; this photo can tell it to between 41 and 94: your symmetry percentile among the reference portraits.",
			2, 1, map[string]string{"scanId": "s"},
		},
		{
			event.ScanFailedV1{UID: string(uid), ScanID: "s", ConsentEpoch: 1, Code: "no_face"},
			"Your photo could not be measured", "We found no face in the photo.", 2, 1,
			map[string]string{"scanId": "s", "code": "no_face"},
		},
		{
			event.PersonalBestReachedV1{
				UID: string(uid), ScanID: "s", Board: "b", ConsentEpoch: 1, Score: 71.24, Interval: event.Around(41.8, 93.1),
				Previous: 68,
			},
			"A new personal high", "About 71; this photo can tell it to between 41 and 94. It is your highest", 2, 0,
			map[string]string{"scanId": "s", "board": "b"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.data.EventType(), func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.saveDevice("phone", "token-1")
			b.saveDevice("tablet", "token-2")
			b.handle(tt.data, "s")
			b.handle(tt.data, "s")
			b.want(1, tt.pushes, tt.mails)
			snap, err := notify.Inbox(account.Ref(b.fs, uid)).Doc(idOf(tt.data, "s")).Get(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var one notify.Item
			if err := snap.DataTo(&one); err != nil {
				t.Fatal(err)
			}
			if one.Read || one.Type != tt.data.EventType() || one.Title != tt.title ||
				!strings.HasPrefix(one.Body, tt.body) || !cmp.Equal(one.Data, tt.dataOfItem) {
				t.Errorf("item = %+v", one)
			}
		})
	}
}

func TestHandle_push(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.saveDevice("reinstalled", "token-1")
	b.handle(scanDone("s"), "s")
	b.want(1, 1, 1)
	got, id := b.fcm.Messages()[0], idOf(scanDone("s"), "s")
	if got.Token != "token-1" || got.Title != "Your scan is ready" || got.CollapseKey != "results" ||
		got.APNSHeaders["apns-collapse-id"] != id || !strings.Contains(string(got.Raw), `"tag":"`+id+`"`) {
		t.Errorf("push = %+v %s", got, got.Raw)
	}
	want := map[string]string{
		"scanId": "s", "type": "scan.completed.v1", "kind": "scan_completed", "eventId": id, "link": "/scans/s",
	}
	if diff := cmp.Diff(want, got.Data); diff != "" {
		t.Errorf("data (-want +got):\n%s", diff)
	}
}

func TestHandle_mail(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.handle(scanDone("s"), "s")
	b.want(1, 0, 1)
	got := b.smtp.Messages()[0]
	if got.Subject != "Your scan is ready" || got.From != "hello@facescan.example" || len(got.To) != 1 ||
		got.To[0] != "ann@example.com" ||
		got.MessageID != "<"+idOf(scanDone("s"), "s")+"@facescan.example>" ||
		got.Header.Get("Auto-Submitted") != "auto-generated" {
		t.Errorf("mail = %+v", got)
	}
	for _, text := range []string{got.Text, got.HTML} {
		if !strings.Contains(text, "About 71; this photo can tell it to between 41 and 94: your symmetry percentile") {
			t.Errorf("the score is not in %q", text)
		}
	}
	if !strings.Contains(got.HTML, "<h1") || strings.Contains(got.Text, "<") {
		t.Errorf("text and HTML are mixed up: %q, %q", got.Text, got.HTML)
	}
}

func TestHandle_eightAtOnceThenRedelivered(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	m := messageOf(t, scanDone("s"), "s")
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			if err := b.consumer.Handle(t.Context(), m); err != nil && !fault.Is(err, fault.CodeUnavailable) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	b.handle(scanDone("s"), "s")
	b.want(1, 1, 1)
}

func TestHandle_fence(t *testing.T) {
	tests := map[string]struct {
		change     func(*account.User)
		registered int // what is still sent of account.registered
	}{
		"another epoch":     {func(u *account.User) { u.ConsentEpoch = 3 }, 1},
		"consent withdrawn": {func(u *account.User) { u.Consent.Granted = false }, 1},
		"erasing":           {func(u *account.User) { u.State = account.Erasing }, 0},
		"unknown user":      {nil, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			if tt.change != nil {
				u := ann()
				tt.change(&u)
				b.save(u)
			}
			b.saveDevice("phone", "token-1")
			b.handle(scanDone("s"), "s")
			b.handle(event.ScanFailedV1{UID: string(uid), ScanID: "s", ConsentEpoch: 1, Code: "no_face"}, "s")
			b.handle(event.PersonalBestReachedV1{UID: string(uid), ScanID: "s", Board: "b", ConsentEpoch: 1}, "s")
			b.want(0, 0, 0)
			b.handle(event.AccountRegisteredV1{UID: string(uid)}, "")
			b.want(tt.registered, tt.registered, tt.registered)
		})
	}
}

func TestHandle_skips(t *testing.T) {
	tests := map[string]struct {
		change        func(*account.User)
		pushes, mails int
		channel       notify.Channel
		reason        string
	}{
		"no pushes wanted": {
			func(u *account.User) { u.Notifications = &account.Notifications{Email: true} }, 0, 1, notify.Push, "preference",
		},
		"no mails wanted": {
			func(u *account.User) { u.Notifications = &account.Notifications{Push: true} }, 1, 0, notify.Email, "preference",
		},
		"no address":         {func(u *account.User) { u.Email = "" }, 1, 0, notify.Email, "no_verified_email"},
		"unverified address": {func(u *account.User) { u.EmailVerified = false }, 1, 0, notify.Email, "no_verified_email"},
		"refused address": {
			func(u *account.User) { u.Email = "bounce@example.com" }, 1, 0, notify.Email, "address_refused",
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			u := ann()
			tt.change(&u)
			b.save(u)
			b.saveDevice("phone", "token-1")
			b.handle(scanDone("s"), "s")
			b.save(ann()) // that it can be sent now comes too late
			b.handle(scanDone("s"), "s")
			b.want(1, tt.pushes, tt.mails)
			b.wantLeg(idOf(scanDone("s"), "s"), tt.channel, skipped, tt.reason)
		})
	}
}

func TestHandle_deadTokensGo(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("removed", "unregistered-1")
	b.saveDevice("foreign", "mismatched-1")
	b.saveDevice("phone", "token-1")
	b.handle(scanDone("s"), "s")
	b.want(1, 1, 1)
	left, err := device.Of(account.Ref(b.fs, uid)).Documents(t.Context()).GetAll()
	if err != nil || len(left) != 1 || left[0].Ref.ID != "phone" {
		t.Errorf("%d devices are left, %v; want phone alone", len(left), err)
	}
}

func TestHandle_expiredDeviceIsNoDevice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.now = b.now.Add(schema.DeviceLife)
	b.handle(scanDone("s"), "s")
	b.want(1, 0, 1)
}

func TestForget_leavesARenewedDevice(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.saveDevice("phone", "unregistered-1")
	targets, err := b.consumer.targets(t.Context(), uid)
	if err != nil || len(targets) != 1 {
		t.Fatalf("targets = %v, %v", targets, err)
	}
	b.saveDevice("phone", "token-2")
	if err := b.consumer.forget(t.Context(), targets[0]); err != nil {
		t.Fatal(err)
	}
	if again, err := b.consumer.targets(t.Context(), uid); err != nil || len(again) != 1 {
		t.Errorf("targets = %v, %v; want the renewed device", again, err)
	}
}

// The FCM client itself tries again for some seconds before it reports that the service is
// unavailable.
func TestHandle_retriesOnlyTheDevicesNotServed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.saveDevice("tablet", "unavailable-1")
	m := messageOf(t, scanDone("s"), "s")
	err := b.consumer.Handle(t.Context(), m)
	if err == nil || !fault.Retryable(err) {
		t.Fatalf("error = %v, want a retryable one", err)
	}
	b.want(1, 1, 1)
	b.saveDevice("tablet", "token-2")
	b.handle(scanDone("s"), "s")
	b.handle(scanDone("s"), "s")
	b.want(1, 2, 1)
	if l := b.leg(idOf(scanDone("s"), "s"), notify.Push); l.State != sent || l.Attempts != 2 || len(l.Served) != 2 {
		t.Errorf("leg = %+v", l)
	}
}

func TestHandle_mailServerDown(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	working := b.consumer.Mailer
	b.consumer.Mailer = plainMailer(t, "127.0.0.1:1")
	for range 2 {
		if err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s")); err == nil || !fault.Retryable(err) {
			t.Fatalf("error = %v, want a retryable one", err)
		}
	}
	b.want(1, 1, 0)
	b.consumer.Mailer = working
	b.handle(scanDone("s"), "s")
	b.handle(scanDone("s"), "s")
	b.want(1, 1, 1)
}

func TestHandle_mailServerBusy(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	u := ann()
	u.Email = "later@example.com"
	b.save(u)
	err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s"))
	if err == nil || !fault.Retryable(err) || strings.Contains(err.Error(), "later@") {
		t.Fatalf("error = %v, want a retryable one without the address", err)
	}
	if l := b.leg(idOf(scanDone("s"), "s"), notify.Email); l.State != failed {
		t.Errorf("leg = %+v, want it failed", l)
	}
}

func TestHandle_lease(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	id := idOf(scanDone("s"), "s")
	b.abandon(scanDone("s"), "s") // a worker claimed both and died
	b.saveDevice("phone", "token-1")
	b.now = b.now.Add(work.LeaseTime - time.Second)
	err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s"))
	if !fault.Is(err, fault.CodeUnavailable) || !fault.Retryable(err) {
		t.Fatalf("error = %v, want unavailable", err)
	}
	b.want(1, 0, 0)
	b.now = b.now.Add(time.Second)
	b.handle(scanDone("s"), "s")
	b.want(1, 1, 1)
	if l := b.leg(id, notify.Email); l.State != sent || l.Attempts != 2 {
		t.Errorf("leg = %+v, want it sent at the second attempt", l)
	}
}

// abandon claims the channels of an event as a process does that dies then.
func (b *bench) abandon(data event.Payload, scanID string) []parcel {
	b.t.Helper()
	e, err := event.Decode(messageOf(b.t, data, scanID).Data)
	if err != nil {
		b.t.Fatal(err)
	}
	msg, err := notify.NewMessage(e)
	if err != nil {
		b.t.Fatal(err)
	}
	parcels, _, err := b.consumer.claim(b.t.Context(), e, msg)
	if err != nil {
		b.t.Fatal(err)
	}
	return parcels
}

func TestFinish_ofALostClaim(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	id := idOf(scanDone("s"), "s")
	first := b.abandon(scanDone("s"), "s")
	b.now = b.now.Add(work.LeaseTime)
	second := b.abandon(scanDone("s"), "s") // another took over
	if len(first) != 2 || len(second) != 2 {
		t.Fatalf("%d and %d claims, want both channels each time", len(first), len(second))
	}
	mail := first[1]
	if err := b.consumer.finish(t.Context(), mail, failure(errors.New("no answer"))); err != nil {
		t.Fatal(err)
	}
	if got := b.leg(id, notify.Email); got.State != claimed {
		t.Errorf("state = %s: a late failure freed another's claim", got.State)
	}
	if err := b.consumer.finish(t.Context(), mail, outcome{}); err != nil {
		t.Fatal(err)
	}
	b.wantLeg(id, notify.Email, sent, "")
	if err := b.consumer.finish(t.Context(), second[1], failure(errors.New("no answer"))); err != nil {
		t.Fatal(err)
	}
	b.wantLeg(id, notify.Email, sent, "")
}

// The write of an end meets the transaction of another delivery of the event, which is aborted or
// has it aborted.
func TestFinish_writeThatIsAborted(t *testing.T) {
	t.Parallel()
	aborted := 0
	meet := func(
		ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, next grpc.UnaryInvoker,
		opts ...grpc.CallOption,
	) error {
		commit, ok := req.(*firestorepb.CommitRequest)
		if ok && len(commit.GetTransaction()) == 0 && commit.GetWrites()[0].GetCurrentDocument().GetUpdateTime() != nil {
			aborted++
			return status.Error(codes.Aborted, "too much contention on these documents")
		}
		return next(ctx, method, req, reply, conn, opts...)
	}
	project := emulatortest.UniqueProject(t)
	b := benchOver(t, project, emulatortest.Firestore(t, project, grpc.WithChainUnaryInterceptor(meet)))
	u := ann()
	u.Notifications = &account.Notifications{Push: true}
	b.save(u)
	b.saveDevice("phone", "token-1")
	b.handle(scanDone("s"), "s")
	b.wantLeg(idOf(scanDone("s"), "s"), notify.Push, sent, "")
	b.handle(scanDone("s"), "s")
	b.want(1, 1, 0)
	if aborted == 0 {
		t.Error("no write was aborted, so this shows nothing")
	}
}

func TestFinish_doesNotReviveWhatWasErased(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	id := idOf(scanDone("s"), "s")
	parcels := b.abandon(scanDone("s"), "s")
	if _, err := b.consumer.recordRef(uid, id).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range parcels {
		if err := b.consumer.finish(t.Context(), p, outcome{}); err != nil {
			t.Fatal(err)
		}
	}
	if b.record(id) != nil {
		t.Error("the delivery is back")
	}
}

func TestHandle_malformed(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	other, err := event.New("odd id/", start, "", scanDone("s"))
	if err != nil {
		t.Fatal(err)
	}
	oddID, err := event.Encode(other)
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]event.Message{
		"no event":   {Data: []byte("{")},
		"odd id":     {Data: oddID},
		"not for us": messageOf(t, event.AccountUpdatedV1{UID: string(uid)}, "s"),
		"no user": {
			Data: []byte(`{"specversion":"1.0","id":"a","type":"scan.completed.v1","source":"//facescan","data":{}}`),
		},
		"broken data": {
			Data: []byte(`{"specversion":"1.0","id":"a","type":"scan.failed.v1","source":"//facescan","data":[]}`),
		},
	}
	for name, m := range tests {
		t.Run(name, func(t *testing.T) {
			if err := b.consumer.Handle(t.Context(), m); !errors.Is(err, event.ErrMalformed) {
				t.Errorf("error = %v, want ErrMalformed", err)
			}
		})
	}
}

// Not parallel: it looks at all goroutines.
func TestHandle_leavesNoGoroutine(t *testing.T) {
	present := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, present) })
	project := emulatortest.UniqueProject(t)
	fs, err := firestore.NewClient(t.Context(), project) // that of newBench has a connection that it never closes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = fs.Close() })
	b := benchOver(t, project, fs)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.handle(scanDone("s"), "s")
	b.want(1, 1, 1)
}
