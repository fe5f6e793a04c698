package summary_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/emulator"
	"github.com/facescan/facescan/internal/emulator/emulatortest"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/summary"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

var now = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

type bench struct {
	fs  *firestore.Client
	api *httpapi.API
}

func newBench(t *testing.T) *bench {
	t.Helper()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	b := &bench{fs: fs, api: httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})}
	(&summary.Service{
		Scans: &scan.Service{Firestore: fs}, Boards: leaderboard.New(fs, face.MajorVersion()),
		Inbox: notify.NewInbox(fs, func() time.Time { return now }),
	}).Routes(b.api)
	return b
}

func (b *bench) put(t *testing.T, ref *firestore.DocumentRef, doc any) {
	t.Helper()
	if _, err := ref.Set(t.Context(), doc); err != nil {
		t.Fatal(err)
	}
}

func (b *bench) user(t *testing.T, state account.State) {
	t.Helper()
	b.put(t, account.Ref(b.fs, "ada"), account.User{
		Schema: 1, UID: "ada", State: state, ConsentEpoch: 1, Consent: account.Consent{Granted: true},
		Leaderboard: account.Leaderboard{OptIn: true},
	})
}

func (b *bench) get(t *testing.T) (status int, body map[string]any) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/v1/me/summary", nil)
	r.Header.Set("Authorization", "Bearer ada")
	w := httptest.NewRecorder()
	b.api.ServeHTTP(w, r)
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatalf("%v in %s", err, w.Body)
	}
	return w.Code, body
}

func TestSummary(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.user(t, account.Active)
	board := leaderboard.BoardID(face.MajorVersion())

	status, body := b.get(t)
	want := map[string]any{"standing": map[string]any{"board": board, "optIn": true, "total": 0.0}, "unread": 0.0}
	if diff := cmp.Diff(want, body); status != http.StatusOK || diff != "" {
		t.Fatalf("before the first scan: %d (-want +got):\n%s", status, diff)
	}

	scans := b.fs.Collection("scans")
	result := map[string]any{
		"version": face.Version, "rankable": true, "score": map[string]any{"value": 61.5, "lo": 50.0, "hi": 70.0},
	}
	b.put(t, scans.Doc("one"), map[string]any{
		"schema": 1, "id": "one", "uid": "ada", "state": "completed", "version": 3, "createdAt": now, "updatedAt": now, "result": result,
	})
	b.put(t, scans.Doc("two"), map[string]any{
		"schema": 1, "id": "two", "uid": "ada", "state": "processing", "version": 2, "createdAt": now.Add(time.Second), "updatedAt": now,
	})
	for id, rating := range map[string]float64{"ada": 61.5, "bob": 70} {
		b.put(t, b.fs.Collection("boards").Doc(board).Collection("entries").Doc(id), map[string]any{
			"schema": 1, "uid": id, "username": id, "rating": rating, "scans": 1, "achievedAt": now,
		})
	}
	for id, read := range map[string]bool{"a": true, "b": false, "c": false} {
		b.put(t, account.Ref(b.fs, "ada").Collection("inbox").Doc(id), map[string]any{
			"schema": 1, "read": read, "createdAt": now.Add(-time.Hour), "expireAt": now.Add(time.Hour),
		})
	}
	status, body = b.get(t)
	got := []any{
		status, member(body, "latest", "id"), member(body, "best", "id"), member(body, "best", "score", "value"),
		member(body, "standing", "rank"), member(body, "standing", "total"), body["unread"],
	}
	if diff := cmp.Diff([]any{http.StatusOK, "two", "one", 61.5, 2.0, 2.0, 2.0}, got); diff != "" {
		t.Errorf("summary (-want +got):\n%s", diff)
	}
}

func TestSummary_isForAccountsInUse(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	if status, body := b.get(t); status != http.StatusForbidden || body["code"] != string(fault.CodeNotRegistered) {
		t.Errorf("not registered: %d %v", status, body)
	}
	b.user(t, account.Erasing)
	if status, body := b.get(t); status != http.StatusForbidden || body["code"] != string(fault.CodeAccountErasing) {
		t.Errorf("erasing: %d %v", status, body)
	}
}

func member(body map[string]any, path ...string) any {
	var at any = body
	for _, name := range path {
		inner, _ := at.(map[string]any)
		at = inner[name]
	}
	return at
}
