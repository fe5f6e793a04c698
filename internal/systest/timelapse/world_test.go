package timelapse_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/testphoto"
)

// patience bounds each wait, by the machine's time.
const patience = 5 * time.Minute

// world is a system with what it keeps for a time.
type world struct {
	*host.Host
	fs     *firestore.Client
	files  *storage.Client
	photo  []byte
	people map[string]person
	// receipt is where that of an erased user is.
	receipt string
	// swept counts the sweeps that have ended.
	swept atomic.Int64
	// stuck is the uid of whose photos no analysis succeeds.
	stuck atomic.Pointer[string]
}

// person is a user, and the scan of theirs that a thing is about.
type person struct {
	*client.Client
	uid  string
	scan scan.ID
}

// thing is kept for a time, which is a constant of package schema.
type thing struct {
	name  string
	life  string
	there func(context.Context, *testing.T, *world) bool
}

// things are what [world.fill] leaves.
var things = []thing{
	{"a scan without a photo", "TicketLife", func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return w.field(t, "scans/"+string(w.people["bob"].scan), "state") == string(scan.AwaitingUpload)
	}},
	{"the photo of a finished scan", "OriginalLife", photoOf("ada")},
	{"an export's document", "ExportLife", func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return w.count(t, w.fs.Collection("exports").Query) > 0
	}},
	{"an export's archive", "ExportLife", func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return len(w.objects(t, host.ResultsBucket, "exports/")) > 0
	}},
	{"the photo of a finished scan, to be kept for a week", "StuckLife", photoOf("cleo")},
	{"the photo of a scan that does not end", "StuckLife", photoOf("dan")},
	{"a name that was given up", "UsernameLife", document("usernames/lapse_cleo")},
	{"an event that cannot be read", "ParkedLife", some("parked")},
	{"the receipt of an erasure", "ReceiptLife", func(ctx context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return w.opens(ctx, t, w.receipt)
	}},
	{"a notice in the inbox", "InboxLife", of("ada", "inbox")},
	{"that a notice was sent", "DeliveryLife", of("ada", "deliveries")},
	{"that a name was reported", "NameReportLife", some("namereports")},
	{"that somebody reported a name", "NameReportLife", of("ada", "reported")},
	{"a device", "DeviceLife", of("ada", "devices")},
	{"a name that was barred", "BarredLife", document("usernames/lapse_bob")},
	{"what staff did", "AuditLife", func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return w.count(t, w.fs.Collection("audit").Where("kind", "==", string(audit.NameBarred))) > 0
	}},
}

func photoOf(name string) func(context.Context, *testing.T, *world) bool {
	return func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		p := w.people[name]
		return len(w.objects(t, host.UploadsBucket, scan.PhotoName(account.UID(p.uid), p.scan))) > 0
	}
}

func document(path string) func(context.Context, *testing.T, *world) bool {
	return func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return w.exists(t, path)
	}
}

// some reports whether the collection has a document that did not expire.
func some(collection string) func(context.Context, *testing.T, *world) bool {
	return func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return w.count(t, w.fs.Collection(collection).Where("expireAt", ">", time.Time{})) > 0
	}
}

// of is like some for a collection below the user's document.
func of(name, collection string) func(context.Context, *testing.T, *world) bool {
	return func(_ context.Context, t *testing.T, w *world) bool {
		t.Helper()
		return w.count(t, w.fs.Collection("users").Doc(w.people[name].uid).Collection(collection).Query) > 0
	}
}

func newWorld(t *testing.T) *world {
	t.Helper()
	for _, name := range []string{"FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "FIREBASE_AUTH_EMULATOR_HOST"} {
		t.Setenv(name, "") // other tests would count on theirs, too
	}
	w, logs := &world{people: map[string]person{}}, new(testkit.Buffer)
	var err error
	if w.photo, err = testphoto.Sample(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.Host, err = host.Start(t.Context(), host.Options{
		Logs: logs, MinBackoff: 100 * time.Millisecond, SweepEvery: 1000 * time.Hour, InProcess: true, WrapEvent: w.wrap,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := w.Close(); err != nil {
			t.Error(err)
		}
		if t.Failed() {
			t.Logf("logs of the functions:\n%s", logs)
		}
	})
	if w.fs, err = database.Open(t.Context(), w.Process); err != nil {
		t.Fatal(err)
	}
	if w.files, err = storage.NewClient(t.Context(), w.Storage.ClientOptions()...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.files.Close() })
	return w
}

