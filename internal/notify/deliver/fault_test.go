package deliver

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/device"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/notify"
)

// devices returns the ids of the user's devices, sorted.
func (b *bench) devices() (ids []string) {
	b.t.Helper()
	snaps, err := device.Of(account.Ref(b.fs, uid)).Documents(b.t.Context()).GetAll()
	if err != nil {
		b.t.Fatal(err)
	}
	for _, snap := range snaps {
		ids = append(ids, snap.Ref.ID)
	}
	slices.Sort(ids)
	return ids
}

// arguments are refusals of a push that differ in what they blame.
var arguments = map[string]emulator.PushAnswer{
	"the token":   {Status: 400, Code: "INVALID_ARGUMENT", Fields: []string{"message.token"}},
	"the payload": {Status: 400, Code: "INVALID_ARGUMENT", Fields: []string{"message.data[0].key"}},
	"nothing":     {Status: 400, Code: "INVALID_ARGUMENT"},
}

func TestPush_refused(t *testing.T) {
	const phone, tablet = "token-1", "token-2"
	both := []string{phone, tablet}
	for name, tt := range map[string]struct {
		tokens []string
		answer string
		// of are the tokens that get the answer.
		of []string
		// parked reports whether the event cannot heal, and left are the devices after three such events.
		parked bool
		left   []string
	}{
		"one token":      {both, "the token", []string{phone}, false, []string{tablet}},
		"the only token": {[]string{phone}, "the token", []string{phone}, false, nil},
		"each token":     {both, "the token", both, false, nil},

		"the payload":                {both, "the payload", both, true, both},
		"the payload for one device": {[]string{phone}, "the payload", []string{phone}, true, []string{phone}},
		"the payload, by one of two": {both, "the payload", []string{phone}, false, []string{tablet}},

		"for no reason on one":             {both, "nothing", []string{phone}, false, []string{tablet}},
		"for no reason on all":             {both, "nothing", both, true, both},
		"for no reason on the only device": {[]string{phone}, "nothing", []string{phone}, false, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			for _, token := range tt.tokens {
				b.saveDevice(token, token)
			}
			for i := range refusals {
				for _, token := range tt.of {
					b.fcm.Script(token, arguments[tt.answer])
				}
				failure := event.ScanFailedV1{UID: string(uid), ScanID: "s", ConsentEpoch: 1, Code: "no_face"}
				err := b.consumer.Handle(t.Context(), messageOf(t, failure, fmt.Sprint(i)))
				if parked := errors.Is(err, event.ErrMalformed); parked != tt.parked || !parked && err != nil {
					t.Fatalf("event %d: error %v, want it parked = %v", i, err, tt.parked)
				}
				if i < refusals-1 && len(b.devices()) != len(tt.tokens) {
					t.Errorf("after event %d the devices are %v", i, b.devices())
				}
			}
			if diff := cmp.Diff(tt.left, b.devices()); diff != "" {
				t.Errorf("devices (-want +got):\n%s", diff)
			}
			if n := len(b.smtp.Messages()); n != refusals {
				t.Errorf("%d mails, want %d", n, refusals)
			}
		})
	}
}

// The app registers the device again in between, so that the refusals are not in a row.
func TestPush_refusedBetweenRegistrations(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	for i := range 2 * refusals {
		if i%2 == 0 {
			b.saveDevice("phone", "token-1")
		}
		b.fcm.Script("token-1", arguments["the token"])
		b.handle(event.ScanFailedV1{UID: string(uid), ScanID: "s", ConsentEpoch: 1, Code: "no_face"}, fmt.Sprint(i))
	}
	if diff := cmp.Diff([]string{"phone"}, b.devices()); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
}

