package scan

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
)

// service answers for scans, watching them by the client.
func (e *env) service(watching *firestore.Client) *Service {
	return &Service{
		Firestore: watching, Watcher: NewWatcher(watching), Outbox: e.boxOver(watching), Uploads: e.uploads, Results: e.results,
		Signing: e.signing(), Now: e.clock.Now,
	}
}

// scansAPI is the routes below /v1/scans.
func scansAPI(reader *Service) http.Handler {
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	reader.Routes(api)
	return api
}

// readScan answers GET /v1/scans/{path} for the user.
func readScan(ctx context.Context, api http.Handler, uid, path string) *httptest.ResponseRecorder {
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/scans/"+path, nil)
	r.Header.Set("Authorization", "Bearer "+uid)
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	return w
}

// poll reads in the background and gives the answer when it is there.
func poll(ctx context.Context, api http.Handler, path string) <-chan *httptest.ResponseRecorder {
	answer := make(chan *httptest.ResponseRecorder, 1)
	go func() { answer <- readScan(ctx, api, string(anna), path) }()
	return answer
}

func wantView(t *testing.T, w *httptest.ResponseRecorder, state State, version int64) {
	t.Helper()
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	if got := decoded[view](t, w); got.State != state || got.Version != version {
		t.Errorf("scan is %s, version %d, want %s, version %d", got.State, got.Version, state, version)
	}
}

