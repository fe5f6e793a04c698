//go:build browser

package browser_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/facescan/facescan/internal/local/photos"
	"github.com/facescan/facescan/internal/scan"
)

// photoOf returns a test photo.
func photoOf(t *testing.T, code string) []byte {
	t.Helper()
	for _, p := range photos.All() {
		if p.Code == code {
			data, err := p.File()
			prepared(t, err)
			return data
		}
	}
	t.Fatalf("there is no photo %s", code)
	return nil
}

// facing opens the console in a browser whose camera shows the face of a test photo.
func facing(t *testing.T, code string) visitor {
	t.Helper()
	film := filepath.Join(t.TempDir(), "camera.mjpeg")
	prepared(t, os.WriteFile(film, bytes.Repeat(photoOf(t, code), 4), 0o600))
	browser, end, err := launchWith(context.WithoutCancel(t.Context()), []chromedp.ExecAllocatorOption{
		chromedp.Flag("use-file-for-fake-video-capture", film),
	})
	prepared(t, err)
	t.Cleanup(end)
	v := visitor{openIn(browser, t, phone)}
	v.visit(running.ConsoleURL())
	return v
}

func TestConsole_camera(t *testing.T) {
	v := facing(t, "completed")
	v.enrol("console-camera@example.com")
	v.press("#tab-camera")
	v.press("#camera-on")
	v.there(`#coach[data-verdict=good], #coach[data-verdict=improve]`)
	v.view("camera")
	v.press("#shoot")
	v.press("#measure")
	v.there(".mark")
	v.shows(".reading", "likely between")
}

func TestConsole_coach(t *testing.T) {
	v := openConsole(t, phone) // whose camera shows no face
	v.enrol("console-coach@example.com")
	v.press("#tab-camera")
	v.press("#camera-on")
	v.shows("#coach", "No face was found")
}

func TestConsole_series(t *testing.T) {
	v := openConsole(t, phone)
	v.enrol("console-series@example.com")
	v.press("#series")
	for i := 1; i <= 3; i++ {
		v.there(".looks")
		v.press(fmt.Sprintf("[data-code=series_%d]", i))
		if i == 1 {
			v.there("[data-code=series_2]")
			v.view("series")
		}
	}
	v.there(".tall-looks")
	v.shows("#main", "The mean of 3 looks")
	v.view("series-done")
}

// A file of the person's own goes the same way, also one of a type that is drawn anew.
func TestConsole_file(t *testing.T) {
	v := openConsole(t, desk)
	v.enrol("console-file@example.com")
	v.press("#tab-file")
	v.view("file")
	v.choose("#choose", running.photo)
	v.press("#measure")
	v.there(".mark")
	text := filepath.Join(t.TempDir(), "text.txt")
	prepared(t, os.WriteFile(text, []byte("no picture"), 0o600))
	v.goes("#/photo")
	v.press("#tab-file")
	v.choose("#choose", text)
	v.shows(".notice[data-code=no_picture]", "Choose a JPEG, PNG or WebP")
}

// Each photo that is refused has a title of its own, the API's sentence, and a way on.
func TestConsole_refusals(t *testing.T) {
	v := openConsole(t, desk)
	v.enrol("console-refusals@example.com")
	seen := map[string]bool{"content_encoded": true} // which no page can send
	for _, p := range photos.All() {
		if p.Outcome.State != scan.Failed || seen[p.Outcome.FailureCode] {
			continue
		}
		seen[p.Outcome.FailureCode] = true
		v.measure(p.Code)
		notice := fmt.Sprintf(".notice[data-code=%q]", p.Outcome.FailureCode)
		v.there(notice)
		shown := v.text(notice)
		if lines := strings.Split(strings.TrimSpace(shown), "\n"); len(lines) < 2 || strings.HasPrefix(lines[0], "failed.") {
			t.Errorf("%s: it says %q", p.Code, shown)
		}
		v.there(`#main a[href="#/photo"]`)
	}
	if len(seen) < 12 {
		t.Errorf("%d kinds of refusals", len(seen))
	}
	v.view("failed")
}
