package scan

import (
	"bytes"
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
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/schema"
)

// seriesAPI is the routes below /v1/series and /v1/scans.
func (e *env) seriesAPI(change ...func(*SeriesService)) http.Handler {
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	e.uploading().Routes(api)
	series := &SeriesService{Service: e.service(e.fs), Watcher: NewSeriesWatcher(e.fs)}
	for _, c := range change {
		c(series)
	}
	series.Routes(api)
	e.service(e.fs).Routes(api)
	return api
}

const threePhotos = `{"contentType":"image/jpeg"}`

func postSeries(t *testing.T, api http.Handler, key, body string) *httptest.ResponseRecorder {
	t.Helper()
	return posted(t, api, anna, "/v1/series", key, body)
}

// seriesAnswer is the answer to a request for a series.
type seriesAnswer struct {
	Series  seriesView
	Uploads []struct {
		ScanID ID
		Upload *Ticket
	}
}

// openSeriesOf opens a series and returns the answer.
func openSeriesOf(t *testing.T, api http.Handler, key, body string) seriesAnswer {
	t.Helper()
	w := postSeries(t, api, key, body)
	if w.Code != http.StatusCreated {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return decoded[seriesAnswer](t, w)
}

// scoring measures a photo whose bytes are a number, which is the score, and refuses every other.
func scoring(r io.Reader, _ report.Options) (report.Report, []report.Picture, error) {
	photo, err := io.ReadAll(r)
	if err != nil {
		return report.Report{}, nil, err
	}
	var value float64
	if _, err := fmt.Sscan(string(photo), &value); err != nil {
		return report.Report{}, nil, noFace
	}
	found := measured
	found.Score = report.Score{Value: value, Lo: value - 10, Hi: value + 10}
	return found, drawn(), nil
}

// take uploads the photo of the look and has it analysed.
func (e *env) take(t *testing.T, s seriesAnswer, look int, photo string) {
	t.Helper()
	one := e.load(t, s.Series.Scans[look].ID)
	generation := e.upload(t, one, []byte(photo))
	if err := e.analyzer(scoring).Handle(t.Context(), finalized(t, one, generation)); err != nil {
		t.Fatal(err)
	}
}

func (e *env) loadSeries(t *testing.T, id SeriesID) Series {
	t.Helper()
	s, err := getSeries(t.Context(), e.fs, anna, id)
	if err != nil {
		t.Fatalf("series %s: %v", id, err)
	}
	return s
}

func readSeries(t *testing.T, api http.Handler, id SeriesID, query string) seriesView {
	t.Helper()
	w := ask(t, api, "anna", http.MethodGet, "/v1/series/"+string(id)+query)
	if w.Code != http.StatusOK {
		t.Fatalf("status %d: %s", w.Code, w.Body)
	}
	return decoded[seriesView](t, w)
}

// wantSettled checks what the series has come to and how often that was told.
func wantSettled(t *testing.T, e *env, id SeriesID, state SeriesState, score float64, photos, events int) {
	t.Helper()
	s := e.loadSeries(t, id)
	if s.State != state || s.photos() != photos || photos > 0 && s.Result.Score.Value != score {
		t.Errorf("series is %s with %+v of %d photos, want %s with %v of %d", s.State, s.Result, s.photos(), state, score, photos)
	}
	told := published[event.SeriesSettledV1](t, e.bus)
	if len(told) != events {
		t.Fatalf("%d events of the series, want %d", len(told), events)
	}
	if events > 0 {
		if diff := cmp.Diff(s.settledEvent(), told[events-1]); diff != "" {
			t.Errorf("event (-want +got):\n%s", diff)
		}
	}
	if n := len(published[event.ScanCompletedV1](t, e.bus)) + len(published[event.ScanFailedV1](t, e.bus)) +
		len(published[event.ScanDeletedV1](t, e.bus)); n > 0 {
		t.Errorf("%d events of single scans of a series", n)
	}
}

func TestSeriesFromTicketsToItsMean(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	opened := openSeriesOf(t, api, "key", threePhotos)
	if len(opened.Uploads) != 3 || len(opened.Series.Scans) != 3 || opened.Series.State != SeriesOpen {
		t.Fatalf("opened %+v", opened)
	}
	for i, u := range opened.Uploads {
		put := putPhoto(t, u.Upload, fmt.Sprint(40+10*i), nil)
		if put.status != http.StatusOK || u.ScanID != opened.Series.Scans[i].ID {
			t.Fatalf("photo %d: %+v", i, put)
		}
	}
	id := opened.Series.ID
	for i := range opened.Uploads {
		one := e.load(t, opened.Series.Scans[i].ID)
		if err := e.analyzer(scoring).Handle(t.Context(), e.told(t, one)); err != nil {
			t.Fatal(err)
		}
		if got := readSeries(t, api, id, ""); got.Version != int64(i)+2 {
			t.Errorf("version %d after photo %d", got.Version, i)
		}
	}
	wantSettled(t, e, id, SeriesCompleted, 50, 3, 1)
	got := readSeries(t, api, id, "?wait=25&since=9") // settled, so that there is no wait
	if got.State != SeriesCompleted || got.Photos != 3 || got.Score.Lo <= 40 || got.Score.Hi >= 60 {
		t.Errorf("series %+v, score %+v", got, got.Score)
	}
	if first, next := got.Scans[0], got.Scans[1]; first.Instruction == next.Instruction || first.LeftOut != nil {
		t.Errorf("scans %+v", got.Scans)
	}
	one := decoded[view](t, readScan(t.Context(), api, "anna", string(got.Scans[1].ID)))
	if one.SeriesID != id || one.State != Completed {
		t.Errorf("scan %+v", one)
	}
	images := decoded[seriesImages](t, ask(t, api, "anna", http.MethodGet, "/v1/series/"+string(id)+"/images"))
	if len(images.Scans) != 3 || len(images.Scans[2].Images) != len(drawn())+1 || images.Scans[2].ScanID != got.Scans[2].ID {
		t.Errorf("images %+v", images)
	}
}

func TestSeriesThatIsNotWhole(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		photos  []string
		state   SeriesState
		score   float64
		counted int
		leftOut string
	}{
		"one refused":             {[]string{"40", "50", "a landscape"}, SeriesCompleted, 45, 2, "not_measured"},
		"two refused":             {[]string{"40", "a landscape", "a dog"}, SeriesCompleted, 40, 1, "not_measured"},
		"all refused":             {[]string{"a tree", "a landscape", "a dog"}, SeriesFailed, 0, 0, "not_measured"},
		"twice the same photo":    {[]string{"40", "50", "50"}, SeriesCompleted, 45, 2, "not_rankable"},
		"one far from the others": {[]string{"40", "42", "80"}, SeriesCompleted, 41, 2, "outlier"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			api := e.seriesAPI()
			opened := openSeriesOf(t, api, "", threePhotos)
			for i, photo := range tt.photos {
				e.take(t, opened, i, photo)
			}
			wantSettled(t, e, opened.Series.ID, tt.state, tt.score, tt.counted, 1)
			got := readSeries(t, api, opened.Series.ID, "").Scans[2]
			if got.LeftOut == nil || got.LeftOut.Code != tt.leftOut || got.LeftOut.Detail == "" {
				t.Errorf("the last one is left out because of %+v, want %s", got.LeftOut, tt.leftOut)
			}
		})
	}
}

