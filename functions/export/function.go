// Package export is the function that writes all data kept of a user into a zip to download.
package export

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	exportbuild "github.com/facescan/facescan/internal/export/build"
)

func init() { boot.Event("export", build) }

func build(ctx context.Context, p *boot.Process) (*exportbuild.Consumer, error) {
	fs, fsErr := p.Firestore(ctx)
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	box, boxErr := bus.Outbox(ctx, p)
	if err := errors.Join(fsErr, uploadsErr, resultsErr, boxErr); err != nil {
		return nil, err
	}
	return &exportbuild.Consumer{Firestore: fs, Uploads: uploads, Results: results, Outbox: box, Now: p.Now}, nil
}
