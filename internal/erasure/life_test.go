package erasure_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	scansweep "github.com/facescan/facescan/internal/scan/sweep"
	"github.com/facescan/facescan/internal/scan/upload"
	"github.com/facescan/facescan/internal/sweep"
	"github.com/facescan/facescan/internal/testkit"
)

// life is a world whose functions the test can hold at a place of their work. The test delivers
// what is published.
type life struct {
	*world
	t     *testing.T
	sweep *sweep.Consumer
	// missing is the sweep's last step.
	missing *erasure.Missing
	gate    atomic.Pointer[gate]
	// removed is what the eraser removed, by store, as the test sees it.
	removed map[string]int64

	scan   scan.ID
	ticket upload.Ticket
	series scan.SeriesID
}

// place is where in its work a function can be held.
type place string

const (
	inEngine      place = "in the engine"
	storingPhoto  place = "before the photo is stored"
	keepingResult place = "before the results are stored"
	deleting      place = "before objects are deleted"
	publishing    place = "between commit and publish"
	pushing       place = "before a push is handed over"
	pushed        place = "after a push was handed over"
	mailing       place = "before a mail is handed over"
)

// gate holds all who come to its place until it is opened.
type gate struct {
	at            place
	once          sync.Once
	taken         atomic.Bool
	reached, open chan struct{}
}

func (l *life) pass(at place) {
	g := l.gate.Load()
	if g == nil || g.at != at {
		return
	}
	g.once.Do(func() { close(g.reached) })
	<-g.open
}

// transport makes a function of an HTTP client's requests.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func newLife(t *testing.T) *life {
	t.Helper()
	l := &life{t: t, removed: map[string]int64{}}
	var relayed atomic.Pointer[string]
	push := transport(func(r *http.Request) (*http.Response, error) {
		l.pass(pushing)
		defer l.pass(pushed)
		return http.DefaultTransport.RoundTrip(r)
	})
	l.world = newWorldOf(t, usertest.Options{
		Storage: transport(l.store), Push: push, Engine: l.measure, Mailer: l.mails(t, &relayed),
		Publisher: func(next outbox.Publisher) outbox.Publisher { return publisher{l, next} },
	})
	mail := l.Mail.Host()
	relayed.Store(&mail)
	l.Handlers["erase"] = l.erase
	opts := erasure.MissingOptions{Key: testkit.Ring(keys.ForReceipts), Acts: l.Acts, Now: l.Clock}
	missing, err := erasure.NewMissing(l.Firestore, l.Outbox, l.Users, opts)
	if err != nil {
		t.Fatal(err)
	}
	scans := &scansweep.Sweeper{
		Firestore: l.Firestore, Outbox: l.Outbox, Uploads: l.Uploads, Results: l.Results,
		Publisher: publisher{l, l.Publisher}, Now: l.Clock,
	}
	exports := &export.Sweeper{Firestore: l.Firestore, Outbox: l.Outbox, Results: l.Results, Now: l.Clock}
	l.missing = missing
	l.sweep = &sweep.Consumer{Firestore: l.Firestore, Now: l.Clock, Steps: []sweep.Step{
		{Name: "events", Run: l.Outbox.SweepAbandoned},
		{Name: "scans", Run: scans.Sweep},
		{Name: "erasures", Run: l.sweeper.Sweep},
		{Name: "exports", Run: exports.Sweep},
		sweep.Expired(l.Firestore, l.Clock),
		{Name: "users", Run: missing.Sweep},
	}}
	return l
}

// store is the functions' way to Cloud Storage.
func (l *life) store(r *http.Request) (*http.Response, error) {
	switch {
	case r.Method == http.MethodDelete:
		l.pass(deleting)
	case r.Method == http.MethodPost && strings.Contains(r.URL.Path, "/b/uploads/"):
		l.pass(storingPhoto)
	case r.Method == http.MethodPost:
		l.pass(keepingResult)
	}
	return http.DefaultTransport.RoundTrip(r)
}

// measure is the engine.
func (l *life) measure(photo io.Reader, opts report.Options) (report.Report, []report.Picture, error) {
	l.pass(inEngine)
	return usertest.Measure(photo, opts)
}

// errCrashed is what a process finds that dies before it has published.
var errCrashed = errors.New("the process is dead")

// publisher takes what the functions publish. The first who is held at it dies; the sweep may
// publish the same again.
type publisher struct {
	l    *life
	next outbox.Publisher
}

func (p publisher) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	g := p.l.gate.Load()
	ends := topic == event.Topic(
		event.ScanCompletedV1{}.EventType(),
	) || topic == event.Topic(event.SeriesSettledV1{}.EventType())
	if g != nil && g.at == publishing && ends && !g.taken.Swap(true) {
		p.l.pass(publishing)
		return errCrashed
	}
	return p.next.Publish(ctx, topic, data, attributes)
}

// mails is the notifier's way to the mail server at the address. The eraser has one of its own.
func (l *life) mails(t *testing.T, to *atomic.Pointer[string]) *mail.Sender {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			client, err := listener.Accept()
			if err != nil {
				return
			}
			go l.relay(t.Context(), client, *to.Load())
		}
	}()
	return usertest.MailerTo(t, listener.Addr().String())
}

func (l *life) relay(ctx context.Context, client net.Conn, to string) {
	defer func() { _ = client.Close() }()
	l.pass(mailing)
	server, err := new(net.Dialer).DialContext(ctx, "tcp", to)
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
}

