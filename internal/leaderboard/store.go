package leaderboard

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/store"
)

const schema = 1

// BoardID returns the all-time symmetry board of an engine's major version, such as
// "symmetry_all_v1".
func BoardID(engineMajor int) string { return "symmetry_all_v" + strconv.Itoa(engineMajor) }

// RatingDoc is users/{uid}/ratings/{board}. Contributions are in schema.Collections.
type RatingDoc struct {
	Schema int    `firestore:"schema"`
	Board  string `firestore:"board"`
	// ConsentEpoch is the latest epoch of the contributions.
	ConsentEpoch  int64   `firestore:"consentEpoch"`
	Contributions History `firestore:"contributions"`
	Rating        float64 `firestore:"rating"`
	// FoldAt is when the sweep next folds struck contributions, absent if there are none.
	FoldAt    time.Time `firestore:"foldAt,omitempty"`
	UpdatedAt time.Time `firestore:"updatedAt"`
}

// EntryDoc is boards/{board}/entries/{uid}.
type EntryDoc struct {
	Schema   int         `firestore:"schema"`
	UID      account.UID `firestore:"uid"`
	Username string      `firestore:"username"`
	Rating   float64     `firestore:"rating"`
	// Scans is the number of contributions.
	Scans      int       `firestore:"scans"`
	AchievedAt time.Time `firestore:"achievedAt"`
	UpdatedAt  time.Time `firestore:"updatedAt"`
}

// Ratings returns the collection of the user's ratings, by board.
func Ratings(fs *firestore.Client, uid account.UID) *firestore.CollectionRef {
	return account.Ref(fs, uid).Collection("ratings")
}

// Entries returns the collection of the board's entries, by user.
func Entries(fs *firestore.Client, board string) *firestore.CollectionRef {
	return fs.Collection("boards").Doc(board).Collection("entries")
}

// EntryRef returns the document of the user's entry.
func EntryRef(fs *firestore.Client, board string, uid account.UID) *firestore.DocumentRef {
	return Entries(fs, board).Doc(string(uid))
}

// ReadHistory returns what the user contributed to the board, as far as it stands under the consent
// in force.
func ReadHistory(tx *firestore.Transaction, ref *firestore.DocumentRef, u account.User) (History, error) {
	snap, err := tx.Get(ref)
	doc, err := store.Decode[RatingDoc](snap, err, "rating", nil)
	if err != nil {
		return nil, err
	}
	if !u.Stands(doc.ConsentEpoch) {
		return nil, nil
	}
	return doc.Contributions, nil
}

// ReadRatings returns the documents of all boards that the user has a rating on. Which boards these
// are is asked outside of the transaction, where a query would lock all ratings there are. One that
// is made meanwhile may be missing; it was made from users/{uid} as it is by then.
func ReadRatings(
	ctx context.Context, tx *firestore.Transaction, fs *firestore.Client, uid account.UID,
) ([]RatingDoc, error) {
	boards, err := Ratings(fs, uid).Select().Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list ratings: %w", err)
	}
	refs := make([]*firestore.DocumentRef, len(boards))
	for i, snap := range boards {
		refs[i] = snap.Ref
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return nil, fmt.Errorf("read ratings: %w", err)
	}
	var all []RatingDoc
	for _, snap := range snaps {
		var doc RatingDoc
		if !snap.Exists() {
			continue // deleted meanwhile
		}
		if err := snap.DataTo(&doc); err != nil {
			return nil, fmt.Errorf("decode rating %s: %w", snap.Ref.ID, err)
		}
		all = append(all, doc)
	}
	return all, nil
}

// shown reports whether others may see the user on a board.
func shown(u account.User) bool {
	return u.State == account.Active && u.Consent.Granted && u.Leaderboard.OptIn
}

// Project writes or deletes the entry that results from the user and the contributions.
func Project(
	tx *firestore.Transaction, fs *firestore.Client, board string, u account.User, h History, now time.Time,
) error {
	ref := EntryRef(fs, board, u.UID)
	scans := len(h.Live())
	if !shown(u) || scans == 0 {
		if err := tx.Delete(ref); err != nil {
			return fmt.Errorf("delete entry: %w", err)
		}
		return nil
	}
	err := tx.Set(ref, EntryDoc{
		Schema: schema, UID: u.UID, Username: u.Username, Rating: h.Rating(Major(board)), Scans: scans,
		AchievedAt: h.achievedAt(), UpdatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("write entry: %w", err)
	}
	return nil
}

// Save writes the rating and the entry that result from the contributions, or nothing if they have
// not changed.
func Save(
	tx *firestore.Transaction, fs *firestore.Client, user account.User, board string, before, after History, now time.Time,
) error {
	if after.Equal(before) {
		return nil
	}
	err := tx.Set(Ratings(fs, user.UID).Doc(board), RatingDoc{
		Schema: schema, Board: board, ConsentEpoch: user.ConsentEpoch, Contributions: after,
		Rating: after.Rating(Major(board)), FoldAt: after.FoldAt(), UpdatedAt: now,
	})
	if err != nil {
		return fmt.Errorf("write rating: %w", err)
	}
	return Project(tx, fs, board, user, after, now)
}

// Remove deletes the user's rating on the board and the entry made from it. It only writes.
func Remove(tx *firestore.Transaction, fs *firestore.Client, board string, uid account.UID) error {
	for _, ref := range []*firestore.DocumentRef{Ratings(fs, uid).Doc(board), EntryRef(fs, board, uid)} {
		if err := tx.Delete(ref); err != nil {
			return fmt.Errorf("delete rating: %w", err)
		}
	}
	return nil
}
