// Package scans is the function that answers for the state of scans, by long poll.
package scans

import (
	"context"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/scan"
)

func init() { boot.HTTP("scans", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, err := p.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	api, err := identity.API(ctx, p)
	if err != nil {
		return nil, err
	}
	scan.NewReader(fs).Routes(api)
	return api, nil
}
