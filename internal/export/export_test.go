package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/export/archive"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
	"github.com/facescan/facescan/internal/schema"
)

// everything are the entries of the export of a user with the one scan.
func everything(id scan.ID) []string {
	all := []string{"README.txt", "profile.json", "preferences.json"}
	for _, c := range schema.Collections {
		if c.Withheld == "" && c.Name != "users" {
			all = append(all, c.Name+".json")
		}
		if c.Name == "guard" {
			all = append(all, "guard-places.json")
		}
	}
	for _, name := range []string{"crop.jpg", "left-left.jpg", "overlay.jpg", "renditions/grey.png"} {
		all = append(all, "images/"+string(id)+"/"+name)
	}
	all = append(all, "reports/"+string(id)+".json")
	for _, name := range []string{"right-right.jpg", "thumbnail.jpg", "original.jpeg"} {
		all = append(all, "images/"+string(id)+"/"+name)
	}
	return all
}

// download gets the export from where the answer says, as anybody can who has the URL, and verifies
// it.
func (w *world) download(t *testing.T, a answer) ([]byte, archive.Manifest) {
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
	if err != nil || resp.StatusCode != http.StatusOK || hex.EncodeToString(sum[:]) != a.SHA256 ||
		int64(len(body)) != a.Bytes {
		t.Fatalf("%d, %d bytes, %v; want %+v", resp.StatusCode, len(body), err, a)
	}
	m, err := archive.Verify(bytes.NewReader(body), int64(len(body)))
	if err != nil {
		t.Fatal(err)
	}
	return body, m
}

func names(m archive.Manifest) (all []string) {
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
	old, current := w.seed(t, ada)
	w.Register(bob, "bobs-phone")
	w.Register(cy, "cys-phone")
	friend, blocked := w.Befriend(ada, bob), w.Befriend(cy, ada)
	w.Do(ada, http.MethodPost, "/v1/friends/"+blocked+"/block", "")
	if a := w.call(t, http.MethodGet, ada, http.StatusNotFound); a.Code != string(fault.CodeNotFound) {
		t.Errorf("before it was asked for: %+v", a)
	}
	asked := w.ask(t)
	if got := w.call(t, http.MethodGet, ada, http.StatusOK); asked.State != "queued" || got != asked || got.URL != "" {
		t.Errorf("asked: %+v, got: %+v", asked, got)
	}
	w.tells(t)
	w.deliver(t)
	ready := w.call(t, http.MethodGet, ada, http.StatusOK)
	w.tells(t, ready)
	if ready.State != "ready" || ready.ID != asked.ID {
		t.Fatalf("ready: %+v", ready)
	}
	if again := w.ask(t); again.ID != asked.ID || again.State != "ready" {
		t.Errorf("asked again: %+v", again)
	}
	archive, manifest := w.download(t, ready)
	if diff := cmp.Diff(everything(current), names(manifest)); diff != "" {
		t.Errorf("entries (-want +got):\n%s", diff)
	}
	photo := string(usertest.Photo(t, 0, "current"))
	for name, want := range map[string]string{
		"profile.json":      `"birthYear":1990`,
		"preferences.json":  `{"push":true,"email":true,"kinds":{"account_erased":{"email":true},`,
		"devices.json":      `"platform":"android"`,
		"audit.json":        `"kind":"consent.granted"`,
		"ratings.json":      `"id":"` + leaderboard.AllTime(report.MajorVersion()).ID() + `"`,
		"scans.json":        `"id":"` + string(current) + `"`,
		"guard.json":        `"scanId":"` + string(current) + `"`,
		"guard-places.json": `"day":"`,
		"friends.json":      `[{"id":"` + friend + `","since":"`,
		"blocked.json":      `[{"id":"` + blocked + `","since":"`,
		"inbox.json":        `"title":"Welcome to FaceScan"`,
		"images/" + string(current) + "/original.jpeg": photo,
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
	document, err := w.Firestore.Collection("scans").Doc(string(current)).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	keyed, _ := document.Data()["content"].(string)
	for _, name := range names(manifest)[1:] {
		for _, secret := range []string{"secret-token", keyed, string(old), bob, cy} {
			if secret == "" || strings.Contains(content(t, archive, name), secret) {
				t.Errorf("%s has %q", name, secret)
			}
		}
	}
}

// The acts come in the order of their times, whatever their ids, which are random.
func TestExport_ofTheActs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	link := w.User(ada).Acts
	begun := w.Clock()
	for i := range 24 {
		act := audit.Act{
			Kind: audit.UserRead, Actor: audit.Operator, Subject: link,
			At: begun.Add(time.Duration(i*7%12) * time.Second), // in another order, and two of each time
		}
		if err := w.Acts.Add(t.Context(), act); err != nil {
			t.Fatal(err)
		}
	}
	w.ask(t)
	w.deliver(t)
	archive, _ := w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
	type act struct {
		ID string
		At time.Time
	}
	var acts []act
	if err := json.Unmarshal([]byte(content(t, archive, "audit.json")), &acts); err != nil {
		t.Fatal(err)
	}
	inOrder := slices.IsSortedFunc(acts, func(a, b act) int {
		if later := a.At.Compare(b.At); later != 0 {
			return later
		}
		return strings.Compare(a.ID, b.ID)
	})
	if len(acts) < 24 || !inOrder {
		t.Errorf("%d acts: %+v", len(acts), acts)
	}
}

