// Package coach is the function that says of a preview how the photo could be better.
package coach

import (
	"context"
	"errors"
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
	fs, fsErr := p.Firestore(ctx)
	api, apiErr := identity.API(ctx, p)
	if err := errors.Join(fsErr, apiErr); err != nil {
		return nil, err
	}
	limits := quota.New(fs, []byte(p.Config.HashKey), p.Now)
	c := &coach.Coach{
		Firestore: fs, Limits: limits, Analyze: face.Analyze, Exit: os.Exit, MinAge: p.Config.MinAge, Now: p.Now,
	}
	c.Routes(api)
	return api, nil
}
