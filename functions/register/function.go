// Package register is the function that registers users, signs them up and logs them in.
package register

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/quota"
)

func init() { boot.HTTP("register", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	users, usersErr := identity.Client(ctx, p)
	fs, fsErr := p.Firestore(ctx)
	box, boxErr := bus.Outbox(ctx, p)
	if err := errors.Join(usersErr, fsErr, boxErr); err != nil {
		return nil, err
	}
	limits := quota.New(fs, []byte(p.Config.HashKey), p.Now)
	toolkit, err := signin.New(ctx, p.Config.FirebaseAPIKey, users, limits)
	if err != nil {
		return nil, err
	}
	api := p.API(users, identity.Apps(p))
	account.New(fs, box, p.Now).RegisterRoutes(api, limits)
	toolkit.Routes(api)
	return api, nil
}
