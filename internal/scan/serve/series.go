package serve

import (
	"errors"
	"fmt"
	"net/http"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// SeriesHandler answers for the user's series. It is safe for concurrent use.
type SeriesHandler struct {
	// Handler reads the scans of a series. Its watcher is not used.
	*Handler
	// Watcher wakes the requests that wait for a series.
	Watcher *SeriesWatcher
}

// Routes adds GET /v1/series and the routes below.
func (s *SeriesHandler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/series", httpapi.User, s.list, httpapi.Paged)
	api.Handle("GET /v1/series/{id}", httpapi.User, s.get, httpapi.Query("wait", "since"))
	api.Handle("DELETE /v1/series/{id}", httpapi.User, s.remove)
	api.Handle("GET /v1/series/{id}/images", httpapi.User, s.images)
}

func noSuchSeries() error { return fault.New(fault.CodeNotFound, "There is no such series.") }

// owned is the series of the caller, whose account is in use.
func (s *SeriesHandler) owned(r *http.Request) (series.Series, error) {
	if err := s.admit(r); err != nil {
		return series.Series{}, err
	}
	id := scan.SeriesID(r.PathValue("id"))
	if !id.Valid() {
		return series.Series{}, noSuchSeries()
	}
	found, err := series.Get(r.Context(), s.Firestore, account.Caller(r), id)
	if errors.Is(err, series.ErrNotFound) {
		return series.Series{}, noSuchSeries()
	}
	return found, err
}

// get is [Handler.get] for a series: its version grows each time that one of its scans ends.
func (s *SeriesHandler) get(w http.ResponseWriter, r *http.Request) error {
	latest, err := polled(r, s.Watcher, s.owned)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, series.NewView(latest))
}

// list answers GET /v1/series: the newest first. What is being deleted is left out, so that a page
// may be short.
func (s *SeriesHandler) list(w http.ResponseWriter, r *http.Request) error {
	asked, err := s.page(r, "series")
	if err != nil {
		return err
	}
	q := series.Of(s.Firestore, account.Caller(r)).OrderBy("createdAt", firestore.Desc).
		OrderBy(firestore.DocumentID, firestore.Desc).Limit(asked.Limit + 1)
	if asked.After != nil {
		q = q.StartAfter(asked.After.At, asked.After.ID)
	}
	snaps, err := q.Documents(r.Context()).GetAll()
	if err != nil {
		return fmt.Errorf("list series: %w", err)
	}
	found := make([]series.Series, len(snaps))
	for i, snap := range snaps {
		found[i], err = series.Decode(snap, nil)
		if err != nil && !errors.Is(err, series.ErrDeleting) {
			return err
		}
	}
	page := httpapi.Collect(asked, found, series.PositionOf, series.NewView)
	page.Items = slices.DeleteFunc(page.Items, func(v series.View) bool { return v.State == series.Deleting })
	return httpapi.Write(w, http.StatusOK, page)
}

// seriesImages are the images of a series' scans.
type seriesImages struct {
	Scans []scanImages `json:"scans"`
}

type scanImages struct {
	ScanID scan.ID `json:"scanId"`
	imagesView
}

// images answers GET /v1/series/{id}/images: those of each completed scan, in the order of the
// looks.
func (s *SeriesHandler) images(w http.ResponseWriter, r *http.Request) error {
	found, err := s.owned(r)
	if err != nil {
		return err
	}
	view := seriesImages{Scans: []scanImages{}}
	for _, l := range found.Looks {
		if l.State != series.LookCompleted {
			continue
		}
		of, err := scan.Get(r.Context(), s.Firestore, l.ScanID)
		if errors.Is(err, scan.ErrNotFound) {
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
