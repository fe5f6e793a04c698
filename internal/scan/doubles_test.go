package scan

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
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// analyzer is an analyzer with the engine given.
func (e *env) analyzer(engine engineFunc) *Analyzer {
	return &Analyzer{
		Firestore: e.fs, Outbox: e.box, Uploads: e.uploads, Results: e.results, Scan: engine, Key: []byte(hashKey), Now: e.clock.Now,
		Lease: catalog.Lease, Exit: func(code int) { panic(fmt.Sprintf("the process ends with %d", code)) },
	}
}

type engineFunc = func(io.Reader, report.Options) (report.Report, []report.Picture, error)

// noFace is a refusal.
var noFace = &report.Refusal{Code: report.NoFace, Detail: "There is no face in this photo."}

// measured is the report of engines that do not look at the photo.
var measured = report.Report{
	Version: "test-1.0.0", Face: report.Box{X: 1, Y: 2, Size: 3, Quality: 1200},
	Landmarks: map[string]report.Point{"nose_tip": {X: 4, Y: 5, SE: 0.5}},
	Quality:   []report.Check{{Check: "sharpness", Value: 9, Verdict: report.VerdictOK}}, Fixes: []string{},
	Score: report.Score{Value: 71.5, Lo: 60, Hi: 80}, Rankable: true,
}

func measure(io.Reader, report.Options) (report.Report, []report.Picture, error) {
	return measured, drawn(), nil
}

// drawn are the pictures of engines that do not look at the photo.
func drawn() []report.Picture {
	var pictures []report.Picture
	for _, name := range report.PictureNames() {
		pictures = append(pictures, report.Picture{Name: name, JPEG: []byte("the " + name)})
	}
	return pictures
}

// during is an engine that does something while it measures.
func during(do func()) engineFunc {
	return func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		do()
		return measure(r, o)
	}
}

// answering is an engine that does not look at the photo.
func answering(answer func() (report.Report, []report.Picture, error)) engineFunc {
	return func(io.Reader, report.Options) (report.Report, []report.Picture, error) { return answer() }
}

// engine always refuses or fails.
func engine(err error) engineFunc {
	return func(io.Reader, report.Options) (report.Report, []report.Picture, error) {
		return report.Report{}, nil, err
	}
}

// spy notes what the engine is given.
func spy(photo *string, limit *int64) engineFunc {
	return func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		body, err := io.ReadAll(r)
		*photo, *limit = string(body), o.MaxBytes
		return measured, drawn(), err
	}
}

// finish uploads a photo and has it analysed; it returns the photo's generation.
func (e *env) finish(t *testing.T, s Scan, engine engineFunc) int64 {
	t.Helper()
	generation := e.upload(t, s, []byte("photo"))
	if err := e.analyzer(engine).Handle(t.Context(), finalized(t, s, generation)); err != nil {
		t.Fatal(err)
	}
	return generation
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
	b.sent = append(b.sent, sent{topic: topic, data: data, attributes: attributes})
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

// picture paints the sample side by side as often as told on a canvas of 640 x 400, as PNG.
func picture(t *testing.T, faces int) []byte {
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
