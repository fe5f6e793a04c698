package erasure_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/internal/emulator/emulatortest"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const (
	ada, bob = "ada-0123456789", "bob-0123456789"
	wait     = 25 * time.Minute
	aScan    = "aaaaaaaaaaaaaaaaaaaaaaaaaa"
)

// world is what a saga works on: a database, buckets and users of the test's own, a clock that the test moves, and a
// bus that keeps what is published.
type world struct {
	project          string
	fs               *firestore.Client
	storage          *emulator.Storage
	uploads, results *storage.BucketHandle
	auth             *auth.Client
	smtp             *emulator.SMTP
	eraser           *erasure.Eraser
	sweeper          *erasure.Sweeper
	api              *httpapi.API
	signer           erasure.Signer
	bus              *bus

	mu  sync.Mutex
	now time.Time
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{
		project: emulatortest.UniqueProject(t), bus: &bus{}, now: time.Date(2026, 11, 21, 12, 0, 0, 123456789, time.UTC),
	}
	var err error
	if w.fs, err = firestore.NewClient(t.Context(), w.project); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.fs.Close() })
	w.startStorage(t)
	if w.smtp, err = emulator.NewSMTP(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.smtp.Close() })
	app, err := firebase.NewApp(t.Context(), &firebase.Config{ProjectID: w.project})
	if err != nil {
		t.Fatal(err)
	}
	if w.auth, err = app.Auth(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.signer = newSigner(t, 1)
	mailer, err := notify.NewMailer(notify.MailConfig{Addr: w.smtp.Host(), From: "FaceScan <x@facescan.invalid>", Plain: true})
	if err != nil {
		t.Fatal(err)
	}
	w.eraser = &erasure.Eraser{
		Firestore: w.fs, Uploads: w.uploads, Results: w.results, Auth: w.auth, Mailer: mailer, Signer: w.signer,
		PublicURL: "https://api.test", Key: []byte("key"), Wait: wait, Now: w.clock,
	}
	box := outbox.New(w.fs, w.bus, w.clock)
	w.sweeper = &erasure.Sweeper{Firestore: w.fs, Outbox: box, Now: w.clock}
	requests, err := erasure.NewRequests(w.fs, box, erasure.Options{
		Keys: []string{w.signer.Public()}, PublicURL: "https://api.test", Key: []byte("key"), Now: w.clock,
	})
	if err != nil {
		t.Fatal(err)
	}
	w.api = httpapi.New(httpapi.Options{Verifier: w, HashKey: []byte("key")})
	requests.Routes(w.api)
	return w
}

func (w *world) startStorage(t *testing.T) {
	t.Helper()
	var err error
	w.storage, err = emulator.NewStorage(context.WithoutCancel(t.Context()), emulator.StorageOptions{Now: w.clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = w.storage.Close() })
	if err := errors.Join(w.storage.CreateBucket("uploads"), w.storage.CreateBucket("results")); err != nil {
		t.Fatal(err)
	}
	gcs, err := storage.NewClient(t.Context(), w.storage.ClientOptions()...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gcs.Close() })
	w.uploads, w.results = gcs.Bucket("uploads"), gcs.Bucket("results")
}

func newSigner(t *testing.T, seed byte) erasure.Signer {
	t.Helper()
	raw := make([]byte, ed25519.SeedSize)
	raw[0] = seed
	signer, err := erasure.NewSigner(base64.StdEncoding.EncodeToString(raw))
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// VerifyIDToken takes the token for the uid: whom Firebase lets in is tested elsewhere.
func (w *world) VerifyIDToken(_ context.Context, token string) (*auth.Token, error) {
	return &auth.Token{UID: token}, nil
}

// VerifyIDTokenAndCheckRevoked is VerifyIDToken.
func (w *world) VerifyIDTokenAndCheckRevoked(ctx context.Context, token string) (*auth.Token, error) {
	return w.VerifyIDToken(ctx, token)
}

// bus keeps what is published.
type bus struct {
	mu   sync.Mutex
	sent []event.Message
}

func (b *bus) Publish(_ context.Context, _ string, data []byte, attributes map[string]string) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, event.Message{ID: fmt.Sprint(len(b.sent)), Data: data, Attributes: attributes})
	return nil
}

func (b *bus) take() []event.Message {
	b.mu.Lock()
	defer b.mu.Unlock()
	sent := b.sent
	b.sent = nil
	return sent
}

// call asks the API, as the user of the uid or, "", as anybody.
func (w *world) call(t *testing.T, method, path, uid string) (status int, answer map[string]any, header http.Header) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), method, path, nil)
	if uid != "" {
		r.Header.Set("Authorization", "Bearer "+uid)
	}
	rec := httptest.NewRecorder()
	w.api.ServeHTTP(rec, r)
	if err := json.Unmarshal(rec.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s %s: %s", method, path, rec.Body)
	}
	return rec.Code, answer, rec.Header()
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

// deliver hands the eraser all that was published.
func (w *world) deliver(t *testing.T) {
	t.Helper()
	for _, m := range w.bus.take() {
		if err := w.eraser.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
	}
}