func TestSeriesRequests(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	for body, pointer := range map[string]string{
		`{"contentType":"image/jpeg","photos":1}`:   "/photos",
		`{"contentType":"image/jpeg","photos":6}`:   "/photos",
		`{"contentType":"image/jpeg","photos":-1}`:  "/photos",
		`{"contentType":"image/heic"}`:              "/contentType",
		`{"photos":3}`:                              "/contentType",
		`{"contentType":"image/jpeg","photos":2.5}`: "/photos",
	} {
		p := wantProblem(t, postSeries(t, api, "", body), http.StatusUnprocessableEntity, string(fault.CodeInvalidField))
		if len(p.Fields) != 1 || p.Fields[0].Pointer != pointer {
			t.Errorf("%s: fields %v", body, p.Fields)
		}
	}
	first := openSeriesOf(t, api, "key", threePhotos)
	t.Run("the key again gives new tickets of the same series", func(t *testing.T) {
		e.clock.advance(time.Minute)
		for _, body := range []string{threePhotos, `{"photos":3,"contentType":"image/jpeg"}`} {
			w := postSeries(t, api, "key", body)
			again := decoded[seriesAnswer](t, w)
			if w.Code != http.StatusOK || again.Series.ID != first.Series.ID || len(again.Uploads) != 3 {
				t.Fatalf("%d %+v", w.Code, again)
			}
			if again.Series.TicketsExpireAt <= first.Series.TicketsExpireAt || again.Uploads[0].Upload.ExpiresAt != again.Series.TicketsExpireAt {
				t.Errorf("tickets end %s, first %s", again.Series.TicketsExpireAt, first.Series.TicketsExpireAt)
			}
		}
	})
	t.Run("the key with another number or type is another request", func(t *testing.T) {
		for _, body := range []string{
			`{"contentType":"image/jpeg","photos":2}`, `{"contentType":"image/jpeg","photos":5}`, `{"contentType":"image/png"}`,
		} {
			wantProblem(t, postSeries(t, api, "key", body), http.StatusUnprocessableEntity, string(fault.CodeIdempotencyReused))
		}
	})
	t.Run("only missing photos get tickets", func(t *testing.T) {
		e.take(t, first, 1, "50")
		again := decoded[seriesAnswer](t, postSeries(t, api, "key", threePhotos))
		if len(again.Uploads) != 2 || again.Uploads[0].ScanID != first.Series.Scans[0].ID || again.Uploads[1].ScanID != first.Series.Scans[2].ID {
			t.Errorf("tickets %+v", again.Uploads)
		}
	})
	t.Run("the key of a scan is not that of a series", func(t *testing.T) {
		opened := wantTicket(t, ticketFor(t, e.uploadsAPI(), anna, "key", jpegRequest), http.StatusCreated)
		if opened.Scan.SeriesID != "" {
			t.Errorf("scan %+v", opened.Scan)
		}
	})
	t.Run("another user has no such series", func(t *testing.T) {
		e.putBob(t)
		for _, method := range []string{http.MethodGet, http.MethodDelete} {
			wantProblem(t, ask(t, api, "bob", method, "/v1/series/"+string(first.Series.ID)), http.StatusNotFound, "not_found")
			wantProblem(t, ask(t, api, "anna", method, "/v1/series/x"), http.StatusNotFound, "not_found")
		}
	})
}

