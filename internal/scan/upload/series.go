package upload

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/transact"
)

// seriesRequest is the body of POST /v1/series. Like those of uploadRequest, two are compared by
// their JSON.
type seriesRequest struct {
	// Photos is the number of photos, defaultLooks if it is absent.
	Photos      *int   `json:"photos"`
	ContentType string `json:"contentType" required:"true"`
}

// seriesView is a series with the tickets of the photos that are still missing.
type seriesView struct {
	Series  series.View `json:"series"`
	Uploads []lookView  `json:"uploads"`
}

type lookView struct {
	ScanID scan.ID `json:"scanId"`
	Upload *Ticket `json:"upload"`
}

func (h *Handler) postSeries(w http.ResponseWriter, r *http.Request) error {
	req, err := httpapi.Decode[seriesRequest](w, r)
	if err != nil {
		return err
	}
	if err := req.complete(); err != nil {
		return err
	}
	fresh, others, err := h.seriesFor(r.Context(), account.Caller(r), r.Header.Get(httpapi.IdempotencyKey), req)
	if err != nil {
		return err
	}
	s, scans, how, err := h.openSeries(r.Context(), fresh, others)
	if err != nil {
		return err
	}
	lang := sentence.OfAnswer(r)
	response := seriesView{Series: series.NewView(s, lang)}
	if response.Uploads, err = h.signLooks(r.Context(), scans); err != nil {
		return err
	}
	status := http.StatusOK
	if how == opened {
		status = http.StatusCreated
	}
	w.Header().Set("Location", "/v1/series/"+string(s.ID))
	longpoll.ComeAgain(w, s)
	return httpapi.WriteIn(w, status, lang, response)
}

// complete checks the request and sets the defaults.
func (r *seriesRequest) complete() error {
	if r.Photos == nil {
		r.Photos = new(series.DefaultLooks)
	}
	if *r.Photos < series.MinLooks || *r.Photos > series.MaxLooks {
		return fault.New(fault.CodeInvalidField, "A series has %d to %d photos.", series.MinLooks, series.MaxLooks).
			WithField("/photos", "must be %d to %d", series.MinLooks, series.MaxLooks)
	}
	return uploadRequest{ContentType: r.ContentType}.validate()
}

// seriesFor returns the series that the request under the key, which may be "", would open now,
// without the consent's epoch, and the ids that it has by the other secrets of the ring. The ids of
// its scans are derived from its own.
func (h *Handler) seriesFor(
	ctx context.Context, uid account.UID, key string, req seriesRequest,
) (fresh series.Series, others []scan.SeriesID, err error) {
	body, err := json.Marshal(req)
	if err != nil {
		return series.Series{}, nil, fmt.Errorf("marshal series request: %w", err)
	}
	id, by := scan.SeriesID(strings.ToLower(rand.Text())), h.Key
	if key != "" {
		ids := idsOf[scan.SeriesID](h.Key, keys.Series, uid, key)
		ref := func(fs *firestore.Client, id scan.SeriesID) *firestore.DocumentRef { return series.Ref(fs, uid, id) }
		if id, by, err = idBy(ctx, h, ids, ref); err != nil {
			return series.Series{}, nil, err
		}
		others = slices.DeleteFunc(ids, func(other scan.SeriesID) bool { return other == id })
	}
	scans := make([]scan.ID, *req.Photos)
	for i := range scans {
		scans[i] = scan.ID(by.ID(keys.Look, string(uid), string(id), strconv.Itoa(i)))
	}
	s := series.New(id, uid, scans, req.ContentType, h.Now().UTC())
	s.Request = by.ID(keys.Request, string(uid), string(body))
	return s, others, nil
}

