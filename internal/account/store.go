package account

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
)

// Service keeps the accounts. It is safe for concurrent use.
type Service struct {
	fs  *firestore.Client
	box *outbox.Box
	now func() time.Time
}

// New makes a service over the database and the outbox; now is the clock.
func New(fs *firestore.Client, box *outbox.Box, now func() time.Time) *Service {
	return &Service{fs: fs, box: box, now: now}
}

// read is the account in use, outside of a transaction: for showing only.
func (s *Service) read(ctx context.Context, uid UID) (User, error) {
	return GetActive(ctx, s.fs, uid)
}

// effect is what an edit of users/{uid} did.
type effect int

const (
	// nothing was changed, so nothing is written.
	nothing effect = iota
	// private changes are written.
	private
	// visible changes are written and told to whoever shows the user to others, by account.updated.
	visible
)

// editable are the members of users/{uid} that an edit writes. The rest (the state, what a later version adds) is
// left as it is, so that an old instance does not undo a new one's work.
var editable = firestore.Merge(
	firestore.FieldPath{"consentEpoch"}, firestore.FieldPath{"consent"},
	firestore.FieldPath{"email"}, firestore.FieldPath{"emailVerified"},
	firestore.FieldPath{"username"}, firestore.FieldPath{"folded"}, firestore.FieldPath{"renamedAt"},
	firestore.FieldPath{"displayName"}, firestore.FieldPath{"locale"}, firestore.FieldPath{"leaderboard"},
	firestore.FieldPath{"birthYear"}, firestore.FieldPath{"keepPhotosDays"},
	firestore.FieldPath{"revision"}, firestore.FieldPath{"updatedAt"},
)

// change edits an account in use, in one transaction with the event that the edit owes. edit may run more than once.
func (s *Service) change(
	ctx context.Context, uid UID, edit func(tx *outbox.Tx, u *User) (effect, error),
) (u User, did effect, err error) {
	err = s.box.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		u, err = ReadActive(tx.Transaction, s.fs, uid)
		if err != nil {
			return err
		}
		did, err = edit(tx, &u)
		if err != nil {
			return err
		}
		return s.save(ctx, tx, &u, did)
	})
	return u, did, err
}

// save writes the edited user as the next revision.
func (s *Service) save(ctx context.Context, tx *outbox.Tx, u *User, did effect) error {
	if did == nothing {
		return nil
	}
	u.Revision++
	u.UpdatedAt = s.now().UTC()
	if err := tx.Set(Ref(s.fs, u.UID), u, editable); err != nil {
		return fmt.Errorf("write user: %w", err)
	}
	if did != visible {
		return nil
	}
	return tx.Tell(ctx, s.now(), event.AccountUpdatedV1{UID: string(u.UID)}, string(u.UID), strconv.FormatInt(u.Revision, 10))
}
