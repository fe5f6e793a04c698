package export_test

import (
	"encoding/json"
	"net/http"
	"os"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/export/build"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const (
	ada, bob = "ada-0123456789", "bob-0123456789"
	cy       = "cyr-0123456789"
	me       = "/v1/me/export"
)

// world is everything a user can have, written by the functions that write it, and the export.
type world struct {
	*usertest.World
	exporter *build.Consumer
	sweeper  *export.Sweeper
	watcher  *longpoll.Watcher[export.Job]
	// taken is how many of the published messages the test has taken.
	taken int

	mu sync.Mutex
	// meanwhile, if set, happens once (see during), looks is how often the exporter looked at its
	// clock since it was set.
	meanwhile func()
	looks     int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{World: usertest.New(t, usertest.Options{})}
	w.exporter = &build.Consumer{
		Firestore: w.Firestore, Uploads: w.Uploads, Results: w.Results, Outbox: w.Outbox, Acts: w.Acts, Now: w.busyClock,
	}
	w.watcher = export.NewWatcher(w.Firestore)
	w.sweeper = &export.Sweeper{Firestore: w.Firestore, Results: w.Results, Outbox: w.Outbox, Now: w.Clock}
	limits := quota.New(w.Firestore, testkit.Ring(keys.ForLimits), w.Clock)
	(&export.Handler{
		Firestore: w.Firestore, Watcher: w.watcher, Outbox: w.Outbox, Limits: limits, Results: w.Results,
		Signing: w.Signing, Now: w.Clock,
	}).Routes(w.API)
	requests, err := erasure.NewHandler(w.Firestore, w.Outbox, erasure.Options{
		PublicURL: "https://api.test", Key: testkit.Ring(keys.ForReceipts),
		Acts: w.Acts, Now: w.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	requests.Routes(w.API)
	return w
}

// during has something happen when the exporter is about to add the first entry.
func (w *world) during(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meanwhile, w.looks = do, 0
}

// busyClock is the exporter's: its third look is that of the first entry, after the claim's and the
// archive's.
func (w *world) busyClock() time.Time {
	w.mu.Lock()
	w.looks++
	var do func()
	if w.looks == 3 {
		do, w.meanwhile = w.meanwhile, nil
	}
	w.mu.Unlock()
	if do != nil {
		do()
	}
	return w.Clock()
}

// take is what was published for the exporter since it was last asked.
func (w *world) take() (fresh []event.Message) {
	all := w.Published()
	for _, p := range all[w.taken:] {
		if usertest.Takes("export", p.Topic) {
			fresh = append(fresh, p.Message)
		}
	}
	w.taken = len(all)
	return fresh
}

// deliver hands the exporter all that was published.
func (w *world) deliver(t *testing.T) {
	t.Helper()
	for _, m := range w.take() {
		if err := w.exporter.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// tells wants these exports, and no others, to have been published as ready, each until its end.
func (w *world) tells(t *testing.T, ready ...answer) {
	t.Helper()
	var got, want []string
	for _, fact := range usertest.Told[event.ExportReadyV1](w.World) {
		got = append(got, fact.UID+" "+fact.ExportID+" "+httpapi.Time(fact.ExpiresAt))
	}
	for _, a := range ready {
		want = append(want, ada+" "+a.ID+" "+a.ExpiresAt)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exports published as ready (-want +got):\n%s", diff)
	}
}

func (w *world) sweep(t *testing.T) {
	t.Helper()
	if _, err := w.sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// answer is what the API says of an export, or why it does not.
type answer struct {
	ID, State, Code, URL, SHA256, ExpiresAt, URLExpiresAt string
	Bytes                                                 int64
}

func (w *world) call(t *testing.T, method, uid string, status int) (a answer) {
	t.Helper()
	got := w.Ask(uid, method, me, "")
	if err := json.Unmarshal(got.Body, &a); err != nil || got.Status != status {
		t.Fatalf("%s: %d %s, want %d", method, got.Status, got.Body, status)
	}
	return a
}

func (w *world) ask(t *testing.T) answer {
	t.Helper()
	return w.call(t, http.MethodPost, ada, http.StatusAccepted)
}

// seed gives the user something in every store, under a consent that was withdrawn and whose
// erasure has not come to it yet, and under the one in force. It returns the scan of each.
func (w *world) seed(t *testing.T, uid string) (old, current scan.ID) {
	t.Helper()
	w.MoveIn(uid, account.Notifications{Push: true, Email: true}, "secret-token")
	w.Deliver("notify", "rank")
	const renditions = `[{"name":"grey","format":"png","operations":[{"op":"grayscale"}]}]`
	old = w.ScanWith(uid, usertest.Photo(t, 0, "old"), renditions)
	w.Withdraw(uid)
	w.Grant(uid)
	w.Advance(time.Second)
	current = w.ScanWith(uid, usertest.Photo(t, 0, "current"), renditions)
	return old, current
}

// exports are the objects of exports, of all generations, and the documents.
func (w *world) exports(t *testing.T) (objects, documents int) {
	t.Helper()
	all := w.Results.Objects(t.Context(), &storage.Query{Prefix: "exports/", Versions: true})
	for {
		if _, err := all.Next(); err != nil {
			break
		}
		objects++
	}
	docs, err := w.Firestore.Collection("exports").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return objects, len(docs)
}
