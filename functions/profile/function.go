// Package profile is the function that shows, sums up, changes and erases the user's account.
package profile

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/summary"
)

func init() { boot.HTTP("profile", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	c, now := p.Config, time.Now
	api, apiErr := identity.API(ctx, p)
	fs, fsErr := p.Firestore(ctx)
	box, boxErr := bus.Outbox(ctx, p)
	erasures, erasuresErr := erasure.NewRequests(fs, box, erasure.Options{
		Keys: c.ReceiptPublicKeys, PublicURL: c.PublicURL, Key: []byte(c.HashKey), Wait: c.ErasureWait, Now: now,
	})
	if err := errors.Join(apiErr, fsErr, boxErr, erasuresErr); err != nil {
		return nil, err
	}
	account.New(fs, box, now).ProfileRoutes(api)
	boards := leaderboard.New(fs, face.MajorVersion())
	(&summary.Service{Scans: &scan.Service{Firestore: fs}, Boards: boards, Inbox: notify.NewInbox(fs, now)}).Routes(api)
	erasures.Routes(api)
	return api, nil
}
