package scan

import (
	"errors"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// SeriesService answers for the user's series. It is safe for concurrent use.
type SeriesService struct {
	// Service reads the scans of a series; its watcher is not used.
	*Service
	// Watcher wakes those who wait for a series.
	Watcher *SeriesWatcher
}

// Routes adds GET /v1/series and the routes below.
func (s *SeriesService) Routes(api *httpapi.API) {
	api.Handle("GET /v1/series", httpapi.User, s.list, httpapi.Paged)
	api.Handle("GET /v1/series/{id}", httpapi.User, s.get, httpapi.Query("wait", "since"))
	api.Handle("DELETE /v1/series/{id}", httpapi.User, s.remove)
	api.Handle("GET /v1/series/{id}/images", httpapi.User, s.images)
}

// seriesView is a series as its owner sees it.
type seriesView struct {
	ID              SeriesID    `json:"id"`
	State           SeriesState `json:"state"`
	Version         int64       `json:"version"`
	CreatedAt       string      `json:"createdAt"`
	UpdatedAt       string      `json:"updatedAt"`
	TicketsExpireAt string      `json:"ticketsExpireAt"`
	SettledAt       string      `json:"settledAt,omitempty"`
	Scans           []lookView  `json:"scans"`
	// Engine, Score and Photos are there if it is completed.
	Engine string      `json:"engine,omitempty"`
	Score  *scoreRange `json:"score,omitempty"`
	// Photos is how many scans the score is the mean of.
	Photos int `json:"photos,omitempty"`
}

// lookView is one photo of a series.
type lookView struct {
	ID ID `json:"id"`
	// Instruction is what to tell the user before the photo.
	Instruction string      `json:"instruction"`
	State       LookState   `json:"state"`
	Engine      string      `json:"engine,omitempty"`
	Score       *scoreRange `json:"score,omitempty"`
	Rankable    *bool       `json:"rankable,omitempty"`
	FailureCode string      `json:"failureCode,omitempty"`
	// LeftOut is why it does not count in a series that is completed or failed.
	LeftOut *leftOutView `json:"leftOut,omitempty"`
}

type leftOutView struct {
	Code   string `json:"code"`
	Detail string `json:"detail"`
}

// showSeries returns the series as its owner sees it.
func showSeries(s Series) seriesView {
	v := seriesView{
		ID: s.ID, State: s.State, Version: s.Version, CreatedAt: httpapi.Time(s.CreatedAt), UpdatedAt: httpapi.Time(s.UpdatedAt),
		TicketsExpireAt: httpapi.Time(s.TicketExpiresAt), SettledAt: showTime(s.SettledAt), Scans: make([]lookView, len(s.Looks)),
	}
	for i, l := range s.Looks {
		v.Scans[i] = l.show(i)
	}
	if s.Result != nil {
		v.Engine, v.Score, v.Photos = s.Engine, &s.Result.Score, s.Result.Photos
	}
	return v
}

func (l Look) show(i int) lookView {
	v := lookView{ID: l.ScanID, Instruction: instruction(i), State: l.State, FailureCode: l.FailureCode}
	if l.State == LookCompleted {
		v.Engine, v.Score, v.Rankable = l.Engine, l.Score, &l.Rankable
	}
	if l.LeftOut != "" {
		v.LeftOut = &leftOutView{Code: l.LeftOut, Detail: leftOutDetails[l.LeftOut]}
	}
	return v
}

func noSuchSeries() error { return fault.New(fault.CodeNotFound, "There is no such series.") }

// owned is the series of the caller, whose account is in use.
func (s *SeriesService) owned(r *http.Request) (Series, error) {
	if err := s.admit(r); err != nil {
		return Series{}, err
	}
	id := SeriesID(r.PathValue("id"))
	if !id.valid() {
		return Series{}, noSuchSeries()
	}
	found, err := getSeries(r.Context(), s.Firestore, account.Caller(r), id)
	if errors.Is(err, errNoSeries) {
		return Series{}, noSuchSeries()
	}
	return found, err
}

// get is [Service.get] for a series: its version grows each time that one of its scans ends.
func (s *SeriesService) get(w http.ResponseWriter, r *http.Request) error {
	latest, err := polled(r, s.Watcher, s.owned)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, showSeries(latest))
}

type seriesListView struct {
	Items []seriesView `json:"items"`
	// NextCursor is the "cursor" of the next page, absent on the last.
	NextCursor string `json:"nextCursor,omitempty"`
}

// list answers GET /v1/series: the newest first. What is being deleted is left out, so that a page
// may be short.
func (s *SeriesService) list(w http.ResponseWriter, r *http.Request) error {
	asked, err := httpapi.PageParams(r, defaultPage, "series")
	if err != nil {
		return err
	}
	if err := s.admit(r); err != nil {
		return err
	}
	q := seriesOf(s.Firestore, account.Caller(r)).OrderBy("createdAt", firestore.Desc).
		OrderBy(firestore.DocumentID, firestore.Desc).Limit(asked.Limit + 1)
	if asked.After != nil {
		q = q.StartAfter(asked.After.At, asked.After.ID)
	}
	snaps, err := q.Documents(r.Context()).GetAll()
	if err != nil {
		return err
	}
	view := seriesListView{Items: []seriesView{}}
	for i, snap := range snaps {
		one, err := decodeSeries(snap, nil)
		if i == asked.Limit {
			break
		}
		if len(snaps) > asked.Limit && i == asked.Limit-1 {
			view.NextCursor = asked.Next(httpapi.Position{At: one.CreatedAt, ID: string(one.ID)})
		}
		if errors.Is(err, errSeriesDeleting) {
			continue
		}
		if err != nil {
			return err
		}
		view.Items = append(view.Items, showSeries(one))
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// seriesImages are the images of a series' scans.
type seriesImages struct {
	Scans []scanImages `json:"scans"`
}

type scanImages struct {
	ScanID ID `json:"scanId"`
	imagesView
}

// images answers GET /v1/series/{id}/images: those of each completed scan, in the order of the
// looks.
func (s *SeriesService) images(w http.ResponseWriter, r *http.Request) error {
	found, err := s.owned(r)
	if err != nil {
		return err
	}
	view := seriesImages{Scans: []scanImages{}}
	for _, l := range found.Looks {
		if l.State != LookCompleted {
			continue
		}
		of, err := get(r.Context(), s.Firestore, l.ScanID)
		if errors.Is(err, errNoScan) {
			continue // deleted since
		}
		if err != nil {
			return err
		}
		images, err := s.imagesOf(r.Context(), of)
		if err != nil {
			return err
		}
		view.Scans = append(view.Scans, scanImages{ScanID: l.ScanID, imagesView: images})
	}
	return httpapi.Write(w, http.StatusOK, view)
}