// What the guard remembers is shown by name, and as what it is.
func TestExport_ofTheGuard(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, current := w.seed(t, ada)
	w.Advance(time.Second)
	second := w.Scan(ada, usertest.Photo(t, 1, "second"))
	w.ask(t)
	w.deliver(t)
	archive, _ := w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
	var got []cheat.Memory
	if err := json.Unmarshal([]byte(content(t, archive, "guard.json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].ScanID != string(current) || got[1].ScanID != string(second) {
		t.Fatalf("guard.json = %+v", got)
	}
	for _, m := range got {
		raw, err := hex.DecodeString(m.Fingerprint)
		if err != nil || len(raw) != 32 || len(m.Proportions) != 8 {
			t.Errorf("%+v, %v", m, err)
		}
		if m.ConsentEpoch != 3 || m.EngineMajor != report.MajorVersion() {
			t.Errorf("%+v, want it of epoch 3 and engine %d", m, report.MajorVersion())
		}
		if eyes := m.Proportions["outer eye corners"]; eyes < 1 || eyes > 2 {
			t.Errorf("the outer corners of the eyes lie %v pupil distances apart", eyes)
		}
	}
	if explained := content(t, archive, "README.txt"); !strings.Contains(explained, "guard.json") {
		t.Error("README.txt does not say what guard.json is")
	}
	t.Run("of a user who was never measured", func(t *testing.T) {
		w.Register(bob, "bobs-phone")
		w.call(t, http.MethodPost, bob, http.StatusAccepted)
		w.deliver(t)
		archive, _ := w.download(t, w.call(t, http.MethodGet, bob, http.StatusOK))
		if text := content(t, archive, "guard.json"); text != "[]\n" {
			t.Errorf("guard.json = %q", text)
		}
	})
}

// The score of a deleted scan is in the rating, without the scan's id, and README.txt says why.
func TestExport_ofADeletedScan(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, current := w.seed(t, ada)
	w.Deliver("notify", "rank")
	done := emulatortest.Document[scan.Scan](t, scan.Ref(w.Firestore, current))
	score := done.Outcome().Score.Value
	w.Do(ada, http.MethodDelete, "/v1/scans/"+string(current), "")
	w.Deliver("notify", "rank")
	w.ask(t)
	w.deliver(t)
	archive, manifest := w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
	var got []struct {
		Contributions []struct {
			Deleted bool
			ScanID  string
			Hash    string
			Rated   struct{ Score float64 }
		}
	}
	if err := json.Unmarshal([]byte(content(t, archive, "ratings.json")), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || len(got[0].Contributions) != 1 {
		t.Fatalf("ratings.json = %+v", got)
	}
	if c := got[0].Contributions[0]; !c.Deleted || c.Hash == "" || c.Rated.Score != score {
		t.Errorf("contribution %+v, want one that is deleted with the score %v", c, score)
	}
	for _, name := range names(manifest)[1:] {
		if strings.Contains(content(t, archive, name), string(current)) {
			t.Errorf("%s has the scan's id", name)
		}
	}
	if explained := content(t, archive, "README.txt"); !strings.Contains(explained, "rated is the score that stays") {
		t.Error("README.txt does not say what rated is")
	}
}

// A series is shown as what its scans come to, which are in the export like others.
func TestExport_ofASeries(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(t, ada)
	id := w.Series(ada, usertest.Photo(t, 1, "series"), usertest.Photo(t, 2, "series"))
	gone := w.Series(ada, usertest.Photo(t, 3, "gone"), usertest.Photo(t, 3, "gone too"))
	w.Do(ada, http.MethodDelete, "/v1/series/"+string(gone), "")
	w.ask(t)
	w.deliver(t)
	archive, _ := w.download(t, w.call(t, http.MethodGet, ada, http.StatusOK))
	var got []struct {
		ID, State string
		Looks     []struct {
			ScanID string
			Score  struct{ Value, Lo, Hi float64 }
		}
		Result struct {
			Photos int
			Score  struct{ Value, Lo, Hi float64 }
		}
	}
	text := content(t, archive, "series.json")
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].ID != string(id) || got[0].State != "completed" || got[0].Result.Photos != 2 ||
		len(got[0].Looks) != 2 {
		t.Fatalf("series.json = %s", text)
	}
	for _, l := range got[0].Looks {
		if l.Score.Value == 0 || !strings.Contains(content(t, archive, "scans.json"), l.ScanID) {
			t.Errorf("look %+v is not in scans.json", l)
		}
		content(t, archive, "reports/"+l.ScanID+".json")
	}
	for _, internal := range []string{"request", "schema", "version"} {
		if strings.Contains(text, `"`+internal+`":`) {
			t.Errorf("series.json has %s", internal)
		}
	}
	if !strings.Contains(content(t, archive, "README.txt"), "series.json") {
		t.Error("README.txt does not say what series.json is")
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
		queued := []firestore.Update{{Path: "state", Value: export.Queued}} // as if that one had died before its end
		if _, err := w.Firestore.Collection("exports").Doc(asked.ID).Update(t.Context(), queued); err != nil {
			t.Fatal(err)
		}
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
			w.Advance(2 * time.Minute)
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
		w.tells(t, before)
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
		w.Advance(2 * time.Minute)
	}
	if err := w.exporter.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	if a := w.call(t, http.MethodGet, ada, http.StatusOK); a.State != "failed" {
		t.Errorf("%+v", a)
	}
	w.tells(t)
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
		"the account is being erased": {func(t *testing.T, w *world) {
			t.Helper()
			w.Do(ada, http.MethodDelete, "/v1/me", "")
		}, false},
		"the account is gone": {func(t *testing.T, w *world) {
			t.Helper()
			if _, err := account.Ref(w.Firestore, ada).Delete(t.Context()); err != nil {
				t.Error(err)
			}
		}, false},
		"the consent has changed": {func(t *testing.T, w *world) { t.Helper(); w.Withdraw(ada) }, true},
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
				w.tells(t)
				return
			}
			ready := w.call(t, http.MethodGet, ada, http.StatusOK)
			w.tells(t, ready)
			w.download(t, ready)
		})
	}
	t.Run("the consent has changed when it is ready", func(t *testing.T) {
		t.Parallel()
		w := newWorld(t)
		w.seed(t, ada)
		first := w.ask(t)
		w.deliver(t)
		w.Withdraw(ada)
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
		m := w.take()[0]
		if err := w.exporter.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		if _, err := w.Firestore.Collection("exports").Doc(asked.ID).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := w.exporter.Handle(t.Context(), m); err != nil {
			t.Fatal(err)
		}
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
	w.Advance(2 * time.Minute)
	w.sweep(t)
	w.deliver(t)
	w.Advance(24*time.Hour - time.Second)
	a := w.call(t, http.MethodGet, ada, http.StatusOK)
	if a.ID != asked.ID || a.State != "ready" || a.URLExpiresAt != a.ExpiresAt {
		t.Errorf("the link outlives the export: %+v", a)
	}
	w.sweep(t)
	if objects, documents := w.exports(t); objects != 1 || documents != 1 {
		t.Errorf("in its last second: %d objects, %d documents", objects, documents)
	}
	w.Advance(time.Second)
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
	for range 5 {
		w.ask(t)
		w.ask(t) // counts for nothing
		w.deliver(t)
		w.Withdraw(ada) // ends the one that is ready
		w.Grant(ada)
	}
	if a := w.call(t, http.MethodPost, ada, http.StatusTooManyRequests); a.Code != string(fault.CodeRateLimited) {
		t.Errorf("%+v", a)
	}
	w.call(t, http.MethodPost, bob, http.StatusForbidden) // never registered
}

func TestSweep_leavesAloneForAWhileWhatItFailsOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.Register(ada, "adas-phone")
	broken := []firestore.Update{{Path: "sweepAt", Value: w.Clock()}, {Path: "bytes", Value: "text"}}
	if _, err := w.Firestore.Collection("exports").Doc(w.ask(t).ID).Update(t.Context(), broken); err != nil {
		t.Fatal(err)
	}
	sweepOnce := func(fails bool) {
		t.Helper()
		if handled, err := w.sweeper.Sweep(t.Context()); handled != 0 || (err != nil) != fails {
			t.Errorf("Sweep = %d, %v; want that it fails: %v", handled, err, fails)
		}
	}
	sweepOnce(true)
	sweepOnce(false)
	w.Advance(10 * time.Minute)
	sweepOnce(true)
}

