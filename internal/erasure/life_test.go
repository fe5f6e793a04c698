package erasure_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net"
	"net/http"
	"net/http/httptest"
	"net/textproto"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"
	"firebase.google.com/go/v4/messaging"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/device"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/limit"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/retention"
	"github.com/facescan/facescan/internal/scan"
)

// patience bounds waiting for what should happen at once.
const patience = 20 * time.Second

// life is a world with every function that has an effect for a user. The test delivers what is published, and can hold a
// function's work at a place.
type life struct {
	*world
	t       *testing.T
	fcm     *emulator.FCM
	sweep   *retention.Sweep
	handles map[string]func(context.Context, event.Message) error
	gate    atomic.Pointer[gate]
	// log is all that was published and all finalize notifications, in their order.
	log       []published
	finalized map[string]bool
	// removed is what the eraser removed, by store, as the test sees it.
	removed map[string]int64

	scan   scan.ID
	ticket scan.Ticket
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
	w := newWorld(t)
	w.now = time.Now().UTC() // by which URLs are signed
	l := &life{world: w, t: t, removed: map[string]int64{}, finalized: map[string]bool{}}
	var err error
	if l.fcm, err = emulator.NewFCM(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.fcm.Close() })
	gcs, err := storage.NewClient(t.Context(), append(w.storage.ClientOptions(), option.WithHTTPClient(&http.Client{Transport: transport(l.store)}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gcs.Close() })
	uploads, results := gcs.Bucket("uploads"), gcs.Bucket("results")
	box := outbox.New(w.fs, l, w.clock)
	signing := storage.SignedURLOptions{
		GoogleAccessID: w.storage.Account(), PrivateKey: w.storage.SigningKeyPEM(), Scheme: storage.SigningSchemeV4, Insecure: true,
	}
	(&scan.Uploads{
		Firestore: w.fs, Bucket: uploads, Signing: signing, Key: []byte("key"), Limits: limit.New(w.fs, []byte("key"), w.clock),
		MinAge: 18, Now: w.clock,
	}).Routes(w.api)
	(&scan.Service{Firestore: w.fs, Watcher: scan.NewWatcher(w.fs), Outbox: box, Uploads: uploads, Results: results, Signing: signing, Now: w.clock}).
		Routes(w.api)
	leaderboard.New(w.fs, face.MajorVersion()).Routes(w.api)
	analyzer := &scan.Analyzer{
		Firestore: w.fs, Outbox: box, Uploads: uploads, Results: results, Scan: l.measure, Lease: catalog.Lease, Exit: os.Exit,
		Key: []byte("key"), Now: w.clock,
	}
	l.handles = map[string]func(context.Context, event.Message) error{
		"analyze": analyzer.Handle, "erase": l.erase, "rank": leaderboard.NewRanker(w.fs, box, w.clock).Handle,
		"notify": notify.New(w.fs, l.pushes(t), l.mails(t), w.clock).Handle,
	}
	l.sweep = &retention.Sweep{
		Firestore: w.fs, Outbox: box, Erasures: w.sweeper, Now: w.clock,
		Scans:   &scan.Sweeper{Firestore: w.fs, Outbox: box, Uploads: uploads, Results: results, Publisher: l, Now: w.clock},
		Exports: &export.Sweeper{Firestore: w.fs, Outbox: box, Results: results, Now: w.clock},
	}
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

// measure is an engine that does not look at the photo.
func (l *life) measure(io.Reader, face.Options) (face.Report, []face.Picture, error) {
	l.pass(inEngine)
	report := face.Report{
		Version: face.Version, Face: face.Box{X: 1, Y: 2, Size: 3}, Landmarks: map[string]face.Point{"nose_tip": {X: 4, Y: 5}},
		Quality: []face.Check{}, Fixes: []string{}, Score: face.Score{Value: 71.5, Lo: 60, Hi: 80}, Rankable: true,
	}
	return report, []face.Picture{{Name: "overlay", JPEG: []byte("overlay")}, {Name: "crop", JPEG: []byte("crop")}}, nil
}

// errCrashed is what a process finds that dies before it has published.
var errCrashed = errors.New("the process is dead")

// Publish takes what the functions publish. The first who is held at it dies; the sweep may publish the same again.
func (l *life) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	g := l.gate.Load()
	if g != nil && g.at == publishing && topic == event.Topic(event.ScanCompletedV1{}.EventType()) && !g.taken.Swap(true) {
		l.pass(publishing)
		return errCrashed
	}
	return l.bus.Publish(ctx, topic, data, attributes)
}

