package scan

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
)

// A series is one point of the timeline, as its mean, on whatever page its scans stand.
func TestTimelineOfSeries(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	take := func(photos ...string) SeriesID {
		e.clock.advance(time.Minute)
		opened := openSeriesOf(t, api, "", fmt.Sprintf(`{"contentType":"image/jpeg","photos":%d}`, len(photos)))
		for i, photo := range photos {
			if photo != "" {
				e.take(t, opened, i, photo)
			}
		}
		return opened.Series.ID
	}
	alone := func(photo string) {
		e.clock.advance(time.Minute)
		e.analyzed(t, photo, scoring)
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
			w := ask(t, api, "anna", http.MethodGet, fmt.Sprintf("/v1/timeline?limit=%d%s", limit, cursor))
			if w.Code != http.StatusOK {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			page := decoded[timelineView](t, w)
			var points []string
			for _, p := range page.Points {
				since := ""
				if p.Change != nil {
					since = p.Change.Since
				}
				switch SeriesID(since) {
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
	e.putUser(t, account.User{UID: "bob", State: account.Active})
	if w := ask(t, api, "bob", http.MethodGet, "/v1/timeline"); w.Body.String() != "{\"points\":[]}\n" {
		t.Errorf("another user's: %s", w.Body)
	}
}

// The measures of a series are the means of its scans', and change by less than a single scan's to be
// told from noise.
func TestSeriesComparesByMeanMeasures(t *testing.T) {
	t.Parallel()
	scans := []Scan{shot("a", "v-1.", 50, 10), shot("b", "v-1.", 58, 10), shot("c", "v-1.", 90, 10)}
	of := newSeries("series", "anna", []ID{"a", "b", "c"}, "image/jpeg", shotAt)
	for i := range scans {
		scans[i].SeriesID = "series"
		of.see(scans[i], shotAt)
	}
	of.Looks[2].LeftOut = "outlier"
	s := sitting{scans: scans, point: point{SeriesID: "series"}}
	s.settle(of)
	if m := s.result.Metrics; len(m) != 1 || m[0].Value != 0.54 || m[0].Reliability.SDC < 0.0707 || m[0].Reliability.SDC > 0.0708 {
		t.Fatalf("measures %+v", m)
	}
	for value, want := range map[float64]string{62: withinNoise, 62.7: significant} { // 0.0866 away
		before := single(shot("d", "v-1.", value, 10))
		if got := compare("d", before.result, s.result).Metrics[0].Verdict; got != want {
			t.Errorf("since %v: %s, want %s", value, got, want)
		}
	}
}
