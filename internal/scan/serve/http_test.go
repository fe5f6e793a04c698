package serve_test

import (
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/work"
)

const focus = "Hold the phone still, wipe the lens and let it focus on your face."

func TestScanAsItsOwnerSeesIt(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	created := scantest.Noon.Add(1234567) // 1.234567 ms
	seed := func(end func(*scan.Scan)) scan.Scan {
		return e.NewScan(t, func(s *scan.Scan) {
			s.CreatedAt, s.UpdatedAt = created, created
			s.Generation, s.Lease = 7, work.Lease{Token: "secret"}
			if end != nil {
				end(s)
			}
		})
	}
	times := map[string]any{
		"createdAt": "2026-06-01T12:00:00.001Z", "updatedAt": "2026-06-01T12:00:00.001Z", "revision": 1.0,
	}
	ended := map[string]any{
		"createdAt": "2026-06-01T12:00:00.001Z", "updatedAt": "2026-06-01T12:00:00.000Z",
		"finishedAt": "2026-06-01T12:00:00.000Z",
		"revision":   2.0,
	}
	tests := map[string]struct {
		scan scan.Scan
		base map[string]any
		want map[string]any
	}{
		"awaiting its photo": {seed(nil), times, map[string]any{"state": "awaiting_upload"}},
		"being analysed": {
			seed(func(s *scan.Scan) { s.State = scan.Processing }), times, map[string]any{"state": "processing"},
		},
		"completed": {
			seed(func(s *scan.Scan) { s.Complete(map[string]any{"score": map[string]any{"value": 71.5}}, scantest.Noon) }),
			ended,
			map[string]any{"state": "completed", "result": map[string]any{"score": map[string]any{"value": 71.5}}},
		},
		"failed": {
			seed(func(s *scan.Scan) {
				s.Fail(scan.Failure{
					Code: "blurred", Detail: "The photo is not sharp. " + focus, Fixes: []string{focus, "Smile."},
				}, scantest.Noon)
			}), ended,
			map[string]any{"state": "failed", "failure": map[string]any{
				"code": "blurred", "detail": "The photo is not sharp. " + focus,
				"says": []any{map[string]any{"code": "not_sharp"}, map[string]any{"code": "focus"}},
				"fixes": []any{
					map[string]any{"code": "focus", "detail": focus, "gain": "measured"},
					map[string]any{"code": "other", "detail": "Smile."},
				},
			}},
		},
		"failed without advice": {
			seed(func(s *scan.Scan) { s.Fail(scan.Failure{Code: "photo_missing", Detail: "It is gone."}, scantest.Noon) }),
			ended,
			map[string]any{"state": "failed", "failure": map[string]any{
				"code": "photo_missing", "detail": "It is gone.", "fixes": []any{},
				"says": []any{map[string]any{"code": "other"}},
			}},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := scantest.ReadScan(t.Context(), api, "anna", string(tt.scan.ID))
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			want := map[string]any{"id": string(tt.scan.ID)}
			for _, part := range []map[string]any{tt.base, tt.want} {
				for name, value := range part {
					want[name] = value
				}
			}
			if diff := cmp.Diff(want, scantest.Decoded[map[string]any](t, w)); diff != "" {
				t.Errorf("body (-want +got):\n%s", diff)
			}
		})
	}
}

func TestScanThatIsNotYours(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	e.PutBob(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	s := e.NewScan(t)
	bodies := map[string]map[string]any{}
	for name, ask := range map[string]struct{ uid, path string }{
		"another's":                     {"bob", string(s.ID)},
		"another's with a wait":         {"bob", string(s.ID) + "?wait=25"},
		"none at all":                   {"anna", string(scantest.RandomID())},
		"a malformed id":                {"anna", "x"},
		"an id in capitals":             {"anna", "AAAAAAAAAAAAAAAAAAAAAAAAAA"},
		"an id with a path in it":       {"anna", "..%2Fusers%2Fanna"},
		"an id that the database hates": {"anna", "__x__"},
	} {
		w := scantest.ReadScan(t.Context(), api, ask.uid, ask.path)
		scantest.WantProblem(t, w, http.StatusNotFound, "not_found")
		body := scantest.Decoded[map[string]any](t, w)
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
		scantest.WantProblem(
			t, scantest.ReadScan(t.Context(), api, "", string(s.ID)), http.StatusUnauthorized, "token_missing",
		)
	})
}

func TestScanParameters(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	s := e.NewScan(t, func(s *scan.Scan) { s.Complete(map[string]any{}, scantest.Noon) })
	for _, query := range []string{
		"wait=26", "wait=-1", "wait=1.5", "wait=x", "wait=1s", "wait=99999999999999999999", "since=-1", "since=1.5",
		"since=x",
		"since=99999999999999999999", "wait=0&since=x", "wait=", "since=", "wait=%2B1", "since=%2B1", "wait=1&wait=1",
		"until=1",
	} {
		p := scantest.WantProblem(
			t, scantest.ReadScan(t.Context(), api, "anna", string(s.ID)+"?"+query), http.StatusBadRequest, "invalid_parameter",
		)
		if len(p.Fields) != 1 || p.Fields[0].Detail == "" {
			t.Errorf("%s: fields %v", query, p.Fields)
		}
	}
	for _, query := range []string{"", "wait=0", "wait=25", "since=0", "since=9223372036854775807"} {
		scantest.WantView(t, scantest.ReadScan(t.Context(), api, "anna", string(s.ID)+"?"+query), scan.Completed, 2)
	}
}

func TestWaitThatIsNone(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	var listens atomic.Int32
	api := scantest.ScanAPI(e.ScanHandler(e.Database(t, scantest.CountListens(&listens))))
	t.Cleanup(func() { // after the sub-tests
		if n := listens.Load(); n != 0 {
			t.Errorf("%d listeners were opened for nothing", n)
		}
	})
	s := e.NewScan(t, func(s *scan.Scan) { s.Version = 4 })
	done := e.NewScan(t, func(s *scan.Scan) { s.Fail(scan.PhotoMissing, scantest.Noon) })
	expired := e.NewScan(t, func(s *scan.Scan) { s.Expire(scantest.Noon) })
	tests := map[string]struct {
		path    string
		state   scan.State
		version int64
	}{
		"no wait asked for":             {string(s.ID), scan.AwaitingUpload, 4},
		"a since, but no wait":          {string(s.ID) + "?since=4", scan.AwaitingUpload, 4},
		"a since of the past":           {string(s.ID) + "?wait=25&since=3", scan.AwaitingUpload, 4},
		"a since of the beginning":      {string(s.ID) + "?wait=25&since=0", scan.AwaitingUpload, 4},
		"nothing more to come":          {string(done.ID) + "?wait=25", scan.Failed, 2},
		"nothing more to come, a since": {string(done.ID) + "?wait=25&since=2", scan.Failed, 2},
		"no photo expected any more":    {string(expired.ID) + "?wait=25", scan.Expired, 2},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			scantest.WantView(
				t, scantest.Receive(t, scantest.Poll(t.Context(), api, tt.path), "the answer"), tt.state, tt.version,
			)
		})
	}
}
