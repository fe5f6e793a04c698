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
	"github.com/facescan/facescan/internal/quota"
)

func init() { boot.HTTP("coach", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, api, err := identity.Open(ctx, p)
	if err != nil {
		return nil, err
	}
	(&coach.Handler{
		Firestore: fs, Limits: quota.New(fs, []byte(p.Config.HashKey), p.Now), Analyze: face.Analyze, Exit: os.Exit,
		MinAge: p.Config.MinAge, Now: p.Now,
	}).Routes(api)
	return api, nil
}