// ask is a request of ada's with a body of the type.
func (l *life) ask(method, path, kind, body string) { l.AskAs(ada, method, path, kind, body) }

// openScan gets a ticket.
func (l *life) openScan() {
	l.t.Helper()
	opened := l.Open(ada)
	l.scan, l.ticket = opened.Scan.ID, opened.Upload
}

// beginSeries opens a series of two photos, of which the first is put and measured, and has the
// ticket of the second.
func (l *life) beginSeries() {
	l.t.Helper()
	opened := l.OpenSeries(ada, 2)
	l.series, l.ticket = opened.Series.ID, opened.Uploads[0].Upload
	if status, err := l.Put(l.ticket, usertest.Photo(l.t, 1, "")); err != nil || status != http.StatusOK {
		l.t.Errorf("the storage says %d to the first photo: %v", status, err)
	}
	analyze(l)
	l.scan, l.ticket = opened.Uploads[1].ScanID, opened.Uploads[1].Upload
}

// putPhoto uploads by the ticket, as its holder may while it lasts.
func (l *life) putPhoto() {
	l.t.Helper()
	status, err := l.Put(l.ticket, usertest.Photo(l.t, 0, ""))
	if err != nil {
		l.t.Error(err)
		return
	}
	expires, err := time.Parse(time.RFC3339, l.ticket.ExpiresAt)
	if taken := l.Clock().Before(expires); err != nil || (status == http.StatusOK) != taken {
		l.t.Errorf("the storage says %d to the photo; want it taken: %v (%v)", status, taken, err)
	}
}

// sendPhoto uploads through the API.
func (l *life) sendPhoto() {
	var form bytes.Buffer
	parts := multipart.NewWriter(&form)
	photo, err := parts.CreatePart(textproto.MIMEHeader{
		"Content-Disposition": {`form-data; name="photo"; filename="p"`}, "Content-Type": {"image/jpeg"},
	})
	if err == nil {
		_, err = photo.Write(usertest.Photo(l.t, 0, ""))
	}
	if err := errors.Join(err, parts.Close()); err != nil {
		l.t.Error(err)
	}
	// How this ends depends on when the erasure begins; what it leaves does not.
	l.ask(http.MethodPost, "/v1/uploads/direct", parts.FormDataContentType(), form.String())
}

// deliver hands the functions the messages of the log from the position on, as the subscriptions of
// the catalog have it.
func (l *life) deliver(from, times int) {
	l.t.Helper()
	for log := l.Published(); from < len(log); log = l.Published() {
		m := log[from]
		from++
		for _, s := range catalog.Subscriptions() {
			handle := l.Handlers[s.Function.Name]
			if s.Topic != m.Topic || handle == nil {
				continue
			}
			for range times {
				if err := handle(l.t.Context(), m.Message); err != nil {
					l.t.Errorf("%s: %v", s.Name, err)
				}
			}
		}
	}
}

// deliverTo hands one function all messages of the log for it, once each.
func (l *life) deliverTo(function string) error {
	var faults []error
	for _, m := range l.Published() {
		if usertest.Takes(function, m.Topic) {
			faults = append(faults, l.Handlers[function](l.t.Context(), m.Message))
		}
	}
	return errors.Join(faults...)
}

// erase is the function erase. What there is no more of after it, it has removed: nothing else is
// at work then.
func (l *life) erase(ctx context.Context, m event.Message) error {
	if _, err := l.Firestore.Collection("erasures").Doc(ada).Get(ctx); err != nil {
		return l.eraser.Handle(ctx, m) // there is nothing to be done
	}
	before := l.Mentions(ada)
	err := l.eraser.Handle(ctx, m)
	after := map[string]bool{}
	for _, path := range l.Mentions(ada) {
		after[path] = true
	}
	for _, path := range before {
		if !after[path] {
			l.removed[storeOf(path)]++
		}
	}
	return err
}

// storeOf is what the receipt calls where the path is.
func storeOf(path string) string {
	switch {
	case strings.HasPrefix(path, "gs://uploads/"):
		return "photos"
	case strings.HasPrefix(path, "gs://results/exports/"):
		return "export files"
	case strings.HasPrefix(path, "gs://"):
		return "results"
	default:
		return ofCollection(path)
	}
}

// sweepAfter lets time pass and has the sweep look after everything.
func (l *life) sweepAfter(d time.Duration) {
	l.t.Helper()
	l.Advance(d)
	from := len(l.Published())
	if err := l.sweep.Sweep(l.t.Context()); err != nil {
		l.t.Error(err)
	}
	l.deliver(from, 1)
}

// begin begins the work, which goes on to the place and is held there, or stays to be begun where
// there is none. end has it go on to its end.
func (l *life) begin(work func(*life), hold place) (end func()) {
	l.t.Helper()
	if hold == "" {
		return func() { work(l) }
	}
	g := &gate{at: hold, reached: make(chan struct{}), open: make(chan struct{})}
	l.gate.Store(g)
	done := make(chan struct{})
	go func() { defer close(done); work(l) }()
	end = sync.OnceFunc(func() { close(g.open); <-done; l.gate.Store(nil) })
	l.t.Cleanup(end)
	select {
	case <-g.reached:
	case <-done:
		l.t.Fatalf("the work never came to the place %q", hold)
	case <-time.After(testkit.Patience):
		l.t.Fatalf("the work has not come to the place %q in %s", hold, testkit.Patience)
	}
	return end
}
