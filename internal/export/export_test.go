package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/retention"
)

// adas is ada's scan of the consent in force.
const adas = "bbbbbbbbbbbbbbbbbbbbada234"

var everything = []string{
	"README.txt", "profile.json", "preferences.json", "consents.json", "devices.json", "inbox.json", "ratings.json", "scans.json",
	"images/" + adas + "/overlay.jpg", "images/" + adas + "/renditions/1.png", "reports/" + adas + ".json",
	"images/" + adas + "/original.jpeg",
}

// download gets the export from where the answer says, as anybody can who has the URL, and verifies it.
func (w *world) download(t *testing.T, a answer) ([]byte, export.Manifest) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, a.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	sum := sha256.Sum256(body)
	if err != nil || resp.StatusCode != http.StatusOK || hex.EncodeToString(sum[:]) != a.SHA256 || int64(len(body)) != a.Bytes {
		t.Fatalf("%d, %d bytes, %v; want %+v", resp.StatusCode, len(body), err, a)
	}
	m, err := export.Verify(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return body, m
}

func names(m export.Manifest) (all []string) {
	for _, e := range m.Entries {
		all = append(all, e.Name)
	}
	return all
}

func content(t *testing.T, archive []byte, name string) string {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	f, err := z.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestExport_hasEverythingOfTheUserAndNothingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.seed(t, bob)
	if a := w.call(t, http.MethodGet, ada, http.StatusNotFound); a.Code != string(fault.CodeNotFound) {
		t.Errorf("before it was asked for: %+v", a)
	}
	asked := w.ask(t)
	if got := w.call(t, http.MethodGet, ada, http.StatusOK); asked.State != "queued" || got != asked || got.URL != "" {
		t.Errorf("asked: %+v, got: %+v", asked, got)
	}
	w.deliver(t)
	ready := w.call(t, http.MethodGet, ada, http.StatusOK)
	if ready.State != "ready" || ready.ID != asked.ID {
		t.Fatalf("ready: %+v", ready)
	}
	if again := w.ask(t); again.ID != asked.ID || again.State != "ready" {
		t.Errorf("asked again: %+v", again)
	}
	archive, manifest := w.download(t, ready)
	if diff := cmp.Diff(everything, names(manifest)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	for name, want := range map[string]string{
		"profile.json":                      `"birthYear":1990`,
		"preferences.json":                  `{"email":true,"push":true}`,
		"devices.json":                      `"platform":"ios"`,
		"ratings.json":                      `"id":"board3"`,
		"scans.json":                        `"score":{"value":71.5}`,
		"inbox.json":                        `"title":"Welcome"`,
		"images/" + adas + "/original.jpeg": "uploads/" + ada + "/" + adas,
	} {
		text := content(t, archive, name)
		var compact bytes.Buffer
		if json.Compact(&compact, []byte(text)) == nil {
			text = compact.String()
		}
		if !strings.Contains(text, want) {
			t.Errorf("%s lacks %s: %s", name, want, text)
		}
	}
	if n := strings.Count(content(t, archive, "consents.json"), `"action"`); n != 3 {
		t.Errorf("%d records of consent", n)
	}
	for _, name := range names(manifest)[1:] {
		for _, secret := range []string{"secret-token", "keyed", "Gone", "board1", oldScan[:20], bob} {
			if strings.Contains(content(t, archive, name), secret) {
				t.Errorf("%s has %q", name, secret)
			}
		}
	}
}

func TestExport_isTheSameEachTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	asked, sums := w.ask(t), map[string]bool{}
	event := w.take()[0]
	for range 2 {
		if err := w.exporter.Handle(t.Context(), event); err != nil {
			t.Fatal(err)
		}
		sums[w.call(t, http.MethodGet, ada, http.StatusOK).SHA256] = true
		ref := w.fs.Collection("exports").Doc(asked.ID)
		w.set(t, ref, map[string]any{
			"schema": 1, "id": asked.ID, "uid": ada, "state": "queued", "object": "exports/" + ada + "/" + asked.ID + ".zip",
			"createdAt": w.clock().Truncate(time.Microsecond), "expireAt": w.clock().Add(time.Hour),
		})
	}
	if len(sums) != 1 {
		t.Errorf("sums = %v", sums)
	}
}