// wrap counts sweeps, and has no analysis of the stuck user's photo succeed.
func (w *world) wrap(function string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		switch function {
		case "sweep":
			next.ServeHTTP(rw, r)
			w.swept.Add(1)
		case "analyze":
			body, err := io.ReadAll(r.Body)
			if uid := w.stuck.Load(); err != nil || uid != nil && strings.Contains(string(body), *uid) {
				http.Error(rw, "no analysis today", http.StatusServiceUnavailable)
				return
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			next.ServeHTTP(rw, r)
		default:
			next.ServeHTTP(rw, r)
		}
	})
}

// must fails the test with the error, if it is one.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// enrol makes a user who has agreed, has a name and is on the boards.
func (w *world) enrol(t *testing.T, name string) person {
	t.Helper()
	ctx, c := t.Context(), &client.Client{
		URL: w.URL, AuthHost: w.AuthHost, Email: name + "@lapse.example.com", Password: "correct horse " + name,
	}
	signedUp, err := c.SignUp(ctx)
	must(t, err)
	must(t, c.Join(ctx, "lapse_"+name, "token-of-"+name))
	w.people[name] = person{Client: c, uid: signedUp.UID}
	return w.people[name]
}

// open opens a scan of the person, and puts the photo if there is to be one.
func (w *world) open(t *testing.T, name, key string, photo []byte) {
	t.Helper()
	p := w.people[name]
	opened, err := p.Open(t.Context(), key, api.UploadRequestContentTypeImageJpeg)
	must(t, err)
	if p.scan = scan.ID(opened.Scan.ID); photo != nil {
		must(t, p.Put(t.Context(), opened.Upload, photo))
	}
	w.people[name] = p
}

// finish waits for the end of the person's scan.
func (w *world) finish(t *testing.T, name string) {
	t.Helper()
	p := w.people[name]
	done, err := p.AwaitScan(t.Context(), string(p.scan))
	must(t, err)
	if done.State != api.ScanStateCompleted {
		t.Fatalf("the scan of %s: %+v", name, done)
	}
}

// rank has fay scan on three days, as many as others see a rating of, and look at the board.
func (w *world) rank(t *testing.T) {
	t.Helper()
	p := w.enrol(t, "fay")
	must(t, w.MoveClock(-2*24*time.Hour))
	for day := range 3 {
		if day > 0 {
			must(t, w.MoveClock(24*time.Hour))
		}
		photo, err := client.Look(w.photo, day*client.LooksOfRoom)
		must(t, err)
		w.open(t, "fay", "day "+strconv.Itoa(day), photo)
		w.finish(t, "fay")
	}
	w.wait(t, "the place of fay", func() bool {
		return w.count(t, w.fs.CollectionGroup("entries").Where("uid", "==", p.uid)) > 0
	})
	listed, err := p.Boards(t.Context())
	must(t, err)
	for _, board := range listed {
		_, err := p.Top(t.Context(), board.ID, "")
		must(t, err)
	}
}

// fill has the system make what it keeps for a time.
func (w *world) fill(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for _, name := range []string{"ada", "bob", "cleo", "dan", "eve", "gus", "boss"} {
		w.enrol(t, name)
	}
	week := 7
	_, err := w.people["cleo"].API().UpdateProfileWithResponse(ctx, nil, api.ProfileChange{KeepPhotosDays: &week})
	must(t, err)
	dan := w.people["dan"].uid
	w.stuck.Store(&dan)
	for name, photo := range map[string][]byte{"ada": w.photo, "bob": nil, "cleo": w.photo, "dan": w.photo} {
		w.open(t, name, "scan", photo)
	}
	w.finish(t, "ada")
	w.finish(t, "cleo")
	must(t, w.people["cleo"].Username(ctx, "lapse_cleopatra"))
	w.export(t)
	w.reportNames(t)
	w.park(t)
	w.erase(t)
	users, err := identity.Client(ctx, w.Process)
	must(t, err)
	must(t, users.DeleteUser(ctx, w.people["gus"].uid))
}