func TestSeriesCountsAgainstTheQuota(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	for range 12 { // of five each: 60 an hour
		openSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":5}`)
	}
	wantProblem(t, postSeries(t, api, "", `{"contentType":"image/jpeg","photos":2}`), http.StatusTooManyRequests, "rate_limited")
	e.clock.advance(time.Hour)
	for range 11 {
		openSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":5}`)
	}
	openSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":2}`)
	// Three are left, which do not suffice.
	wantProblem(t, postSeries(t, api, "", `{"contentType":"image/jpeg","photos":4}`), http.StatusTooManyRequests, "rate_limited")
	openSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":3}`)
}

func TestHalfFinishedSeriesEnds(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	opened := openSeriesOf(t, api, "", threePhotos)
	e.take(t, opened, 0, "40")
	e.take(t, opened, 1, "60")
	e.clock.advance(firstLook)
	e.sweep(t, 1)
	e.clock.advance(schema.TicketLife - firstLook)
	e.sweep(t, 1)
	wantSettled(t, e, opened.Series.ID, SeriesOpen, 0, 0, 0)
	e.clock.advance(seriesGrace)
	e.sweep(t, 1)
	wantSettled(t, e, opened.Series.ID, SeriesCompleted, 50, 2, 1)
	if got := readSeries(t, api, opened.Series.ID, "").Scans[2]; got.State != LookExpired || got.LeftOut == nil {
		t.Errorf("the missing one: %+v", got)
	}
	t.Run("a photo that comes later counts", func(t *testing.T) {
		e.take(t, opened, 2, "56")
		wantSettled(t, e, opened.Series.ID, SeriesCompleted, 52, 3, 2)
		told := published[event.SeriesSettledV1](t, e.bus)
		if !told[0].SettledAt.Equal(told[1].SettledAt) || told[1].Revision != 2 {
			t.Errorf("told %+v", told)
		}
	})
}