func TestScanAsItsOwnerSeesIt(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := scansAPI(e.service(e.fs))
	created := noon.Add(1234567) // 1.234567 ms
	seed := func(end func(*Scan)) Scan {
		return e.newScan(t, func(s *Scan) {
			s.CreatedAt, s.UpdatedAt = created, created
			s.Generation, s.Lease = 7, Lease{Token: "secret"}
			if end != nil {
				end(s)
			}
		})
	}
	times := map[string]any{"createdAt": "2026-06-01T12:00:00.001Z", "updatedAt": "2026-06-01T12:00:00.001Z", "version": 1.0}
	ended := map[string]any{
		"createdAt": "2026-06-01T12:00:00.001Z", "updatedAt": "2026-06-01T12:00:00.000Z", "finishedAt": "2026-06-01T12:00:00.000Z",
		"version": 2.0,
	}
	tests := map[string]struct {
		scan Scan
		base map[string]any
		want map[string]any
	}{
		"awaiting its photo": {seed(nil), times, map[string]any{"state": "awaiting_upload"}},
		"being analysed": {
			seed(func(s *Scan) { s.State = Processing }), times, map[string]any{"state": "processing"},
		},
		"completed": {
			seed(func(s *Scan) { s.complete(map[string]any{"score": map[string]any{"value": 71.5}}, noon) }), ended,
			map[string]any{"state": "completed", "result": map[string]any{"score": map[string]any{"value": 71.5}}},
		},
		"failed": {
			seed(func(s *Scan) {
				s.fail(Failure{Code: "blurred", Detail: "It is blurred.", Fixes: []string{"Hold still."}}, noon)
			}), ended,
			map[string]any{"state": "failed", "failure": map[string]any{
				"code": "blurred", "detail": "It is blurred.", "fixes": []any{"Hold still."},
			}},
		},
		"failed without advice": {
			seed(func(s *Scan) { s.fail(Failure{Code: "photo_missing", Detail: "It is gone."}, noon) }), ended,
			map[string]any{"state": "failed", "failure": map[string]any{
				"code": "photo_missing", "detail": "It is gone.", "fixes": []any{},
			}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := readScan(t.Context(), api, "anna", string(tt.scan.ID))
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			want := map[string]any{"id": string(tt.scan.ID)}
			for _, part := range []map[string]any{tt.base, tt.want} {
				for name, value := range part {
					want[name] = value
				}
			}
			if diff := cmp.Diff(want, decoded[map[string]any](t, w)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScanThatIsNotYours(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	e.putBob(t)
	api := scansAPI(e.service(e.fs))
	s := e.newScan(t)
	bodies := map[string]map[string]any{}
	for name, ask := range map[string]struct{ uid, path string }{
		"another's":                     {"bob", string(s.ID)},
		"another's with a wait":         {"bob", string(s.ID) + "?wait=25"},
		"none at all":                   {"anna", string(randomID())},
		"a malformed id":                {"anna", "x"},
		"an id in capitals":             {"anna", "AAAAAAAAAAAAAAAAAAAAAAAAAA"},
		"an id with a path in it":       {"anna", "..%2Fusers%2Fanna"},
		"an id that the database hates": {"anna", "__x__"},
	} {
		w := readScan(t.Context(), api, ask.uid, ask.path)
		wantProblem(t, w, http.StatusNotFound, "not_found")
		body := decoded[map[string]any](t, w)
		if body["requestId"] == "" {
			t.Errorf("%s: no request id", name)
		}
		delete(body, "requestId")
		bodies[name] = body
	}
	for name, body := range bodies {
		if diff := cmp.Diff(bodies["none at all"], body); diff != "" {
			t.Errorf("%s can be told from none at all:\n%s", name, diff)
		}
	}
	t.Run("without a token it is not even looked for", func(t *testing.T) {
		wantProblem(t, readScan(t.Context(), api, "", string(s.ID)), http.StatusUnauthorized, "token_missing")
	})
}

func TestScanParameters(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := scansAPI(e.service(e.fs))
	s := e.newScan(t, func(s *Scan) { s.complete(map[string]any{}, noon) })
	for _, query := range []string{
		"wait=26", "wait=-1", "wait=1.5", "wait=x", "wait=1s", "wait=99999999999999999999", "since=-1", "since=1.5", "since=x",
		"since=99999999999999999999", "wait=0&since=x", "wait=", "since=", "wait=%2B1", "since=%2B1", "wait=1&wait=1", "until=1",
	} {
		p := wantProblem(t, readScan(t.Context(), api, "anna", string(s.ID)+"?"+query), http.StatusBadRequest, "invalid_parameter")
		if len(p.Fields) != 1 || p.Fields[0].Detail == "" {
			t.Errorf("%s: fields %v", query, p.Fields)
		}
	}
	for _, query := range []string{"", "wait=0", "wait=25", "since=0", "since=9223372036854775807"} {
		wantView(t, readScan(t.Context(), api, "anna", string(s.ID)+"?"+query), Completed, 2)
	}
}

func TestWaitThatIsNone(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var listens atomic.Int32
	api := scansAPI(e.service(e.database(t, countListens(&listens))))
	t.Cleanup(func() { // after the sub-tests
		if n := listens.Load(); n != 0 {
			t.Errorf("%d listeners were opened for nothing", n)
		}
	})
	s := e.newScan(t, func(s *Scan) { s.Version = 4 })
	done := e.newScan(t, func(s *Scan) { s.fail(missing, noon) })
	expired := e.newScan(t, func(s *Scan) { s.expire(noon) })
	tests := map[string]struct {
		path    string
		state   State
		version int64
	}{
		"no wait asked for":             {string(s.ID), AwaitingUpload, 4},
		"a since, but no wait":          {string(s.ID) + "?since=4", AwaitingUpload, 4},
		"a since of the past":           {string(s.ID) + "?wait=25&since=3", AwaitingUpload, 4},
		"a since of the beginning":      {string(s.ID) + "?wait=25&since=0", AwaitingUpload, 4},
		"nothing more to come":          {string(done.ID) + "?wait=25", Failed, 2},
		"nothing more to come, a since": {string(done.ID) + "?wait=25&since=2", Failed, 2},
		"no photo expected any more":    {string(expired.ID) + "?wait=25", Expired, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantView(t, receive(t, poll(t.Context(), api, tt.path), "the answer"), tt.state, tt.version)
		})
	}
}