// Whatever the provider does once, each device and the mailbox have the message once in the end,
// by one request more.
func TestFaults_oneOfEachInTheEnd(t *testing.T) {
	for name, tt := range map[string]struct {
		answer emulator.PushAnswer
		class  string
		// repeated is set if the device may have the push twice, under one tag.
		repeated bool
	}{
		"too many":                  {emulator.PushAnswer{Status: 429, Code: "QUOTA_EXCEEDED"}, "quota", false},
		"internal":                  {emulator.PushAnswer{Status: 500, Code: "INTERNAL"}, "internal", false},
		"unavailable":               {emulator.PushAnswer{Status: 503, Code: "UNAVAILABLE"}, "unavailable", false},
		"our credentials":           {emulator.PushAnswer{Status: 401, Code: "THIRD_PARTY_AUTH_ERROR"}, "auth", false},
		"our project":               {emulator.PushAnswer{Status: 403}, "auth", false},
		"a page of the front end":   {emulator.PushAnswer{Status: 502, Body: "<html>Bad Gateway"}, "unavailable", false},
		"reset before it was taken": {emulator.PushAnswer{Break: emulator.BreakUntaken}, "network", false},
		"reset after it was taken":  {emulator.PushAnswer{Break: emulator.BreakTaken}, "network", true},
		"an answer that is cut":     {emulator.PushAnswer{Status: 503, Break: emulator.BreakAnswer}, "network", false},
		"an acceptance that is cut": {emulator.PushAnswer{Break: emulator.BreakAnswer}, "", false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.saveDevice("phone", "token-1")
			b.saveDevice("tablet", "token-2")
			b.fcm.Script("token-1", tt.answer)
			id := idOf(scanDone("s"), "s")
			err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s"))
			if (err != nil) != (tt.class != "") {
				t.Fatalf("error = %v", err)
			}
			if tt.class != "" {
				b.wantLeg(id, notify.Push, failed, tt.class)
			}
			b.now = b.now.Add(time.Minute) // which FCM wants after too many, without saying it
			for range 2 {
				b.handle(scanDone("s"), "s")
			}
			requests, pushes := 3, 2
			if tt.class == "" {
				requests = 2
			}
			if tt.repeated {
				pushes = 3
			}
			b.want(1, pushes, 1)
			if n := len(b.fcm.Attempts()); n != requests {
				t.Errorf("%d requests, want %d", n, requests)
			}
			tags := map[string]bool{}
			for _, p := range b.fcm.Messages() {
				tags[p.APNSHeaders["apns-collapse-id"]] = true
			}
			if len(tags) != 1 || len(b.devices()) != 2 {
				t.Errorf("tags %v, devices %v", tags, b.devices())
			}
		})
	}
}

func TestPush_hasAnEnd(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.handle(scanDone("s"), "s")
	got := b.fcm.Messages()[0]
	want := map[string]string{
		"apns-collapse-id": idOf(scanDone("s"), "s"), "apns-priority": "10",
		"apns-expiration": fmt.Sprint(start.AddDate(0, 0, 1).Unix()),
	}
	if diff := cmp.Diff(want, got.APNSHeaders); diff != "" {
		t.Errorf("headers of APNs (-want +got):\n%s", diff)
	}
	if got.TTL != "86400s" || got.WebpushHeaders["TTL"] != "86400" || got.Priority != "high" {
		t.Errorf("push = %+v", got)
	}
}

// The mail server fails once, at each step.
func TestMailFaults_oneMailInTheEnd(t *testing.T) {
	t.Parallel()
	const to = "ann@example.com"
	for name, tt := range map[string]struct {
		answer emulator.MailAnswer
		// class or reason is what the leg says after it.
		class, reason string
		// mails is the number of mails in the end.
		mails int
	}{
		"no service":          {emulator.MailAnswer{At: emulator.Greeting, Code: 421}, "unavailable", "", 1},
		"greylisting":         {emulator.MailAnswer{At: emulator.Recipient, Code: 451}, "greylisted", "", 1},
		"no room":             {emulator.MailAnswer{At: emulator.Sender, Code: 452}, "unavailable", "", 1},
		"no such mailbox":     {emulator.MailAnswer{At: emulator.Recipient, Code: 550}, "", "address_refused", 0},
		"no such sender":      {emulator.MailAnswer{At: emulator.Sender, Code: 550}, "", "mail_refused", 0},
		"too much":            {emulator.MailAnswer{At: emulator.Content, Code: 552}, "", "mail_refused", 0},
		"unwanted content":    {emulator.MailAnswer{At: emulator.Content, Code: 554}, "", "mail_refused", 0},
		"lost before content": {emulator.MailAnswer{At: emulator.Recipient, Drop: true}, "network", "", 1},
		"lost, not taken":     {emulator.MailAnswer{At: emulator.Content, Drop: true}, "unknown", "", 1},
		"lost, but taken":     {emulator.MailAnswer{At: emulator.Content, Drop: true, Taken: true}, "unknown", "", 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t)
			b.save(ann())
			b.saveDevice("phone", "token-1")
			key := to
			if tt.answer.At == emulator.Greeting || tt.answer.At == emulator.Sender {
				key = ""
			}
			b.smtp.Script(key, tt.answer)
			id := idOf(scanDone("s"), "s")
			err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s"))
			if (err != nil) != (tt.class != "") {
				t.Fatalf("error = %v", err)
			}
			if tt.class != "" {
				b.wantLeg(id, notify.Email, failed, tt.class)
			} else {
				b.wantLeg(id, notify.Email, skipped, tt.reason)
			}
			for range 2 {
				b.handle(scanDone("s"), "s")
			}
			b.want(1, 1, tt.mails)
			ids := map[string]bool{}
			for _, m := range b.smtp.Messages() {
				ids[m.MessageID] = true
			}
			if len(ids) > 1 {
				t.Errorf("Message-IDs %v, want one", ids)
			}
		})
	}
}