func TestExport_underDuplicatesAndCrashes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	w.ask(t)
	m := w.take()[0]

	t.Run("an attempt that breaks off leaves nothing and is taken up at once", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		w.during(cancel)
		if err := w.exporter.Handle(ctx, m); err == nil {
			t.Fatal("it did not break off")
		}
		if objects, _ := w.exports(t); objects != 0 {
			t.Errorf("%d objects", objects)
		}
	})
	t.Run("a second delivery meanwhile is refused, and one that lost its lease changes nothing", func(t *testing.T) {
		w.during(func() {
			if err := w.exporter.Handle(t.Context(), m); !fault.Is(err, fault.CodeUnavailable) {
				t.Errorf("the second: %v", err)
			}
			w.advance(2 * time.Minute)
			if err := w.exporter.Handle(t.Context(), m); err != nil {
				t.Errorf("the third: %v", err)
			}
		})
		if err := w.exporter.Handle(t.Context(), m); err != nil {
			t.Errorf("the first: %v", err)
		}
		w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
	})
	t.Run("afterwards nothing happens any more", func(t *testing.T) {
		before := w.call(t, http.MethodGet, ada, http.StatusOK)
		var twins sync.WaitGroup
		for range 3 {
			twins.Go(func() {
				if err := w.exporter.Handle(t.Context(), m); err != nil {
					t.Error(err)
				}
			})
		}
		twins.Wait()
		after := w.call(t, http.MethodGet, ada, http.StatusOK)
		if objects, documents := w.exports(t); objects != 1 || documents != 1 || before.SHA256 != after.SHA256 {
			t.Errorf("%d objects, %d documents", objects, documents)
		}
	})
}

func TestExport_thatFailsAgainAndAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	first := w.ask(t)
	m := w.take()[0]
	for range 12 {
		w.exporter.Uploads = nil // it panics, as a process does that dies
		func() {
			defer func() { _ = recover() }()
			_ = w.exporter.Handle(t.Context(), m)
		}()
		w.advance(2 * time.Minute)
	}
	if err := w.exporter.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if a := w.call(t, http.MethodGet, ada, http.StatusOK); a.State != "failed" {
		t.Errorf("%+v", a)
	}
	if a := w.ask(t); a.State != "queued" || a.ID == first.ID {
		t.Errorf("asked again: %+v", a)
	}
}

func TestExport_fence(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		close   func(*testing.T, *world)
		remakes bool
	}{
		"the account is being erased": {func(t *testing.T, w *world) { t.Helper(); w.change(t, "state", "erasing") }, false},
		"the account is gone": {func(t *testing.T, w *world) {
			t.Helper()
			if _, err := w.user(ada).Delete(t.Context()); err != nil {
				t.Error(err)
			}
		}, false},
		"the consent has changed": {func(t *testing.T, w *world) { t.Helper(); w.change(t, "consentEpoch", 4) }, true},
	} {
		t.Run(name+" before it begins", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.seed(t, ada)
			w.ask(t)
			tt.close(t, w)
			w.deliver(t)
			want := 0
			if tt.remakes {
				want = 1
			}
			if objects, documents := w.exports(t); objects != want || documents != want {
				t.Errorf("%d objects, %d documents", objects, documents)
			}
		})
		t.Run(name+" while it is made", func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.seed(t, ada)
			w.ask(t)
			w.during(func() { tt.close(t, w) })
			m := w.take()[0]
			err := w.exporter.Handle(t.Context(), m)
			if objects, _ := w.exports(t); objects != 0 || tt.remakes && err == nil {
				t.Errorf("%d objects, %v", objects, err)
			}
			if err := w.exporter.Handle(t.Context(), m); err != nil { // as Pub/Sub does after an error
				t.Fatal(err)
			}
			if !tt.remakes {
				if objects, documents := w.exports(t); objects != 0 || documents != 0 {
					t.Errorf("%d objects, %d documents", objects, documents)
				}
				return
			}
			w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
		})
	}
	t.Run("the consent has changed when it is ready", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.seed(t, ada)
		first := w.ask(t)
		w.deliver(t)
		w.change(t, "consentEpoch", 4)
		w.call(t, http.MethodGet, ada, http.StatusNotFound)
		if again := w.ask(t); again.ID == first.ID {
			t.Errorf("asked again: %+v", again)
		}
	})
	t.Run("erasure took the document of an attempt that died", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.seed(t, ada)
		asked := w.ask(t)
		w.put(t, w.results, "exports/"+ada+"/"+asked.ID+".zip", "application/zip")
		if _, err := w.fs.Collection("exports").Doc(asked.ID).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.deliver(t)
		if objects, documents := w.exports(t); objects != 0 || documents != 0 {
			t.Errorf("%d objects, %d documents", objects, documents)
		}
	})
}

