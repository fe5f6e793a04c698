package leaderboard

import (
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/transact"
)

// Forgotten reports whether the user had the ratings forgotten after the contribution was
// completed: then it never counts again.
func Forgotten(u account.User, c Contribution) bool {
	return !c.CompletedAt.After(u.Leaderboard.ForgottenAt)
}

// Forget removes all ratings of the user, whose account must be in use, and the entries made from
// them, in one commit with the time that events of earlier scans are known by (see [Forgotten]). A
// rating that was begun while the commit was prepared is removed by a second one.
func Forget(ctx context.Context, fs *firestore.Client, uid account.UID, now time.Time) error {
	err := Change(ctx, fs, uid, func(tx *firestore.Transaction, u account.User, all []RatingDoc) error {
		at := now.UTC()
		for _, d := range all {
			for _, c := range d.Contributions {
				if c.CompletedAt.After(at) {
					at = c.CompletedAt // by the clock of another machine
				}
			}
		}
		if err := removeAll(tx, fs, uid, all, now); err != nil {
			return err
		}
		return note(tx, fs, u, at)
	})
	if err != nil {
		return fmt.Errorf("forget the ratings: %w", err)
	}
	err = Change(ctx, fs, uid, func(tx *firestore.Transaction, u account.User, all []RatingDoc) error {
		left := slices.DeleteFunc(all, func(d RatingDoc) bool {
			return !slices.ContainsFunc(d.Contributions, func(c Contribution) bool { return Forgotten(u, c) })
		})
		return removeAll(tx, fs, uid, left, now)
	})
	if err != nil {
		return fmt.Errorf("forget what was rated meanwhile: %w", err)
	}
	return nil
}

// note writes into the user's document when the ratings were forgotten. It only writes.
func note(tx *firestore.Transaction, fs *firestore.Client, u account.User, at time.Time) error {
	err := tx.Update(account.Ref(fs, u.UID), []firestore.Update{
		{Path: "leaderboard.forgottenAt", Value: at.UTC()},
		{Path: "revision", Value: u.Revision + 1}, {Path: "updatedAt", Value: at.UTC()},
	})
	if err != nil {
		return fmt.Errorf("note that the ratings are forgotten: %w", err)
	}
	return nil
}

// Change runs commit in a transaction with the user and all ratings.
func Change(
	ctx context.Context, fs *firestore.Client, uid account.UID,
	commit func(*firestore.Transaction, account.User, []RatingDoc) error,
) error {
	return transact.Run(ctx, fs, account.Ref(fs, uid), func(ctx context.Context, tx *firestore.Transaction) error {
		user, err := account.ReadActive(ctx, tx, fs, uid)
		if err != nil {
			return err
		}
		all, err := ReadRatings(ctx, tx, fs, uid)
		if err != nil {
			return err
		}
		return commit(tx, user, all)
	})
}

func removeAll(tx *firestore.Transaction, fs *firestore.Client, uid account.UID, all []RatingDoc, now time.Time) error {
	for _, d := range all {
		if _, err := Remove(tx, fs, uid, d, now); err != nil {
			return err
		}
	}
	return nil
}