// The photo of a series whose analysis never came ends with the others.
func TestSeriesWithAPhotoThatNobodyAnalysed(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	opened := openSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":2}`)
	e.take(t, opened, 0, "40")
	e.upload(t, e.load(t, opened.Series.Scans[1].ID), []byte("60"))
	e.clock.advance(schema.StuckLife + time.Minute)
	if _, err := e.sweeper().Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantSettled(t, e, opened.Series.ID, SeriesCompleted, 40, 1, 1)
}

func TestPhotoOfASeriesIsDeleted(t *testing.T) {
	t.Parallel()
	remove := func(t *testing.T, api http.Handler, s seriesAnswer, look int) {
		t.Helper()
		w := ask(t, api, "anna", http.MethodDelete, "/v1/scans/"+string(s.Series.Scans[look].ID))
		if w.Code != http.StatusNoContent {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
	}
	t.Run("of a settled one", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		api := e.seriesAPI()
		opened := openSeriesOf(t, api, "", threePhotos)
		for i, photo := range []string{"40", "50", "60"} {
			e.take(t, opened, i, photo)
		}
		remove(t, api, opened, 2)
		wantSettled(t, e, opened.Series.ID, SeriesCompleted, 45, 2, 2)
		remove(t, api, opened, 1)
		wantSettled(t, e, opened.Series.ID, SeriesCompleted, 40, 1, 3)
		remove(t, api, opened, 0)
		wantSettled(t, e, opened.Series.ID, SeriesFailed, 0, 0, 4)
		if got := published[event.SeriesSettledV1](t, e.bus)[3]; got.Struck != 3 || got.EngineMajor != 1 {
			t.Errorf("told %+v", got)
		}
		for _, l := range e.loadSeries(t, opened.Series.ID).Looks {
			if l.Score != nil {
				t.Errorf("of a deleted photo %+v is kept", l)
			}
		}
	})
	t.Run("instead of being taken", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		api := e.seriesAPI()
		opened := openSeriesOf(t, api, "key", threePhotos)
		e.take(t, opened, 0, "40")
		e.take(t, opened, 1, "50")
		remove(t, api, opened, 2) // which ends the series sooner
		wantSettled(t, e, opened.Series.ID, SeriesCompleted, 45, 2, 1)
		again := decoded[seriesAnswer](t, postSeries(t, api, "key", threePhotos))
		if len(again.Uploads) != 0 || again.Series.State != SeriesCompleted {
			t.Errorf("the key again: %+v", again)
		}
	})
}

func TestSeriesIsDeleted(t *testing.T) {
	t.Parallel()
	for name, take := range map[string]int{"open": 0, "with a photo missing": 2, "settled": 3} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			api := e.seriesAPI()
			opened := openSeriesOf(t, api, "key", threePhotos)
			for i := range take {
				e.take(t, opened, i, fmt.Sprint(40+i))
			}
			other := openSeriesOf(t, api, "", threePhotos)
			path := "/v1/series/" + string(opened.Series.ID)
			if w := ask(t, api, "anna", http.MethodDelete, path); w.Code != http.StatusNoContent {
				t.Fatalf("status %d: %s", w.Code, w.Body)
			}
			wantProblem(t, ask(t, api, "anna", http.MethodDelete, path), http.StatusNotFound, "not_found")
			wantProblem(t, ask(t, api, "anna", http.MethodGet, path), http.StatusNotFound, "not_found")
			for _, l := range opened.Series.Scans {
				wantGone(t, e, Scan{UID: anna, ID: l.ID})
			}
			if ids := e.remembered(t); len(ids) > 0 {
				t.Errorf("the guard remembers %v", ids)
			}
			var photos []int
			for _, told := range published[event.SeriesDeletedV1](t, e.bus) {
				photos = append(photos, told.Photos)
			}
			var want []int
			if take > 0 {
				want = []int{take}
			}
			if diff := cmp.Diff(want, photos); diff != "" {
				t.Errorf("photos of the events (-want +got):\n%s", diff)
			}
			list := decoded[seriesListView](t, ask(t, api, "anna", http.MethodGet, "/v1/series"))
			if len(list.Items) != 1 || list.Items[0].ID != other.Series.ID {
				t.Errorf("listed %+v", list)
			}
			again := openSeriesOf(t, api, "key", threePhotos)
			if again.Series.ID != opened.Series.ID || again.Series.State != SeriesOpen {
				t.Errorf("the key again: %+v", again)
			}
		})
	}
}

