// Package host runs the whole of FaceScan on this machine, on the emulators.
//
// Emulators, storage and sinks live in the process that calls [Start]; the functions live in a
// child of it, which is started again whenever it ends: by the watchdog of a measurement, by a
// crash or by kill -9. The parent holds the ports and passes requests on, as Google's front end
// does: a request whose process ends meanwhile gets 503, one that comes while there is none waits
// for the next. The child is this program once more, so main calls [ServeFunctions] first.
//
// Every HTTP function is served behind one public port, by the server that a deployed function has,
// routed by the catalog's paths as the load balancer routes in production. The port has one thing
// more: the test photos of package photos. The event functions are
// served on a private port, to which only package pusher delivers, in the place of production's
// push subscriptions: there, too, no client can reach them. Topics, subscriptions and buckets are
// those that Terraform makes in the cloud. scripts/local and internal/systest use the package.
package host

import (
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"cloud.google.com/go/pubsub/v2"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/keep"
	"github.com/facescan/facescan/internal/local/operator"
	"github.com/facescan/facescan/internal/local/pusher"
	"github.com/facescan/facescan/internal/local/waterfall"
	"github.com/facescan/facescan/internal/outbox"
)

// Project is the project of the local stack. It is the Auth emulator's own, the only one that its
// sign-up by e-mail and password serves.
const Project = emulator.DefaultProject

// Names of the local buckets.
const (
	UploadsBucket = "facescan-uploads"
	ResultsBucket = "facescan-results"
	// TombstonesBucket holds what must be known of erasures after a restore of the database.
	TombstonesBucket = "facescan-tombstones"
)

// startTimeout bounds the wait for the functions to answer, which take a second or two on a machine
// that has nothing else to do.
const startTimeout = 90 * time.Second

// Options set up a Host. The zero value is that of `make run`.
type Options struct {
	// Progress gets a line for each step of the start; nil discards them.
	Progress io.Writer
	// Logs gets the functions' logs, JSON lines; nil discards them.
	Logs io.Writer
	// Place is where the stack listens.
	Place address.Place
	// Keep is a folder whose data the stack begins with, and keeps there until its end; "" is none.
	Keep string
	// KeepEvery is the period at which the data are kept; 0 is a minute.
	KeepEvery time.Duration
	// First, where set, is done once the system is up, before Start returns and before any data are
	// kept: the folder has all that it does, or nothing of it if it fails or is interrupted.
	First func(context.Context, *Host) error
	// Traces has the functions export their spans to the stack, which shows them (Host.TracesURL). A
	// collector that OTEL_EXPORTER_OTLP_ENDPOINT names gets them in its place.
	Traces bool
	// MinBackoff is the first wait before an event is delivered again; 0 is production's.
	MinBackoff time.Duration
	// SweepEvery is the period of the sweep's schedule; 0 is production's.
	SweepEvery time.Duration
	// AnyQuery is that of emulator.Options.
	AnyQuery bool
	// Processes is how many processes the functions have, which take requests in turn, as instances do
	// in production; 0 is one.
	Processes int
	// InProcess runs the functions in the process of the caller, who gets at them there (Host.Process
	// and the hooks below): a fault that ends them ends the caller. There can be one such Host a
	// process.
	InProcess bool
	// Balancer, InProcess only, has the caller stand for the load balancer, and be any number of
	// clients: what it sends as httpapi.HeaderClient counts. Otherwise the address of its connection
	// does.
	Balancer bool
	// Faults, where set, are injected into what the functions do, once Start has returned; they can
	// be changed while the host runs, by Host.Faults or at faultsPath. InProcess, those of Firestore,
	// Pub/Sub and Cloud Storage are not; nor with AnyQuery those of Firestore.
	Faults *faults.Injector
	// WrapPublisher and WrapEvent, where set, stand between the system and its events, InProcess only:
	// systest injects faults.
	WrapPublisher func(outbox.Publisher) outbox.Publisher
	WrapEvent     func(function string, next http.Handler) http.Handler
}

