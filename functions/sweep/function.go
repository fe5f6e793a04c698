// Package sweep is the function that completes what was left undone and deletes what is due.
package sweep

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/retention"
	"github.com/facescan/facescan/internal/scan/sweep"
)

func init() { boot.Event("sweep", build) }

func build(ctx context.Context, p *boot.Process) (boot.EventHandler, error) {
	c, now := p.Config, p.Now
	fs, fsErr := p.Firestore(ctx)
	box, boxErr := bus.Outbox(ctx, p)
	publisher, publisherErr := bus.Publisher(ctx, p)
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	users, usersErr := identity.Client(ctx, p)
	missing, missingErr := erasure.NewMissing(fs, box, users, erasure.MissingOptions{
		Key: []byte(c.HashKey), Wait: c.ErasureWait, After: c.LookAfter, Now: now,
	})
	if err := errors.Join(fsErr, boxErr, publisherErr, uploadsErr, resultsErr, usersErr, missingErr); err != nil {
		return nil, err
	}
	scans := &sweep.Sweeper{Firestore: fs, Outbox: box, Uploads: uploads, Results: results, Publisher: publisher, Now: now}
	return (&retention.Sweep{
		Firestore: fs, Outbox: box, Scans: scans, Erasures: &erasure.Sweeper{Firestore: fs, Outbox: box, Now: now},
		Exports: &export.Sweeper{Firestore: fs, Outbox: box, Results: results, Now: now}, Missing: missing, Now: now,
	}).Handle, nil
}
