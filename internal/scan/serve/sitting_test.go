package serve_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/serve"
)

// A series is one point of the timeline, as its mean, on whatever page its scans stand.
func TestTimelineOfSeries(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	take := func(photos ...string) scan.SeriesID {
		e.Clock.Advance(time.Minute)
		opened := scantest.OpenSeriesOf(t, api, "", fmt.Sprintf(`{"contentType":"image/jpeg","photos":%d}`, len(photos)))
		for i, photo := range photos {
			if photo != "" {
				e.Take(t, opened, i, photo)
			}
		}
		return opened.Series.ID
	}
	alone := func(photo string) {
		e.Clock.Advance(time.Minute)
		e.Analyzed(t, photo, scantest.Scoring)
	}
	alone("30")
	first := take("40", "44", "landscape")
	take("50", "51", "") // not settled
	alone("35")
	take("a", "b") // of which none counts
	second := take("60", "62", "64", "66", "68")
	for _, limit := range []int{1, 2, 3, 20} {
		var got []string
		for cursor := ""; ; {
			w := scantest.Ask(t, api, "anna", http.MethodGet, fmt.Sprintf("/v1/timeline?limit=%d%s", limit, cursor))
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			page := scantest.Decoded[serve.TimelineView](t, w)
			var points []string
			for _, p := range page.Items {
				since := ""
				if p.Change != nil {
					since = p.Change.ComparedWith
				}
				switch scan.SeriesID(since) {
				case first:
					since = "the first series"
				case "":
				default:
					since = "a scan"
				}
				points = append(points, fmt.Sprint(p.Score.Value, " of ", p.Photos, " since ", since))
				if (p.SeriesID == "") != (p.ScanID != "") || p.Photos == 5 && p.SeriesID != second {
					t.Errorf("point %+v", p)
				}
			}
			got = append(points, got...)
			if page.NextCursor == "" {
				break
			}
			cursor = "&cursor=" + page.NextCursor
		}
		want := []string{
			"30 of 0 since ", "42 of 2 since a scan", "35 of 0 since the first series", "64 of 5 since a scan",
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%d a page (-want +got):\n%s", limit, diff)
		}
	}
	e.PutUser(t, account.User{UID: "bob", State: account.Active})
	if w := scantest.Ask(t, api, "bob", http.MethodGet, "/v1/timeline"); w.Body.String() != "{\"items\":[]}\n" {
		t.Errorf("another user's: %s", w.Body)
	}
}