// A deletion that is broken off shows nothing and is gone on with, by the client or by the sweep.
func TestSeriesDeletionBrokenOff(t *testing.T) {
	t.Parallel()
	for name, resume := range map[string]func(*testing.T, *env, http.Handler, string){
		"and asked for again": func(t *testing.T, _ *env, api http.Handler, path string) {
			t.Helper()
			if w := ask(t, api, "anna", http.MethodDelete, path); w.Code != http.StatusNoContent {
				t.Errorf("status %d: %s", w.Code, w.Body)
			}
		},
		"and left to the sweep": func(t *testing.T, e *env, _ http.Handler, _ string) {
			t.Helper()
			e.clock.advance(removeGrace + time.Millisecond)
			e.sweep(t, 2)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := newEnv(t)
			api := e.seriesAPI()
			opened := openSeriesOf(t, api, "key", `{"contentType":"image/jpeg","photos":2}`)
			e.take(t, opened, 0, "40")
			e.take(t, opened, 1, "50")
			path := "/v1/series/" + string(opened.Series.ID)
			broken := e.seriesAPI(func(s *SeriesService) {
				s.Results = e.client(t, refusing(http.StatusForbidden, method(http.MethodDelete))).Bucket(resultsBucket)
			})
			wantProblem(t, ask(t, broken, "anna", http.MethodDelete, path), http.StatusServiceUnavailable, "unavailable")
			wantProblem(t, ask(t, api, "anna", http.MethodGet, path), http.StatusNotFound, "not_found")
			wantProblem(t, postSeries(t, api, "key", `{"contentType":"image/jpeg","photos":2}`), http.StatusServiceUnavailable, "unavailable")
			if list := decoded[seriesListView](t, ask(t, api, "anna", http.MethodGet, "/v1/series")); len(list.Items) > 0 {
				t.Errorf("listed %+v", list)
			}
			resume(t, e, api, path)
			for _, l := range opened.Series.Scans {
				wantGone(t, e, Scan{UID: anna, ID: l.ID})
			}
			snap, err := seriesRef(e.fs, anna, opened.Series.ID).Get(t.Context())
			if err == nil {
				t.Errorf("the series is still there: %v", snap.Data())
			}
			if n := len(published[event.SeriesDeletedV1](t, e.bus)); n != 1 {
				t.Errorf("%d events, want 1", n)
			}
		})
	}
}

