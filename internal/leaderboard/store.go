package leaderboard

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/store"
)

const (
	// ratingSchema is the version of RatingDoc. Version 1 had no places.
	ratingSchema = 2
	// entrySchema is the version of EntryDoc. Version 1 had the username, and no sort key.
	entrySchema = 2
)

// RatingDoc is users/{uid}/ratings/{board}, where the board is that of all times and users of an
// engine's major version. The ratings of its weeks and days are made of the same contributions.
type RatingDoc struct {
	Schema int    `firestore:"schema"`
	Board  string `firestore:"board"`
	// ConsentEpoch is the latest epoch of the contributions.
	ConsentEpoch  int64   `firestore:"consentEpoch"`
	Contributions History `firestore:"contributions"`
	Rating        float64 `firestore:"rating"`
	// Places are the user's places on the boards made of the contributions, by the boards' ids.
	Places []Place `firestore:"places"`
	// Told is the rank that the user was last told, absent for one who is not (see package boards).
	Told *Told `firestore:"told,omitempty"`
	// FoldAt is when the sweep next folds struck contributions, absent if there are none.
	FoldAt    time.Time `firestore:"foldAt,omitempty"`
	UpdatedAt time.Time `firestore:"updatedAt"`
}

// EntryDoc is boards/{board}/entries/{uid}. A user's name and choices are not in it: they are read
// from users/{uid}, so that a change shows at once.
type EntryDoc struct {
	Schema int         `firestore:"schema"`
	UID    account.UID `firestore:"uid"`
	Rating float64     `firestore:"rating"`
	// Scans is the number of contributions.
	Scans      int       `firestore:"scans"`
	AchievedAt time.Time `firestore:"achievedAt"`
	// SortKey orders the board (see sortKey).
	SortKey   string    `firestore:"sortKey"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	// ExpireAt is when the board of a week or a day is gone.
	ExpireAt time.Time `firestore:"expireAt,omitzero"`
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

// ReadRating returns the user's rating of the engine's major version. Its contributions are those
// that stand under the consent in force, while its places are all that there are. A rating that
// does not exist has neither.
func ReadRating(tx *firestore.Transaction, fs *firestore.Client, u account.User, major int) (RatingDoc, error) {
	snap, err := tx.Get(RatingRef(fs, u.UID, major))
	if err != nil && status.Code(err) != codes.NotFound {
		return RatingDoc{}, fmt.Errorf("read rating: %w", err)
	}
	return DecodeRating(snap, u)
}

// RatingRef returns the document of the user's rating of the engine's major version.
func RatingRef(fs *firestore.Client, uid account.UID, major int) *firestore.DocumentRef {
	return Ratings(fs, uid).Doc(AllTime(major).ID())
}

// DecodeRating is [ReadRating] for a rating that was read together with others.
func DecodeRating(snap *firestore.DocumentSnapshot, u account.User) (RatingDoc, error) {
	doc, err := store.Decode[RatingDoc](snap, nil, "rating", nil)
	if err != nil {
		return RatingDoc{}, err
	}
	doc.Board = snap.Ref.ID
	if !u.Stands(doc.ConsentEpoch) {
		doc.Contributions, doc.Told = nil, nil
	}
	return doc, nil
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

// TakesPart reports whether others may see the user on a board.
func TakesPart(u account.User) bool {
	return u.State == account.Active && u.Consent.Granted && u.Leaderboard.OptIn
}

// Told is the rank that a user was last told, or would have been.
type Told struct {
	Rank int64 `firestore:"rank"`
	// Day is the UTC day on which it was, such as "2026-11-29".
	Day string `firestore:"day"`
}

// WantsRank reports whether the user is to be told their rank.
func WantsRank(u account.User) bool { return TakesPart(u) && u.Leaderboard.RankEvents }

// toldTo returns what is kept of what the user was told: nothing for one who is not told any more.
// Otherwise a rank of long ago would be the previous one when they want to be told again.
func (d RatingDoc) toldTo(u account.User) *Told {
	if !WantsRank(u) {
		return nil
	}
	return d.Told
}

// Save writes what results from the user and the contributions after a change: the rating, the
// entries and the counts of them. before is the rating as the transaction read it. Save writes
// nothing if nothing has changed, and reads nothing.
func Save(
	tx *firestore.Transaction, fs *firestore.Client, user account.User, before RatingDoc, after History, now time.Time,
) error {
	places, told := before.PlacesAfter(user, after, now), before.toldTo(user)
	if after.Equal(before.Contributions) && samePlaces(places, before.Places) && told == before.Told &&
		user.ConsentEpoch == before.ConsentEpoch {
		return nil
	}
	doc := RatingDoc{
		Schema: ratingSchema, Board: before.Board, ConsentEpoch: user.ConsentEpoch, Contributions: after,
		Rating: after.Rating(Major(before.Board)), Places: places, Told: told,
		FoldAt: after.FoldAt(), UpdatedAt: now,
	}
	if err := tx.Set(Ratings(fs, user.UID).Doc(before.Board), doc); err != nil {
		return fmt.Errorf("write rating: %w", err)
	}
	return move(tx, fs, user.UID, before.Places, places, now)
}

// Remove deletes the rating, which the transaction has read, with its entries and their counts. It
// returns the number of entries.
func Remove(
	tx *firestore.Transaction, fs *firestore.Client, uid account.UID, d RatingDoc, now time.Time,
) (entries int, err error) {
	if err := tx.Delete(Ratings(fs, uid).Doc(d.Board)); err != nil {
		return 0, fmt.Errorf("delete rating: %w", err)
	}
	return len(ShownPlaces(d.Places)), move(tx, fs, uid, d.Places, nil, now)
}

// RemoveEntry deletes an entry, which the transaction has read, without the rating that it is made
// of, and counts it out.
func RemoveEntry(
	tx *firestore.Transaction, fs *firestore.Client, snap *firestore.DocumentSnapshot, now time.Time,
) error {
	e, err := store.Decode[EntryDoc](snap, nil, "entry", nil)
	if err != nil {
		return err
	}
	b, ok := ParseBoard(snap.Ref.Parent.Parent.ID)
	if ok && b.Period.Gone(now) {
		// Its counts expire with the board, and its snapshot, which names the user, perhaps a day later.
		if err := forgetTop(tx, fs, b, e.UID); err != nil {
			return err
		}
	}
	if !ok || b.Period.Gone(now) {
		return tx.Delete(snap.Ref)
	}
	return MoveEntry(tx, fs, b, e.UID, e.Place(), Place{}, now)
}
