package serve_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/scan/serve"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/testkit"
)

// wantSettled checks what the series has come to and how often that was told.
func wantSettled(
	t *testing.T, e *scantest.Env, id scan.SeriesID, state series.State, score float64, photos, events int,
) {
	t.Helper()
	s := e.LoadSeries(t, id)
	if s.State != state || s.Photos() != photos || photos > 0 && s.Result.Score.Value != score {
		t.Errorf(
			"series is %s with %+v of %d photos, want %s with %v of %d", s.State, s.Result, s.Photos(), state, score, photos,
		)
	}
	told := scantest.Published[event.SeriesSettledV1](t, e.Bus)
	if len(told) != events {
		t.Fatalf("%d events of the series, want %d", len(told), events)
	}
	if events > 0 {
		if diff := cmp.Diff(s.SettledEvent(), told[events-1]); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	}
	if n := len(
		scantest.Published[event.ScanCompletedV1](t, e.Bus),
	) + len(scantest.Published[event.ScanFailedV1](t, e.Bus)) +
		len(scantest.Published[event.ScanDeletedV1](t, e.Bus)); n > 0 {
		t.Errorf("%d events of single scans of a series", n)
	}
}

func TestSeriesFromTicketsToItsMean(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	opened := scantest.OpenSeriesOf(t, api, "key", scantest.ThreePhotos)
	if len(opened.Uploads) != 3 || len(opened.Series.Scans) != 3 || opened.Series.State != series.Open {
		t.Fatalf("opened %+v", opened)
	}
	for i, u := range opened.Uploads {
		put := scantest.PutPhoto(t, u.Upload, fmt.Sprint(40+10*i), nil)
		if put.Status != http.StatusOK || u.ScanID != opened.Series.Scans[i].ID {
			t.Fatalf("photo %d: %+v", i, put)
		}
	}
	id := opened.Series.ID
	for i := range opened.Uploads {
		one := e.Load(t, opened.Series.Scans[i].ID)
		if err := e.Analyzer(scantest.Scoring).Handle(t.Context(), e.Told(t, one)); err != nil {
			t.Fatal(err)
		}
		if got := scantest.ReadSeries(t, api, id, ""); got.Revision != int64(i)+2 {
			t.Errorf("version %d after photo %d", got.Revision, i)
		}
	}
	wantSettled(t, e, id, series.Completed, 50, 3, 1)
	got := scantest.ReadSeries(t, api, id, "?wait=25&since=9") // settled, so that there is no wait
	if got.State != series.Completed || got.Photos != 3 || got.Score.Lo <= 40 || got.Score.Hi >= 60 {
		t.Errorf("series %+v, score %+v", got, got.Score)
	}
	first, next := got.Scans[0], got.Scans[1]
	if first.Instruction.Code != "first_look" || next.Instruction.Code != "next_look" || first.LeftOut != nil {
		t.Errorf("scans %+v", got.Scans)
	}
	one := scantest.Decoded[scan.View](t, scantest.ReadScan(t.Context(), api, "anna", string(got.Scans[1].ID)))
	if one.SeriesID != id || one.State != scan.Completed {
		t.Errorf("scan %+v", one)
	}
	images := scantest.Decoded[serve.SeriesImages](
		t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/series/"+string(id)+"/images"),
	)
	if len(images.Items) != 3 || len(images.Items[2].Items) != len(scantest.Drawn())+1 ||
		images.Items[2].ScanID != got.Scans[2].ID {
		t.Errorf("images %+v", images)
	}
}

func TestSeriesThatIsNotWhole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		photos  []string
		state   series.State
		score   float64
		counted int
		leftOut string
	}{
		"one refused":             {[]string{"40", "50", "a landscape"}, series.Completed, 45, 2, "not_measured"},
		"two refused":             {[]string{"40", "a landscape", "a dog"}, series.Completed, 40, 1, "not_measured"},
		"all refused":             {[]string{"a tree", "a landscape", "a dog"}, series.Failed, 0, 0, "not_measured"},
		"twice the same photo":    {[]string{"40", "50", "50"}, series.Completed, 45, 2, "not_rankable"},
		"one far from the others": {[]string{"40", "42", "80"}, series.Completed, 41, 2, "outlier"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			api := e.SeriesAPI()
			opened := scantest.OpenSeriesOf(t, api, "", scantest.ThreePhotos)
			for i, photo := range tt.photos {
				e.Take(t, opened, i, photo)
			}
			wantSettled(t, e, opened.Series.ID, tt.state, tt.score, tt.counted, 1)
			got := scantest.ReadSeries(t, api, opened.Series.ID, "").Scans[2]
			if got.LeftOut == nil || got.LeftOut.Code != tt.leftOut || got.LeftOut.Detail == "" {
				t.Errorf("the last one is left out because of %+v, want %s", got.LeftOut, tt.leftOut)
			}
		})
	}
}