func (w *world) export(t *testing.T) {
	t.Helper()
	_, err := w.people["ada"].API().RequestExportWithResponse(t.Context())
	must(t, err)
	_, err = w.people["ada"].AwaitExport(t.Context())
	must(t, err)
}

// reportNames has ada report two names, and staff bar one of them.
func (w *world) reportNames(t *testing.T) {
	t.Helper()
	ctx := t.Context()
	for _, name := range []string{"lapse_bob", "lapse_dan"} {
		_, err := w.people["ada"].API().ReportNameWithResponse(
			ctx, api.NameReport{Username: name, Reason: api.NameReportReasonInsulting},
		)
		must(t, err)
	}
	users, err := identity.Client(ctx, w.Process)
	must(t, err)
	boss := w.people["boss"]
	must(t, users.SetCustomUserClaims(ctx, boss.uid, map[string]any{"role": "admin"}))
	_, err = boss.Login(ctx)
	must(t, err)
	open, err := boss.API().ListNameReportsWithResponse(ctx, nil)
	must(t, err)
	for _, report := range open.JSON200.Items {
		if report.Username != "lapse_bob" {
			continue
		}
		_, err := boss.API().ResolveNameReportWithResponse(
			ctx, report.ID, api.ResolveNameReportJSONRequestBody{Decision: "bar"},
		)
		must(t, err)
	}
}

// park publishes an event that cannot be read.
func (w *world) park(t *testing.T) {
	t.Helper()
	bus, err := pubsub.NewClient(t.Context(), host.Project)
	must(t, err)
	defer func() { _ = bus.Close() }()
	publisher := bus.Publisher(event.Topic(event.ScanCompletedV1{}.EventType()))
	defer publisher.Stop()
	_, err = publisher.Publish(t.Context(), &pubsub.Message{Data: []byte("no event")}).Get(t.Context())
	must(t, err)
	w.wait(t, "the parked event", func() bool { return w.count(t, w.fs.Collection("parked").Query) > 0 })
}

func (w *world) erase(t *testing.T) {
	t.Helper()
	asked, err := w.people["eve"].Erase(t.Context())
	must(t, err)
	w.await(t, "the erasure", func() bool {
		_, there, err := w.people["eve"].Receipt(t.Context(), asked.ReceiptURL)
		must(t, err)
		return there
	})
	w.receipt = asked.ReceiptURL
}

// opens reports whether there is something at the address.
func (w *world) opens(ctx context.Context, t *testing.T, url string) bool {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	must(t, err)
	resp, err := http.DefaultClient.Do(req)
	must(t, err)
	must(t, resp.Body.Close())
	return resp.StatusCode == http.StatusOK
}

func (w *world) exists(t *testing.T, path string) bool {
	t.Helper()
	_, err := w.fs.Doc(path).Get(t.Context())
	if status.Code(err) == codes.NotFound {
		return false
	}
	must(t, err)
	return true
}

// field returns the text in the document's field.
func (w *world) field(t *testing.T, path, name string) string {
	t.Helper()
	snap, err := w.fs.Doc(path).Get(t.Context())
	must(t, err)
	text, _ := snap.Data()[name].(string)
	return text
}

// objects returns the names of the objects in the bucket that begin with the prefix.
func (w *world) objects(t *testing.T, bucket, prefix string) (names []string) {
	t.Helper()
	for all := w.files.Bucket(bucket).Objects(t.Context(), &storage.Query{Prefix: prefix}); ; {
		o, err := all.Next()
		if errors.Is(err, iterator.Done) {
			return names
		}
		must(t, err)
		names = append(names, o.Name)
	}
}
