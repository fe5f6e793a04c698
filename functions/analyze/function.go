// Package analyze is the function that measures an uploaded photo.
package analyze

import (
	"context"
	"errors"
	"time"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/scan"
)

func init() { boot.Event("analyze", build) }

func build(ctx context.Context, p *boot.Process) (boot.EventHandler, error) {
	fs, fsErr := p.Firestore(ctx)
	box, boxErr := bus.Outbox(ctx, p)
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	if err := errors.Join(fsErr, boxErr, uploadsErr, resultsErr); err != nil {
		return nil, err
	}
	a := &scan.Analyzer{
		Firestore: fs, Outbox: box, Uploads: uploads, Results: results, Scan: face.Scan,
		Key: []byte(p.Config.HashKey), Now: time.Now,
	}
	return a.Handle, nil
}
