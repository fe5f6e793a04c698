// Package profile is the function that shows, summarizes, changes, exports and erases the user's
// account.
package profile

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
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
		keys.ForLogs, keys.ForLimits, keys.ForReceipts, keys.ForDeletions, keys.ForAudit, keys.ForWriter("profile"),
	)
	boot.HTTP("profile", build, needed...)
}

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	c, now := p.Config, p.Now
	api, apiErr := identity.API(ctx, p)
	fs, fsErr := database.Open(ctx, p)
	listening, listenErr := database.Listening(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "profile")
	results, resultErr := blob.Results(ctx, p)
	signing, signErr := blob.Signing(p)
	users, userErr := identity.Client(ctx, p)
	links, linkErr := link.New(c.PublicURL, c.Ring(keys.ForDeletions))
	opts := erasure.Options{
		Keys: c.ReceiptPublicKeys, PublicURL: c.PublicURL, Key: c.Ring(keys.ForReceipts), Wait: c.ErasureWait,
		Pages: &web.Pages{Operator: web.Operator{Name: c.OperatorName, Contact: c.OperatorContact}},
		Acts:  audit.New(fs, c.Ring(keys.ForAudit), now), Watcher: erasure.NewWatcher(listening), Now: now,
	}
	erasures, erasedErr := erasure.NewHandler(fs, box, opts)
	if err := errors.Join(apiErr, fsErr, listenErr, boxErr, resultErr, signErr, erasedErr, userErr, linkErr); err != nil {
		return nil, err
	}
	account.New(fs, box, opts.Acts, now).ProfileRoutes(api)
	(&home.Handler{Firestore: fs, Board: leaderboard.AllTime(report.MajorVersion()), Now: now}).Routes(api)
	erasures.Routes(api)
	limits := quota.New(fs, c.Ring(keys.ForLimits), now)
	(&bylink.Handler{
		Erasures: erasures, Outbox: box, Limits: limits, Links: links, Users: users, Pages: opts.Pages, Now: now,
	}).Routes(api)
	(&export.Handler{
		Firestore: fs, Watcher: export.NewWatcher(listening), Outbox: box, Limits: limits, Results: results,
		Signing: signing, Now: now,
	}).Routes(api)
	return api, nil
}
