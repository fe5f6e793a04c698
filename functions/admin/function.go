// Package admin is the function that serves the staff.
package admin

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/admin"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/keys"
)

func init() {
	boot.HTTP("admin", build, boot.Keys(keys.ForLogs, keys.ForAudit, keys.ForWriter("admin"))...)
}

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, apiErr := identity.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "admin")
	if err := errors.Join(apiErr, boxErr); err != nil {
		return nil, err
	}
	acts := audit.New(fs, p.Config.Ring(keys.ForAudit), p.Now)
	(&admin.Handler{
		Firestore: fs, Accounts: account.New(fs, box, acts, p.Now), Outbox: box, Acts: acts,
		Logs: p.Config.Ring(keys.ForLogs), Now: p.Now,
	}).Routes(api)
	return api, nil
}
