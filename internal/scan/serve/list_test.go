package serve_test

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/serve"
)

func listed(t *testing.T, api http.Handler, query string) (ids []scan.ID, next string) {
	t.Helper()
	w := scantest.Ask(t, api, "anna", http.MethodGet, "/v1/scans?"+query)
	if w.Code != http.StatusOK {
		t.Fatalf("%s: status %d: %s", query, w.Code, w.Body)
	}
	view := scantest.Decoded[serve.ListView](t, w)
	for _, i := range view.Items {
		ids = append(ids, i.ID)
	}
	return ids, view.NextCursor
}

// walk is the whole list, page by page, and how many pages it took.
func walk(t *testing.T, api http.Handler, query string) (ids []scan.ID, pages int) {
	t.Helper()
	for at := query; ; {
		page, next := listed(t, api, at)
		ids = append(ids, page...)
		pages++
		if next == "" {
			return ids, pages
		}
		at = query + "&cursor=" + url.QueryEscape(next)
	}
}

func TestList(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	start := e.Clock.Now()
	var all []scan.Scan
	for i := range 7 {
		all = append(all, e.NewScan(t, func(s *scan.Scan) {
			s.CreatedAt = start.Add(time.Duration(i/2) * time.Minute) // two of a time
			switch {
			case i%3 == 0:
				s.Complete(
					map[string]any{"version": "v", "score": map[string]any{"value": 60.5, "lo": 40, "hi": 80}, "rankable": i == 0},
					start,
				)
			case i == 1:
				s.Fail(scan.PhotoMissing, start)
			}
		}))
	}
	e.NewScan(t, func(s *scan.Scan) { s.UID = "bob" })
	e.NewScan(t, func(s *scan.Scan) { s.State, s.CreatedAt = scan.Deleting, start.Add(90*time.Second) })
	slices.SortFunc(all, func(a, b scan.Scan) int {
		if c := a.CreatedAt.Compare(b.CreatedAt); c != 0 {
			return c
		}
		return map[bool]int{true: -1, false: 1}[a.ID < b.ID]
	})
	of := func(keep func(scan.Scan) bool) (ids []scan.ID) {
		for _, s := range all {
			if keep(s) {
				ids = append(ids, s.ID)
			}
		}
		return ids
	}
	every := func(scan.Scan) bool { return true }
	at := func(minutes int) string {
		return url.QueryEscape(start.Add(time.Duration(minutes) * time.Minute).Format(time.RFC3339Nano))
	}
	tests := map[string]struct {
		query string
		want  []scan.ID
		pages int
	}{
		"oldest first":        {"order=oldest", of(every), 1},
		"a page each":         {"order=oldest&limit=1", of(every), 7},
		"pages of two":        {"order=oldest&limit=2", of(every), 4},
		"exactly one page":    {"order=oldest&limit=7", of(every), 1},
		"more than there are": {"order=oldest&limit=100", of(every), 1},
		"completed": {
			"order=oldest&state=completed&limit=1", of(func(s scan.Scan) bool { return s.State == scan.Completed }), 3,
		},
		"failed": {
			"order=oldest&state=failed", of(func(s scan.Scan) bool { return s.State == scan.Failed }), 1,
		},
		"none of a state": {"order=oldest&state=queued", nil, 1},
		"rankable": {
			"order=oldest&rankable=true", of(func(s scan.Scan) bool { return s.Outcome().Rankable }), 1,
		},
		"not rankable": {
			"order=oldest&rankable=false&state=completed",
			of(func(s scan.Scan) bool { return s.State == scan.Completed && !s.Outcome().Rankable }), 1,
		},
		"from a time, included": {
			"order=oldest&from=" + at(2), of(func(s scan.Scan) bool { return !s.CreatedAt.Before(start.Add(2 * time.Minute)) }),
			1,
		},
		"to a time, not": {
			"order=oldest&to=" + at(2), of(func(s scan.Scan) bool { return s.CreatedAt.Before(start.Add(2 * time.Minute)) }), 1,
		},
		"a window, page by page": {
			"order=oldest&limit=1&from=" + at(1) + "&to=" + at(2),
			of(func(s scan.Scan) bool { return s.CreatedAt.Equal(start.Add(time.Minute)) }), 2,
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, pages := walk(t, api, tt.query)
			if diff := cmp.Diff(tt.want, got); diff != "" || pages != tt.pages {
				t.Errorf("%d pages, want %d (-want +got):\n%s", pages, tt.pages, diff)
			}
		})
	}
	t.Run("newest first is the reverse", func(t *testing.T) {
		t.Parallel()
		want := of(every)
		slices.Reverse(want)
		got, _ := walk(t, api, "limit=3")
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("ids (-want +got):\n%s", diff)
		}
	})
	t.Run("a list of nothing is a list", func(t *testing.T) {
		t.Parallel()
		e.PutBob(t)
		w := scantest.Ask(t, api, "bob", http.MethodGet, "/v1/scans?state=expired")
		if diff := cmp.Diff(map[string]any{"items": []any{}}, scantest.Decoded[map[string]any](t, w)); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
	})
	t.Run("a cursor is good for its own list alone", func(t *testing.T) {
		t.Parallel()
		_, cursor := listed(t, api, "limit=1")
		for _, query := range []string{"order=oldest", "state=completed", "rankable=true", "from=" + at(0), "to=" + at(9)} {
			scantest.WantProblem(
				t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/scans?cursor="+cursor+"&"+query), 400, "invalid_parameter",
			)
		}
		scantest.WantProblem(
			t, scantest.Ask(t, api, "bob", http.MethodGet, "/v1/scans?cursor="+cursor), 400, "invalid_parameter",
		)
	})
	t.Run("parameters out of range", func(t *testing.T) {
		t.Parallel()
		for query, pointer := range map[string]string{
			"limit=0": "query/limit", "limit=101": "query/limit", "limit=": "query/limit", "state=deleting": "query/state",
			"state=x": "query/state", "state=": "query/state", "statee=failed": "query/statee", "rankable=yes": "query/rankable",
			"order=score": "query/order", "from=x": "query/from", "to=2026": "query/to", "cursor=x": "query/cursor",
			"cursor=": "query/cursor", "from=" + at(1) + "&to=" + at(1): "query/to", "from=0000-01-01T00:00:00Z": "query/from",
			"from=0001-01-01T00:00:00%2B14:00": "query/from", "to=9999-12-31T23:59:59-12:00": "query/to", "from=%zz": "query",
		} {
			p := scantest.WantProblem(
				t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/scans?"+query), 400, "invalid_parameter",
			)
			if len(p.Fields) != 1 || p.Fields[0].String() != pointer {
				t.Errorf("%s: fields %v, want %s", query, p.Fields, pointer)
			}
		}
	})
	t.Run("the ends of time", func(t *testing.T) {
		t.Parallel()
		const first, last = "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999999Z"
		for query, want := range map[string]int{
			"from=" + first: len(all), "to=" + first: 0, "from=" + last: 0, "to=" + last: len(all),
			"from=" + first + "&to=" + last: len(all),
		} {
			if got, _ := walk(t, api, query); len(got) != want {
				t.Errorf("%s: %d scans, want %d", query, len(got), want)
			}
		}
	})
}