// Host is a running system.
type Host struct {
	// URL is the API's base, such as http://127.0.0.1:8080, at the address of Options.Place.
	URL string
	// Push and Mail record what was sent.
	Push *emulator.FCM
	Mail *emulator.SMTP
	// Storage is the local Cloud Storage.
	Storage *emulator.Storage
	// Process is what the functions share, nil unless they run in this process.
	Process *boot.Process
	// AuthHost is the Auth emulator, host:port, at the address of Options.Place.
	AuthHost string

	// place is where the stack listens, and origins are the web origins that API, Auth and
	// storage admit.
	place   address.Place
	origins []string
	// kept is nil unless the data are kept; values goes with them.
	kept   *keep.Folder
	values keep.Values
	// started is set once the whole system is up and Options.First is done: what it has is worth
	// keeping.
	started bool

	// traces are nil unless the stack collects them.
	traces  *waterfall.Ring
	desk    *operator.Desk
	clock   *clock
	faults  *faults.Injector
	stack   *emulator.Stack
	public  *server
	private *server
	// children are the functions' processes, none if the functions run in this one.
	children []*child
	pubsub   *pubsub.Client
	pusher   atomic.Pointer[pusher.Pusher]
	stop     context.CancelFunc
	end      context.CancelFunc // ends what startEmulators has started
	working  sync.WaitGroup
}

// Start brings the system up and returns once it answers.
func Start(ctx context.Context, opts Options) (_ *Host, err error) {
	if os.Getenv(childVariable) != "" {
		return nil, errors.New("the functions' process starts the system once more: call ServeFunctions first in main")
	}
	if opts.Progress == nil {
		opts.Progress = io.Discard
	}
	desk := operator.New()
	// The functions' processes and this one write both at the same time.
	opts.Progress, opts.Logs = emulator.Locked(opts.Progress), emulator.Locked(desk.Logs(opts.Logs))
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	// The emulators end with ctx, at once, unless there is something to keep first.
	lasting, end := context.WithCancel(context.WithoutCancel(ctx))
	tied := context.AfterFunc(ctx, end)
	h := &Host{stop: stop, end: end, place: opts.Place, origins: admittedOrigins(opts.Place, userOrigins())}
	h.faults, h.desk = heldFaults(opts.Faults), desk
	defer func() {
		if err != nil {
			err = errors.Join(err, h.Close())
		}
	}()
	if err := h.openKept(opts.Keep); err != nil {
		return nil, err
	}
	if err := h.startEmulators(lasting, opts); err != nil {
		return nil, err
	}
	if err := h.listen(ctx, opts); err != nil {
		return nil, err
	}
	if err := errors.Join(h.setEnvironment(), h.collectTraces(opts.Traces)); err != nil {
		return nil, err
	}
	if err := h.provision(ctx); err != nil {
		return nil, err
	}
	if opts.InProcess {
		err = h.serveHere(ctx, opts)
	} else {
		err = h.serveInChild(ctx, opts)
	}
	if err != nil {
		return nil, err
	}
	if err := h.startPusher(ctx, opts.MinBackoff); err != nil {
		return nil, err
	}
	h.schedule(run, cmp.Or(opts.SweepEvery, catalog.SweepEvery))
	if opts.First != nil {
		if err := opts.First(ctx, h); err != nil {
			return nil, err
		}
	}
	h.begin(tied)
	h.keepOn(run, cmp.Or(opts.KeepEvery, keepEvery), opts.Progress)
	return h, nil
}

// begin marks the system as up: there is something to keep, which the end of the context must not
// take away, and faults from now on.
func (h *Host) begin(tied func() bool) {
	h.started = true
	if h.kept != nil {
		tied()
	}
	h.faults.Resume()
}

