// Package leaderboard is the function that serves the leaderboards.
package leaderboard

import (
	"context"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/leaderboard/friends"
	"github.com/facescan/facescan/internal/leaderboard/serve"
	"github.com/facescan/facescan/internal/quota"
)

func init() { boot.HTTP("leaderboard", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, err := identity.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	key, major := []byte(p.Config.HashKey), report.MajorVersion()
	(&friends.Handler{Firestore: fs, Limits: quota.New(fs, key, p.Now), Key: key, Major: major, Now: p.Now}).Routes(api)
	(&serve.Handler{Firestore: fs, Major: major, Key: key, Now: p.Now}).Routes(api)
	return api, nil
}