func TestSeriesRequests(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	for body, pointer := range map[string]string{
		`{"contentType":"image/jpeg","photos":1}`:   "/photos",
		`{"contentType":"image/jpeg","photos":6}`:   "/photos",
		`{"contentType":"image/jpeg","photos":-1}`:  "/photos",
		`{"contentType":"image/heic"}`:              "/contentType",
		`{"photos":3}`:                              "/contentType",
		`{"contentType":"image/jpeg","photos":2.5}`: "/photos",
	} {
		p := scantest.WantProblem(
			t, scantest.PostSeries(t, api, "", body), http.StatusUnprocessableEntity, string(fault.CodeInvalidField),
		)
		if len(p.Fields) != 1 || p.Fields[0].String() != pointer {
			t.Errorf("%s: fields %v", body, p.Fields)
		}
	}
	first := scantest.OpenSeriesOf(t, api, "key", scantest.ThreePhotos)
	t.Run("the key again gives new tickets of the same series", func(t *testing.T) {
		e.Clock.Advance(time.Minute)
		for _, body := range []string{scantest.ThreePhotos, `{"photos":3,"contentType":"image/jpeg"}`} {
			w := scantest.PostSeries(t, api, "key", body)
			again := scantest.Decoded[scantest.SeriesAnswer](t, w)
			if w.Code != http.StatusOK || again.Series.ID != first.Series.ID || len(again.Uploads) != 3 {
				t.Fatalf("%d %+v", w.Code, again)
			}
			if again.Series.TicketsExpireAt <= first.Series.TicketsExpireAt ||
				again.Uploads[0].Upload.ExpiresAt != again.Series.TicketsExpireAt {
				t.Errorf("tickets end %s, first %s", again.Series.TicketsExpireAt, first.Series.TicketsExpireAt)
			}
		}
	})
	t.Run("the key with another number or type is another request", func(t *testing.T) {
		for _, body := range []string{
			`{"contentType":"image/jpeg","photos":2}`, `{"contentType":"image/jpeg","photos":5}`, `{"contentType":"image/png"}`,
		} {
			scantest.WantProblem(
				t, scantest.PostSeries(t, api, "key", body), http.StatusUnprocessableEntity, string(fault.CodeIdempotencyReused),
			)
		}
	})
	t.Run("only missing photos get tickets", func(t *testing.T) {
		e.Take(t, first, 1, "50")
		again := scantest.Decoded[scantest.SeriesAnswer](t, scantest.PostSeries(t, api, "key", scantest.ThreePhotos))
		if len(again.Uploads) != 2 || again.Uploads[0].ScanID != first.Series.Scans[0].ID ||
			again.Uploads[1].ScanID != first.Series.Scans[2].ID {
			t.Errorf("tickets %+v", again.Uploads)
		}
	})
	t.Run("the key of a scan is not that of a series", func(t *testing.T) {
		opened := scantest.WantTicket(
			t, scantest.TicketFor(t, e.UploadAPI(), scantest.Anna, "key", scantest.JPEGRequest), http.StatusCreated,
		)
		if opened.Scan.SeriesID != "" {
			t.Errorf("scan %+v", opened.Scan)
		}
	})
	t.Run("another user has no such series", func(t *testing.T) {
		e.PutBob(t)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			scantest.WantProblem(
				t, scantest.Ask(t, api, "bob", method, "/v1/series/"+string(first.Series.ID)), http.StatusNotFound, "not_found",
			)
			scantest.WantProblem(t, scantest.Ask(t, api, "anna", method, "/v1/series/x"), http.StatusNotFound, "not_found")
		}
	})
}

func TestSeriesCountsAgainstTheQuota(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	for range 12 { // of five each: 60 an hour
		scantest.OpenSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":5}`)
	}
	scantest.WantProblem(
		t, scantest.PostSeries(t, api, "", `{"contentType":"image/jpeg","photos":2}`), http.StatusTooManyRequests,
		"rate_limited",
	)
	e.Clock.Advance(time.Hour)
	for range 11 {
		scantest.OpenSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":5}`)
	}
	scantest.OpenSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":2}`)
	// Three are left, which do not suffice.
	scantest.WantProblem(
		t, scantest.PostSeries(t, api, "", `{"contentType":"image/jpeg","photos":4}`), http.StatusTooManyRequests,
		"rate_limited",
	)
	scantest.OpenSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":3}`)
}

