// Package leaderboard is the function that serves the leaderboards.
package leaderboard

import (
	"context"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard/friends"
	"github.com/facescan/facescan/internal/leaderboard/serve"
	"github.com/facescan/facescan/internal/moderation"
	"github.com/facescan/facescan/internal/quota"
)

func init() {
	boot.HTTP("leaderboard", build, boot.Keys(keys.ForLogs, keys.ForLimits, keys.ForFriends, keys.ForCursors)...)
}

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, err := identity.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	major, limits := report.MajorVersion(), quota.New(fs, p.Config.Ring(keys.ForLimits), p.Now)
	(&friends.Handler{
		Firestore: fs, Limits: limits, Key: p.Config.Ring(keys.ForFriends),
		Major: major, Now: p.Now,
	}).Routes(api)
	(&serve.Handler{Firestore: fs, Major: major, Key: p.Config.Ring(keys.ForCursors), Now: p.Now}).Routes(api)
	(&moderation.Handler{Firestore: fs, Limits: limits, Now: p.Now}).Routes(api)
	return api, nil
}