// pushes is the notifier's way to FCM.
func (l *life) pushes(t *testing.T) *messaging.Client {
	t.Helper()
	send := transport(func(r *http.Request) (*http.Response, error) {
		l.pass(pushing)
		defer l.pass(pushed)
		return http.DefaultTransport.RoundTrip(r)
	})
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: l.project},
		option.WithEndpoint(l.fcm.URL()), option.WithHTTPClient(&http.Client{Transport: send}))
	if err != nil {
		t.Fatal(err)
	}
	client, err := app.Messaging(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return client
}

// mails is the notifier's way to the mail server. The eraser has one of its own.
func (l *life) mails(t *testing.T) *notify.Mailer {
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
			go l.relay(t.Context(), client)
		}
	}()
	mailer, err := notify.NewMailer(notify.MailConfig{Addr: listener.Addr().String(), From: "FaceScan <x@facescan.invalid>", Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	return mailer
}

func (l *life) relay(ctx context.Context, client net.Conn) {
	defer func() { _ = client.Close() }()
	l.pass(mailing)
	server, err := new(net.Dialer).DialContext(ctx, "tcp", l.smtp.Host())
	if err != nil {
		return
	}
	go func() { _, _ = io.Copy(server, client); _ = server.Close() }()
	_, _ = io.Copy(client, server)
}

// moveIn makes the user one to whom everything can happen.
func (l *life) moveIn(t *testing.T, uid string, wants account.Notifications, token string) {
	t.Helper()
	_, err := l.auth.CreateUser(t.Context(), (&auth.UserToCreate{}).UID(uid).Email(uid+"@example.com").EmailVerified(true))
	if err != nil {
		t.Fatal(err)
	}
	user := account.Ref(l.fs, account.UID(uid))
	l.set(t, user, account.User{
		Schema: 1, UID: account.UID(uid), State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
		Email: uid + "@example.com", EmailVerified: true, Username: uid, Folded: uid, Leaderboard: account.Leaderboard{OptIn: true},
		Notifications: &wants,
	})
	l.set(t, l.fs.Collection("usernames").Doc(uid), map[string]any{"uid": uid})
	l.set(t, device.Of(user).Doc("phone"), device.New(device.Spec{Token: token, Platform: "android"}, l.clock()))
}

// ask is a request of ada's with a body of the type.
func (l *life) ask(method, path, kind, body string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(l.t.Context(), method, path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer "+ada)
	r.Header.Set("Content-Type", kind)
	rec := httptest.NewRecorder()
	l.api.ServeHTTP(rec, r)
	return rec
}

// openScan gets a ticket.
func (l *life) openScan() {
	l.t.Helper()
	rec := l.ask(http.MethodPost, "/v1/uploads", "application/json", `{"contentType":"image/jpeg"}`)
	var opened struct {
		Scan   struct{ ID scan.ID }
		Upload scan.Ticket
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &opened); err != nil || rec.Code != http.StatusCreated {
		l.t.Fatalf("open a scan: %d %s", rec.Code, rec.Body)
	}
	l.scan, l.ticket = opened.Scan.ID, opened.Upload
}

// putPhoto uploads by the ticket, as whoever has it may while it lasts.
func (l *life) putPhoto() {
	l.t.Helper()
	r, err := http.NewRequestWithContext(l.t.Context(), l.ticket.Method, l.ticket.URL, strings.NewReader("photo"))
	if err != nil {
		l.t.Error(err)
		return
	}
	for name, value := range l.ticket.Headers {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		l.t.Error(err)
		return
	}
	_ = resp.Body.Close()
	expires, err := time.Parse(time.RFC3339, l.ticket.ExpiresAt)
	if taken := l.clock().Before(expires); err != nil || (resp.StatusCode == http.StatusOK) != taken {
		l.t.Errorf("the storage says %d to the photo; want it taken: %v (%v)", resp.StatusCode, taken, err)
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
		_, err = photo.Write([]byte("\xff\xd8\xff\xe0 and so on"))
	}
	if err := errors.Join(err, parts.Close()); err != nil {
		l.t.Error(err)
	}
	// How this ends depends on when the erasure begins; what it leaves does not.
	l.ask(http.MethodPost, "/v1/uploads/direct", parts.FormDataContentType(), form.String())
}

// published is a message and its topic.
type published struct {
	topic string
	event.Message
}

// take moves what was published, and what Cloud Storage would tell of ada's photos, to the log. It tells whether there was
// something.
func (l *life) take() bool {
	l.t.Helper()
	before := len(l.log)
	for _, m := range l.bus.take() {
		topic := event.TopicUploadFinalized
		if kind := m.Attributes[event.AttributeType]; kind != "" {
			topic = event.Topic(kind)
		}
		l.log = append(l.log, published{topic, m})
	}
	for _, o := range l.photos() {
		if key := fmt.Sprintf("%s#%d", o.Name, o.Generation); !l.finalized[key] {
			l.finalized[key] = true
			data, attributes, err := event.FinalizedMessage(event.ObjectFinalized{
				Bucket: o.Bucket, Name: o.Name, Generation: o.Generation, Size: o.Size, Metadata: o.Metadata,
			})
			if err != nil {
				l.t.Fatal(err)
			}
			l.log = append(l.log, published{event.TopicUploadFinalized, event.Message{ID: key, Data: data, Attributes: attributes}})
		}
	}
	return len(l.log) > before
}

func (l *life) photos() (all []*storage.ObjectAttrs) {
	l.t.Helper()
	objects := l.uploads.Objects(l.t.Context(), &storage.Query{Prefix: scan.PhotosPrefix(ada)})
	for {
		o, err := objects.Next()
		if err != nil {
			return all // at the end, or the test finds what is missing
		}
		all = append(all, o)
	}
}

// deliver hands the functions the messages of the log from the position on, as the subscriptions of the catalog have it.
func (l *life) deliver(from, times int) {
	l.t.Helper()
	for l.take(); from < len(l.log); l.take() {
		m := l.log[from]
		from++
		for _, s := range catalog.Subscriptions() {
			handle := l.handles[s.Function.Name]
			if s.Topic != m.topic || handle == nil {
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
	l.take()
	var faults []error
	for _, m := range l.log {
		for _, s := range catalog.Subscriptions() {
			if s.Topic == m.topic && s.Function.Name == function {
				faults = append(faults, l.handles[function](l.t.Context(), m.Message))
			}
		}
	}
	return errors.Join(faults...)
}

// erase is the function erase. What there is no more of after it, it has removed: nothing else is at work then.
func (l *life) erase(ctx context.Context, m event.Message) error {
	if _, err := l.fs.Collection("erasures").Doc(ada).Get(ctx); err != nil {
		return l.eraser.Handle(ctx, m) // there is nothing to be done
	}
	before := l.mentions(l.t, ada)
	err := l.eraser.Handle(ctx, m)
	after := map[string]bool{}
	for _, path := range l.mentions(l.t, ada) {
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
	switch parts := strings.Split(path, "/"); {
	case strings.HasPrefix(path, "gs://uploads/"):
		return "photos"
	case strings.HasPrefix(path, "gs://results/exports/"):
		return "export files"
	case strings.HasPrefix(path, "gs://"):
		return "results"
	default:
		return parts[len(parts)-2]
	}
}

// sweepAfter lets time pass and has the sweep look after everything.
func (l *life) sweepAfter(d time.Duration) {
	l.t.Helper()
	l.advance(d)
	if err := l.sweep.Handle(l.t.Context(), event.Message{}); err != nil {
		l.t.Error(err)
	}
	l.deliver(len(l.log), 1)
}

// begin begins the work, which goes on to the place and is held there, or stays to be begun where there is none. end has it
// go on to its end.
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
	case <-time.After(patience):
		l.t.Fatalf("the work has not come to the place %q in %s", hold, patience)
	}
	return end
}