func TestHalfFinishedSeriesEnds(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	opened := scantest.OpenSeriesOf(t, api, "", scantest.ThreePhotos)
	e.Take(t, opened, 0, "40")
	e.Take(t, opened, 1, "60")
	e.Clock.Advance(scan.FirstLook)
	e.Sweep(t, 1)
	e.Clock.Advance(schema.TicketLife - scan.FirstLook)
	e.Sweep(t, 1)
	wantSettled(t, e, opened.Series.ID, series.Open, 0, 0, 0)
	e.Clock.Advance(scan.SeriesGrace)
	e.Sweep(t, 1)
	wantSettled(t, e, opened.Series.ID, series.Completed, 50, 2, 1)
	if got := scantest.ReadSeries(t, api, opened.Series.ID, "").Scans[2]; got.State != series.LookExpired ||
		got.LeftOut == nil {
		t.Errorf("the missing one: %+v", got)
	}
	t.Run("a photo that comes later counts", func(t *testing.T) {
		e.Take(t, opened, 2, "56")
		wantSettled(t, e, opened.Series.ID, series.Completed, 52, 3, 2)
		told := scantest.Published[event.SeriesSettledV1](t, e.Bus)
		if !told[0].SettledAt.Equal(told[1].SettledAt) || told[1].Revision != 2 {
			t.Errorf("told %+v", told)
		}
	})
}

// The photo of a series whose analysis never came ends with the others.
func TestSeriesWithAPhotoThatNobodyAnalysed(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	opened := scantest.OpenSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":2}`)
	e.Take(t, opened, 0, "40")
	e.Upload(t, e.Load(t, opened.Series.Scans[1].ID), []byte("60"))
	e.Clock.Advance(schema.StuckLife + time.Minute)
	if _, err := e.Sweeper().Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantSettled(t, e, opened.Series.ID, series.Completed, 40, 1, 1)
}

func TestPhotoOfASeries_isDeleted(t *testing.T) {
	t.Parallel()
	remove := func(t *testing.T, api http.Handler, s scantest.SeriesAnswer, look int) {
		t.Helper()
		w := scantest.Ask(t, api, "anna", http.MethodDelete, "/v1/scans/"+string(s.Series.Scans[look].ID))
		if w.Code != http.StatusNoContent {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	t.Run("of a settled one", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		api := e.SeriesAPI()
		opened := scantest.OpenSeriesOf(t, api, "", scantest.ThreePhotos)
		for i, photo := range []string{"40", "50", "60"} {
			e.Take(t, opened, i, photo)
		}
		remove(t, api, opened, 2)
		wantSettled(t, e, opened.Series.ID, series.Completed, 45, 2, 2)
		remove(t, api, opened, 1)
		wantSettled(t, e, opened.Series.ID, series.Completed, 40, 1, 3)
		remove(t, api, opened, 0)
		wantSettled(t, e, opened.Series.ID, series.Failed, 0, 0, 4)
		if got := scantest.Published[event.SeriesSettledV1](t, e.Bus)[3]; got.Struck != 3 || got.EngineMajor != 1 {
			t.Errorf("told %+v", got)
		}
		for _, l := range e.LoadSeries(t, opened.Series.ID).Looks {
			if l.Score != nil {
				t.Errorf("of a deleted photo %+v is kept", l)
			}
		}
	})
	t.Run("instead of being taken", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		api := e.SeriesAPI()
		opened := scantest.OpenSeriesOf(t, api, "key", scantest.ThreePhotos)
		e.Take(t, opened, 0, "40")
		e.Take(t, opened, 1, "50")
		remove(t, api, opened, 2) // which ends the series sooner
		wantSettled(t, e, opened.Series.ID, series.Completed, 45, 2, 1)
		again := scantest.Decoded[scantest.SeriesAnswer](t, scantest.PostSeries(t, api, "key", scantest.ThreePhotos))
		if len(again.Uploads) != 0 || again.Series.State != series.Completed {
			t.Errorf("the key again: %+v", again)
		}
	})
}

