// Package coach is the function that says of a preview how the photo could be better.
package coach

import (
	"context"
	"net/http"
	"os"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/coach"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/quota"
)

func init() { boot.HTTP("coach", build, boot.Keys(keys.ForLogs, keys.ForLimits)...) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, err := identity.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	(&coach.Handler{
		Firestore: fs, Limits: quota.New(fs, p.Config.Ring(keys.ForLimits), p.Now), Analyze: face.Analyze, Exit: os.Exit,
		Processors: p.Processors, MinAge: p.Config.MinAge, Now: p.Now,
	}).Routes(api)
	return api, nil
}
