// Package upload opens scans and series, signs the URLs to which their photos are uploaded, and
// takes photos itself.
package upload

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/rendition"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/transact"
)

// quotas limit the scans that one user may open, by either route. Finding an existing scan is free.
var quotas = []quota.Rule{
	{Name: "scans-hourly", Max: 60, Window: time.Hour},
	{Name: "scans-daily", Max: 200, Window: 24 * time.Hour},
}

// Handler opens scans, signs the URLs to which their photos are uploaded, and takes photos itself.
type Handler struct {
	// Firestore holds the scans.
	Firestore *firestore.Client
	// Bucket is the bucket of the photos.
	Bucket *storage.BucketHandle
	// Signing are the options for signing the URLs.
	Signing storage.SignedURLOptions
	// Key derives scan ids from idempotency keys, and PhotoKey the hashes of photos (see
	// scan.PhotoHash).
	Key, PhotoKey keys.Ring
	// Limits counts the scans that users open.
	Limits *quota.Limiter
	// MinAge is the age in years that users who upload must have passed.
	MinAge int
	// Now is the clock.
	Now func() time.Time

	// direct is the number of photos that are being received by postDirect.
	direct atomic.Int32
}

// Routes adds POST /v1/uploads, POST /v1/uploads/direct and POST /v1/series.
func (h *Handler) Routes(api *httpapi.API) {
	key := httpapi.Header(httpapi.IdempotencyKey)
	api.Handle("POST /v1/uploads", httpapi.User, h.post, httpapi.JSON, key)
	api.Handle("POST /v1/uploads/direct", httpapi.User, h.postDirect, httpapi.Multipart, key)
	api.Handle("POST /v1/series", httpapi.User, h.postSeries, httpapi.JSON, key)
}

// uploadRequest is the request of either route. Two requests under one idempotency key are compared
// by its JSON, so the order of members and the form of the body do not matter.
type uploadRequest struct {
	ContentType string `json:"contentType" required:"true"`
	// SHA256 is the hash of the photo in lower-case hex, "" if the client does not send it.
	SHA256 string `json:"sha256" nonempty:"true"`
	// Renditions are the pictures to make from the photo.
	Renditions []rendition.Rendition `json:"renditions,omitempty"`
}

type uploadView struct {
	Scan scan.View `json:"scan"`
	// SamePhoto is true if the scan is an earlier one of the same photo and no scan was opened.
	SamePhoto bool `json:"samePhoto,omitempty"`
	// Upload is absent if there is no photo to upload. Poll the scan then.
	Upload *Ticket `json:"upload,omitempty"`
}

func (h *Handler) post(w http.ResponseWriter, r *http.Request) error {
	req, err := httpapi.Decode[uploadRequest](w, r)
	if err != nil {
		return err
	}
	if err := req.validate(); err != nil {
		return err
	}
	fresh, err := h.scanFor(r.Context(), account.Caller(r), r.Header.Get(httpapi.IdempotencyKey), req)
	if err != nil {
		return err
	}
	s, how, err := h.open(r.Context(), fresh)
	if err != nil {
		return err
	}
	response := uploadView{SamePhoto: how == samePhoto}
	if s.State == scan.AwaitingUpload {
		response.Upload, err = h.sign(r.Context(), s)
		if err != nil {
			return err
		}
	}
	status := http.StatusOK
	if how == opened {
		status = http.StatusCreated
	}
	return answer(w, r, status, s, response)
}

