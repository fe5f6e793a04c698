// Package scans is the function of the user's scans: their list, state and result, with long polls.
package scans

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/scan/serve"
)

func init() { boot.HTTP("scans", build, boot.Keys(keys.ForLogs, keys.ForWriter("scans"))...) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, fsErr := database.Open(ctx, p)
	listening, listeningErr := database.Listening(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "scans")
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	signing, signingErr := blob.Signing(p)
	api, apiErr := identity.API(ctx, p)
	if err := errors.Join(fsErr, listeningErr, boxErr, uploadsErr, resultsErr, signingErr, apiErr); err != nil {
		return nil, err
	}
	(&serve.Handler{
		Firestore: fs, Watcher: serve.NewWatcher(listening), Outbox: box, Uploads: uploads, Results: results,
		Signing: signing, Now: p.Now,
	}).Routes(api)
	return api, nil
}
