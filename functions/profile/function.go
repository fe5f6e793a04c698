// Package profile is the function that shows and changes the user's profile, username and consent, and sums up the rest.
package profile

import (
	"context"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/summary"
)

func init() { boot.HTTP("profile", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	api, err := identity.API(ctx, p)
	if err != nil {
		return nil, err
	}
	fs, err := p.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	box, err := bus.Outbox(ctx, p)
	if err != nil {
		return nil, err
	}
	account.New(fs, box, time.Now).ProfileRoutes(api)
	(&summary.Service{
		Scans: &scan.Service{Firestore: fs}, Boards: leaderboard.New(fs, face.MajorVersion()), Inbox: notify.NewInbox(fs, time.Now),
	}).Routes(api)
	return api, nil
}
