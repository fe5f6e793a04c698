// Package export is the function that writes all data kept of a user into a zip to download.
package export

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/consume"
	"github.com/facescan/facescan/internal/boot/database"
	exportbuild "github.com/facescan/facescan/internal/export/build"
	"github.com/facescan/facescan/internal/keys"
)

func init() { consume.Events("export", build, boot.Keys(keys.ForAudit, keys.ForWriter("export"))...) }

func build(ctx context.Context, p *boot.Process) (*exportbuild.Consumer, error) {
	fs, fsErr := database.Open(ctx, p)
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "export")
	if err := errors.Join(fsErr, uploadsErr, resultsErr, boxErr); err != nil {
		return nil, err
	}
	return &exportbuild.Consumer{
		Firestore: fs, Uploads: uploads, Results: results, Acts: audit.New(fs, p.Config.Ring(keys.ForAudit), p.Now),
		Outbox: box, Now: p.Now,
	}, nil
}