// It changes what the log goes to, and so is not parallel.
func TestExport_thatIsLateOrFailsIsLogged(t *testing.T) {
	w := newWorld(t)
	w.seed(t, ada)
	w.ask(t)
	m := w.take()[0]
	var logged bytes.Buffer
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(&logged, nil)))
	t.Cleanup(func() { slog.SetDefault(before) })
	says := func(when, text string, want int) {
		t.Helper()
		if got := strings.Count(logged.String(), text); got != want {
			t.Errorf("%s: %d times %q, want %d: %s", when, got, text, want, &logged)
		}
	}
	sweepAfter := func(d time.Duration) {
		t.Helper()
		w.Advance(d)
		if _, err := w.sweeper.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	sweepAfter(59 * time.Minute)
	says("after 59 minutes", "export is late", 0)
	sweepAfter(3 * time.Minute)
	says("after 62 minutes", "export is late", 1)

	uploads := w.exporter.Uploads
	w.exporter.Uploads = nil
	for range 12 {
		func() {
			defer func() { _ = recover() }()
			_ = w.exporter.Handle(t.Context(), m)
		}()
		w.Advance(2 * time.Minute)
	}
	w.exporter.Uploads = uploads
	says("before it is given up", "export failed", 0)
	if err := w.exporter.Handle(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	says("given up", "export failed", 1)
}