func TestSeries_isDeleted(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]int{"open": 0, "with a photo missing": 2, "settled": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			api := e.SeriesAPI()
			opened := scantest.OpenSeriesOf(t, api, "key", scantest.ThreePhotos)
			for i := range take {
				e.Take(t, opened, i, fmt.Sprint(40+i))
			}
			other := scantest.OpenSeriesOf(t, api, "", scantest.ThreePhotos)
			path := "/v1/series/" + string(opened.Series.ID)
			if w := scantest.Ask(t, api, "anna", http.MethodDelete, path); w.Code != http.StatusNoContent {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			scantest.WantProblem(t, scantest.Ask(t, api, "anna", http.MethodDelete, path), http.StatusNotFound, "not_found")
			scantest.WantProblem(t, scantest.Ask(t, api, "anna", http.MethodGet, path), http.StatusNotFound, "not_found")
			for _, l := range opened.Series.Scans {
				scantest.WantGone(t, e, scan.Scan{UID: scantest.Anna, ID: l.ID})
			}
			if ids := e.Remembered(t); len(ids) > 0 {
				t.Errorf("the guard remembers %v", ids)
			}
			var photos []int
			for _, told := range scantest.Published[event.SeriesDeletedV1](t, e.Bus) {
				photos = append(photos, told.Photos)
			}
			var want []int
			if take > 0 {
				want = []int{take}
			}
			if diff := cmp.Diff(want, photos); diff != "" {
				t.Errorf("photos of the events (-want +got):\n%s", diff)
			}
			list := scantest.Decoded[serve.SeriesListView](t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/series"))
			if len(list.Items) != 1 || list.Items[0].ID != other.Series.ID {
				t.Errorf("listed %+v", list)
			}
			again := scantest.OpenSeriesOf(t, api, "key", scantest.ThreePhotos)
			if again.Series.ID != opened.Series.ID || again.Series.State != series.Open {
				t.Errorf("the key again: %+v", again)
			}
		})
	}
}

