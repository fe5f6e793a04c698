package deliver

import (
	"net/http"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

var start = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// bench is a consumer over a database of its own, with sinks for pushes and mails.
type bench struct {
	t        *testing.T
	project  string
	fs       *firestore.Client
	fcm      *emulator.FCM
	smtp     *emulator.SMTP
	auth     *emulatortest.AuthFront
	users    *auth.Client
	consumer *Consumer
	now      time.Time
}

func newBench(t *testing.T) *bench {
	t.Helper()
	project := emulatortest.UniqueProject(t)
	return benchOver(t, project, emulatortest.Firestore(t, project))
}

func benchOver(t *testing.T, project string, fs *firestore.Client) *bench {
	t.Helper()
	b := &bench{t: t, project: project, fs: fs, now: start}
	var err error
	if b.fcm, err = emulator.NewFCM(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.fcm.Close() })
	if b.smtp, err = emulator.NewSMTP(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = b.smtp.Close() })
	b.auth = emulatortest.NewAuthFront(t)
	b.users = b.auth.Client(t, project)
	b.consumer = &Consumer{
		Firestore: fs, FCM: pushesTo(t, project, b.fcm.URL()), Mailer: plainMailer(t, b.smtp.Host()), Users: b.users,
		Unsubscriber: unsubscriber(t), Now: func() time.Time { return b.now },
	}
	b.saveScan("s", scan.Completed)
	return b
}

func pushesTo(t *testing.T, project, endpoint string) *fcm.Sender {
	t.Helper()
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	sender, err := fcm.New(fcm.Config{Project: project, Endpoint: endpoint, Transport: transport})
	if err != nil {
		t.Fatal(err)
	}
	return sender
}

func plainMailer(t *testing.T, addr string) *mail.Sender {
	t.Helper()
	m, err := mail.New(mail.Config{Addr: addr, From: "FaceScan <hello@facescan.example>", Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

const uid = account.UID("u")

// ann is a user that everything can be sent to, with the address of the registration.
func ann() account.User {
	return account.User{
		Schema: 1, UID: uid, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true, Version: "v1"},
		Email: "ann@example.com", EmailVerified: true, Revision: 7,
	}
}

// save keeps the user, and has Firebase know the same of them.
func (b *bench) save(u account.User) {
	b.t.Helper()
	if _, err := account.Ref(b.fs, u.UID).Set(b.t.Context(), u); err != nil {
		b.t.Fatal(err)
	}
	b.saveAddress(u.UID, u.Email, u.EmailVerified)
}

// saveAddress has Firebase know the user by the address, by none where that is "".
func (b *bench) saveAddress(uid account.UID, address string, verified bool) {
	b.t.Helper()
	if err := b.users.DeleteUser(b.t.Context(), string(uid)); err != nil && !auth.IsUserNotFound(err) {
		b.t.Fatal(err)
	}
	user := new(auth.UserToCreate).UID(string(uid)).EmailVerified(verified)
	if address != "" {
		user = user.Email(address)
	}
	if _, err := b.users.CreateUser(b.t.Context(), user); err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) saveScan(id scan.ID, state scan.State) {
	b.t.Helper()
	_, err := b.fs.Collection("scans").Doc(string(id)).Set(
		b.t.Context(), scan.Scan{Schema: 1, ID: id, UID: uid, State: state},
	)
	if err != nil {
		b.t.Fatal(err)
	}
}

func (b *bench) saveDevice(id, token string) {
	b.t.Helper()
	d := device.New(device.Spec{Token: token, Platform: "android"}, b.now)
	if _, err := device.Of(account.Ref(b.fs, uid)).Doc(id).Set(b.t.Context(), d); err != nil {
		b.t.Fatal(err)
	}
}

// scanDone is the event of a completed scan.
func scanDone(scanID string) event.ScanCompletedV1 {
	return event.ScanCompletedV1{
		UID: string(uid), ScanID: scanID, ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1, Score: 71.24,
		Interval: event.Around(41.8, 93.1), CompletedAt: start,
	}
}

// idOf is the event's id in messageOf.
func idOf(data event.Payload, scanID string) string { return event.ID(data.EventType(), scanID) }

func messageOf(t *testing.T, data event.Payload, scanID string) event.Message {
	t.Helper()
	e, err := event.New(idOf(data, scanID), start, "", data)
	if err != nil {
		t.Fatal(err)
	}
	body, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: "1", Data: body}
}

func (b *bench) handle(data event.Payload, scanID string) {
	b.t.Helper()
	if err := b.consumer.Handle(b.t.Context(), messageOf(b.t, data, scanID)); err != nil {
		b.t.Fatal(err)
	}
}

// want checks the numbers of inbox items, pushes and mails.
func (b *bench) want(items, pushes, mails int) {
	b.t.Helper()
	snaps, err := notify.Inbox(account.Ref(b.fs, uid)).Documents(b.t.Context()).GetAll()
	if err != nil {
		b.t.Fatal(err)
	}
	if len(snaps) != items || len(b.fcm.Messages()) != pushes || len(b.smtp.Messages()) != mails {
		b.t.Errorf("%d inbox items, %d pushes, %d mails; want %d, %d, %d",
			len(snaps), len(b.fcm.Messages()), len(b.smtp.Messages()), items, pushes, mails)
	}
}

func unsubscriber(t *testing.T) *notify.Unsubscriber {
	t.Helper()
	key := keys.NewRing(keys.ForUnsubscribing, []byte("a key of 32 bytes, for the test.."))
	u, err := notify.NewUnsubscriber("https://api.facescan.example", key)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// record is the record of the event, nil where there is none.
func (b *bench) record(eventID string) *record {
	b.t.Helper()
	return emulatortest.Document[record](b.t, b.consumer.recordRef(uid, eventID))
}

// leg is the leg of (event, channel), the zero one where there is none.
func (b *bench) leg(eventID string, c notify.Channel) leg {
	b.t.Helper()
	if r := b.record(eventID); r != nil {
		return r.Legs[string(c)]
	}
	return leg{}
}

// due delivers what is due for the user.
func (b *bench) due() {
	b.t.Helper()
	b.handle(event.DeliveryDueV1{UID: string(uid)}, b.now.String())
}

// wantLeg checks the state of a leg and the reason or class beside it.
func (b *bench) wantLeg(eventID string, c notify.Channel, want state, why string) {
	b.t.Helper()
	if l := b.leg(eventID, c); l.State != want || l.Reason+l.Fault != why {
		b.t.Errorf("the %s is %s (%s%s), want %s (%s)", c, l.State, l.Reason, l.Fault, want, why)
	}
}
