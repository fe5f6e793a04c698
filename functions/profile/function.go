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
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/home"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/quota"
)

func init() { boot.HTTP("profile", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	c, key, now := p.Config, []byte(p.Config.HashKey), p.Now
	api, apiErr := identity.API(ctx, p)
	fs, fsErr := p.Firestore(ctx)
	box, boxErr := bus.Outbox(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	signing, signingErr := blob.Signing(p)
	opts := erasure.Options{Keys: c.ReceiptPublicKeys, PublicURL: c.PublicURL, Key: key, Wait: c.ErasureWait, Now: now}
	erasures, erasuresErr := erasure.NewHandler(fs, box, opts)
	if err := errors.Join(apiErr, fsErr, boxErr, resultsErr, signingErr, erasuresErr); err != nil {
		return nil, err
	}
	account.New(fs, box, now).ProfileRoutes(api)
	(&home.Handler{Firestore: fs, Board: leaderboard.AllTime(report.MajorVersion()), Now: now}).Routes(api)
	erasures.Routes(api)
	(&export.Handler{
		Firestore: fs, Outbox: box, Limits: quota.New(fs, key, now), Results: results, Signing: signing, Now: now,
	}).Routes(api)
	return api, nil
}
