// Package home answers in one call what an app's first screen shows: the latest and the best scan,
// the place on the board and the number of unread notifications.
package home

import (
	"net/http"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
)

// Handler serves GET /v1/me/summary.
type Service struct {
	// Firestore holds the scans and the inboxes.
	Firestore *firestore.Client
	Boards    *leaderboard.Boards
	// Now is the clock.
	Now func() time.Time
}

// New makes a service over the database, with the board of this engine; now is the clock.
func New(fs *firestore.Client, now func() time.Time) *Service {
	return &Service{
		Firestore: fs, Boards: leaderboard.New(fs, report.MajorVersion()), Now: now,
	}
}

// Routes adds GET /v1/me/summary.
func (s *Service) Routes(api *httpapi.API) {
	api.Handle("GET /v1/me/summary", httpapi.User, s.get)
}

// view has no latest and no best where there is no such scan.
type view struct {
	Latest   *scan.Summary        `json:"latest,omitempty"`
	Best     *scan.Summary        `json:"best,omitempty"`
	Standing leaderboard.Standing `json:"standing"`
	Unread   int64                `json:"unread"`
}

// get reads the parts at the same time, so that it takes as long as the slowest. Each is of a
// moment of its own: a scan that completes meanwhile may be the latest already and not on the board
// yet, as it is with separate calls. Whether the account is in use, boards and inbox find out.
func (s *Service) get(w http.ResponseWriter, r *http.Request) error {
	uid := account.Caller(r)
	var v view
	parts, ctx := errgroup.WithContext(r.Context())
	parts.Go(func() (err error) { v.Latest, err = scan.Latest(ctx, s.Firestore, uid); return err })
	parts.Go(func() (err error) { v.Best, err = scan.Best(ctx, s.Firestore, uid); return err })
	parts.Go(func() (err error) { v.Standing, err = s.Boards.Standing(ctx, uid); return err })
	parts.Go(func() (err error) { v.Unread, err = notify.CountUnread(ctx, s.Firestore, uid, s.Now()); return err })
	if err := parts.Wait(); err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, v)
}
