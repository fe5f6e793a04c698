package serve_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/serve"
)

func TestTimelinePages(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := scantest.ScanAPI(e.ScanHandler(e.Firestore))
	for i := range 5 {
		s := serve.Shot(string(scantest.RandomID()), "v-1.", float64(50+i), 10)
		s.CreatedAt = scantest.Noon.Add(time.Duration(i) * time.Hour)
		e.Put(t, s)
	}
	e.NewScan(t)
	e.NewScan(t, func(s *scan.Scan) { *s = serve.Shot(string(s.ID), "v-1.", 1, 1); s.UID = "bob" })
	var scores []float64
	cursor := ""
	for page := range 3 {
		w := scantest.Ask(t, api, "anna", http.MethodGet, "/v1/timeline?limit=2"+cursor)
		if w.Code != http.StatusOK {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		view := scantest.Decoded[serve.TimelineView](t, w)
		for _, p := range view.Items {
			scores = append(scores, p.Score.Value)
			if first := p.Score.Value == 50; (p.Change == nil) != first {
				t.Errorf("%v has the change %v: that is to be since the scan before, on whatever page", p.Score.Value, p.Change)
			}
		}
		if (view.NextCursor == "") != (page == 2) {
			t.Errorf("page %d: next is %q", page, view.NextCursor)
		}
		cursor = "&cursor=" + view.NextCursor
	}
	if diff := cmp.Diff([]float64{53, 54, 51, 52, 50}, scores); diff != "" {
		t.Errorf("scores (-want +got):\n%s", diff)
	}
	e.PutUser(t, account.User{UID: "carl", State: account.Active})
	if w := scantest.Ask(t, api, "carl", http.MethodGet, "/v1/timeline"); w.Body.String() != "{\"items\":[]}\n" {
		t.Errorf("of none: %s", w.Body)
	}
	scantest.WantProblem(
		t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/timeline?cursor=x"), 400, "invalid_parameter",
	)
	_, next := listed(t, api, "limit=1")
	scantest.WantProblem(
		t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/timeline?cursor="+next), 400, "invalid_parameter",
	)
}