// openSeries creates the series with its scans, all of which count against the quotas, or finds the
// series of an earlier request with the same key. It returns the scans that await their photos,
// with new tickets.
func (h *Handler) openSeries(
	ctx context.Context, fresh series.Series, others []scan.SeriesID,
) (s series.Series, waiting []scan.Scan, how how, err error) {
	on := account.Ref(h.Firestore, fresh.UID)
	err = transact.Run(ctx, h.Firestore, on, func(ctx context.Context, tx *firestore.Transaction) error {
		user, found, scans, err := h.readSeries(ctx, tx, fresh, others)
		if err != nil {
			return err
		}
		s, waiting, how = fresh, nil, opened
		if found != nil {
			how = again
			s, waiting, err = seriesAskedAgain(*found, fresh, user, scans)
			if err != nil {
				return err
			}
			return h.writeAll(tx, s, waiting)
		}
		if len(scans) > 0 {
			return errGoing() // a series that was deleted a moment ago
		}
		taking, err := h.Limits.PrepareSeveral(ctx, quota.User(string(s.UID)), len(s.Looks), quotas...)
		if err != nil {
			return err
		}
		s.ConsentEpoch = user.ConsentEpoch
		for _, l := range s.Looks {
			one := scan.New(l.ScanID, s.UID, s.ConsentEpoch, s.ContentType, s.CreatedAt)
			one.SeriesID = s.ID
			waiting = append(waiting, one)
		}
		return errors.Join(taking.Write(tx), h.writeAll(tx, s, waiting))
	})
	return s, waiting, how, err
}

// readSeries reads what the decision depends on: the user, the existing series or nil, and its
// existing scans, including tombstones.
func (h *Handler) readSeries(
	ctx context.Context, tx *firestore.Transaction, fresh series.Series, others []scan.SeriesID,
) (account.User, *series.Series, []scan.Scan, error) {
	refs := []*firestore.DocumentRef{account.Ref(h.Firestore, fresh.UID), fresh.Ref(h.Firestore)}
	for _, other := range others {
		refs = append(refs, series.Ref(h.Firestore, fresh.UID, other))
	}
	for _, l := range fresh.Looks {
		refs = append(refs, scan.Ref(h.Firestore, l.ScanID))
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return account.User{}, nil, nil, fmt.Errorf("read user and series: %w", err)
	}
	user, err := account.DecodeAnalysable(ctx, snaps[0], fresh.CreatedAt, h.MinAge)
	if err != nil {
		return user, nil, nil, err
	}
	if slices.ContainsFunc(snaps[2:2+len(others)], (*firestore.DocumentSnapshot).Exists) {
		return user, nil, nil, errOther()
	}
	var found *series.Series
	switch s, err := series.Decode(snaps[1], nil); {
	case err == nil:
		found = &s
	case errors.Is(err, series.ErrDeleting):
		return user, nil, nil, errGoing()
	case !errors.Is(err, series.ErrNotFound):
		return user, nil, nil, err
	}
	var scans []scan.Scan
	for _, snap := range snaps[2+len(others):] {
		one, err := scan.DecodeAny(snap, nil)
		if fault.Ignore(err, scan.ErrNotFound) != nil {
			return user, nil, nil, err
		}
		if err == nil {
			scans = append(scans, one)
		}
	}
	return user, found, scans, nil
}

// seriesAskedAgain returns the series as another request with its key finds it. What was made under
// a consent that does not stand any more is about to be deleted, together with its tickets.
func seriesAskedAgain(
	s, fresh series.Series, user account.User, scans []scan.Scan,
) (series.Series, []scan.Scan, error) {
	if s.Request != fresh.Request {
		return s, nil, errKeyReused
	}
	if !user.Stands(s.ConsentEpoch) {
		return s, nil, errGoing()
	}
	waiting := slices.DeleteFunc(scans, func(one scan.Scan) bool { return one.State != scan.AwaitingUpload })
	if len(waiting) > 0 {
		s.RenewTickets(user.ConsentEpoch, fresh.CreatedAt)
	}
	for i := range waiting {
		waiting[i].RenewTicket(user.ConsentEpoch, fresh.CreatedAt)
	}
	return s, waiting, nil
}

func (h *Handler) writeAll(tx *firestore.Transaction, s series.Series, scans []scan.Scan) error {
	if len(scans) == 0 {
		return nil
	}
	for _, one := range scans {
		if err := scan.Write(tx, h.Firestore, one); err != nil {
			return err
		}
	}
	return series.Write(tx, h.Firestore, s)
}

// signLooks makes the tickets concurrently, since each signature is a call in production.
func (h *Handler) signLooks(ctx context.Context, scans []scan.Scan) ([]lookView, error) {
	all := make([]lookView, len(scans))
	group, ctx := errgroup.WithContext(ctx)
	for i, s := range scans {
		group.Go(func() error {
			ticket, err := h.sign(ctx, s)
			all[i] = lookView{ScanID: s.ID, Upload: ticket}
			return err
		})
	}
	return all, group.Wait()
}
