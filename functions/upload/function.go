// Package upload is the function that opens scans and series and signs the URLs that their photos
// are uploaded to. It serves series too, so that no other function can sign an upload.
package upload

import (
	"context"
	"errors"
	"net/http"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan/serve"
	"github.com/facescan/facescan/internal/scan/upload"
)

func init() { boot.HTTP("upload", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, fsErr := p.Firestore(ctx)
	listening, listeningErr := p.Listening(ctx)
	box, boxErr := bus.Outbox(ctx, p)
	bucket, bucketErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	signing, signingErr := blob.Signing(p)
	api, apiErr := identity.API(ctx, p)
	if err := errors.Join(fsErr, listeningErr, boxErr, bucketErr, resultsErr, signingErr, apiErr); err != nil {
		return nil, err
	}
	key := []byte(p.Config.HashKey)
	uploads := &upload.Handler{
		Firestore: fs, Bucket: bucket, Signing: signing, Key: key, Limits: quota.New(fs, key, p.Now),
		MinAge: p.Config.MinAge, Now: p.Now,
	}
	uploads.Routes(api)
	(&serve.SeriesHandler{
		Handler: &serve.Handler{
			Firestore: fs, Outbox: box, Uploads: bucket, Results: results, Signing: signing, Now: p.Now,
		},
		Watcher: serve.NewSeriesWatcher(listening),
	}).Routes(api)
	return api, nil
}
