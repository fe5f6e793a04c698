package scan

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/limit"
	"github.com/facescan/facescan/internal/rendition"
)

// ContentTypes are the media types of a photo.
var ContentTypes = []string{"image/jpeg", "image/png", "image/webp"}

// quotas are how many scans one user may open, by whichever route. Finding a scan again costs nothing.
var quotas = []limit.Rule{
	{Name: "scans-hourly", Max: 60, Window: time.Hour},
	{Name: "scans-daily", Max: 200, Window: 24 * time.Hour},
}

// openAttempts of the transaction that opens a scan: those of one user compete for the counts of the quotas.
const openAttempts = 20

// Uploads opens scans, signs the URLs that their photos are put to, and takes photos itself.
type Uploads struct {
	// Firestore holds the scans.
	Firestore *firestore.Client
	// Bucket takes the photos.
	Bucket *storage.BucketHandle
	// Signing is who signs the URLs.
	Signing storage.SignedURLOptions
	// Key derives scan ids from idempotency keys, and what stands for a photo (see photoHash).
	Key []byte
	// Limits counts the scans that users open.
	Limits *limit.Limiter
	// MinAge is the age in years that whoever uploads must have passed.
	MinAge int
	// Now is the clock.
	Now func() time.Time
}

// Routes adds POST /v1/uploads and POST /v1/uploads/direct.
func (u *Uploads) Routes(api *httpapi.API) {
	api.Handle("POST /v1/uploads", httpapi.User, u.post)
	api.Handle("POST /v1/uploads/direct", httpapi.User, u.postDirect)
}

// uploadRequest is what is asked for, by either route. Its JSON is also what two requests under one idempotency key are
// compared by, so no order of members or form of the body matters.
type uploadRequest struct {
	ContentType string `json:"contentType"`
	// SHA256 is the photo's, in lower-case hex, "" where the client does not say.
	SHA256 string `json:"sha256"`
	// Renditions are the pictures to be made of the photo.
	Renditions []rendition.Rendition `json:"renditions,omitempty"`
}

type uploadResponse struct {
	Scan view `json:"scan"`
	// SamePhoto says that the scan is an earlier one of the same photo, and that none was opened.
	SamePhoto bool `json:"samePhoto,omitempty"`
	// Upload is absent when no photo is to be uploaded: poll the scan.
	Upload *Ticket `json:"upload,omitempty"`
}

func (u *Uploads) post(w http.ResponseWriter, r *http.Request) error {
	req, err := httpapi.Decode[uploadRequest](w, r)
	if err != nil {
		return err
	}
	if err := req.validate(); err != nil {
		return err
	}
	uid := account.Caller(r)
	id, err := u.newID(uid, r.Header.Get("Idempotency-Key"))
	if err != nil {
		return err
	}
	s, how, err := u.open(r.Context(), id, uid, req)
	if err != nil {
		return err
	}
	response := uploadResponse{Scan: show(s), SamePhoto: how == samePhoto}
	if s.State == AwaitingUpload {
		response.Upload, err = u.sign(r.Context(), s)
		if err != nil {
			return err
		}
	}
	status := http.StatusOK
	if how == opened {
		status = http.StatusCreated
	}
	return answer(w, status, response)
}

func answer(w http.ResponseWriter, status int, response uploadResponse) error {
	w.Header().Set("Location", "/v1/scans/"+string(response.Scan.ID))
	return httpapi.Write(w, status, response)
}

var sha256Pattern = regexp.MustCompile(`^[0-9a-f]{64}$`)

func (r uploadRequest) validate() error {
	if !slices.Contains(ContentTypes, r.ContentType) {
		return fault.New(fault.CodeInvalidField, "%s", notTaken(r.ContentType)).
			WithField("/contentType", "must be one of %s", strings.Join(ContentTypes, ", "))
	}
	if r.SHA256 != "" && !sha256Pattern.MatchString(r.SHA256) {
		return fault.New(fault.CodeInvalidField, "This is no SHA-256 checksum.").
			WithField("/sha256", "must be 64 digits of lower-case hex")
	}
	return rendition.Validate(r.Renditions)
}

// how open came by the scan.
type how int

const (
	// opened a new one.
	opened how = iota
	// again found the one of an earlier request with the same key.
	again
	// samePhoto found a completed one of the same photo.
	samePhoto
)

// open creates the scan, or finds one instead: that of an earlier request with the same key, or one that has measured
// the announced photo already. A scan that still awaits its photo gets a new ticket. What is opened counts against the
// quotas.
func (u *Uploads) open(ctx context.Context, id ID, uid account.UID, req uploadRequest) (s Scan, how how, err error) {
	fresh, err := u.fresh(id, uid, req)
	if err != nil {
		return Scan{}, again, err
	}
	err = u.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		user, err := account.ReadAnalysable(tx, u.Firestore, uid, fresh.CreatedAt, u.MinAge)
		if err != nil {
			return err
		}
		fresh.ConsentEpoch = user.ConsentEpoch
		s, err = read(tx, u.Firestore, id)
		if err == nil {
			how = again
			return u.reopen(tx, &s, fresh)
		}
		if errors.Is(err, errDeleting) {
			return fault.New(fault.CodeUnavailable, "The scan of this key is being deleted: try again.").WithRetryAfter(time.Second)
		}
		if !errors.Is(err, errNoScan) {
			return err
		}
		if len(fresh.Renditions) == 0 { // a scan that is there already has not those that are asked for now
			s, err = measuredBefore(tx, u.Firestore, uid, fresh.Declared, face.Version)
			if !errors.Is(err, errNoScan) {
				how = samePhoto
				return err
			}
		}
		s, how = fresh, opened
		return u.create(tx, fresh)
	}, firestore.MaxAttempts(openAttempts))
	return s, how, err
}

// fresh is the scan as it would be opened now, but for the consent's epoch.
func (u *Uploads) fresh(id ID, uid account.UID, req uploadRequest) (Scan, error) {
	body, err := json.Marshal(req)
	if err != nil {
		return Scan{}, fmt.Errorf("marshal upload request: %w", err)
	}
	s := newScan(id, uid, 0, req.ContentType, u.Now().UTC())
	s.Request = keyedHash(u.Key, "request", string(uid), string(body))
	s.Renditions = req.Renditions
	if req.SHA256 != "" {
		s.Declared = photoHash(u.Key, uid, req.SHA256)
	}
	return s, nil
}

// reopen lets the photo of a scan that awaits it be uploaded anew, under the consent that is in force now: the user
// may have withdrawn and granted it since the last ticket, and the photo that comes is sent under the new one.
func (u *Uploads) reopen(tx *firestore.Transaction, s *Scan, fresh Scan) error {
	if s.Request != fresh.Request {
		return errKeyReused
	}
	if s.State != AwaitingUpload {
		return nil
	}
	s.renewTicket(fresh.ConsentEpoch, fresh.CreatedAt)
	return write(tx, u.Firestore, *s)
}

var errKeyReused = fault.New(fault.CodeIdempotencyReused, "This Idempotency-Key was used with another body.")

// create writes the scan together with what it costs.
func (u *Uploads) create(tx *firestore.Transaction, s Scan) error {
	taken := make([]limit.Taking, len(quotas))
	for i, rule := range quotas {
		var err error
		if taken[i], err = u.Limits.Prepare(tx, rule, limit.User(string(s.UID))); err != nil {
			return err
		}
	}
	for _, t := range taken {
		if err := t.Write(tx); err != nil {
			return err
		}
	}
	return write(tx, u.Firestore, s)
}
