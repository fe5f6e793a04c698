package main

import (
	"context"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// bans writes the state of those whom the version before banned by a time that no sign-in is later
// than. Their sign-ins have ended by the time of the step.
var bans = step{
	Name: "bans", About: "write the state of the accounts that are banned", Collection: "users",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		u, err := decodeUser(doc)
		return u.State == account.Active && u.TokensValidAfter.Equal(account.FormerBan), err
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		return tx.Update(doc.Ref, []firestore.Update{
			{Path: "state", Value: string(account.Banned)},
			{Path: "tokensValidAfter", Value: tx.now.Truncate(time.Second)},
		})
	},
}
