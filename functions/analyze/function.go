// Package analyze is the function that measures an uploaded photo.
package analyze

import (
	"cmp"
	"context"
	"errors"
	"os"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/consume"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/scan/analyze"
	"github.com/facescan/facescan/internal/work"
)

// Scan is the face engine. It is a variable so that tests of the local host can replace it by one
// that hangs.
var Scan = face.Scan

func init() {
	consume.Events("analyze", build, boot.Keys(keys.ForPhotos, keys.ForWriter("analyze"))...)
}

func build(ctx context.Context, p *boot.Process) (*analyze.Consumer, error) {
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "analyze")
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	if err := errors.Join(fsErr, boxErr, uploadsErr, resultsErr); err != nil {
		return nil, err
	}
	return &analyze.Consumer{
		Firestore: fs, Outbox: box, Uploads: uploads, Results: results, Scan: Scan,
		Lease: cmp.Or(p.Config.ScanLease, work.LeaseTime), Exit: os.Exit, Processors: p.Processors,
		Key: p.Config.Ring(keys.ForPhotos), Now: p.Now,
	}, nil
}
