// Package scans is the function of the user's scans: their list, state and result, with long polls.
package scans

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/scan"
)

func init() { boot.HTTP("scans", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, fsErr := p.Firestore(ctx)
	listening, listeningErr := p.Listening(ctx)
	api, apiErr := identity.API(ctx, p)
	if err := errors.Join(fsErr, listeningErr, apiErr); err != nil {
		return nil, err
	}
	(&scan.Service{Firestore: fs, Watcher: scan.NewWatcher(listening)}).Routes(api)
	return api, nil
}
