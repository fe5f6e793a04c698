package erase

import (
	"context"
	"crypto/rand"
	"errors"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/erasure"
)

// maxAttempts of a transaction, for where deliveries race.
const maxAttempts = 20

// errLost means that the saga went to another process meanwhile.
var errLost = errors.New("the erasure's lease is lost")

// begin writes the saga of a withdrawal, unless it is there. An account that is gone or going needs
// none: its own erasure goes further.
func (e *Consumer) begin(ctx context.Context, fresh erasure.Job) error {
	return e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		_, err := account.EnterActive(tx, e.Firestore, fresh.UID)
		if errors.Is(err, account.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := erasure.ReadJob(tx, e.Firestore, fresh.ID()); !errors.Is(err, erasure.ErrGone) {
			return err
		}
		return erasure.WriteJob(tx, e.Firestore, fresh)
	}, firestore.MaxAttempts(maxAttempts))
}

func (e *Consumer) claim(ctx context.Context, id string) (erasure.Job, error) {
	var j erasure.Job
	token := rand.Text()
	err := e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		var err error
		if j, err = erasure.ReadJob(tx, e.Firestore, id); err != nil {
			return err
		}
		if err := j.Claim(token, e.Now().UTC()); err != nil {
			return err
		}
		return erasure.WriteJob(tx, e.Firestore, j)
	}, firestore.MaxAttempts(maxAttempts))
	return j, err
}

// update changes the saga if it is still the holder's; write may write more in the same commit, and
// read before that.
func (e *Consumer) update(
	ctx context.Context, held erasure.Job, change func(tx *firestore.Transaction, current *erasure.Job) error,
) (current erasure.Job, err error) {
	err = e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err = erasure.ReadJob(tx, e.Firestore, held.ID())
		if errors.Is(err, erasure.ErrGone) || err == nil && current.Lease.Token != held.Lease.Token {
			return errLost
		}
		if err != nil {
			return err
		}
		current.Lease.Until = e.Now().UTC().Add(catalog.Lease)
		if err := change(tx, &current); err != nil {
			return err
		}
		return erasure.WriteJob(tx, e.Firestore, current)
	}, firestore.MaxAttempts(maxAttempts))
	return current, err
}
