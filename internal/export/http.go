package export

import (
	"errors"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
)

// Requests takes requests for exports and tells where they are.
type Requests struct {
	fs      *firestore.Client
	box     *outbox.Box
	limits  *quota.Limiter
	results *storage.BucketHandle
	signing storage.SignedURLOptions
	now     func() time.Time
}

// NewRequests makes them over the database and the results bucket; box commits them with their events, limits counts them,
// signing signs the URLs, and now is the clock.
func NewRequests(
	fs *firestore.Client, box *outbox.Box, limits *quota.Limiter, results *storage.BucketHandle,
	signing storage.SignedURLOptions, now func() time.Time,
) *Requests {
	return &Requests{fs: fs, box: box, limits: limits, results: results, signing: signing, now: now}
}

// Routes adds POST and GET /v1/me/export. Both ask for a fresh token: their answer leads to all there is of the user.
func (s *Requests) Routes(api *httpapi.API) {
	api.Handle("POST /v1/me/export", httpapi.FreshUser, s.post)
	api.Handle("GET /v1/me/export", httpapi.FreshUser, s.get)
}

// view has what follows expiresAt once the export is ready.
type view struct {
	ID          string `json:"id"`
	State       State  `json:"state"`
	RequestedAt string `json:"requestedAt"`
	ExpiresAt   string `json:"expiresAt"`
	Bytes       int64  `json:"bytes,omitempty"`
	SHA256      string `json:"sha256,omitempty"`
	URL         string `json:"url,omitempty"`
	// URLExpiresAt is the end of the URL, not of the export.
	URLExpiresAt string `json:"urlExpiresAt,omitempty"`
}

func (s *Requests) post(w http.ResponseWriter, r *http.Request) error {
	j, err := s.request(r.Context(), account.Caller(r))
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/me/export")
	return s.write(w, http.StatusAccepted, j)
}

func (s *Requests) get(w http.ResponseWriter, r *http.Request) error {
	j, err := s.find(r.Context(), account.Caller(r))
	if errors.Is(err, errGone) {
		return fault.New(fault.CodeNotFound, "There is no export: request one.")
	}
	if err != nil {
		return err
	}
	return s.write(w, http.StatusOK, j)
}

func (s *Requests) write(w http.ResponseWriter, status int, j Job) error {
	v := view{ID: j.ID, State: j.State, RequestedAt: httpapi.Time(j.CreatedAt), ExpiresAt: httpapi.Time(j.ExpireAt)}
	if j.State == Ready {
		expires := s.now().UTC().Add(linkLife)
		if j.ExpireAt.Before(expires) {
			expires = j.ExpireAt
		}
		signed, err := s.sign(j, expires)
		if err != nil {
			return fault.Wrap(err, fault.CodeUnavailable, "The export cannot be signed at the moment: try again.")
		}
		v.Bytes, v.SHA256, v.URL, v.URLExpiresAt = j.Bytes, j.SHA256, signed, httpapi.Time(expires)
	}
	return httpapi.Write(w, status, v)
}

// sign returns a URL to download the export.
func (s *Requests) sign(j Job, expires time.Time) (string, error) {
	file := bucket.File{Name: "facescan-" + j.CreatedAt.UTC().Format(time.DateOnly) + ".zip", ContentType: contentType}
	return bucket.Link(s.results, s.signing, j.Object, file, expires)
}
