package build

import (
	"context"
	"crypto/rand"
	"errors"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/work"
)

// maxAttempts is for a transaction in which deliveries race.
const maxAttempts = 20

// claim takes the export, or returns why it cannot. An export whose user is gone or being erased is
// deleted, with the error export.ErrGone.
func (c *Consumer) claim(ctx context.Context, id string) (j export.Job, err error) {
	token := rand.Text()
	var refused error
	err = c.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		if j, err = export.ReadJob(tx, c.Firestore, id); err != nil {
			return err
		}
		u, err := account.EnterActive(tx, c.Firestore, j.UID)
		if errors.Is(err, account.ErrClosed) {
			refused = export.ErrGone
			return export.DeleteJob(tx, c.Firestore, id)
		}
		if err != nil {
			return err
		}
		refused = j.Claim(token, u.ConsentEpoch, c.Now().UTC())
		if refused != nil && j.State != export.Failed {
			return nil
		}
		return export.WriteJob(tx, c.Firestore, j)
	}, firestore.MaxAttempts(maxAttempts))
	return j, errors.Join(err, refused)
}

// update changes the export if the holder still has it. Otherwise it returns work.ErrLost. done, if
// set, reports whether an export is already as the change makes it, which is nothing to do.
func (c *Consumer) update(
	ctx context.Context, held export.Job, done func(export.Job) bool,
	change func(ctx context.Context, tx *outbox.Tx, current *export.Job) error,
) error {
	return c.Outbox.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		current, err := export.ReadJob(tx.Transaction, c.Firestore, held.ID)
		if errors.Is(err, export.ErrGone) {
			return work.ErrLost
		}
		if err != nil {
			return err
		}
		if done != nil && done(current) {
			return nil
		}
		if err := current.Lease.Check(held.Lease.Token); err != nil {
			return err
		}
		return change(ctx, tx, &current)
	})
}