// The ratio that an alert is set on is made of these lines. It changes what the log goes to, and so
// is not parallel.
func TestReport_logsEachAttempt(t *testing.T) {
	b := newBench(t)
	b.save(ann())
	b.saveDevice("phone", "token-1")
	b.smtp.Script("", emulator.MailAnswer{At: emulator.Greeting, Code: 421})
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	if err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s")); err == nil {
		t.Error("no error, though the mail server has no service")
	}
	b.handle(scanDone("s"), "s")

	got := map[string]int{}
	for text := range strings.Lines(logged.String()) {
		var line struct{ Msg, Channel string }
		if err := json.Unmarshal([]byte(text), &line); err != nil {
			t.Fatal(err)
		}
		if line.Channel != "" {
			got[line.Channel+": "+line.Msg]++
		}
	}
	want := map[string]int{
		"push: a message was sent": 1, "email: a message could not be sent": 1, "email: a message was sent": 1,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("lines (-want +got):\n%s", diff)
	}
}

func TestMail_refusedLogin(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.smtp.RequireLogin("facescan", "right")
	id := idOf(scanDone("s"), "s")
	if err := b.consumer.Handle(t.Context(), messageOf(t, scanDone("s"), "s")); err == nil {
		t.Fatal("no error")
	}
	if l := b.leg(id, notify.Email); l.State != failed || len(b.smtp.Messages()) > 0 {
		t.Errorf("leg = %+v", l)
	}
}

// Mails that can be turned off say how, and others do not.
func TestMail_unsubscribing(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.save(ann())
	b.handle(scanDone("s"), "s")
	b.handle(event.DeviceAddedV1{UID: string(uid), DeviceID: "new", Platform: "ios", AddedAt: start}, "new")
	b.want(2, 0, 2)
	mails := b.smtp.Messages()
	link := strings.Trim(mails[0].Header.Get("List-Unsubscribe"), "<>")
	token, ok := strings.CutPrefix(link, "https://api.facescan.example/v1/unsubscribe/")
	token, _, _ = strings.Cut(token, "?")
	of, kinds, opened := b.consumer.Unsubscriber.Open(token)
	if !ok || !opened || of != uid || !slices.Equal(kinds, []notify.Kind{notify.ScanCompleted}) {
		t.Errorf("link %q turns off %v of %q", link, kinds, of)
	}
	if got := mails[0].Header.Get("List-Unsubscribe-Post"); got != "List-Unsubscribe=One-Click" {
		t.Errorf("List-Unsubscribe-Post = %q", got)
	}
	if !strings.Contains(mails[0].Text, link) || !strings.Contains(mails[0].HTML, html.EscapeString(link)) {
		t.Errorf("the link is not in %s", mails[0].Text)
	}
	for _, name := range []string{"List-Unsubscribe", "List-Unsubscribe-Post"} {
		if got := mails[1].Header.Get(name); got != "" {
			t.Errorf("a critical mail has %s: %s", name, got)
		}
	}
}
