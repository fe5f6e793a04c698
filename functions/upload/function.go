// Package upload is the function that opens scans and signs the URLs their photos are put to.
package upload

import (
	"context"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/scan"
)

func init() { boot.HTTP("upload", build) }

func build(ctx context.Context, p *boot.Process) (http.Handler, error) {
	fs, err := p.Firestore(ctx)
	if err != nil {
		return nil, err
	}
	bucket, err := blob.Uploads(ctx, p)
	if err != nil {
		return nil, err
	}
	signing, err := blob.Signing(p)
	if err != nil {
		return nil, err
	}
	api, err := identity.API(ctx, p)
	if err != nil {
		return nil, err
	}
	(&scan.Uploads{
		Firestore: fs, Bucket: bucket, Signing: signing, Key: []byte(p.Config.HashKey), MinAge: p.Config.MinAge, Now: time.Now,
	}).Routes(api)
	return api, nil
}
