package scan

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"
	"google.golang.org/grpc"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/outbox"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.PubSub)) }

const (
	uploadsBucket = "uploads"
	resultsBucket = "results"
	// anna is a registered user with a consent, whose epoch is 1.
	anna = account.UID("anna")
	// hashKey is the key of scan ids and of what stands for photos.
	hashKey = "key"
	// patience bounds waiting for what should happen at once; it is below the longest long poll.
	patience = 20 * time.Second
)

// noon is a time of documents that a test writes by hand, leaseLong is over the lease of an analysis.
var (
	noon      = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	leaseLong = catalog.Lease + time.Second
)

// env is what the functions of this package work on: a database and buckets of the test's own, a clock that the test
// moves, and a bus that keeps what is published.
type env struct {
	project string
	fs      *firestore.Client
	storage *emulator.Storage
	clock   *clock
	bus     *bus
	box     *outbox.Box

	uploads, results *storage.BucketHandle
}

func newEnv(t *testing.T) *env {
	t.Helper()
	e := &env{project: emulatortest.UniqueProject(t), clock: newClock(), bus: &bus{}}
	e.fs = emulatortest.Firestore(t, e.project)
	var err error
	e.storage, err = emulator.NewStorage(context.WithoutCancel(t.Context()), emulator.StorageOptions{Now: e.clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.storage.Close() })
	if err := errors.Join(e.storage.CreateBucket(uploadsBucket), e.storage.CreateBucket(resultsBucket)); err != nil {
		t.Fatal(err)
	}
	gcs := e.client(t, http.DefaultTransport.RoundTrip)
	e.uploads, e.results = gcs.Bucket(uploadsBucket), gcs.Bucket(resultsBucket)
	e.box = e.boxOver(e.fs)
	e.putUser(t, account.User{
		UID: anna, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
	})
	return e
}

// client is a client of the storage whose requests go through the function.
func (e *env) client(t *testing.T, send transport) *storage.Client {
	t.Helper()
	opts := append(e.storage.ClientOptions(), option.WithHTTPClient(&http.Client{Transport: send}))
	gcs, err := storage.NewClient(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gcs.Close() })
	return gcs
}

// database is another client of the database, whose requests and streams go through the interceptors.
func (e *env) database(t *testing.T, opts ...grpc.DialOption) *firestore.Client {
	t.Helper()
	return emulatortest.Firestore(t, e.project, opts...)
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// first runs the function before the first request that fits goes on.
func first(fits func(*http.Request) bool, do func()) transport {
	var once sync.Once
	return func(r *http.Request) (*http.Response, error) {
		if fits(r) {
			once.Do(do)
		}
		return http.DefaultTransport.RoundTrip(r)
	}
}

// refusing answers what fits with the status, which should be one that the client does not try again.
func refusing(status int, fits func(*http.Request) bool) transport {
	return func(r *http.Request) (*http.Response, error) {
		if !fits(r) {
			return http.DefaultTransport.RoundTrip(r)
		}
		return &http.Response{
			StatusCode: status, Status: http.StatusText(status), Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Header: http.Header{}, Body: io.NopCloser(strings.NewReader("refused by the test")), Request: r,
		}, nil
	}
}

func method(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == name }
}

func (e *env) putUser(t *testing.T, u account.User) {
	t.Helper()
	u.Schema = 1
	if _, err := account.Ref(e.fs, u.UID).Set(t.Context(), u); err != nil {
		t.Error(err)
	}
}

// putBob registers a second user, whose consent's epoch is 1.
func (e *env) putBob(t *testing.T) {
	t.Helper()
	e.putUser(t, account.User{
		UID: "bob", State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
	})
}

// setConsent is what granting and withdrawing do to anna.
func (e *env) setConsent(t *testing.T, granted bool, epoch int64) {
	t.Helper()
	e.putUser(t, account.User{
		UID: anna, State: account.Active, ConsentEpoch: epoch, Consent: account.Consent{Granted: granted}, BirthYear: 1990,
	})
}

