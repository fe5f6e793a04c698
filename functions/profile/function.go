// Package profile is the function that shows and changes the user's profile, username and consent.
package profile

import (
	"context"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
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
	return api, nil
}
