// Package build makes the exports.
package build

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/work"
)

// chunk is the buffer of an upload, in bytes.
const chunk = 4 << 20

// Consumer makes the exports.
type Consumer struct {
	// Firestore, Uploads and Results hold what is exported. Results also holds the exports.
	Firestore        *firestore.Client
	Uploads, Results *storage.BucketHandle
	// Acts finds the acts about the user.
	Acts *audit.Book
	// Outbox publishes that an export is ready.
	Outbox *outbox.Box
	// Now is the clock.
	Now func() time.Time
}

// Mux returns the consumer's handlers by type of event.
func (c *Consumer) Mux() *event.Mux {
	m := new(event.Mux)
	event.On(m, c.build)
	return m
}

// Handle returns nil when the export is ready or over, or its user is gone, and
// [event.ErrMalformed] for an unreadable event. Any other error requests redelivery.
func (c *Consumer) Handle(ctx context.Context, m event.Message) error { return c.Mux().Handle(ctx, m) }

func (c *Consumer) build(ctx context.Context, _ event.Event, fact event.AccountExportRequestedV1) error {
	j, err := c.claim(ctx, fact.ExportID)
	switch {
	case errors.Is(err, export.ErrGone):
		slog.InfoContext(ctx, "export dropped", "reason", err)
		// An interrupted attempt may have left its object.
		return bucket.Delete(ctx, c.Results.Object(export.ObjectName(account.UID(fact.UID), fact.ExportID)))
	case errors.Is(err, export.ErrOver) && j.State == export.Failed:
		slog.ErrorContext(ctx, "export failed", "attempts", j.Attempts) // read by the metric late
		return nil
	case errors.Is(err, export.ErrOver):
		slog.InfoContext(ctx, "export event dropped", "reason", err)
		return nil
	case errors.Is(err, work.ErrLeased):
		return fault.New(fault.CodeUnavailable, "The export is being made.")
	case err != nil:
		return fmt.Errorf("claim export: %w", err)
	}
	err = c.run(ctx, j)
	if errors.Is(err, work.ErrLost) {
		slog.InfoContext(ctx, "export left", "reason", err)
		return nil
	}
	return err
}

func (c *Consumer) run(ctx context.Context, j export.Job) error {
	w, err := c.write(ctx, j)
	if err == nil {
		err = c.finish(ctx, j, w)
	}
	if err != nil && !errors.Is(err, work.ErrLost) {
		return errors.Join(err, c.giveBack(ctx, j))
	}
	return err
}

// written is the object of an attempt.
type written struct {
	object *storage.ObjectHandle // with its generation
	sha256 string
	bytes  int64
}

// write writes the object in place of the present one.
func (c *Consumer) write(ctx context.Context, j export.Job) (written, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // a writer that is not closed writes nothing
	object := c.Results.Object(j.Object)
	before := storage.Conditions{DoesNotExist: true}
	attrs, err := object.Attrs(ctx)
	if err == nil {
		before = storage.Conditions{GenerationMatch: attrs.Generation}
	}
	if err != nil && !errors.Is(err, storage.ErrObjectNotExist) {
		return written{}, fmt.Errorf("look for an earlier attempt: %w", err)
	}
	w := object.If(before).NewWriter(ctx)
	w.ContentType, w.ChunkSize = export.ContentType, chunk
	sum := sha256.New()
	if err := c.gather(ctx, j, io.MultiWriter(w, sum)); err != nil {
		return written{}, err
	}
	if err := w.Close(); err != nil {
		return written{}, fmt.Errorf("write the archive: %w", err)
	}
	made := w.Attrs()
	return written{object.Generation(made.Generation), hex.EncodeToString(sum.Sum(nil)), made.Size}, nil
}

// finish publishes the object if the lease is still held and the user still wants the export, in
// one commit with the event that it is ready. Otherwise it deletes the object: together with the
// export if the account is gone or being erased, or to build it again if the consent has changed
// meanwhile.
//
// A commit may be done and its answer lost. The transaction is then run again, and finds the export
// ready by its own hand.
func (c *Consumer) finish(ctx context.Context, j export.Job, w written) error {
	var refused error
	mine := func(is export.Job) bool { return is.State == export.Ready && is.SHA256 == w.sha256 }
	err := c.update(ctx, j, mine, func(ctx context.Context, tx *outbox.Tx, current *export.Job) error {
		refused = nil
		u, err := account.EnterActive(tx.Transaction, c.Firestore, j.UID)
		if errors.Is(err, account.ErrClosed) {
			refused = work.ErrLost
			return export.DeleteJob(tx.Transaction, c.Firestore, j.ID)
		}
		if err != nil {
			return err
		}
		if u.ConsentEpoch != j.ConsentEpoch {
			refused = fault.New(fault.CodeUnavailable, "The consent has changed, so the export is built again.")
			return nil
		}
		current.Finish(w.sha256, w.bytes, c.Now().UTC())
		if err := export.WriteJob(tx.Transaction, c.Firestore, *current); err != nil {
			return err
		}
		return tx.Tell(ctx, c.Now(), event.ExportReadyV1{
			UID: string(j.UID), ExportID: j.ID, ConsentEpoch: j.ConsentEpoch, ExpiresAt: current.ExpireAt,
		}, string(j.UID), j.ID)
	})
	if refused != nil || errors.Is(err, work.ErrLost) {
		return errors.Join(refused, err, bucket.Delete(ctx, w.object))
	}
	if err != nil {
		return fmt.Errorf("finish export: %w", err)
	}
	slog.InfoContext(ctx, "exported", "bytes", w.bytes)
	return nil
}

// giveBack releases the export, so that the next delivery need not wait for the lease's end.
func (c *Consumer) giveBack(ctx context.Context, j export.Job) error {
	return work.Release(ctx, func(ctx context.Context) error {
		return c.update(ctx, j, nil, func(_ context.Context, tx *outbox.Tx, current *export.Job) error {
			current.Release(c.Now().UTC())
			return export.WriteJob(tx.Transaction, c.Firestore, *current)
		})
	})
}

// keep returns a function that renews the lease once a third of it is used. It returns work.ErrLost
// if another worker has the lease.
func (c *Consumer) keep(ctx context.Context, j export.Job) func() error {
	renewed := c.Now()
	return func() error {
		now := c.Now().UTC()
		if now.Sub(renewed) < work.LeaseTime/3 {
			return nil
		}
		renewed = now
		return c.update(ctx, j, nil, func(_ context.Context, tx *outbox.Tx, current *export.Job) error {
			current.Renew(now)
			return export.WriteJob(tx.Transaction, c.Firestore, *current)
		})
	}
}
