package export_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/internal/emulator/emulatortest"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/limit"
	"github.com/facescan/facescan/internal/outbox"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

const (
	ada, bob = "ada-0123456789", "bob-0123456789"
	me       = "/v1/me/export"
	// oldScan is of the consent that was withdrawn, newScan of the one in force.
	oldScan, newScan = "aaaaaaaaaaaaaaaaaaaaaaaaaa", "bbbbbbbbbbbbbbbbbbbbbbbbbb"
)

// world is a database and buckets of the test's own, a clock that the test moves, and a bus that keeps what is published.
type world struct {
	fs               *firestore.Client
	uploads, results *storage.BucketHandle
	exporter         *export.Exporter
	sweeper          *export.Sweeper
	api              *httpapi.API

	mu   sync.Mutex
	now  time.Time
	sent []event.Message
	// meanwhile, if set, happens once (see during), looks is how often the exporter looked at its clock since it was set.
	meanwhile func()
	looks     int
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{now: time.Now()} // URLs are signed by the real clock
	w.fs = emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	signing := w.startStorage(t)
	box := outbox.New(w.fs, w, w.clock)
	w.exporter = &export.Exporter{Firestore: w.fs, Uploads: w.uploads, Results: w.results, Now: w.busyClock}
	w.sweeper = &export.Sweeper{Firestore: w.fs, Results: w.results, Outbox: box, Now: w.clock}
	w.api = httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}, HashKey: []byte("key")})
	export.NewRequests(w.fs, box, limit.New(w.fs, []byte("key"), w.clock), w.results, signing, w.clock).Routes(w.api)
	return w
}

func (w *world) startStorage(t *testing.T) storage.SignedURLOptions {
	t.Helper()
	s, err := emulator.NewStorage(context.WithoutCancel(t.Context()), emulator.StorageOptions{Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := errors.Join(s.CreateBucket("uploads"), s.CreateBucket("results")); err != nil {
		t.Fatal(err)
	}
	gcs, err := storage.NewClient(t.Context(), s.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gcs.Close() })
	w.uploads, w.results = gcs.Bucket("uploads"), gcs.Bucket("results")
	return storage.SignedURLOptions{
		GoogleAccessID: s.Account(), PrivateKey: s.SigningKeyPEM(), Scheme: storage.SigningSchemeV4, Insecure: true,
		Hostname: s.Host(),
	}
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

// during has something happen when the exporter is about to add the first entry.
func (w *world) during(do func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.meanwhile, w.looks = do, 0
}

// busyClock is the exporter's: its third look is that of the first entry, after the claim's and the archive's.
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
	return w.clock()
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// Publish keeps the message.
func (w *world) Publish(_ context.Context, _ string, data []byte, attributes map[string]string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, event.Message{ID: fmt.Sprint(len(w.sent)), Data: data, Attributes: attributes})
	return nil
}

func (w *world) take() []event.Message {
	w.mu.Lock()
	defer w.mu.Unlock()
	sent := w.sent
	w.sent = nil
	return sent
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
	r := httptest.NewRequestWithContext(t.Context(), method, me, nil)
	r.Header.Set("Authorization", "Bearer "+uid)
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	if err := json.Unmarshal(rec.Body.Bytes(), &a); err != nil || rec.Code != status {
		t.Fatalf("%s: %d %s, want %d", method, rec.Code, rec.Body, status)
	}
	return a
}

func (w *world) ask(t *testing.T) answer {
	t.Helper()
	return w.call(t, http.MethodPost, ada, http.StatusAccepted)
}

func (w *world) set(t *testing.T, ref *firestore.DocumentRef, doc any) {
	t.Helper()
	if _, err := ref.Set(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
}

func (w *world) put(t *testing.T, b *storage.BucketHandle, name, contentType string) (generation int64) {
	t.Helper()
	o := b.Object(name).NewWriter(t.Context())
	o.ContentType = contentType
	_, err := o.Write([]byte(name))
	if err := errors.Join(err, o.Close()); err != nil {
		t.Fatal(err)
	}
	return o.Attrs().Generation
}

func (w *world) user(uid string) *firestore.DocumentRef { return account.Ref(w.fs, account.UID(uid)) }

// change changes the user, who must be there.
func (w *world) change(t *testing.T, path string, value any) {
	t.Helper()
	if _, err := w.user(ada).Update(t.Context(), []firestore.Update{{Path: path, Value: value}}); err != nil {
		t.Fatal(err)
	}
}

// seed gives the user something in every store, under a consent that was withdrawn, 1, and the one in force, 3.
func (w *world) seed(t *testing.T, uid string) {
	t.Helper()
	user := w.user(uid)
	w.set(t, user, account.User{
		Schema: 1, UID: account.UID(uid), State: account.Active, ConsentEpoch: 3, Consent: account.Consent{Granted: true},
		Email: uid + "@example.com", Username: uid, Folded: uid, BirthYear: 1990,
	})
	for i, action := range []account.Action{account.Granted, account.Withdrawn, account.Granted} {
		epoch := int64(i + 1)
		w.set(t, user.Collection("consents").Doc(fmt.Sprintf("%010d", epoch)), account.ConsentRecord{Epoch: epoch, Action: action})
	}
	w.set(t, user.Collection("devices").Doc("phone"), map[string]any{"token": "secret-token", "platform": "ios", "expireAt": w.clock().Add(time.Hour)})
	w.set(t, user.Collection("inbox").Doc("old"), map[string]any{"title": "Gone", "expireAt": w.clock()})
	w.set(t, user.Collection("inbox").Doc("welcome"), map[string]any{"title": "Welcome", "expireAt": w.clock().Add(time.Hour)})
	for epoch, id := range map[int64]string{1: oldScan, 3: newScan} {
		id := id[:20] + uid[:3] + "234"
		photo := w.put(t, w.uploads, "uploads/"+uid+"/"+id, "image/jpeg")
		w.set(t, w.fs.Collection("scans").Doc(id), map[string]any{
			"id": id, "uid": uid, "consentEpoch": epoch, "state": "completed", "generation": photo, "content": "keyed",
			"result": map[string]any{"score": map[string]any{"value": 71.5}},
		})
		w.set(t, user.Collection("ratings").Doc(fmt.Sprint("board", epoch)), map[string]any{"consentEpoch": epoch, "rating": 60.5})
		w.put(t, w.results, "results/"+uid+"/"+id+"/report.json", "application/json")
		w.put(t, w.results, "results/"+uid+"/"+id+"/overlay.jpg", "image/jpeg")
		w.put(t, w.results, "results/"+uid+"/"+id+"/renditions/1.png", "image/png")
	}
}

// exports are the objects of exports, of all generations, and the documents.
func (w *world) exports(t *testing.T) (objects, documents int) {
	t.Helper()
	all := w.results.Objects(t.Context(), &storage.Query{Prefix: "exports/", Versions: true})
	for {
		if _, err := all.Next(); err != nil {
			break
		}
		objects++
	}
	docs, err := w.fs.Collection("exports").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return objects, len(docs)
}
