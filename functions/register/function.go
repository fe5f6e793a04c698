// Package register is the function that registers users, signs them up and logs them in.
package register

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/signin"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/quota"
)

func init() {
	boot.HTTP("register", build,
		boot.Keys(keys.ForLogs, keys.ForLimits, keys.ForClients, keys.ForAudit, keys.ForWriter("register"))...)
}

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	users, usersErr := identity.Client(ctx, p)
	verifier, verifierErr := identity.Verifier(ctx, p)
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "register")
	if err := errors.Join(usersErr, verifierErr, fsErr, boxErr); err != nil {
		return nil, err
	}
	limits := quota.New(fs, p.Config.Ring(keys.ForLimits), p.Now)
	toolkit, err := signin.New(ctx, signin.Options{
		APIKey: p.Config.FirebaseAPIKey, Users: users, Limits: limits, Key: p.Config.Ring(keys.ForClients), Now: p.Now,
	})
	if err != nil {
		return nil, err
	}
	api := p.API(verifier, identity.Apps(p))
	accounts := account.New(fs, box, audit.New(fs, p.Config.Ring(keys.ForAudit), p.Now), p.Now)
	accounts.RegisterRoutes(api, limits)
	accounts.SignInRoutes(api)
	toolkit.Routes(api)
	return api, nil
}
