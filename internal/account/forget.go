package account

import (
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
)

// Forget notes in the transaction that the user had the leaderboard ratings forgotten at the time.
// It only writes.
func Forget(tx *firestore.Transaction, fs *firestore.Client, u User, at time.Time) error {
	err := tx.Update(Ref(fs, u.UID), []firestore.Update{
		{Path: "leaderboard.forgottenAt", Value: at.UTC()},
		{Path: "revision", Value: u.Revision + 1}, {Path: "updatedAt", Value: at.UTC()},
	})
	if err != nil {
		return fmt.Errorf("note that the ratings are forgotten: %w", err)
	}
	return nil
}
