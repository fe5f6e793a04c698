package scan

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/internal/emulator/emulatortest"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/outbox"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.PubSub)) }

const (
	uploadsBucket = "uploads"
	resultsBucket = "results"
	// anna is a registered user with a consent, whose epoch is 1.
	anna = account.UID("anna")
	// patience bounds waiting for what should happen at once.
	patience = 30 * time.Second
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
	var err error
	if e.fs, err = firestore.NewClient(t.Context(), e.project); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = e.fs.Close() })
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
	e.box = outbox.New(e.fs, e.bus, e.clock.Now)
	e.putUser(t, account.User{
		UID: anna, State: account.Active, ConsentEpoch: 1, Consent: account.Consent{Granted: true},
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

// setConsent is what granting and withdrawing do to anna.
func (e *env) setConsent(t *testing.T, granted bool, epoch int64) {
	t.Helper()
	e.putUser(t, account.User{
		UID: anna, State: account.Active, ConsentEpoch: epoch, Consent: account.Consent{Granted: granted},
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
	return writeObject(t, e.uploads.Object(objectName(s.UID, s.ID)), photo)
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
	return generationOf(t, e.uploads.Object(objectName(s.UID, s.ID)))
}

// reportOf tells whether the scan has a report.
func (e *env) reportOf(t *testing.T, s Scan) bool {
	t.Helper()
	return generationOf(t, e.results.Object(reportName(s.UID, s.ID))) != 0
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
	return finalizedObject(t, objectName(s.UID, s.ID), generation)
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

// analyzer is an analyzer with the engine given.
func (e *env) analyzer(engine func(io.Reader, face.Options) (face.Report, error)) *Analyzer {
	return &Analyzer{
		Firestore: e.fs, Outbox: e.box, Uploads: e.uploads, Results: e.results, Analyze: engine, Now: e.clock.Now,
	}
}

// measured is the report of engines that do not look at the photo.
var measured = face.Report{
	Version: "test-1.0.0", Face: face.Box{X: 1, Y: 2, Size: 3, Quality: 1200},
	Landmarks: map[string]face.Point{"nose_tip": {X: 4, Y: 5, SE: 0.5}},
	Quality:   []face.Check{{Check: "sharpness", Value: 9, Verdict: face.VerdictOK}}, Fixes: []string{},
	Score: face.Score{Value: 71.5, Lo: 60, Hi: 80}, Rankable: true,
}

func measure(io.Reader, face.Options) (face.Report, error) { return measured, nil }

// during is an engine that does something while it measures.
func during(do func()) func(io.Reader, face.Options) (face.Report, error) {
	return func(io.Reader, face.Options) (face.Report, error) {
		do()
		return measured, nil
	}
}

// engine always refuses or fails.
func engine(err error) func(io.Reader, face.Options) (face.Report, error) {
	return func(io.Reader, face.Options) (face.Report, error) { return face.Report{}, err }
}

// spy notes what the engine is given.
func spy(photo *string, limit *int64) func(io.Reader, face.Options) (face.Report, error) {
	return func(r io.Reader, o face.Options) (face.Report, error) {
		body, err := io.ReadAll(r)
		*photo, *limit = string(body), o.MaxBytes
		return measured, err
	}
}

// finish uploads a photo and has it analysed; it returns the photo's generation.
func (e *env) finish(t *testing.T, s Scan, engine func(io.Reader, face.Options) (face.Report, error)) int64 {
	t.Helper()
	generation := e.upload(t, s, []byte("photo"))
	if err := e.analyzer(engine).Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	return generation
}

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

// bus keeps what is published, or fails with what fail says.
type bus struct {
	fail func(topic string) error

	mu   sync.Mutex
	sent []sent
}

type sent struct {
	topic      string
	data       []byte
	attributes map[string]string
}

func (b *bus) Publish(_ context.Context, topic string, data []byte, attributes map[string]string) error {
	if b.fail != nil {
		if err := b.fail(topic); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, sent{topic, data, attributes})
	return nil
}

func (b *bus) on(topic string) []sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.sent), func(s sent) bool { return s.topic != topic })
}

// published are the payloads of type T that were published.
func published[T event.Payload](t *testing.T, b *bus) []T {
	t.Helper()
	var none T
	var payloads []T
	for _, s := range b.on(event.Topic(none.EventType())) {
		e, err := event.Decode(s.data)
		if err != nil {
			t.Fatal(err)
		}
		p, err := event.As[T](e)
		if err != nil {
			t.Fatal(err)
		}
		payloads = append(payloads, p)
	}
	return payloads
}

// clock stands still until the test moves it. It starts at the present, since URLs are signed by the system's clock.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Millisecond)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

func receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%s: not after %s", what, patience)
		panic("unreachable")
	}
}

// eventually waits for the condition.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(patience)
	for !condition() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not after %s", what, patience)
		}
	}
}

// sample is pigo's test picture: an average face of many people, so nobody's.
var sample = sync.OnceValues(func() ([]byte, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/esimov/pigo").Output()
	if err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(strings.TrimSpace(string(out)), "testdata", "sample.jpg"))
})

func samplePhoto(t *testing.T) []byte {
	t.Helper()
	photo, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	return photo
}

// picture paints the sample side by side as often as told on a canvas of 640 x 400, as PNG.
func picture(t *testing.T, faces int) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(samplePhoto(t)))
	if err != nil {
		t.Fatal(err)
	}
	canvas := image.NewRGBA(image.Rect(0, 0, 640, 400))
	draw.Draw(canvas, canvas.Bounds(), image.NewUniform(color.Gray{Y: 230}), image.Point{}, draw.Src)
	for i := range faces {
		draw.Draw(canvas, img.Bounds().Add(image.Pt(i*img.Bounds().Dx(), 0)), img, image.Point{}, draw.Src)
	}
	var out bytes.Buffer
	if err := png.Encode(&out, canvas); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
