package scan

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/telemetry"
)

// ContentTypes are the media types of a photo.
var ContentTypes = []string{"image/jpeg", "image/png", "image/webp"}

// maxKey is the longest Idempotency-Key, in bytes.
const maxKey = 128

// Uploads opens scans and signs the URLs that their photos are put to.
type Uploads struct {
	// Firestore holds the scans.
	Firestore *firestore.Client
	// Bucket takes the photos.
	Bucket *storage.BucketHandle
	// Signing is who signs the URLs.
	Signing storage.SignedURLOptions
	// Key derives scan ids from idempotency keys.
	Key []byte
	// MinAge is the age in years that whoever uploads must have passed.
	MinAge int
	// Now is the clock.
	Now func() time.Time
}

// Routes adds POST /v1/uploads.
func (u *Uploads) Routes(api *httpapi.API) {
	api.Handle("POST /v1/uploads", httpapi.User, u.post)
}

type uploadRequest struct {
	ContentType string `json:"contentType"`
}

type uploadResponse struct {
	Scan view `json:"scan"`
	// Upload is absent when the photo has been uploaded already: poll the scan.
	Upload *Ticket `json:"upload,omitempty"`
}

// Ticket is how to upload a scan's photo: this request, with exactly these headers.
type Ticket struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	MaxBytes  int               `json:"maxBytes"`
	ExpiresAt string            `json:"expiresAt"`
}

func (u *Uploads) post(w http.ResponseWriter, r *http.Request) error {
	req, err := httpapi.Decode[uploadRequest](w, r)
	if err != nil {
		return err
	}
	if !slices.Contains(ContentTypes, req.ContentType) {
		return fault.New(fault.CodeInvalidField, "Photos are taken as JPEG, PNG or WebP. Convert HEIC on the device.").
			WithField("/contentType", "must be one of %s", strings.Join(ContentTypes, ", "))
	}
	uid := account.Caller(r)
	id, err := u.newID(uid, r.Header.Get("Idempotency-Key"))
	if err != nil {
		return err
	}
	s, created, err := u.open(r.Context(), id, uid, req.ContentType)
	if err != nil {
		return err
	}
	response := uploadResponse{Scan: show(s)}
	if s.State == AwaitingUpload {
		response.Upload, err = u.sign(r.Context(), s)
		if err != nil {
			return err
		}
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	w.Header().Set("Location", "/v1/scans/"+string(s.ID))
	return httpapi.Write(w, status, response)
}

// newID is random, or the same for the same user and idempotency key.
func (u *Uploads) newID(uid account.UID, key string) (ID, error) {
	if key == "" {
		return ID(strings.ToLower(rand.Text())), nil
	}
	if len(key) > maxKey {
		return "", fault.New(fault.CodeInvalidParameter, "The Idempotency-Key is too long.").
			WithField("header/Idempotency-Key", "must be at most %d bytes", maxKey)
	}
	mac := hmac.New(sha256.New, u.Key)
	mac.Write([]byte(string(uid) + "\x00" + key))
	return ID(strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))), nil
}

// open creates the scan, or finds the one that an earlier request with the same key created.
func (u *Uploads) open(ctx context.Context, id ID, uid account.UID, contentType string) (s Scan, created bool, err error) {
	err = u.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		now := u.Now().UTC()
		user, err := account.ReadAnalysable(tx, u.Firestore, uid, now, u.MinAge)
		if err != nil {
			return err
		}
		s, err = read(tx, u.Firestore, id)
		if errors.Is(err, errDeleting) {
			return fault.New(fault.CodeUnavailable, "The scan of this key is being deleted: try again.").WithRetryAfter(time.Second)
		}
		created = errors.Is(err, errNoScan)
		if created {
			s = newScan(id, uid, user.ConsentEpoch, contentType, now)
			return write(tx, u.Firestore, s)
		}
		if err != nil {
			return err
		}
		if s.ContentType != contentType {
			return fault.New(fault.CodeIdempotencyReused, "This Idempotency-Key was used with another body.")
		}
		if s.State != AwaitingUpload {
			return nil
		}
		s.renewTicket(now)
		return write(tx, u.Firestore, s)
	})
	return s, created, err
}

// sign makes the URL. What it fixes cannot be changed by whoever holds it: type, size, the object's not being
// there yet, and the metadata.
func (u *Uploads) sign(ctx context.Context, s Scan) (*Ticket, error) {
	headers := map[string]string{
		"Content-Type":                s.ContentType,
		"X-Goog-Content-Length-Range": fmt.Sprintf("1,%d", MaxBytes),
		"X-Goog-If-Generation-Match":  "0",
		"X-Goog-Meta-Owner":           string(s.UID),
	}
	// A header without a value would be left out of the signature, and the upload refused for it.
	if trace := telemetry.Traceparent(ctx); trace != "" {
		headers["X-Goog-Meta-Traceparent"] = trace
	}
	opts := u.Signing
	opts.Method, opts.Expires, opts.ContentType = http.MethodPut, s.TicketExpiresAt, s.ContentType
	for name, value := range headers {
		if name != "Content-Type" {
			opts.Headers = append(opts.Headers, name+":"+value)
		}
	}
	url, err := u.Bucket.SignedURL(objectName(s.UID, s.ID), &opts)
	if err != nil {
		return nil, fault.Wrap(err, fault.CodeUnavailable, "The upload cannot be signed at the moment: try again.")
	}
	return &Ticket{
		Method: http.MethodPut, URL: url, Headers: headers, MaxBytes: MaxBytes, ExpiresAt: httpapi.Time(s.TicketExpiresAt),
	}, nil
}
