package erase

import (
	"context"
	"crypto/rand"
	"errors"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/work"
)

// maxAttempts is for a transaction in which deliveries race.
const maxAttempts = 20

// begin writes the saga of a withdrawal, unless it exists. An account that is erased or being
// erased needs none, since its own erasure includes it.
func (e *Consumer) begin(ctx context.Context, fresh erasure.Job) error {
	return e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		_, err := account.EnterStored(tx, e.Firestore, fresh.UID)
		if err != nil {
			return fault.Ignore(err, account.ErrClosed)
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

// held reads the current saga. It returns work.ErrLost if the saga is over, or held by another
// process.
func (e *Consumer) held(tx *firestore.Transaction, j erasure.Job) (current erasure.Job, err error) {
	current, err = erasure.ReadJob(tx, e.Firestore, j.ID())
	if errors.Is(err, erasure.ErrGone) {
		return current, work.ErrLost
	}
	if err != nil {
		return current, err
	}
	return current, current.Lease.Check(j.Lease.Token)
}

// update changes the saga if the holder still has it. write may write more in the same commit, and
// read before that.
func (e *Consumer) update(
	ctx context.Context, held erasure.Job, change func(tx *firestore.Transaction, current *erasure.Job) error,
) (current erasure.Job, err error) {
	err = e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err = e.held(tx, held)
		if err != nil {
			return err
		}
		current.Lease.Renew(e.Now().UTC())
		if err := change(tx, &current); err != nil {
			return err
		}
		return erasure.WriteJob(tx, e.Firestore, current)
	}, firestore.MaxAttempts(maxAttempts))
	return current, err
}