func TestExport_goesAfterADay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	asked := w.ask(t)
	w.take() // lost
	w.advance(2 * time.Minute)
	w.sweep(t)
	w.deliver(t)
	w.advance(24*time.Hour - time.Second)
	a := w.call(t, http.MethodGet, ada, http.StatusOK)
	if a.ID != asked.ID || a.State != "ready" || a.URLExpiresAt != a.ExpiresAt {
		t.Errorf("the link outlives the export: %+v", a)
	}
	w.sweep(t)
	if objects, documents := w.exports(t); objects != 1 || documents != 1 {
		t.Errorf("in its last second: %d objects, %d documents", objects, documents)
	}
	w.advance(time.Second)
	w.call(t, http.MethodGet, ada, http.StatusNotFound)
	if objects, documents := w.exports(t); objects != 1 || documents != 1 {
		t.Errorf("before the sweep: %d objects, %d documents", objects, documents)
	}
	w.sweep(t)
	if objects, documents := w.exports(t); objects != 0 || documents != 0 {
		t.Errorf("after the sweep: %d objects, %d documents", objects, documents)
	}
}

func TestExport_isLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	for i := range 5 {
		w.ask(t)
		w.ask(t) // counts for nothing
		w.deliver(t)
		w.change(t, "consentEpoch", 4+i) // ends the one that is ready
	}
	if a := w.call(t, http.MethodPost, ada, http.StatusTooManyRequests); a.Code != string(fault.CodeRateLimited) {
		t.Errorf("%+v", a)
	}
	w.call(t, http.MethodPost, bob, http.StatusForbidden) // never registered
}

func TestSweep_leavesAloneForAWhileWhatItFailsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	ref := w.fs.Collection("exports").Doc("broken")
	w.set(t, ref, map[string]any{"sweepAt": w.clock(), "bytes": "text"})
	for _, due := range []int{1, 0} {
		looked, err := w.sweeper.Sweep(t.Context())
		if looked != due || (err != nil) != (due > 0) {
			t.Errorf("looked at %d: %v; want %d", looked, err, due)
		}
	}
	w.advance(10 * time.Minute)
	if looked, _ := w.sweeper.Sweep(t.Context()); looked != 1 {
		t.Errorf("looked at %d later", looked)
	}
}

// Each collection is in the export, or there is a reason why not.
func TestExport_knowsEveryCollection(t *testing.T) {
	t.Parallel()
	exported := []string{"users", "consents", "devices", "inbox", "ratings", "scans"}
	reasons := map[string]string{
		"deliveries": "which notices were sent, all of which the inbox has",
		"guard":      "fingerprints of the photos, by which one that is sent twice is known; nobody can use them",
		"friends":    "holds nothing yet",
		"usernames":  "the profile has it",
		"boards":     "everyone's", "histogram": "everyone's", "snapshot": "everyone's",
		"entries": "made of the profile and the rating",
		"outbox":  "on its way for seconds", "parked": "what could not be read",
		"limits":  "counters for a day",
		"exports": "this", "erasures": "shuts the export out", "erased": "nobody's any more",
		"audit": "what operators did",
	}
	for _, name := range retention.Collections {
		if slices.Contains(exported, name) == (reasons[name] != "") {
			t.Errorf("collection %q: either it is exported, or say here why not", name)
		}
	}
}
