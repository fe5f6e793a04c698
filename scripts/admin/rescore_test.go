package main

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
)

// refusing is a publisher whose topic does not answer.
type refusing struct{}

func (refusing) Publish(context.Context, string, []byte, map[string]string) error { return errKilled }

func TestRescore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	gcs := w.storing(t)
	now := time.Now().UTC()
	s := scan.New("aaaaaaaaaaaaaaaaaaaaaaaaaa", "ada", 1, "image/jpeg", now.Add(-time.Hour))
	s.Complete(map[string]any{"version": "1.0.0", "score": map[string]any{"value": 61.5}}, now)
	photo := gcs.Bucket(defaultPrefix + "uploads").Object(scan.PhotoName(s.UID, s.ID)).NewWriter(t.Context())
	if _, err := photo.Write([]byte("a photo")); err != nil {
		t.Fatal(err)
	}
	if err := photo.Close(); err != nil {
		t.Fatal(err)
	}
	s.Generation = photo.Attrs().Generation
	if _, err := scan.Ref(w.fs, s.ID).Set(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	in := []string{"-since", when(now.Add(-2 * time.Hour)), "-until", when(now.Add(time.Hour))}
	v := read[rescoreView](t, w, append([]string{"rescore", "-json", "-dry-run"}, in...)...)
	if v.Seen != 1 || v.Outcomes["would_be_rescored"] != 1 || v.Asked != 0 || w.owed(t) != 0 {
		t.Errorf("dry: %+v", v)
	}
	// There is no function analyze, so the command is stopped while it waits.
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	storing := w.prepare
	w.prepare = func(tools *tools) {
		storing(tools)
		tools.wrap = func(outbox.Publisher) outbox.Publisher { return refusing{} }
	}
	text, err := w.adminIn(t, ctx, append([]string{"rescore", "-rate", "100"}, in...)...)
	if err == nil || errors.Is(err, errUsage) || !strings.Contains(err.Error(), "go on by -since") ||
		!strings.Contains(text, "1 asked for") || w.owed(t) != 1 {
		t.Errorf("%s, %v, %d owed", text, err, w.owed(t))
	}
}
