// Package usertest gives tests users whose documents the product wrote: it runs the functions that
// keep something of a user in one process on the emulators, and moves users in and has them
// measured by the API and the events, as the apps do. A test that invents a document instead finds
// out nothing about the ones that are really kept.
package usertest

import (
	"context"
	"math"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"firebase.google.com/go/v4/auth"
	"golang.org/x/sync/semaphore"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard/friends"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/leaderboard/serve"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/deliver"
	"github.com/facescan/facescan/internal/notify/inbox"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan/analyze"
	scanserve "github.com/facescan/facescan/internal/scan/serve"
	"github.com/facescan/facescan/internal/scan/upload"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

// Options change how the functions of a world reach what is around them. The zero value is the
// plain way.
type Options struct {
	// Storage, Push and Publisher stand on the way to Cloud Storage, FCM and Pub/Sub.
	Storage, Push http.RoundTripper
	Publisher     func(outbox.Publisher) outbox.Publisher
	// Auth stands before the Auth emulator.
	Auth *emulatortest.AuthFront
	// Mailer sends the mails instead of one that goes to the world's sink.
	Mailer *mail.Sender
	// Engine measures instead of [Measure].
	Engine Engine
	// Now is where the clock begins, by default at the present: signed URLs go by the machine's.
	Now time.Time
}

// World is a database, buckets and Firebase users of a test's own, and the functions over them but
// for those that end what a user has: a test adds what it is about. Its clock stands still until
// the test moves it.
type World struct {
	Project          string
	Firestore        *firestore.Client
	Storage          *emulator.Storage
	Uploads, Results *storage.BucketHandle
	Tombstones       *storage.BucketHandle
	Users            *auth.Client
	Push             *emulator.FCM
	Mail             *emulator.SMTP
	Mailer           *mail.Sender
	Outbox           *outbox.Box
	Acts             *audit.Book
	Publisher        outbox.Publisher
	Signing          storage.SignedURLOptions
	// API has the routes of the functions. It takes a uid for its ID token.
	API *httpapi.API
	// Handlers are the event functions by name. A test adds others, which take part in
	// [World.Deliver] from then on.
	Handlers map[string]func(context.Context, event.Message) error

	tb        testing.TB
	bus       bus
	taken     []Published
	finalized map[string]bool
	delivered map[string]int

	mu  sync.Mutex
	now time.Time
}

// New returns a world. The test's package has started Firestore's and Auth's emulators.
func New(tb testing.TB, opts Options) *World {
	tb.Helper()
	w := &World{
		Project: emulatortest.UniqueProject(tb), tb: tb, now: opts.Now,
		finalized: map[string]bool{}, delivered: map[string]int{},
	}
	if w.now.IsZero() {
		w.now = time.Now().UTC()
	}
	var err error
	w.Firestore, err = firestore.NewClient(tb.Context(), w.Project)
	w.must(err)
	tb.Cleanup(func() { _ = w.Firestore.Close() })
	w.startStorage(opts.Storage)
	w.startSinks(opts)
	if opts.Auth == nil {
		w.Users = emulatortest.AuthClient(tb, w.Project)
	} else {
		w.Users = opts.Auth.Client(tb, w.Project)
	}
	w.Publisher = &w.bus
	if opts.Publisher != nil {
		w.Publisher = opts.Publisher(w.Publisher)
	}
	w.Outbox = outbox.New(w.Firestore, w.Publisher, testkit.Writer("test"), w.Clock)
	w.Acts = audit.New(w.Firestore, testkit.Ring(keys.ForAudit), w.Clock)
	w.serve()
	w.handle(opts)
	return w
}

func (w *World) must(err error) {
	w.tb.Helper()
	if err != nil {
		w.tb.Fatal(err)
	}
}

func (w *World) startStorage(way http.RoundTripper) {
	w.tb.Helper()
	var err error
	w.Storage, err = emulator.NewStorage(context.WithoutCancel(w.tb.Context()), emulator.StorageOptions{Now: w.Clock})
	w.must(err)
	w.tb.Cleanup(func() { _ = w.Storage.Close() })
	for _, name := range []string{"uploads", "results", "tombstones"} {
		w.must(w.Storage.CreateBucket(name))
	}
	client := w.StorageClient(way)
	w.Uploads, w.Results = client.Bucket("uploads"), client.Bucket("results")
	w.Tombstones = client.Bucket("tombstones")
	w.Signing = storage.SignedURLOptions{
		GoogleAccessID: w.Storage.Account(), PrivateKey: w.Storage.SigningKeyPEM(), Scheme: storage.SigningSchemeV4,
		Insecure: true, Hostname: w.Storage.Host(),
	}
}

// StorageClient returns another client of the world's storage, whose requests go the way; nil is
// the plain one.
func (w *World) StorageClient(way http.RoundTripper) *storage.Client {
	w.tb.Helper()
	opts := w.Storage.ClientOptions()
	if way != nil {
		opts = append(opts, option.WithHTTPClient(&http.Client{Transport: way}))
	}
	client, err := storage.NewClient(w.tb.Context(), opts...)
	w.must(err)
	w.tb.Cleanup(func() { _ = client.Close() })
	return client
}

func (w *World) startSinks(opts Options) {
	w.tb.Helper()
	var err error
	w.Push, err = emulator.NewFCM()
	w.must(err)
	w.tb.Cleanup(func() { _ = w.Push.Close() })
	w.Mail, err = emulator.NewSMTP()
	w.must(err)
	w.tb.Cleanup(func() { _ = w.Mail.Close() })
	w.Mailer = opts.Mailer
	if w.Mailer == nil {
		w.Mailer = MailerTo(w.tb, w.Mail.Host())
	}
}

// MailerTo returns a mailer that sends to the address, host:port.
func MailerTo(tb testing.TB, addr string) *mail.Sender {
	tb.Helper()
	m, err := mail.New(mail.Config{Addr: addr, From: "FaceScan <x@facescan.invalid>", Plain: true})
	if err != nil {
		tb.Fatal(err)
	}
	return m
}

func (w *World) serve() {
	limits := quota.New(w.Firestore, testkit.Ring(keys.ForLimits), w.Clock)
	w.API = httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}, LogKey: testkit.Ring(keys.ForLogs)})
	accounts := account.New(w.Firestore, w.Outbox, w.Acts, w.Clock)
	accounts.RegisterRoutes(w.API, limits)
	accounts.ProfileRoutes(w.API)
	uploads := &upload.Handler{
		Firestore: w.Firestore, Bucket: w.Uploads, Signing: w.Signing, Limits: limits,
		Key: testkit.Ring(keys.ForScans), PhotoKey: testkit.Ring(keys.ForPhotos),
		MinAge: 18, Now: w.Clock,
	}
	uploads.Routes(w.API)
	scans := &scanserve.Handler{
		Firestore: w.Firestore, Watcher: scanserve.NewWatcher(w.Firestore), Outbox: w.Outbox,
		Uploads: w.Uploads, Results: w.Results, Signing: w.Signing, Now: w.Clock,
	}
	scans.Routes(w.API)
	(&scanserve.SeriesHandler{Handler: scans, Watcher: scanserve.NewSeriesWatcher(w.Firestore)}).Routes(w.API)
	major := report.MajorVersion()
	(&serve.Handler{Firestore: w.Firestore, Major: major, Key: testkit.Ring(keys.ForCursors), Now: w.Clock}).Routes(w.API)
	(&friends.Handler{
		Firestore: w.Firestore, Limits: limits, Key: testkit.Ring(keys.ForFriends), Major: major, Now: w.Clock,
	}).Routes(w.API)
	(&inbox.Handler{Firestore: w.Firestore, Outbox: w.Outbox, Limits: limits, Now: w.Clock}).Routes(w.API)
}

