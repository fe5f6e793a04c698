package erasure_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/toolkit"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/bylink"
	"github.com/facescan/facescan/internal/erasure/erase"
	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/export/build"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/parked"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/web"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const (
	ada, bob = "ada-0123456789", "bob-0123456789"
	wait     = 25 * time.Minute
)

var byBoth = account.Notifications{Push: true, Email: true}

// world is what a saga works on: everything a user can have, written by the functions that write
// it.
type world struct {
	*usertest.World
	eraser  *erase.Consumer
	sweeper *erasure.Sweeper
	signer  receipt.Signer
	watcher *longpoll.Watcher[erasure.Awaited]
}

func newWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, usertest.Options{})
}

func newWorldOf(t *testing.T, opts usertest.Options) *world {
	t.Helper()
	w := &world{World: usertest.New(t, opts), signer: testkit.Signer(t, 1)}
	// A test may hold what the other functions do on their ways, and not what the eraser does on
	// its own.
	mailer, objects := usertest.MailerTo(t, w.Mail.Host()), w.StorageClient(nil)
	w.eraser = &erase.Consumer{
		Firestore: w.Firestore, Uploads: objects.Bucket("uploads"), Results: objects.Bucket("results"),
		Tombstones: objects.Bucket("tombstones"), Auth: w.Users, Mailer: mailer, Signer: w.signer,
		PublicURL: "https://api.test", Key: testkit.Ring(keys.ForReceipts),
		ErasedKey: testkit.Ring(keys.ForErased), Wait: wait, Acts: w.Acts, Now: w.Clock,
	}
	var err error
	connect := func() { w.eraser.Accounts, err = toolkit.New(t.Context(), w.Project) }
	if opts.Auth == nil {
		connect()
	} else {
		opts.Auth.Before(t, connect)
	}
	if err != nil {
		t.Fatal(err)
	}
	if w.eraser.Links, err = link.New("https://api.test", testkit.Ring(keys.ForDeletions)); err != nil {
		t.Fatal(err)
	}
	w.sweeper = &erasure.Sweeper{Firestore: w.Firestore, Outbox: w.Outbox, Now: w.Clock}
	w.watcher = erasure.NewWatcher(w.Firestore)
	requests := w.requests(t)
	requests.Routes(w.API)
	limits := quota.New(w.Firestore, testkit.Ring(keys.ForLimits), w.Clock)
	(&bylink.Handler{
		Erasures: requests, Outbox: w.Outbox, Limits: limits, Links: w.eraser.Links, Users: w.Users,
		Pages: new(web.Pages), Now: w.Clock,
	}).Routes(w.API)
	(&export.Handler{
		Firestore: w.Firestore, Watcher: export.NewWatcher(w.Firestore), Outbox: w.Outbox, Limits: limits,
		Results: w.Results, Signing: w.Signing, Now: w.Clock,
	}).Routes(w.API)
	exporter := &build.Consumer{
		Firestore: w.Firestore, Uploads: w.Uploads, Results: w.Results, Outbox: w.Outbox, Acts: w.Acts, Now: w.Clock,
	}
	w.Handlers["erase"], w.Handlers["export"] = w.eraser.Handle, exporter.Handle
	return w
}