func TestSeriesUnderAWithdrawal(t *testing.T) {
	t.Parallel()
	t.Run("half way", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		api := e.seriesAPI()
		opened := openSeriesOf(t, api, "key", threePhotos)
		e.take(t, opened, 0, "40")
		e.setConsent(t, false, 2)
		e.take(t, opened, 1, "50")
		e.take(t, opened, 2, "60")
		if n := len(published[event.SeriesSettledV1](t, e.bus)); n > 0 {
			t.Errorf("%d events of what was withdrawn", n)
		}
		for _, l := range opened.Series.Scans[1:] {
			if got := e.load(t, l.ID); !got.refused() || e.photoOf(t, got) != 0 || e.resultsOf(t, got) {
				t.Errorf("scan is %s %+v", got.State, got.Failure)
			}
		}
		wantProblem(t, postSeries(t, api, "key", threePhotos), http.StatusForbidden, "consent_required")
		e.setConsent(t, true, 3)
		wantProblem(t, postSeries(t, api, "key", threePhotos), http.StatusServiceUnavailable, "unavailable")
	})
	t.Run("during an analysis", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		opened := openSeriesOf(t, e.seriesAPI(), "", `{"contentType":"image/jpeg","photos":2}`)
		e.take(t, opened, 0, "40")
		one := e.load(t, opened.Series.Scans[1].ID)
		generation := e.upload(t, one, []byte("50"))
		a := e.analyzer(during(func() { e.setConsent(t, false, 2) }))
		if err := a.Handle(t.Context(), finalized(t, one, generation)); err != nil {
			t.Fatal(err)
		}
		if s := e.loadSeries(t, opened.Series.ID); s.Looks[1].FailureCode != ReasonWithdrawn || s.photos() != 1 {
			t.Errorf("series %+v", s)
		}
		if n := len(published[event.SeriesSettledV1](t, e.bus)); n > 0 {
			t.Errorf("%d events of what was withdrawn", n)
		}
	})
	t.Run("while the account is being erased", func(t *testing.T) {
		t.Parallel()
		e := newEnv(t)
		api := e.seriesAPI()
		opened := openSeriesOf(t, api, "", threePhotos)
		e.putUser(t, account.User{UID: anna, State: account.Erasing})
		for _, path := range []string{"/v1/series", "/v1/series/" + string(opened.Series.ID), "/v1/series/" + string(opened.Series.ID) + "/images"} {
			wantProblem(t, ask(t, api, "anna", http.MethodGet, path), http.StatusForbidden, "account_erasing")
		}
		wantProblem(t, ask(t, api, "anna", http.MethodDelete, "/v1/series/"+string(opened.Series.ID)), http.StatusForbidden, "account_erasing")
	})
}

// A series whose photos two versions of the engine measure.
func TestSeriesOverAnEngineChange(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	opened := openSeriesOf(t, api, "", threePhotos)
	e.take(t, opened, 0, "40")
	e.take(t, opened, 1, "50")
	one := e.load(t, opened.Series.Scans[2].ID)
	next := e.analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
		report, pictures, err := scoring(r, o)
		report.Version = "test-2.0.0"
		return report, pictures, err
	})
	if err := next.Handle(t.Context(), finalized(t, one, e.upload(t, one, []byte("90")))); err != nil {
		t.Fatal(err)
	}
	wantSettled(t, e, opened.Series.ID, SeriesCompleted, 45, 2, 1)
	if got := readSeries(t, api, opened.Series.ID, "").Scans[2].LeftOut; got == nil || got.Code != "other_engine" {
		t.Errorf("the last one is left out because of %+v", got)
	}
	for i, events := range []int{2, 3} { // a rescoring of the others moves the series to the next engine
		one := e.load(t, opened.Series.Scans[i].ID)
		w := ask(t, api, "anna", http.MethodPost, "/v1/scans/"+string(one.ID)+"/rescore")
		if w.Code != http.StatusAccepted {
			t.Fatalf("status %d: %s", w.Code, w.Body)
		}
		for _, sent := range e.bus.on("scan-verify-requested-v1") {
			m := event.Message{ID: "1", Data: sent.data, Attributes: sent.attributes}
			if err := next.Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
		}
		if told := published[event.SeriesSettledV1](t, e.bus); len(told) != events {
			t.Fatalf("%d events, want %d", len(told), events)
		}
	}
	told := published[event.SeriesSettledV1](t, e.bus)[2]
	if told.EngineMajor != 2 || told.Engine != "test-2.0.0" || told.Revision != 3 {
		t.Errorf("told %+v", told)
	}
	if n := len(published[event.ScanRescoredV1](t, e.bus)); n > 0 {
		t.Errorf("%d events of single scans", n)
	}
}

