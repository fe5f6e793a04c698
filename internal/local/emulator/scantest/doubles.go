package scantest

import (
	"bytes"
	"context"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"io"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/analyze"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/work"
)

// Analyzer returns a consumer with the engine.
func (e *Env) Analyzer(engine Engine) *analyze.Consumer {
	return &analyze.Consumer{
		Firestore: e.Firestore, Outbox: e.Outbox, Uploads: e.Uploads, Results: e.Results, Scan: engine,
		Key: testkit.Ring(keys.ForPhotos), Now: e.Clock.Now, Processors: semaphore.NewWeighted(math.MaxInt64),
		Lease: work.LeaseTime, Exit: func(code int) { panic(fmt.Sprintf("the process ends with %d", code)) },
	}
}

// Engine is the face engine, as face.Scan is.
type Engine = func(io.Reader, report.Options) (report.Report, []report.Picture, error)

// NoFace is a refusal.
var NoFace = &report.Refusal{Code: report.NoFace, Detail: "There is no face in this photo."}

// Measured is the report of engines that do not look at the photo.
var Measured = report.Report{
	Version: "test-1.0.0", Face: report.Box{X: 1, Y: 2, Size: 3, Quality: 1200},
	Landmarks: map[string]report.Point{"nose_tip": {X: 4, Y: 5, SE: 0.5}},
	Quality:   []report.Check{{Check: "sharpness", Value: 9, Verdict: report.VerdictOK}}, Fixes: []string{},
	Score: report.Score{Value: 71.5, Lo: 60, Hi: 80}, Rankable: true,
}

// Measure returns an engine that does not look at the photo.
func Measure(io.Reader, report.Options) (report.Report, []report.Picture, error) {
	return Measured, Drawn(), nil
}

// Drawn returns the pictures of engines that do not look at the photo.
func Drawn() []report.Picture {
	var pictures []report.Picture
	for _, name := range report.PictureNames() {
		pictures = append(pictures, report.Picture{Name: name, JPEG: []byte("the " + name)})
	}
	return pictures
}

// During returns an engine that does something while it measures.
func During(do func()) Engine {
	return func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		do()
		return Measure(r, o)
	}
}

// Answering returns an engine that does not look at the photo.
func Answering(answer func() (report.Report, []report.Picture, error)) Engine {
	return func(io.Reader, report.Options) (report.Report, []report.Picture, error) { return answer() }
}

// Failing always refuses or fails.
func Failing(err error) Engine {
	return func(io.Reader, report.Options) (report.Report, []report.Picture, error) {
		return report.Report{}, nil, err
	}
}

// Spy notes what the engine is given.
func Spy(photo *string, limit *int64) Engine {
	return func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		body, err := io.ReadAll(r)
		*photo, *limit = string(body), o.MaxBytes
		return Measured, Drawn(), err
	}
}

// Finish uploads a photo and has it analysed; it returns the photo's generation.
func (e *Env) Finish(t *testing.T, s scan.Scan, engine Engine) int64 {
	t.Helper()
	generation := e.Upload(t, s, []byte("photo"))
	if err := e.Analyzer(engine).Handle(t.Context(), Finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	return generation
}

// bus keeps what is published, or fails with what fail says.
type bus struct {
	Fail func(topic string) error

	mu   sync.Mutex
	sent []sent
}

type sent struct {
	topic      string
	Data       []byte
	Attributes map[string]string
}

// Publish keeps the message.
func (b *bus) Publish(_ context.Context, topic string, data []byte, attributes map[string]string) error {
	if b.Fail != nil {
		if err := b.Fail(topic); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.sent = append(b.sent, sent{topic: topic, Data: data, Attributes: attributes})
	return nil
}

// On returns what was published on the topic.
func (b *bus) On(topic string) []sent {
	b.mu.Lock()
	defer b.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(b.sent), func(s sent) bool { return s.topic != topic })
}

// Published returns the payloads of type T that were published.
func Published[T event.Payload](t *testing.T, b *bus) []T {
	t.Helper()
	var none T
	var payloads []T
	for _, s := range b.On(event.Topic(none.EventType())) {
		e, err := event.Decode(s.Data)
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

// clock stands still until the test moves it. It starts at the present, since URLs are signed by
// the system's clock.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func newClock() *clock { return &clock{at: time.Now().UTC().Truncate(time.Millisecond)} }

// Now returns the clock's time.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// Advance lets time pass.
func (c *clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// Receive waits for a value.
func Receive[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(testkit.Patience):
		t.Fatalf("%s: not after %s", what, testkit.Patience)
		panic("unreachable")
	}
}

// Picture paints the sample side by side as often as told on a canvas of 640 x 400, as PNG.
func Picture(t *testing.T, faces int) []byte {
	t.Helper()
	img, err := jpeg.Decode(bytes.NewReader(emulatortest.SamplePhoto(t)))
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
