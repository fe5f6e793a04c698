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
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/scan/serve"
	"github.com/facescan/facescan/internal/scan/upload"
)

func init() {
	boot.HTTP("upload", build, boot.Keys(
		keys.ForLogs, keys.ForLimits, keys.ForScans, keys.ForPhotos, keys.ForWriter("upload"),
	)...)
}

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, fsErr := database.Open(ctx, p)
	listening, listeningErr := database.Listening(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "upload")
	bucket, bucketErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	signing, signingErr := blob.Signing(p)
	api, apiErr := identity.API(ctx, p)
	if err := errors.Join(fsErr, listeningErr, boxErr, bucketErr, resultsErr, signingErr, apiErr); err != nil {
		return nil, err
	}
	uploads := &upload.Handler{
		Firestore: fs, Bucket: bucket, Signing: signing,
		Key: p.Config.Ring(keys.ForScans), PhotoKey: p.Config.Ring(keys.ForPhotos),
		Limits: quota.New(fs, p.Config.Ring(keys.ForLimits), p.Now),
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