// newScan is a scan of anna's in the database, as a ticket leaves it and as change changes it.
func (e *env) newScan(t *testing.T, change ...func(*Scan)) Scan {
	t.Helper()
	s := newScan(randomID(), anna, 1, "image/jpeg", e.clock.Now())
	for _, c := range change {
		c(&s)
	}
	e.put(t, s)
	return s
}

func randomID() ID { return ID(strings.ToLower(rand.Text())) }

func (e *env) put(t *testing.T, s Scan) {
	t.Helper()
	if _, err := ref(e.fs, s.ID).Set(t.Context(), s); err != nil {
		t.Error(err)
	}
}

func (e *env) load(t *testing.T, id ID) Scan {
	t.Helper()
	s, err := get(t.Context(), e.fs, id)
	if err != nil {
		t.Fatalf("scan %s: %v", id, err)
	}
	return s
}

// upload writes the scan's photo past the ticket and returns its generation.
func (e *env) upload(t *testing.T, s Scan, photo []byte) int64 {
	t.Helper()
	return writeObject(t, e.uploads.Object(PhotoName(s.UID, s.ID)), photo)
}

func writeObject(t *testing.T, object *storage.ObjectHandle, body []byte) int64 {
	t.Helper()
	w := object.NewWriter(t.Context())
	w.ChunkSize, w.ContentType = 0, "image/jpeg"
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return w.Attrs().Generation
}

// photoOf is the generation of the scan's photo, 0 where there is none.
func (e *env) photoOf(t *testing.T, s Scan) int64 {
	t.Helper()
	return generationOf(t, e.uploads.Object(PhotoName(s.UID, s.ID)))
}

// resultNamesOf are the scan's objects, written out.
func resultNamesOf(s Scan) []string {
	folder := "results/" + string(s.UID) + "/" + string(s.ID) + "/"
	return []string{
		folder + "report.json", folder + "overlay.jpg", folder + "crop.jpg", folder + "left-left.jpg", folder + "right-right.jpg",
		folder + "thumbnail.jpg",
	}
}

// resultsOf reports whether the scan has its results. To have some of them fails the test.
func (e *env) resultsOf(t *testing.T, s Scan) bool {
	t.Helper()
	names := resultNamesOf(s)
	var there []string
	for _, name := range names {
		if generationOf(t, e.results.Object(name)) != 0 {
			there = append(there, name)
		}
	}
	if len(there) != 0 && len(there) != len(names) {
		t.Errorf("of the results there are only %v", there)
	}
	return len(there) > 0
}

// putResults writes what an analysis would have left.
func (e *env) putResults(t *testing.T, s Scan) {
	t.Helper()
	for _, name := range resultNamesOf(s) {
		writeObject(t, e.results.Object(name), []byte("{}"))
	}
}

func generationOf(t *testing.T, object *storage.ObjectHandle) int64 {
	t.Helper()
	attrs, err := object.Attrs(t.Context())
	if errors.Is(err, storage.ErrObjectNotExist) {
		return 0
	}
	if err != nil {
		t.Fatal(err)
	}
	return attrs.Generation
}

// finalized is the notification of the scan's photo.
func finalized(t *testing.T, s Scan, generation int64) event.Message {
	t.Helper()
	return finalizedObject(t, PhotoName(s.UID, s.ID), generation)
}

func finalizedObject(t *testing.T, name string, generation int64) event.Message {
	t.Helper()
	data, attributes, err := event.FinalizedMessage(event.ObjectFinalized{
		Bucket: uploadsBucket, Name: name, Generation: generation, Size: 1,
		Metadata: map[string]string{"traceparent": traceparent},
	})
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: rand.Text(), Data: data, Attributes: attributes}
}

const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

func (e *env) boxOver(fs *firestore.Client) *outbox.Box { return outbox.New(fs, e.bus, e.clock.Now) }

// owed are the events that wait in the outbox.
func (e *env) owed(t *testing.T) []string {
	t.Helper()
	docs, err := e.fs.Collection("outbox").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.Ref.ID
	}
	return ids
}