// A deletion that is broken off shows nothing and is gone on with, by the client or by the sweep.
func TestSeriesDeletionBrokenOff(t *testing.T) {
	t.Parallel()
	for name, resume := range map[string]func(*testing.T, *scantest.Env, http.Handler, string){
		"and asked for again": func(t *testing.T, _ *scantest.Env, api http.Handler, path string) {
			t.Helper()
			if w := scantest.Ask(t, api, "anna", http.MethodDelete, path); w.Code != http.StatusNoContent {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		},
		"and left to the sweep": func(t *testing.T, e *scantest.Env, _ http.Handler, _ string) {
			t.Helper()
			e.Clock.Advance(scan.RemoveGrace + time.Millisecond)
			e.Sweep(t, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			api := e.SeriesAPI()
			opened := scantest.OpenSeriesOf(t, api, "key", `{"contentType":"image/jpeg","photos":2}`)
			e.Take(t, opened, 0, "40")
			e.Take(t, opened, 1, "50")
			path := "/v1/series/" + string(opened.Series.ID)
			broken := e.SeriesAPI(func(s *serve.SeriesHandler) {
				s.Results = e.Client(
					t, scantest.Refusing(http.StatusForbidden, scantest.Method(http.MethodDelete)),
				).Bucket(scantest.ResultsBucket)
			})
			scantest.WantProblem(
				t, scantest.Ask(t, broken, "anna", http.MethodDelete, path), http.StatusServiceUnavailable, "unavailable",
			)
			scantest.WantProblem(t, scantest.Ask(t, api, "anna", http.MethodGet, path), http.StatusNotFound, "not_found")
			scantest.WantProblem(
				t, scantest.PostSeries(t, api, "key", `{"contentType":"image/jpeg","photos":2}`), http.StatusServiceUnavailable,
				"unavailable",
			)
			if list := scantest.Decoded[serve.SeriesListView](
				t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/series"),
			); len(list.Items) > 0 {
				t.Errorf("listed %+v", list)
			}
			resume(t, e, api, path)
			for _, l := range opened.Series.Scans {
				scantest.WantGone(t, e, scan.Scan{UID: scantest.Anna, ID: l.ID})
			}
			snap, err := series.Ref(e.Firestore, scantest.Anna, opened.Series.ID).Get(t.Context())
			if err == nil {
				t.Errorf("the series is still there: %v", snap.Data())
			}
			if n := len(scantest.Published[event.SeriesDeletedV1](t, e.Bus)); n != 1 {
				t.Errorf("%d events, want 1", n)
			}
		})
	}
}

func TestSeriesUnderAWithdrawal(t *testing.T) {
	t.Parallel()
	t.Run("half way", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		api := e.SeriesAPI()
		opened := scantest.OpenSeriesOf(t, api, "key", scantest.ThreePhotos)
		e.Take(t, opened, 0, "40")
		e.SetConsent(t, false, 2)
		e.Take(t, opened, 1, "50")
		e.Take(t, opened, 2, "60")
		if n := len(scantest.Published[event.SeriesSettledV1](t, e.Bus)); n > 0 {
			t.Errorf("%d events of what was withdrawn", n)
		}
		for _, l := range opened.Series.Scans[1:] {
			if got := e.Load(t, l.ID); !got.Refused() || e.PhotoOf(t, got) != 0 || e.ResultsOf(t, got) {
				t.Errorf("scan is %s %+v", got.State, got.Failure)
			}
		}
		scantest.WantProblem(
			t, scantest.PostSeries(t, api, "key", scantest.ThreePhotos), http.StatusForbidden, "consent_required",
		)
		e.SetConsent(t, true, 3)
		scantest.WantProblem(
			t, scantest.PostSeries(t, api, "key", scantest.ThreePhotos), http.StatusServiceUnavailable, "unavailable",
		)
	})
	t.Run("during an analysis", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		opened := scantest.OpenSeriesOf(t, e.SeriesAPI(), "", `{"contentType":"image/jpeg","photos":2}`)
		e.Take(t, opened, 0, "40")
		one := e.Load(t, opened.Series.Scans[1].ID)
		generation := e.Upload(t, one, []byte("50"))
		a := e.Analyzer(scantest.During(func() { e.SetConsent(t, false, 2) }))
		if err := a.Handle(t.Context(), scantest.Finalized(t, one, generation)); err != nil {
			t.Fatal(err)
		}
		if s := e.LoadSeries(t, opened.Series.ID); s.Looks[1].FailureCode != scan.ReasonWithdrawn || s.Photos() != 1 {
			t.Errorf("series %+v", s)
		}
		if n := len(scantest.Published[event.SeriesSettledV1](t, e.Bus)); n > 0 {
			t.Errorf("%d events of what was withdrawn", n)
		}
	})
	t.Run("while the account is being erased", func(t *testing.T) {
		t.Parallel()
		e := scantest.New(t)
		api := e.SeriesAPI()
		opened := scantest.OpenSeriesOf(t, api, "", scantest.ThreePhotos)
		e.PutUser(t, account.User{UID: scantest.Anna, State: account.Erasing})
		for _, path := range []string{
			"/v1/series", "/v1/series/" + string(opened.Series.ID), "/v1/series/" + string(opened.Series.ID) + "/images",
		} {
			scantest.WantProblem(t, scantest.Ask(t, api, "anna", http.MethodGet, path), http.StatusForbidden, "account_erasing")
		}
		scantest.WantProblem(
			t, scantest.Ask(t, api, "anna", http.MethodDelete, "/v1/series/"+string(opened.Series.ID)), http.StatusForbidden,
			"account_erasing",
		)
	})
}

