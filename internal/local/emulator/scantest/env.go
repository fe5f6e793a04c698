// Package scantest is the kit of the tests of scans: a database and buckets of the test's own with
// the handlers of scans over them, engines that measure what a test wants, and checks.
package scantest

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
	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

const (
	// UploadsBucket has the photos.
	UploadsBucket = "uploads"
	// ResultsBucket has what is made of them.
	ResultsBucket = "results"
	// Anna is a registered user with a consent, whose epoch is 1.
	Anna = account.UID("anna")
)

// Noon is a time of documents that a test writes by hand, LeaseLong is over the lease of an
// analysis.
var (
	Noon      = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	LeaseLong = work.LeaseTime + time.Second
)

// Env is what the functions of this package work on: a database and buckets of the test's own, a
// clock that the test moves, and a bus that keeps what is published.
type Env struct {
	project   string
	Firestore *firestore.Client
	storage   *emulator.Storage
	Clock     *clock
	Bus       *bus
	Outbox    *outbox.Box

	Uploads, Results *storage.BucketHandle
}

// New returns an environment with anna in it.
func New(t *testing.T) *Env {
	t.Helper()
	e := &Env{project: emulatortest.UniqueProject(t), Clock: newClock(), Bus: &bus{}}
	e.Firestore = emulatortest.Firestore(t, e.project)
	var err error
	e.storage, err = emulator.NewStorage(context.WithoutCancel(t.Context()), emulator.StorageOptions{Now: e.Clock.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.storage.Close() })
	if err := errors.Join(e.storage.CreateBucket(UploadsBucket), e.storage.CreateBucket(ResultsBucket)); err != nil {
		t.Fatal(err)
	}
	gcs := e.Client(t, http.DefaultTransport.RoundTrip)
	e.Uploads, e.Results = gcs.Bucket(UploadsBucket), gcs.Bucket(ResultsBucket)
	e.Outbox = e.OutboxOver(e.Firestore)
	e.PutUser(t, account.User{
		UID: Anna, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
	})
	return e
}

// Client returns a client of the storage whose requests go through the function.
func (e *Env) Client(t *testing.T, send transport) *storage.Client {
	t.Helper()
	opts := append(e.storage.ClientOptions(), option.WithHTTPClient(&http.Client{Transport: send}))
	gcs, err := storage.NewClient(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = gcs.Close() })
	return gcs
}

