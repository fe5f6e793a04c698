// Package profile is the function that shows, summarizes, changes, exports and erases the user's
// account.
package profile

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/bylink"
	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/home"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/web"
)

func init() {
	needed := boot.Keys(
		keys.ForLogs, keys.ForLimits, keys.ForReceipts, keys.ForDeletions, keys.ForWriter("profile"),
	)
	boot.HTTP("profile", build, needed...)
}

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	c, now := p.Config, p.Now
	api, apiErr := identity.API(ctx, p)
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "profile")
	results, resultsErr := blob.Results(ctx, p)
	signing, signingErr := blob.Signing(p)
	users, usersErr := identity.Client(ctx, p)
	links, linksErr := link.New(c.PublicURL, c.Ring(keys.ForDeletions))
	pages := &web.Pages{Operator: web.Operator{Name: c.OperatorName, Contact: c.OperatorContact}}
	opts := erasure.Options{
		Keys: c.ReceiptPublicKeys, PublicURL: c.PublicURL, Key: c.Ring(keys.ForReceipts), Wait: c.ErasureWait,
		Pages: pages, Now: now,
	}
	erasures, erasuresErr := erasure.NewHandler(fs, box, opts)
	if err := errors.Join(apiErr, fsErr, boxErr, resultsErr, signingErr, erasuresErr, usersErr, linksErr); err != nil {
		return nil, err
	}
	account.New(fs, box, now).ProfileRoutes(api)
	(&home.Handler{Firestore: fs, Board: leaderboard.AllTime(report.MajorVersion()), Now: now}).Routes(api)
	erasures.Routes(api)
	limits := quota.New(fs, c.Ring(keys.ForLimits), now)
	(&bylink.Handler{
		Erasures: erasures, Outbox: box, Limits: limits, Links: links, Users: users, Pages: pages, Now: now,
	}).Routes(api)
	(&export.Handler{
		Firestore: fs, Outbox: box, Limits: limits, Results: results, Signing: signing, Now: now,
	}).Routes(api)
	return api, nil
}