func TestSeriesWaitEndsWithEachPhoto(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	var watching *SeriesWatcher
	api := e.seriesAPI(func(s *SeriesService) { watching = s.Watcher })
	opened := openSeriesOf(t, api, "", `{"contentType":"image/jpeg","photos":2}`)
	wait := func(since int64) <-chan seriesView {
		answer := make(chan seriesView, 1)
		go func() {
			r := httptest.NewRequestWithContext(
				context.WithoutCancel(t.Context()), http.MethodGet, fmt.Sprintf("/v1/series/%s?wait=25&since=%d", opened.Series.ID, since), nil)
			r.Header.Set("Authorization", "Bearer anna")
			w := httptest.NewRecorder()
			api.ServeHTTP(w, r)
			answer <- decoded[seriesView](t, w)
		}()
		eventually(t, "the listener hears", func() bool { return watching.hears(ID(opened.Series.ID)) })
		return answer
	}
	answer := wait(1)
	e.take(t, opened, 0, "40")
	if got := receive(t, answer, "the first answer"); got.Version != 2 || got.State != SeriesOpen || got.Scans[0].State != LookCompleted {
		t.Errorf("got %+v", got)
	}
	answer = wait(2)
	e.take(t, opened, 1, "50")
	if got := receive(t, answer, "the second answer"); got.Version != 3 || got.State != SeriesCompleted || got.Score.Value != 45 {
		t.Errorf("got %+v", got)
	}
	if n := watching.watched(); n != 0 {
		t.Errorf("%d series are watched still", n)
	}
}

func TestSeriesList(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	api := e.seriesAPI()
	var want []SeriesID
	for range 5 {
		want = append([]SeriesID{openSeriesOf(t, api, "", threePhotos).Series.ID}, want...)
		e.clock.advance(time.Second)
	}
	var got []SeriesID
	for cursor := ""; ; {
		page := decoded[seriesListView](t, ask(t, api, "anna", http.MethodGet, "/v1/series?limit=2"+cursor))
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
	p := wantProblem(t, ask(t, api, "anna", http.MethodGet, "/v1/series?limit=0"), http.StatusBadRequest, "invalid_parameter")
	if !strings.Contains(fmt.Sprint(p.Fields), "limit") {
		t.Errorf("fields %v", p.Fields)
	}
}

// Photos of a series that end at the same time, in as many processes, lose none of them.
func TestPhotosOfASeriesEndAtTheSameTime(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	opened := openSeriesOf(t, e.seriesAPI(), "", `{"contentType":"image/jpeg","photos":5}`)
	results := make(chan error, maxLooks)
	var meet = make(chan struct{})
	for i, l := range opened.Series.Scans {
		one := e.load(t, l.ID)
		m := finalized(t, one, e.upload(t, one, []byte(fmt.Sprint(48+i))))
		fs := e.database(t)
		a := e.analyzer(func(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
			<-meet
			return scoring(r, o)
		})
		a.Firestore, a.Outbox = fs, e.boxOver(fs)
		go func() { results <- a.Handle(context.WithoutCancel(t.Context()), m) }()
	}
	close(meet)
	var faults []error
	for range maxLooks {
		faults = append(faults, <-results)
	}
	if err := errors.Join(faults...); err != nil {
		t.Fatal(err)
	}
	wantSettled(t, e, opened.Series.ID, SeriesCompleted, 50, 5, 1)
}

// As many photos come through the API at once as an instance has memory for.
func TestTooManyDirectUploads(t *testing.T) {
	t.Parallel()
	e := newEnv(t)
	uploads := e.uploading()
	api := httpapi.New(httpapi.Options{Verifier: emulatortest.BearerIsUID{}})
	uploads.Routes(api)
	uploads.Arriving().Store(MaxDirect)
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/uploads/direct", bytes.NewReader([]byte("--x--")))
	r.Header.Set("Authorization", "Bearer anna")
	r.Header.Set("Content-Type", "multipart/form-data; boundary=x")
	w := httptest.NewRecorder()
	api.ServeHTTP(w, r)
	wantProblem(t, w, http.StatusServiceUnavailable, "unavailable")
	if after := w.Header().Get("Retry-After"); after != "1" {
		t.Errorf("Retry-After is %q", after)
	}
	if n := uploads.Arriving().Load(); n != MaxDirect {
		t.Errorf("%d are counted after it", n)
	}
}