func (h *Host) startEmulators(ctx context.Context, opts Options) error {
	var err error
	if h.clock, err = newClock(h.values.Moved); err != nil {
		return err
	}
	h.stack, err = emulator.Start(
		ctx, emulator.Options{
			Progress: opts.Progress, ProjectID: Project, AnyQuery: opts.AnyQuery, Seed: h.seed(),
			Place: h.place, Origins: h.origins,
			Ports: map[emulator.Service]int{
				emulator.Auth: opts.Place.Ports.Auth, emulator.Firestore: opts.Place.Ports.Firestore,
				emulator.PubSub: opts.Place.Ports.PubSub,
			},
		},
	)
	if err != nil {
		return err
	}
	if err := setenv(h.stack.Environ()); err != nil { // before any client is made
		return err
	}
	if err := h.restore(ctx); err != nil {
		return err
	}
	if h.Storage, err = emulator.NewStorage(ctx, emulator.StorageOptions{
		Now:       h.clock.Now,
		OnDisk:    true,
		Root:      h.liveRoot(),
		Port:      opts.Place.Ports.Storage,
		Further:   opts.Place.Listens()[1:],
		Published: func(topic string) { h.published(strings.TrimPrefix(topic, h.topic(""))) },
	}); err != nil {
		return err
	}
	if h.Push, err = emulator.NewFCM(); err != nil {
		return err
	}
	if h.Mail, err = emulator.NewSMTP(); err != nil {
		return err
	}
	h.openSinks()
	return nil
}

func (h *Host) setEnvironment() error {
	h.AuthHost = at(h.place, os.Getenv("FIREBASE_AUTH_EMULATOR_HOST"))
	env := h.Storage.Environ()
	signer, err := receipt.NewSigner(h.values.ReceiptSeed)
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"GOOGLE_CLOUD_PROJECT":       Project,
		"FACESCAN_UPLOADS_BUCKET":    UploadsBucket,
		"FACESCAN_RESULTS_BUCKET":    ResultsBucket,
		"FACESCAN_TOMBSTONES_BUCKET": TombstonesBucket,
		"FACESCAN_SIGNING_ACCOUNT":   h.Storage.Account(),
		"FACESCAN_SIGNING_KEY":       string(h.Storage.SigningKeyPEM()),
		"FACESCAN_FIREBASE_API_KEY":  "local",
		"FACESCAN_FCM_ENDPOINT":      h.Push.URL(),
		"FACESCAN_CLOCK":             h.clock.file,
		"FACESCAN_SMTP":              h.Mail.Host(),
		"FACESCAN_MAIL_FROM":         "FaceScan <no-reply@facescan.invalid>",
		"FACESCAN_TRACE_RATIO":       "1",
		"FACESCAN_PUBLIC_URL":        h.URL,
		"FACESCAN_OPERATOR_NAME":     "FaceScan on this machine",
		"FACESCAN_OPERATOR_CONTACT":  "operator@facescan.invalid",
		"FACESCAN_RECEIPT_KEY":       h.values.ReceiptSeed,
		// Nothing here is late by minutes.
		"FACESCAN_ERASURE_WAIT":        "2s",
		"FACESCAN_LOOK_AFTER":          "20s",
		"FACESCAN_RECEIPT_PUBLIC_KEYS": signer.Public(),
		"FACESCAN_LOCAL_HOSTS":         strings.Join(h.place.Names(), ","),
		variableOrigins:                strings.Join(h.origins, ","),
	} {
		env[name] = value
	}
	for _, use := range keys.Uses() {
		env[use.Variable()] = keys.Derive(h.values.Root, use)
	}
	owed, err := keys.Parse(keys.ForOutbox, env[keys.ForOutbox.Variable()])
	if err != nil {
		return err
	}
	for _, f := range catalog.Functions() {
		env[keys.ForWriter(f.Name).Variable()] = owed.OfWriter(f.Name).Text()
	}
	return setenv(env)
}

// at returns a host:port of this machine at the place's own address, if it has one.
func at(p address.Place, local string) string {
	if _, port, err := net.SplitHostPort(local); err == nil && p.Host != "" {
		return net.JoinHostPort(p.Host, port)
	}
	return local
}