func (w *World) handle(opts Options) {
	w.tb.Helper()
	engine := opts.Engine
	if engine == nil {
		engine = Measure
	}
	analyzer := &analyze.Consumer{
		Firestore: w.Firestore, Outbox: w.Outbox, Uploads: w.Uploads, Results: w.Results, Scan: engine,
		Processors: semaphore.NewWeighted(math.MaxInt64),
		Lease:      work.LeaseTime, Exit: os.Exit, Key: testkit.Ring(keys.ForPhotos), Now: w.Clock,
	}
	w.Handlers = map[string]func(context.Context, event.Message) error{
		"analyze": analyzer.Handle,
		"rank": (&rank.Consumer{
			Firestore: w.Firestore, Outbox: w.Outbox, Key: testkit.Ring(keys.ForRatings), Now: w.Clock,
		}).Handle,
		"notify": (&deliver.Consumer{
			Firestore: w.Firestore, FCM: w.pushes(opts.Push), Mailer: w.Mailer, Users: w.Users,
			Unsubscriber: Unsubscriber(w.tb), Now: w.Clock,
		}).Handle,
	}
}

func (w *World) pushes(way http.RoundTripper) *fcm.Sender {
	w.tb.Helper()
	if way == nil {
		way = http.DefaultTransport
	}
	sender, err := fcm.New(fcm.Config{Project: w.Project, Endpoint: w.Push.URL(), Transport: way})
	w.must(err)
	return sender
}

// Unsubscriber returns what makes and reads the links that turn mails off.
func Unsubscriber(tb testing.TB) *notify.Unsubscriber {
	tb.Helper()
	u, err := notify.NewUnsubscriber("https://api.facescan.invalid", testkit.Ring(keys.ForUnsubscribing))
	if err != nil {
		tb.Fatal(err)
	}
	return u
}

// Clock returns the world's time.
func (w *World) Clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// Advance lets time pass.
func (w *World) Advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Mentions returns [emulatortest.Mentions] of the world's database and buckets.
func (w *World) Mentions(text string) []string {
	w.tb.Helper()
	return emulatortest.Mentions(w.tb, w.Firestore, text, w.Uploads, w.Results, w.Tombstones)
}
