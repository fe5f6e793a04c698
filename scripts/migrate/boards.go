package main

import (
	"context"
	"fmt"
	"regexp"
	"strconv"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/store"
)

// formerBoard matches the ids of boards of the version before.
var formerBoard = regexp.MustCompile(`^symmetry_all_v([1-9][0-9]*)$`)

// divided moves each rating, and its entry, from the one board of an engine's major version to the
// boards of divisions and periods. What this version has counted meanwhile is kept. Whether others
// see the entry is decided anew: the version before showed each from the first scan on. An entry
// without a rating had lost it, and goes.
var divided = step{
	Name: "boards", About: "move ratings to the boards of divisions and periods", Collection: "ratings",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		return formerBoard.MatchString(doc.Ref.ID), nil
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		major, err := strconv.Atoi(formerBoard.FindStringSubmatch(doc.Ref.ID)[1])
		if err != nil {
			return err
		}
		var former leaderboard.RatingDoc
		if err := doc.DataTo(&former); err != nil {
			return fmt.Errorf("decode it: %w", err)
		}
		user, err := account.Read(tx.inner, tx.fs, account.UID(doc.Ref.Parent.Parent.ID))
		if err != nil {
			return fmt.Errorf("read its user: %w", err)
		}
		rating, err := leaderboard.ReadRating(tx.inner, tx.fs, user, major)
		if err != nil {
			return err
		}
		if user.Stands(former.ConsentEpoch) {
			all := rating.Contributions
			for _, c := range former.Contributions {
				all = all.Add(c)
			}
			err := tx.write("rate", leaderboard.Ratings(tx.fs, user.UID).Doc(rating.Board), func() error {
				return leaderboard.Save(tx.inner, tx.fs, user, rating, all.Trim(), tx.now)
			})
			if err != nil {
				return err
			}
		}
		if err := tx.Delete(leaderboard.EntryRef(tx.fs, doc.Ref.ID, user.UID)); err != nil {
			return err
		}
		return tx.Delete(doc.Ref)
	},
}

// formerEntries removes the entries of the version before that no rating led to.
var formerEntries = step{
	Name: "former-entries", About: "remove entries of the former boards that are left", Collection: "entries",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		return formerBoard.MatchString(doc.Ref.Parent.Parent.ID), nil
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		snap, err := tx.Get(leaderboard.Ratings(tx.fs, account.UID(doc.Ref.ID)).Doc(doc.Ref.Parent.Parent.ID))
		former, err := store.Decode[leaderboard.RatingDoc](snap, err, "its rating", nil)
		if err != nil {
			return err
		}
		if former.Board != "" {
			return fmt.Errorf("its rating %s is there: run the step boards first", pathOf(snap.Ref))
		}
		return tx.Delete(doc.Ref)
	},
}