// Address returns the address beside 127.0.0.1 at which the stack is reached, or "".
func (h *Host) Address() string {
	if h.place.Host == address.Loopback {
		return ""
	}
	return h.place.Host
}

// StorageHost returns the host:port by which clients reach the local Cloud Storage.
func (h *Host) StorageHost() string { return at(h.place, h.Storage.Host()) }

// variableOrigins names the setting with the web origins that are admitted, between commas.
const variableOrigins = "FACESCAN_CORS_ORIGINS"

// userOrigins returns what the user has set. It is read once, since a Host sets the variable for
// its functions, and the next one would take that for the user's.
var userOrigins = sync.OnceValue(func() string { return os.Getenv(variableOrigins) })

// admittedOrigins returns the web origins that are admitted: those that the user has set, and the
// console's if its port is a fixed one, or else those of any web server on this machine.
func admittedOrigins(p address.Place, set string) []string {
	if set == "" {
		return p.Origins()
	}
	all := strings.Split(set, ",")
	if p.Ports.Views != 0 {
		all = append(all, "http://"+net.JoinHostPort(address.Loopback, strconv.Itoa(p.Ports.Views)))
	}
	return all
}

// randomKey returns 32 bytes in base64.
func randomKey() string {
	raw := make([]byte, ed25519.SeedSize)
	_, _ = rand.Read(raw) // it never fails
	return base64.StdEncoding.EncodeToString(raw)
}

// newValues returns those of a stack that begins anew.
func newValues() keep.Values {
	return keep.Values{Root: []byte(rand.Text() + rand.Text()), ReceiptSeed: randomKey()}
}

func setenv(env map[string]string) error {
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

// listen takes the ports.
func (h *Host) listen(ctx context.Context, opts Options) error {
	var err error
	if h.public, err = listen(ctx, opts.Place.Ports.API, opts.Place.Listens()...); err != nil {
		return err
	}
	h.URL = h.public.url(opts.Place.Public())
	// Whatever the public port is bound to, this one is 127.0.0.1's.
	h.private, err = listen(ctx, opts.Place.Ports.Views, address.Loopback)
	return err
}

func (h *Host) awaitHealth(ctx context.Context, failed <-chan error) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case err := <-failed:
			return fmt.Errorf("serve the functions: %w", err)
		case <-ctx.Done():
			return fmt.Errorf("wait for the functions to answer: %w", ctx.Err())
		case <-tick.C:
			if h.healthy(ctx) {
				return nil
			}
		}
	}
}

func (h *Host) healthy(ctx context.Context) bool {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, h.URL+"/ready", nil)
	if err != nil {
		return false
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return false
	}
	_ = resp.Body.Close() // the status is all there is to know
	return resp.StatusCode == http.StatusOK
}

// Close ends the schedule, the deliveries, the functions' process and the emulators with all
// theirs. The clients of functions that run in this process end with it.
func (h *Host) Close() error {
	h.stop()
	h.working.Wait()
	var faults []error
	if p := h.pusher.Load(); p != nil {
		faults = append(faults, p.Close())
	}
	for _, s := range []*server{h.public, h.private} {
		if s != nil {
			faults = append(faults, s.close())
		}
	}
	for _, c := range h.children {
		c.close()
	}
	if h.started {
		faults = append(faults, h.keepNow(context.Background())) // of functions that have ended
	}
	if h.pubsub != nil {
		faults = append(faults, h.pubsub.Close())
	}
	if h.Mail != nil {
		faults = append(faults, h.Mail.Close())
	}
	if h.Push != nil {
		faults = append(faults, h.Push.Close())
	}
	if h.Storage != nil {
		faults = append(faults, h.Storage.Close())
	}
	if h.stack != nil {
		faults = append(faults, h.stack.Close())
	}
	if h.kept != nil {
		faults = append(faults, h.kept.Close())
	}
	if h.clock != nil {
		faults = append(faults, h.clock.close())
	}
	h.end()
	return errors.Join(faults...)
}