// Database returns another client of the database, whose requests and streams go through the
// interceptors.
func (e *Env) Database(t *testing.T, opts ...grpc.DialOption) *firestore.Client {
	t.Helper()
	return emulatortest.Firestore(t, e.project, opts...)
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// First runs the function before the first request that fits goes on.
func First(fits func(*http.Request) bool, do func()) transport {
	var once sync.Once
	return func(r *http.Request) (*http.Response, error) {
		if fits(r) {
			once.Do(do)
		}
		return http.DefaultTransport.RoundTrip(r)
	}
}

// Refusing answers what fits with the status, which should be one that the client does not try
// again.
func Refusing(status int, fits func(*http.Request) bool) transport {
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

// Method fits requests of the method.
func Method(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == name }
}

// Traffic returns what the environment has asked of Firestore so far.
func (e *Env) Traffic(t *testing.T) meter.Traffic {
	t.Helper()
	passed, err := emulator.TrafficOf(t.Context(), os.Getenv(emulator.Firestore.Env()), e.project)
	if err != nil {
		t.Fatal(err)
	}
	return passed
}

// PutUser writes the user.
func (e *Env) PutUser(t *testing.T, u account.User) {
	t.Helper()
	u.Schema = 1
	if _, err := account.Ref(e.Firestore, u.UID).Set(t.Context(), u); err != nil {
		t.Error(err)
	}
}

// PutBob registers a second user, whose consent's epoch is 1.
func (e *Env) PutBob(t *testing.T) {
	t.Helper()
	e.PutUser(t, account.User{
		UID: "bob", State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
	})
}

// SetConsent changes anna as granting and withdrawing do.
func (e *Env) SetConsent(t *testing.T, granted bool, epoch int64) {
	t.Helper()
	e.PutUser(t, account.User{
		UID: Anna, State: account.Active, ConsentEpoch: epoch, Consent: account.Consent{Granted: granted}, BirthYear: 1990,
	})
}

// NewScan returns a scan of anna's in the database, as a ticket leaves it and as change changes it.
func (e *Env) NewScan(t *testing.T, change ...func(*scan.Scan)) scan.Scan {
	t.Helper()
	s := scan.New(RandomID(), Anna, 1, "image/jpeg", e.Clock.Now())
	for _, c := range change {
		c(&s)
	}
	e.Put(t, s)
	return s
}

// RandomID returns an id that no scan has.
func RandomID() scan.ID { return scan.ID(strings.ToLower(rand.Text())) }

// Put writes the scan.
func (e *Env) Put(t *testing.T, s scan.Scan) {
	t.Helper()
	if _, err := scan.Ref(e.Firestore, s.ID).Set(t.Context(), s); err != nil {
		t.Error(err)
	}
}

// Load reads the scan, which has to be there.
func (e *Env) Load(t *testing.T, id scan.ID) scan.Scan {
	t.Helper()
	s, err := scan.Get(t.Context(), e.Firestore, id)
	if err != nil {
		t.Fatalf("scan %s: %v", id, err)
	}
	return s
}

// Upload writes the scan's photo past the ticket and returns its generation.
func (e *Env) Upload(t *testing.T, s scan.Scan, photo []byte) int64 {
	t.Helper()
	return WriteObject(t, e.Uploads.Object(scan.PhotoName(s.UID, s.ID)), photo)
}

// WriteObject writes the object and returns its generation.
func WriteObject(t *testing.T, object *storage.ObjectHandle, body []byte) int64 {
	t.Helper()
	w := object.NewWriter(t.Context())
	w.ChunkSize, w.ContentType = 0, "image/jpeg"
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return w.Attrs().Generation
}

// PhotoOf returns the generation of the scan's photo, 0 where there is none.
func (e *Env) PhotoOf(t *testing.T, s scan.Scan) int64 {
	t.Helper()
	return GenerationOf(t, e.Uploads.Object(scan.PhotoName(s.UID, s.ID)))
}

// resultNamesOf returns the scan's objects, written out.
func resultNamesOf(s scan.Scan) []string {
	folder := "results/" + string(s.UID) + "/" + string(s.ID) + "/"
	return []string{
		folder + "report.json", folder + "overlay.jpg", folder + "crop.jpg", folder + "left-left.jpg",
		folder + "right-right.jpg",
		folder + "thumbnail.jpg",
	}
}

// ResultsOf reports whether the scan has its results. To have some of them fails the test.
func (e *Env) ResultsOf(t *testing.T, s scan.Scan) bool {
	t.Helper()
	names := resultNamesOf(s)
	var there []string
	for _, name := range names {
		if GenerationOf(t, e.Results.Object(name)) != 0 {
			there = append(there, name)
		}
	}
	if len(there) != 0 && len(there) != len(names) {
		t.Errorf("of the results there are only %v", there)
	}
	return len(there) > 0
}

// PutResults writes what an analysis would have left.
func (e *Env) PutResults(t *testing.T, s scan.Scan) {
	t.Helper()
	for _, name := range resultNamesOf(s) {
		WriteObject(t, e.Results.Object(name), []byte("{}"))
	}
}

// GenerationOf returns the object's generation, 0 where there is none.
func GenerationOf(t *testing.T, object *storage.ObjectHandle) int64 {
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

// Finalized returns the notification of the scan's photo.
func Finalized(t *testing.T, s scan.Scan, generation int64) event.Message {
	t.Helper()
	return FinalizedObject(t, scan.PhotoName(s.UID, s.ID), generation)
}

// FinalizedObject returns the notification of an object.
func FinalizedObject(t *testing.T, name string, generation int64) event.Message {
	t.Helper()
	data, attributes, err := event.FinalizedMessage(event.ObjectFinalized{
		Bucket: UploadsBucket, Name: name, Generation: generation, Size: 1,
		Metadata: map[string]string{"traceparent": Traceparent},
	})
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: rand.Text(), Data: data, Attributes: attributes}
}

// Traceparent is in the metadata of photos.
const Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"

// OutboxOver returns an outbox over the client.
func (e *Env) OutboxOver(fs *firestore.Client) *outbox.Box {
	return outbox.New(fs, e.Bus, testkit.Writer("test"), e.Clock.Now)
}

// Owed returns the events that wait in the outbox.
func (e *Env) Owed(t *testing.T) []string {
	t.Helper()
	docs, err := e.Firestore.Collection("outbox").Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	ids := make([]string, len(docs))
	for i, d := range docs {
		ids[i] = d.Ref.ID
	}
	return ids
}

// SetKeep changes anna as PATCH /v1/me with keepPhotosDays does. nil means that she has no wish.
func (e *Env) SetKeep(t *testing.T, days *int) {
	t.Helper()
	e.PutUser(t, account.User{
		UID: Anna, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true}, BirthYear: 1990,
		KeepPhotosDays: days,
	})
}

// Subscribe has the uploads bucket's notifications published to a topic; the function it returns
// waits for the next.
func (e *Env) Subscribe(t *testing.T) func(*testing.T) event.Message {
	t.Helper()
	opts := []option.ClientOption{
		option.WithEndpoint(os.Getenv("PUBSUB_EMULATOR_HOST")), option.WithoutAuthentication(),
		option.WithGRPCDialOption(grpc.WithTransportCredentials(insecure.NewCredentials())),
	}
	topics, err := pubsub.NewTopicAdminClient(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = topics.Close() })
	subscriptions, err := pubsub.NewSubscriptionAdminClient(t.Context(), opts...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = subscriptions.Close() })
	topic := "projects/" + e.project + "/topics/" + event.TopicUploadFinalized
	subscription := "projects/" + e.project + "/subscriptions/test"
	if _, err := topics.CreateTopic(t.Context(), &pubsubpb.Topic{Name: topic}); err != nil {
		t.Fatal(err)
	}
	_, err = subscriptions.CreateSubscription(t.Context(), &pubsubpb.Subscription{Name: subscription, Topic: topic})
	if err != nil {
		t.Fatal(err)
	}
	if err := e.storage.CreateBucket(UploadsBucket, emulator.Notification{Topic: topic}); err != nil {
		t.Fatal(err)
	}
	return func(t *testing.T) event.Message {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), testkit.Patience)
		defer cancel()
		for {
			got, err := subscriptions.Pull(ctx, &pubsubpb.PullRequest{Subscription: subscription, MaxMessages: 1})
			if err != nil {
				t.Fatal(err)
			}
			if len(got.ReceivedMessages) > 0 {
				m := got.ReceivedMessages[0].Message
				return event.Message{
					ID: m.MessageId, PublishedAt: m.PublishTime.AsTime(), Attributes: m.Attributes, Data: m.Data,
				}
			}
		}
	}
}