func TestList_showsWhatAScanComesTo(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	now := e.Clock.Now()
	s := e.NewScan(t, func(s *scan.Scan) {
		s.Complete(map[string]any{
			"version": "facescan-1", "score": map[string]any{"value": 60.5, "lo": 40.0, "hi": int64(80)}, "rankable": false,
		}, now)
	})
	want := serve.ListView{Items: []scan.Summary{{
		ID: s.ID, State: scan.Completed, Revision: 2, CreatedAt: httpapi.Time(now), UpdatedAt: httpapi.Time(now),
		FinishedAt: httpapi.Time(now),
		Engine:     "facescan-1", Score: &scan.Score{Value: 60.5, Lo: 40, Hi: 80}, Rankable: new(false),
	}}}
	if diff := cmp.Diff(
		want, scantest.Decoded[serve.ListView](t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/scans")),
	); diff != "" {
		t.Errorf("list (-want +got):\n%s", diff)
	}
}

func TestList_readsPastWhatIsBeingDeleted(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	for i := range 12 {
		e.NewScan(t, func(s *scan.Scan) {
			s.CreatedAt = e.Clock.Now().Add(time.Duration(i) * time.Second)
			if i > 2 {
				s.State = scan.Deleting
			}
		})
	}
	if ids, pages := walk(t, api, "limit=2"); len(ids) != 3 || pages != 2 {
		t.Errorf("%s on %d pages, want 3 on 2", fmt.Sprint(ids), pages)
	}
}

// What is listed is read by masks, which must have every member that is shown.
func TestListsReadAllThatTheyShow(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	turned := serve.Shot(string(scantest.RandomID()), "v-1.", 40, 5, "yaw")
	for i, measured := range []*scan.Scan{
		new(serve.Shot(string(scantest.RandomID()), "v-1.", 60, 5)),
		new(serve.Shot(string(scantest.RandomID()), "v-1.", 90, 5)), &turned,
	} {
		measured.CreatedAt = scantest.Noon.Add(time.Duration(i) * time.Hour)
		e.Put(t, *measured)
	}
	e.NewScan(t, func(s *scan.Scan) { s.State, s.Stage, s.Version = scan.Processing, scan.Measuring, 3 })
	e.NewScan(t, func(s *scan.Scan) { s.Fail(scan.PhotoMissing, scantest.Noon) })
	whole, err := scan.ReadAll(t.Context(), scan.Filter{Direction: firestore.Asc}.Query(e.Firestore, scantest.Anna))
	if err != nil {
		t.Fatal(err)
	}
	var items []scan.Summary
	var completed []scan.Scan
	for _, s := range whole {
		items = append(items, scan.NewSummary(s))
		if s.State == scan.Completed {
			completed = append(completed, s)
		}
	}
	got := scantest.Decoded[serve.ListView](t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/scans?order=oldest"))
	if diff := cmp.Diff(items, got.Items); diff != "" {
		t.Errorf("list (-of whole documents +got):\n%s", diff)
	}
	points := scantest.Decoded[serve.TimelineView](t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/timeline"))
	if diff := cmp.Diff(serve.Timeline(serve.Singles(completed)), points.Items); diff != "" {
		t.Errorf("timeline (-of whole documents +got):\n%s", diff)
	}
}