func (w *world) requests(t *testing.T) *erasure.Handler {
	t.Helper()
	requests, err := erasure.NewHandler(w.Firestore, w.Outbox, erasure.Options{
		Keys: []string{w.signer.Public()}, PublicURL: "https://api.test", Key: testkit.Ring(keys.ForReceipts),
		Watcher: w.watcher, Acts: w.Acts, Now: w.Clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	return requests
}

// call asks the API, as the user of the uid or, "", as anybody.
func (w *world) call(t *testing.T, method, path, uid string) (status int, answer map[string]any, header http.Header) {
	t.Helper()
	a := w.Ask(uid, method, path, "")
	if err := json.Unmarshal(a.Body, &answer); err != nil {
		t.Fatalf("%s %s: %s", method, path, a.Body)
	}
	return a.Status, answer, a.Header
}

// request asks for the erasure and returns the receipt's path.
func (w *world) request(t *testing.T, uid string) (path string) {
	t.Helper()
	status, answer, header := w.call(t, http.MethodDelete, "/v1/me", uid)
	path = header.Get("Location")
	if status != http.StatusAccepted || answer["state"] != "erasing" || answer["receiptUrl"] != "https://api.test"+path {
		t.Fatalf("%d %v at %q", status, answer, path)
	}
	return path
}

// erase hands the eraser all that was published for it.
func (w *world) erase(t *testing.T) {
	t.Helper()
	w.Deliver("erase")
}

// finish lets the time pass after which nothing can turn up, and has the sweep drive the sagas to
// their ends.
func (w *world) finish(t *testing.T) {
	t.Helper()
	w.Advance(wait)
	w.drive(t)
}

// drive has the sweep drive the sagas on that are due.
func (w *world) drive(t *testing.T) {
	t.Helper()
	if _, err := w.sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.erase(t)
}

// seed gives the user something in every store: two scans, the second of which is a personal best,
// a series of two photos, and all that follows from them; an export; an event that could not be
// handled and one whose topic was not to be had.
func (w *world) seed(t *testing.T, uid string) {
	t.Helper()
	w.MoveIn(uid, byBoth, "token-of-"+uid)
	w.circle(uid)
	w.measure(t, uid)
}

const cora, dan, eli = "cora-0123456789", "dan-0123456789", "eli-0123456789"

// circle gives the user a friend, one whom they have blocked and one who has blocked them.
func (w *world) circle(uid string) {
	for _, other := range []string{cora, dan, eli} {
		if _, err := w.Users.GetUser(context.Background(), other); err != nil {
			w.Register(other, "phone-of-"+other)
		}
	}
	const root = "/v1/friends/"
	w.Befriend(cora, uid)
	w.Do(dan, http.MethodPost, root+w.Befriend(uid, dan)+"/block", "")
	w.Do(uid, http.MethodPost, root+w.Befriend(eli, uid)+"/block", "")
}

// measure makes what can be made under the user's consent.
func (w *world) measure(t *testing.T, uid string) {
	t.Helper()
	w.Deliver("notify", "rank")
	w.Rank(uid, usertest.RankedAgain)
	salt := fmt.Sprint(w.User(uid).ConsentEpoch)
	w.Scan(uid, usertest.Photo(t, 0, salt))
	w.Advance(time.Second)
	w.Scan(uid, usertest.Photo(t, 1, salt))
	w.Advance(time.Second)
	w.Series(uid, usertest.Photo(t, 2, salt), usertest.Photo(t, 3, salt))
	w.Do(uid, http.MethodPost, "/v1/me/export", "")
	w.Deliver("export", "notify")
	w.park(t, uid)
	w.owe(t, uid)
}

// lastOf is the last message that was published to the topic about the user.
func (w *world) lastOf(t *testing.T, uid string, fact event.Payload) event.Message {
	t.Helper()
	for _, p := range slices.Backward(w.Published()) {
		if p.Topic == event.Topic(fact.EventType()) && event.About(p.Data).UID == uid {
			return p.Message
		}
	}
	t.Fatalf("nothing was published of %s for %s", fact.EventType(), uid)
	return event.Message{}
}

// park parks the user's last completed scan and the notification of its photo, as a function does
// that cannot read them.
func (w *world) park(t *testing.T, uid string) {
	t.Helper()
	completed := w.lastOf(t, uid, event.ScanCompletedV1{})
	id := event.About(completed.Data).ScanID
	photo, attributes, err := event.FinalizedMessage(event.ObjectFinalized{
		Bucket: "uploads", Name: scan.PhotoName(account.UID(uid), scan.ID(id)), Generation: 1,
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range []event.Message{completed, {ID: "photo-of-" + id, Data: photo, Attributes: attributes}} {
		if err := parked.Keep(t.Context(), w.Firestore, "test", m, event.ErrMalformed, w.Clock()); err != nil {
			t.Fatal(err)
		}
	}
}

// unheard is a publisher whose topics cannot be reached, and what is published there stays in the
// outbox.
type unheard struct{}

func (unheard) Publish(context.Context, string, []byte, map[string]string) error {
	return errors.New("the topic does not answer")
}

// owe leaves the last completed scan in the outbox, as a process does that dies before it has
// published it.
func (w *world) owe(t *testing.T, uid string) {
	t.Helper()
	told, err := event.Decode(w.lastOf(t, uid, event.ScanCompletedV1{}).Data)
	if err != nil {
		t.Fatal(err)
	}
	box := outbox.New(w.Firestore, unheard{}, testkit.Writer("test"), w.Clock)
	err = box.Run(t.Context(), func(_ context.Context, tx *outbox.Tx) error {
		tx.Owe(told)
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// regrant withdraws the consent, gives it anew and has everything made under the new one, before
// anything follows from the withdrawal. It returns the withdrawn epoch.
func (w *world) regrant(t *testing.T, uid string) (withdrawn int64) {
	t.Helper()
	withdrawn = w.User(uid).ConsentEpoch
	w.Withdraw(uid)
	w.Grant(uid)
	w.measure(t, uid)
	return withdrawn
}

func (w *world) put(t *testing.T, b *storage.BucketHandle, name string) {
	t.Helper()
	o := b.Object(name).NewWriter(t.Context())
	_, err := o.Write([]byte(name))
	if err := errors.Join(err, o.Close()); err != nil {
		t.Fatal(err)
	}
}

// ofCollection is the last name of the document's collection, "" for an object.
func ofCollection(path string) string {
	parts := strings.Split(path, "/")
	if strings.HasPrefix(path, "gs://") || len(parts) < 2 {
		return ""
	}
	return parts[len(parts)-2]
}

// collectionsOf are the collections of the documents, with how many of them there are.
func collectionsOf(paths []string) map[string]int {
	all := map[string]int{}
	for _, p := range paths {
		if c := ofCollection(p); c != "" {
			all[c]++
		}
	}
	return all
}

// later writes a document of the user's into each collection that nothing wrote into, as a later
// version may: package schema alone says what becomes of it.
func (w *world) later(t *testing.T, uid string) {
	t.Helper()
	had := collectionsOf(w.Mentions(uid))
	for _, c := range schema.Collections {
		at := w.Firestore.Collection(c.Name)
		switch {
		case had[c.Name] > 0 || c.Removed == schema.Never:
			continue
		case c.Below == "users":
			at = account.Ref(w.Firestore, account.UID(uid)).Collection(c.Name)
		}
		if _, err := at.Doc("of-a-later-version").Set(t.Context(), map[string]any{"uid": uid}); err != nil {
			t.Fatal(err)
		}
	}
}

func message(t *testing.T, fact event.Payload) event.Message {
	t.Helper()
	e, err := event.New(event.ID("test"), time.Now(), "", fact)
	if err != nil {
		t.Fatal(err)
	}
	data, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: "1", Data: data}
}