// answer answers with the scan and the rest of the response.
func answer(w http.ResponseWriter, r *http.Request, status int, s scan.Scan, response uploadView) error {
	lang := sentence.OfAnswer(r)
	response.Scan = scan.NewView(s, lang)
	w.Header().Set("Location", "/v1/scans/"+string(s.ID))
	longpoll.ComeAgain(w, s)
	return httpapi.WriteIn(w, status, lang, response)
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (r uploadRequest) validate() error {
	if !slices.Contains(scan.ContentTypes, r.ContentType) {
		return notTaken(fault.CodeInvalidField, r.ContentType).
			WithField("/contentType", "must be one of %s", strings.Join(scan.ContentTypes, ", "))
	}
	if r.SHA256 != "" && !sha256Pattern.MatchString(r.SHA256) {
		return badChecksum()
	}
	return rendition.Validate(r.Renditions)
}

func badChecksum() error {
	return fault.New(fault.CodeInvalidField, "This is no SHA-256 checksum.").
		WithField("/sha256", "must be 64 digits of lower-case hex")
}

// how is the outcome of open.
type how int

const (
	// opened means that a new scan was opened.
	opened how = iota
	// again means that an earlier request with the same key had opened the scan.
	again
	// samePhoto means that a completed scan of the same photo was found.
	samePhoto
)

// opening is what a request asks for.
type opening struct {
	// Scan is the scan that the request would open now, without the consent's epoch.
	scan.Scan
	// photo are the scan.PhotoHashes of the announced photo, none if it is not announced.
	photo []string
	// others are the ids that the scan has by the other secrets of the ring (see [Handler.idBy]).
	others []scan.ID
}

// open creates the fresh scan, or finds another one instead (see [Handler.find]). A scan that still
// awaits its photo gets a new ticket. A scan that is opened counts against the quotas.
func (h *Handler) open(ctx context.Context, fresh opening) (s scan.Scan, how how, err error) {
	user := account.Ref(h.Firestore, fresh.UID)
	err = transact.Run(ctx, h.Firestore, user, func(ctx context.Context, tx *firestore.Transaction) error {
		s, how, err = h.find(ctx, tx.GetAll, fresh)
		switch {
		case err != nil:
			return err
		case how == opened:
			taking, err := h.Limits.Prepare(ctx, quota.User(string(s.UID)), quotas...)
			if err != nil {
				return err
			}
			return errors.Join(taking.Write(tx), scan.Write(tx, h.Firestore, s))
		case s.State == scan.AwaitingUpload:
			return scan.Write(tx, h.Firestore, s)
		}
		return nil
	})
	return s, how, err
}

// look returns what [Handler.open] would return and writes nothing. It serves to refuse a request
// before its body is read.
func (h *Handler) look(ctx context.Context, fresh opening) (scan.Scan, how, error) {
	s, how, err := h.find(ctx, func(refs []*firestore.DocumentRef) ([]*firestore.DocumentSnapshot, error) {
		return h.Firestore.GetAll(ctx, refs)
	}, fresh)
	if err == nil && how == opened {
		err = h.Limits.Check(ctx, quota.User(string(s.UID)), quotas...)
	}
	return s, how, err
}

// scanFor returns what the request under the key, which may be "", asks for.
func (h *Handler) scanFor(
	ctx context.Context, uid account.UID, key string, req uploadRequest,
) (fresh opening, err error) {
	body, err := json.Marshal(req)
	if err != nil {
		return opening{}, fmt.Errorf("marshal upload request: %w", err)
	}
	id, by := scan.ID(strings.ToLower(rand.Text())), h.Key
	if key != "" {
		ids := idsOf[scan.ID](h.Key, keys.Scan, uid, key)
		if id, by, err = idBy(ctx, h, ids, scan.Ref); err != nil {
			return opening{}, err
		}
		fresh.others = slices.DeleteFunc(ids, func(other scan.ID) bool { return other == id })
	}
	fresh.Scan = scan.New(id, uid, 0, req.ContentType, h.Now().UTC())
	fresh.Request = by.ID(keys.Request, string(uid), string(body))
	fresh.Renditions = req.Renditions
	if req.SHA256 != "" {
		fresh.photo = scan.PhotoHashes(h.PhotoKey, uid, req.SHA256)
		fresh.Declared = fresh.photo[0]
	}
	return fresh, nil
}

// find returns the scan that answers the request for the fresh one: the scan of an earlier request
// with the same key, one that has measured the announced photo already, or the fresh one itself, as
// it is to be written. getAll reads the documents that the decision depends on, inside or outside
// of a transaction.
func (h *Handler) find(
	ctx context.Context, getAll func([]*firestore.DocumentRef) ([]*firestore.DocumentSnapshot, error), fresh opening,
) (scan.Scan, how, error) {
	refs := []*firestore.DocumentRef{account.Ref(h.Firestore, fresh.UID), scan.Ref(h.Firestore, fresh.ID)}
	for _, other := range fresh.others {
		refs = append(refs, scan.Ref(h.Firestore, other))
	}
	snaps, err := getAll(refs)
	if err != nil {
		return scan.Scan{}, opened, fmt.Errorf("read user and scan: %w", err)
	}
	if slices.ContainsFunc(snaps[2:], (*firestore.DocumentSnapshot).Exists) {
		return scan.Scan{}, again, errOther()
	}
	user, err := account.DecodeAnalysable(ctx, snaps[0], fresh.CreatedAt, h.MinAge)
	if err != nil {
		return scan.Scan{}, opened, err
	}
	s, err := scan.Decode(snaps[1], nil)
	switch {
	case err == nil:
		return askedAgain(s, fresh.Scan, user)
	case errors.Is(err, scan.ErrDeleting):
		return scan.Scan{}, again, errGoing()
	case !errors.Is(err, scan.ErrNotFound):
		return scan.Scan{}, opened, err
	}
	if len(fresh.Renditions) == 0 { // an existing scan may not have the renditions of this request
		// The query is outside of the transaction, where it would lock what it reads. A photo that
		// another request has measured meanwhile gets a scan of its own, which its analysis finds to be a
		// duplicate.
		s, err = scan.MeasuredBefore(ctx, h.Firestore, user, fresh.photo, report.Version)
		if !errors.Is(err, scan.ErrNotFound) {
			return s, samePhoto, err
		}
	}
	fresh.ConsentEpoch = user.ConsentEpoch
	return fresh.Scan, opened, nil
}

// askedAgain returns the scan as another request with its key finds it. If it still awaits its
// photo, that may be uploaded again under the consent now in force: the user may have withdrawn and
// granted it since the last ticket, and the photo is sent under the new one. What was measured
// under an earlier consent is not shown any more, since it is about to be deleted.
func askedAgain(s, fresh scan.Scan, user account.User) (scan.Scan, how, error) {
	switch {
	case s.Request != fresh.Request:
		return scan.Scan{}, again, errKeyReused
	case s.State == scan.AwaitingUpload:
		s.RenewTicket(user.ConsentEpoch, fresh.CreatedAt)
	case !user.Stands(s.ConsentEpoch):
		return scan.Scan{}, again, errGoing()
	}
	return s, again, nil
}

// errGoing returns the error of a request while the scan of its key is being deleted, which takes
// seconds.
func errGoing() error {
	return fault.New(fault.CodeUnavailable, "The scan of this key is being deleted: try again.").
		WithRetryAfter(time.Second)
}

var errKeyReused = fault.New(fault.CodeIdempotencyReused, "This Idempotency-Key was used with another body.")
