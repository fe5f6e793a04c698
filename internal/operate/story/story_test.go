package story_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/operate/story"
	"github.com/facescan/facescan/internal/parked"
	"github.com/facescan/facescan/internal/scan"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth)) }

const trace = "4bf92f3577b34da6a3ce929d0e0e4736"

func teller(w *usertest.World) *story.Teller {
	return &story.Teller{
		Firestore: w.Firestore, Uploads: w.Uploads, Results: w.Results, Users: w.Users, Acts: w.Acts,
		By: audit.Operator,
	}
}

// collections returns how many documents the story has of which.
func collections(s story.Story) map[string]int {
	n := map[string]int{}
	for _, d := range s.Documents {
		n[d.Kind]++
	}
	return n
}

// acts returns how many acts of the kind there are.
func acts(t *testing.T, w *usertest.World, kind audit.Kind) int {
	t.Helper()
	all, err := w.Firestore.Collection("audit").Where("kind", "==", string(kind)).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	return len(all)
}

func TestStory(t *testing.T) {
	t.Parallel()
	w := usertest.New(t, usertest.Options{})
	w.MoveIn("ada", account.Notifications{Push: true, Email: true}, "token-of-ada")
	w.MoveIn("eve", account.Notifications{Push: true}, "token-of-eve")
	first := w.Scan("ada", usertest.Photo(t, 1, "a"))
	other := w.Scan("ada", usertest.Photo(t, 2, "b"))
	w.Scan("eve", usertest.Photo(t, 3, "c"))
	for _, id := range []scan.ID{first, other} {
		data := fmt.Appendf(nil, `{"data":{"uid":"ada","scanId":%q,"secret":"of the body"}}`, id)
		m := event.Message{ID: string(id), Data: data, Attributes: map[string]string{
			event.AttributeTraceparent: "00-" + trace + "-00f067aa0ba902b7-01",
		}}
		if err := parked.Keep(t.Context(), w.Firestore, "rank", m, errors.New("refused"), w.Clock()); err != nil {
			t.Fatal(err)
		}
	}

	all, err := teller(w).OfUser(t.Context(), "ada")
	if err != nil {
		t.Fatal(err)
	}
	n := collections(all)
	for _, name := range []string{"users", "consents", "devices", "ratings", "guard", "usernames", "limits", "audit"} {
		if n[name] == 0 {
			t.Errorf("the user's story has no %s", name)
		}
	}
	if n["scans"] != 2 || n["inbox"] < 2 || n["deliveries"] < 2 || n["parked"] != 2 ||
		!slices.Equal(all.Traces, []string{trace}) {
		t.Errorf("the user's story: %v, traces %q", n, all.Traces)
	}
	of, err := teller(w).OfScan(t.Context(), first)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]int{"scans": 1, "deliveries": 1, "inbox": 1, "parked": 1}
	if diff := cmp.Diff(want, collections(of)); diff != "" {
		t.Errorf("the scan's story (-want +got):\n%s", diff)
	}
	kinds := map[string]bool{}
	for _, o := range of.Objects {
		kinds[o.Kind] = true
		if o.ScanID != string(first) || o.Bytes == 0 || o.Generation == 0 || o.At.IsZero() {
			t.Errorf("object %+v", o)
		}
	}
	if !kinds["photo"] || !kinds["report.json"] {
		t.Errorf("objects of kinds %v", kinds)
	}
	wantSafe(t, w, first, all, of)
	if got := acts(t, w, audit.StoryRead); got != 2 {
		t.Errorf("%d stories are kept", got)
	}
	if address, err := teller(w).Address(t.Context(), "ada"); err != nil || address != usertest.Email("ada") {
		t.Errorf("address %q, %v", address, err)
	}
	if got := acts(t, w, audit.AddressRevealed); got != 1 {
		t.Errorf("%d reveals are kept", got)
	}
}

// wantSafe checks that the stories have nothing measured, no text, no secret, no address, no link,
// and nothing of others.
func wantSafe(t *testing.T, w *usertest.World, id scan.ID, stories ...story.Story) {
	t.Helper()
	snap, err := w.Firestore.Collection("scans").Doc(string(id)).Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	score, err := snap.DataAt("result.score.value")
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(stories)
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{
		fmt.Sprint(score), "@example.com", "token-of-ada", "of the body", "http", "eve", "landmark", "score", "uploads/",
		"results/",
	} {
		if strings.Contains(string(body), secret) {
			t.Errorf("a story has %q", secret)
		}
	}
}

func TestStory_ofNobody(t *testing.T) {
	t.Parallel()
	w := usertest.New(t, usertest.Options{})
	for _, id := range []account.UID{"", "a/b", "__x__", "\x00"} {
		if _, err := teller(w).OfUser(t.Context(), id); !errors.Is(err, story.ErrNotFound) {
			t.Errorf("user %q: %v", id, err)
		}
	}
	for _, id := range []scan.ID{"", "a/b", "aaaaaaaaaaaaaaaaaaaaaaaaaa"} {
		if _, err := teller(w).OfScan(t.Context(), id); !errors.Is(err, story.ErrNotFound) {
			t.Errorf("scan %q: %v", id, err)
		}
	}
	if s, err := teller(w).OfUser(t.Context(), "nobody"); err != nil || len(s.Documents)+len(s.Objects) != 0 {
		t.Errorf("nobody's story: %+v, %v", s, err)
	}
	if _, err := teller(w).Address(t.Context(), "nobody"); !errors.Is(err, story.ErrNotFound) {
		t.Errorf("nobody's address: %v", err)
	}
}

func TestStory_isCut(t *testing.T) {
	t.Parallel()
	w := usertest.New(t, usertest.Options{})
	w.MoveIn("ada", account.Notifications{}, "token")
	w.Open("ada")
	w.Open("ada")
	few := teller(w)
	few.Most = 1
	s, err := few.OfUser(t.Context(), "ada")
	if err != nil || collections(s)["scans"] != 1 || !slices.Contains(s.Cut, "scans") {
		t.Errorf("%v, cut %q, %v", collections(s), s.Cut, err)
	}
}