// finish lets the time pass after which nothing can turn up, and has the sweep drive the sagas to their ends.
func (w *world) finish(t *testing.T) {
	t.Helper()
	w.advance(wait)
	if _, err := w.sweeper.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.deliver(t)
}

func (w *world) mentions(t *testing.T, uid string) []string {
	t.Helper()
	return emulatortest.Mentions(t, w.fs, uid, w.uploads, w.results)
}

// seed gives the user something in every store.
func (w *world) seed(t *testing.T, uid string) {
	t.Helper()
	_, err := w.auth.CreateUser(t.Context(), (&auth.UserToCreate{}).UID(uid).Email(uid+"@example.com").EmailVerified(true))
	if err != nil {
		t.Fatal(err)
	}
	user := account.Ref(w.fs, account.UID(uid))
	w.set(t, user, account.User{
		Schema: 1, UID: account.UID(uid), State: account.Active, ConsentEpoch: 3, Consent: account.Consent{Granted: true},
		Email: uid + "@example.com", EmailVerified: true, Username: uid, Folded: uid,
	})
	w.set(t, user.Collection("consents").Doc("0000000001"), map[string]any{"epoch": 1})
	w.set(t, user.Collection("devices").Doc("phone"), map[string]any{"token": "t"})
	w.set(t, user.Collection("inbox").Doc("welcome"), map[string]any{"type": "account.registered.v1", "data": map[string]any{}})
	w.set(t, user.Collection("deliveries").Doc("e_push"), map[string]any{"state": "sent"})
	w.set(t, user.Collection("friends").Doc("f"), map[string]any{"since": w.clock()})
	w.set(t, w.fs.Collection("usernames").Doc(uid), map[string]any{"uid": uid})
	w.set(t, w.fs.Collection("limits").Doc("l-"+uid), map[string]any{"uid": uid})
	w.set(t, w.fs.Collection("parked").Doc("p-"+uid), map[string]any{"uid": uid, "data": []byte(uid)})
	w.set(t, w.fs.Collection("outbox").Doc("o-"+uid), map[string]any{"uid": uid, "data": []byte(uid)})
	w.seedEpoch(t, uid, 1)
	w.seedEpoch(t, uid, 3)
}

// seedWithdrawal gives the user an earlier withdrawal that is not over yet.
func (w *world) seedWithdrawal(t *testing.T, uid string) {
	t.Helper()
	w.set(t, w.fs.Collection("erasures").Doc(uid+"_1"), map[string]any{
		"uid": uid, "scope": "consent", "epoch": 1, "step": "prove", "proveAt": w.clock().Add(wait), "sweepAt": w.clock().Add(wait),
		"counts": map[string]int64{},
	})
}

// seedEpoch gives the user what is made under a consent.
func (w *world) seedEpoch(t *testing.T, uid string, epoch int64) {
	t.Helper()
	user := account.Ref(w.fs, account.UID(uid))
	made := map[string]any{"uid": uid, "consentEpoch": epoch}
	id := scanID(uid, epoch)
	w.set(t, w.fs.Collection("scans").Doc(id), made)
	w.set(t, w.fs.Collection("exports").Doc(id), made)
	w.set(t, user.Collection("ratings").Doc("symmetry_all_v"+fmt.Sprint(epoch)), made)
	w.set(t, w.fs.Collection("boards").Doc("symmetry_all_v"+fmt.Sprint(epoch)).Collection("entries").Doc(uid), map[string]any{"uid": uid})
	w.set(t, user.Collection("guard").Doc("state"+fmt.Sprint(epoch)), made)
	w.set(t, user.Collection("inbox").Doc("scan"+fmt.Sprint(epoch)), map[string]any{"data": map[string]any{"scanId": id}})
	w.put(t, w.uploads, "uploads/"+uid+"/"+id)
	for _, name := range []string{"report.json", "overlay.jpg", "renditions/1.png"} {
		w.put(t, w.results, "results/"+uid+"/"+id+"/"+name)
	}
	w.put(t, w.results, "exports/"+uid+"/"+id+".zip")
}

func scanID(uid string, epoch int64) string { return aScan[:20] + uid[:3] + "ep" + fmt.Sprint(epoch+1) }

func (w *world) set(t *testing.T, ref *firestore.DocumentRef, doc any) {
	t.Helper()
	if _, err := ref.Set(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
}

func (w *world) put(t *testing.T, b *storage.BucketHandle, name string) {
	t.Helper()
	o := b.Object(name).NewWriter(t.Context())
	_, err := o.Write([]byte(name))
	if err := errors.Join(err, o.Close()); err != nil {
		t.Fatal(err)
	}
}

// collectionsOf are the last names of the documents' collections.
func collectionsOf(paths []string) map[string]bool {
	all := map[string]bool{}
	for _, p := range paths {
		if parts := strings.Split(p, "/"); !strings.HasPrefix(p, "gs://") {
			all[parts[len(parts)-2]] = true
		}
	}
	return all
}
