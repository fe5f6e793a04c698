package leaderboard

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// Place is a user's place on a board. It is a part of the rating, which every change reads, so that
// an entry and its count follow from it without reading either.
type Place struct {
	// Board is the board's id.
	Board  string  `firestore:"board"`
	Rating float64 `firestore:"rating"`
	// Scans is the number of contributions.
	Scans      int       `firestore:"scans"`
	AchievedAt time.Time `firestore:"achievedAt"`
	// Public reports whether others may see it if the user takes part (see [Public]). It is the last
	// decision before the board closed.
	Public bool `firestore:"public"`
	// Shown reports whether there is an entry. Bucket and Shard are where the board's histogram counts
	// it.
	Shown  bool `firestore:"shown"`
	Bucket int  `firestore:"bucket"`
	Shard  int  `firestore:"shard"`
}

// Key returns the sort key of the user's entry at the place.
func (p Place) Key(uid account.UID) string { return sortKey(p.Rating, p.AchievedAt, uid) }

// placeOf returns the place that the contributions give on the board, or false without one that
// counts.
func placeOf(b Board, uid account.UID, h History, public bool) (Place, bool) {
	live := h.Live()
	if len(live) == 0 {
		return Place{}, false
	}
	rating := h.Rating(b.Major)
	return Place{
		Board: b.ID(), Rating: rating, Scans: len(live), AchievedAt: h.achievedAt(), Public: public,
		Bucket: BucketOf(rating), Shard: ShardOf(uid),
	}, true
}

// PlacesAfter returns the places of the user with the contributions: those on open boards anew, and
// those on closed boards as they are, but for whether they are shown. Places on boards that have
// expired are left out.
func (d RatingDoc) PlacesAfter(u account.User, h History, now time.Time) []Place {
	all, ok := ParseBoard(d.Board)
	if !ok {
		return nil
	}
	var after []Place
	for _, p := range d.Places {
		b, ok := ParseBoard(p.Board)
		// A place that was made under a withdrawn consent goes.
		if ok && u.Stands(d.ConsentEpoch) && !b.Period.Open(now) && !b.Period.Gone(now) {
			after = append(after, p)
		}
	}
	public := Public(u, h)
	for _, period := range h.periods(now) {
		part := h
		if !period.Always() {
			part = h.Between(period.Begin(), period.End())
		}
		for _, division := range divisionsOf(u) {
			if p, ok := placeOf(Board{division, period, all.Major}, u.UID, part, public); ok {
				after = append(after, p)
			}
		}
	}
	for i := range after {
		after[i].Shown = after[i].Public && TakesPart(u)
	}
	slices.SortFunc(after, func(a, b Place) int { return cmp.Compare(a.Board, b.Board) })
	return after
}

// divisionsOf returns the divisions on whose boards the user is.
func divisionsOf(u account.User) []account.Division {
	if u.Leaderboard.Division == account.NoDivision {
		return []account.Division{Overall}
	}
	return []account.Division{Overall, u.Leaderboard.Division}
}

// periods returns all time and the open periods that have a contribution.
func (h History) periods(now time.Time) []Period {
	open := []Period{{}}
	for _, c := range h {
		for _, p := range []Period{Week(c.When()), Day(c.When())} {
			if p.Open(now) && !slices.Contains(open, p) {
				open = append(open, p)
			}
		}
	}
	return open
}

func samePlaces(a, b []Place) bool {
	return slices.EqualFunc(a, b, func(p, q Place) bool {
		at := p.AchievedAt.Equal(q.AchievedAt)
		p.AchievedAt = q.AchievedAt
		return at && p == q
	})
}

// move writes the entries and counts that differ between the places before and after.
func move(
	tx *firestore.Transaction, fs *firestore.Client, uid account.UID, before, after []Place, now time.Time,
) error {
	was, is := ShownPlaces(before), ShownPlaces(after)
	for _, board := range boardsOf(before, after) {
		b, ok := ParseBoard(board)
		if !ok || b.Period.Gone(now) {
			continue // its entries and counts expire with it
		}
		if err := MoveEntry(tx, fs, b, uid, was[board], is[board], now); err != nil {
			return fmt.Errorf("move on %s: %w", board, err)
		}
	}
	return nil
}

// ShownPlaces returns the places that have an entry, by their boards' ids.
func ShownPlaces(places []Place) map[string]Place {
	shown := map[string]Place{}
	for _, p := range places {
		if p.Shown {
			shown[p.Board] = p
		}
	}
	return shown
}

// boardsOf returns the ids of all the places' boards, sorted, so that a transaction writes in the
// same order each time.
func boardsOf(places ...[]Place) (ids []string) {
	for _, p := range slices.Concat(places...) {
		ids = append(ids, p.Board)
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// MoveEntry writes the change from one entry on a board to the next, with the counts. The zero
// Place is no entry.
func MoveEntry(
	tx *firestore.Transaction, fs *firestore.Client, b Board, uid account.UID, was, is Place, now time.Time,
) error {
	ref := EntryRef(fs, b.ID(), uid)
	switch {
	case !was.Shown && !is.Shown:
		return nil
	case !is.Shown:
		if err := tx.Delete(ref); err != nil {
			return fmt.Errorf("delete entry: %w", err)
		}
		if err := forgetTop(tx, fs, b, uid); err != nil {
			return err
		}
		return AddTo(tx, fs, b, was.Shard, map[int]int{was.Bucket: -1})
	}
	if !was.Shown || was.Key(uid) != is.Key(uid) || was.Scans != is.Scans {
		if err := tx.Set(ref, is.entry(b, uid, now)); err != nil {
			return fmt.Errorf("write entry: %w", err)
		}
	}
	by := map[int]int{}
	if was.Shown {
		by[was.Bucket]--
	}
	by[is.Bucket]++
	return AddTo(tx, fs, b, is.Shard, by)
}

// entry returns the entry of the place.
func (p Place) entry(b Board, uid account.UID, now time.Time) EntryDoc {
	return EntryDoc{
		Schema: entrySchema, UID: uid, Rating: p.Rating, Scans: p.Scans, AchievedAt: p.AchievedAt, SortKey: p.Key(uid),
		UpdatedAt: now, ExpireAt: b.Period.Expires(),
	}
}

// Place returns the place that the entry shows.
func (e EntryDoc) Place() Place {
	return Place{
		Rating: e.Rating, Scans: e.Scans, AchievedAt: e.AchievedAt, Public: true, Shown: true,
		Bucket: BucketOf(e.Rating), Shard: ShardOf(e.UID),
	}
}