// A series whose photos two versions of the engine measure.
func TestSeriesOverAnEngineChange(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	opened := scantest.OpenSeriesOf(t, api, "", scantest.ThreePhotos)
	e.Take(t, opened, 0, "40")
	e.Take(t, opened, 1, "50")
	one := e.Load(t, opened.Series.Scans[2].ID)
	next := e.Analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		report, pictures, err := scantest.Scoring(r, o)
		report.Version = "test-2.0.0"
		return report, pictures, err
	})
	if err := next.Handle(t.Context(), scantest.Finalized(t, one, e.Upload(t, one, []byte("90")))); err != nil {
		t.Fatal(err)
	}
	wantSettled(t, e, opened.Series.ID, series.Completed, 45, 2, 1)
	if got := scantest.ReadSeries(t, api, opened.Series.ID, "").Scans[2].LeftOut; got == nil ||
		got.Code != "other_engine" {
		t.Errorf("the last one is left out because of %+v", got)
	}
	for i, events := range []int{2, 3} { // a rescoring of the others moves the series to the next engine
		one := e.Load(t, opened.Series.Scans[i].ID)
		w := scantest.Ask(t, api, "anna", http.MethodPost, "/v1/scans/"+string(one.ID)+"/rescore")
		if w.Code != http.StatusAccepted {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		for _, sent := range e.Bus.On("scan-verify-requested-v1") {
			m := event.Message{ID: "1", Data: sent.Data, Attributes: sent.Attributes}
			if err := next.Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if told := scantest.Published[event.SeriesSettledV1](t, e.Bus); len(told) != events {
			t.Fatalf("%d events, want %d", len(told), events)
		}
	}
	told := scantest.Published[event.SeriesSettledV1](t, e.Bus)[2]
	if told.EngineMajor != 2 || told.Engine != "test-2.0.0" || told.Revision != 3 {
		t.Errorf("told %+v", told)
	}
	if n := len(scantest.Published[event.ScanRescoredV1](t, e.Bus)); n > 0 {
		t.Errorf("%d events of single scans", n)
	}
}

func TestSeriesWait_endsWithEachPhoto(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	var watching *longpoll.Watcher[series.Series]
	api := e.SeriesAPI(func(s *serve.SeriesHandler) { watching = s.Watcher })
	opened := scantest.OpenSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":2}`)
	wait := func(since int64) <-chan series.View {
		answer := make(chan series.View, 1)
		go func() {
			r := httptest.NewRequestWithContext(
				context.WithoutCancel(t.Context()), http.MethodGet,
				fmt.Sprintf("/v1/series/%s?wait=25&since=%d", opened.Series.ID, since), nil)
			r.Header.Set("Authorization", "Bearer anna")
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			answer <- scantest.Decoded[series.View](t, w)
		}()
		testkit.Eventually(t, "the listener hears", func() bool { return watching.Hears(string(opened.Series.ID)) })
		return answer
	}
	answer := wait(1)
	e.Take(t, opened, 0, "40")
	if got := scantest.Receive(
		t, answer, "the first answer",
	); got.Revision != 2 || got.State != series.Open || got.Scans[0].State != series.LookCompleted {
		t.Errorf("got %+v", got)
	}
	answer = wait(2)
	e.Take(t, opened, 1, "50")
	if got := scantest.Receive(
		t, answer, "the second answer",
	); got.Revision != 3 || got.State != series.Completed || got.Score.Value != 45 {
		t.Errorf("got %+v", got)
	}
	if n := watching.Watched(); n != 0 {
		t.Errorf("%d series are watched still", n)
	}
}

func TestSeriesList(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	api := e.SeriesAPI()
	var want []scan.SeriesID
	for range 5 {
		want = append([]scan.SeriesID{scantest.OpenSeriesOf(t, api, "", scantest.ThreePhotos).Series.ID}, want...)
		e.Clock.Advance(time.Second)
	}
	var got []scan.SeriesID
	for cursor := ""; ; {
		page := scantest.Decoded[serve.SeriesListView](
			t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/series?limit=2"+cursor),
		)
		for _, one := range page.Items {
			got = append(got, one.ID)
		}
		if page.NextCursor == "" {
			break
		}
		cursor = "&cursor=" + page.NextCursor
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	p := scantest.WantProblem(
		t, scantest.Ask(t, api, "anna", http.MethodGet, "/v1/series?limit=0"), http.StatusBadRequest, "invalid_parameter",
	)
	if !strings.Contains(fmt.Sprint(p.Fields), "limit") {
		t.Errorf("fields %v", p.Fields)
	}
}

// Photos of a series that end at the same time, in as many processes, lose none of them.
func TestPhotosOfASeriesEndAtTheSameTime(t *testing.T) {
	t.Parallel()
	e := scantest.New(t)
	opened := scantest.OpenSeriesOf(t, e.SeriesAPI(), "", `{"contentType":"image/jpeg","photos":5}`)
	results := make(chan error, series.MaxLooks)
	var meet = make(chan struct{})
	for i, l := range opened.Series.Scans {
		one := e.Load(t, l.ID)
		m := scantest.Finalized(t, one, e.Upload(t, one, []byte(fmt.Sprint(48+i))))
		fs := e.Database(t)
		a := e.Analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
			<-meet
			return scantest.Scoring(r, o)
		})
		a.Firestore, a.Outbox = fs, e.OutboxOver(fs)
		go func() { results <- a.Handle(context.WithoutCancel(t.Context()), m) }()
	}
	close(meet)
	var faults []error
	for range series.MaxLooks {
		faults = append(faults, <-results)
	}
	if err := errors.Join(faults...); err != nil {
		t.Fatal(err)
	}
	wantSettled(t, e, opened.Series.ID, series.Completed, 50, 5, 1)
}
