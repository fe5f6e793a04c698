package main

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// signIns forgets when sign-ins became valid where the registration wrote it: the version before
// took the time of the ID token, and this one refuses sign-ins of before it. A user who had signed
// in an hour earlier would have to sign in once more. The sweep writes what Firebase says within a
// day. A later time is a sign-out that was seen, and stays.
var signIns = step{
	Name: "sign-ins", About: "forget the times of tokens that were taken for those of sign-ins", Collection: "users",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		var u account.User
		if err := doc.DataTo(&u); err != nil {
			return false, fmt.Errorf("decode it: %w", err)
		}
		return !u.TokensValidAfter.IsZero() && !u.TokensValidAfter.After(u.CreatedAt), nil
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		return tx.Update(doc.Ref, []firestore.Update{{Path: "tokensValidAfter", Value: firestore.Delete}})
	},
}
