package main

import (
	"strings"
	"testing"

	"cloud.google.com/go/storage"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// storing gives the world's commands a storage of their own with the buckets.
func (w *world) storing(t *testing.T) *storage.Client {
	t.Helper()
	objects, err := emulator.NewStorage(t.Context(), emulator.StorageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = objects.Close() })
	for _, name := range []string{"uploads", "results"} {
		if err := objects.CreateBucket(defaultPrefix + name); err != nil {
			t.Fatal(err)
		}
	}
	open := func() *storage.Client {
		gcs, err := storage.NewClient(t.Context(), objects.ClientOptions()...)
		if err != nil {
			t.Fatal(err)
		}
		return gcs
	}
	w.prepare = func(tools *tools) { tools.gcs = open() }
	gcs := open()
	t.Cleanup(func() { _ = gcs.Close() })
	return gcs
}

func TestStory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.storing(t)
	users := emulatortest.AuthClient(t, w.project)
	if _, err := users.CreateUser(t.Context(), new(auth.UserToCreate).UID("ada").Email("ada@example.com")); err != nil {
		t.Fatal(err)
	}
	m := completed(t, "ada")
	m.Attributes["traceparent"] = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
	w.park(t, "rank", m, "a\x1b[2Jreason")
	text, err := w.admin(t, "story", "-uid", "ada")
	if err != nil || !strings.Contains(text, "state=active") || strings.ContainsAny(text, "\x1b@") ||
		!strings.Contains(text, "trace 4bf92f3577b34da6a3ce929d0e0e4736") {
		t.Errorf("%s, %v", text, err)
	}
	if v := read[storyView](t, w, "story", "-json", "-reveal", "-uid", "ada"); v.Email != "ada@example.com" {
		t.Errorf("revealed %q", v.Email)
	}
	if acts := w.acts(t); acts[audit.StoryRead] != 2 || acts[audit.AddressRevealed] != 1 {
		t.Errorf("acts: %v", acts)
	}
	if text, err := w.admin(t, "story", "-scan", "\x1b"); err == nil {
		t.Errorf("no scan: %s", text)
	}
}

func TestTraceLink(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]options{
		"https://console.cloud.google.com/traces/list?project=p&tid=4bf9": {project: "p"},
		"4bf9": {project: "p", local: true},
	} {
		if got := o.traceLink("4bf9"); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
}
