package serve

import (
	"cmp"
	"errors"
	"fmt"
	"net/http"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/sentence"
)

// SeriesHandler serves the user's series. It is safe for concurrent use.
type SeriesHandler struct {
	// Handler reads the scans of a series. Its watcher is not used.
	*Handler
	// Watcher wakes the requests that wait for a series.
	Watcher *longpoll.Watcher[series.Series]
}

// Routes adds GET /v1/series and the routes below it.
func (h *SeriesHandler) Routes(api *httpapi.API) {
	api.Handle("GET /v1/series", httpapi.User, h.list, httpapi.Paged)
	api.Handle("GET /v1/series/{id}", httpapi.User, h.get, longpoll.Query)
	api.Handle("DELETE /v1/series/{id}", httpapi.User, h.remove)
	api.Handle("GET /v1/series/{id}/images", httpapi.User, h.images)
}

func noSuchSeries() error { return fault.New(fault.CodeNotFound, "There is no such series.") }

// owned returns the series of the caller, whose account must be in use.
func (h *SeriesHandler) owned(r *http.Request) (series.Series, error) {
	id := scan.SeriesID(r.PathValue("id"))
	if !id.Valid() {
		return series.Series{}, cmp.Or(h.admit(r), noSuchSeries())
	}
	snap, err := h.admitWith(r, series.Ref(h.Firestore, account.Caller(r), id))
	if err != nil {
		return series.Series{}, err
	}
	found, err := series.Decode(snap, nil)
	if errors.Is(err, series.ErrNotFound) {
		return series.Series{}, noSuchSeries()
	}
	return found, err
}

// get is like [Handler.get] for a series. Its version grows each time that one of its scans ends.
func (h *SeriesHandler) get(w http.ResponseWriter, r *http.Request) error {
	poll := &longpoll.Poll[series.Series]{Watcher: h.Watcher, Owned: h.owned, Admit: h.admit, Now: h.Now}
	latest, err := poll.Answer(r)
	if err != nil {
		return err
	}
	longpoll.ComeAgain(w, latest)
	lang := sentence.OfAnswer(r)
	return httpapi.WriteIn(w, http.StatusOK, lang, series.NewView(latest, lang))
}

// list answers GET /v1/series, newest first. Series that are being deleted are left out, so a page
// may be short.
func (h *SeriesHandler) list(w http.ResponseWriter, r *http.Request) error {
	asked, err := h.page(r, "series")
	if err != nil {
		return err
	}
	q := series.Of(h.Firestore, account.Caller(r)).OrderBy("createdAt", firestore.Desc).
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
	lang := sentence.OfAnswer(r)
	page := httpapi.Collect(asked, found, series.PositionOf, func(s series.Series) series.View {
		return series.NewView(s, lang)
	})
	page.Items = slices.DeleteFunc(page.Items, func(v series.View) bool { return v.State == series.Deleting })
	return httpapi.WriteIn(w, http.StatusOK, lang, page)
}

// scanImagesView has the images of a scan of a series.
type scanImagesView struct {
	ScanID scan.ID `json:"scanId"`
	imagesView
}

// images answers GET /v1/series/{id}/images: the images of each completed scan, in the order of the
// looks.
func (h *SeriesHandler) images(w http.ResponseWriter, r *http.Request) error {
	found, err := h.owned(r)
	if err != nil {
		return err
	}
	view := httpapi.List[scanImagesView]{Items: []scanImagesView{}}
	for _, l := range found.Looks {
		if l.State != series.LookCompleted {
			continue
		}
		of, err := scan.Get(r.Context(), h.Firestore, l.ScanID)
		if errors.Is(err, scan.ErrNotFound) {
			continue // deleted meanwhile
		}
		if err != nil {
			return err
		}
		images, err := h.imagesOf(r.Context(), of)
		if err != nil {
			return err
		}
		view.Items = append(view.Items, scanImagesView{ScanID: l.ScanID, imagesView: images})
	}
	return httpapi.Write(w, http.StatusOK, view)
}
