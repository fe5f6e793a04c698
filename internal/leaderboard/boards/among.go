package boards

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/leaderboard"
)

// Among returns the part of the board that the users are on, with their ranks among each other,
// without users who do not take part any more. It reads the entries as they are now, one for each
// user, and is meant for some hundred.
func (r *Reader) Among(ctx context.Context, b leaderboard.Board, caller account.UID, uids []account.UID) (Page, error) {
	refs := make([]*firestore.DocumentRef, len(uids))
	for i, uid := range uids {
		refs[i] = leaderboard.EntryRef(r.Firestore, b.ID(), uid)
	}
	snaps, err := r.Firestore.GetAll(ctx, refs)
	if err != nil {
		return Page{}, fmt.Errorf("read entries of %s: %w", b.ID(), err)
	}
	p := Page{AsOf: r.Now()}
	var found []row
	for _, snap := range snaps {
		p.AsOf = snap.ReadTime
		if !snap.Exists() {
			continue
		}
		one, err := rowOf(snap)
		if err != nil {
			return Page{}, err
		}
		found = append(found, one)
	}
	slices.SortFunc(found, func(a, b row) int { return cmp.Compare(a.SortKey, b.SortKey) })
	users, err := r.users(ctx, found)
	if err != nil {
		return Page{}, err
	}
	// Before the ranks are given: in so small a circle a gap would show who has left.
	var w window
	var present []account.User
	for i, u := range users {
		if leaderboard.TakesPart(u) {
			w.rows, present = append(w.rows, found[i]), append(present, u)
		}
	}
	p.Rows = w.shown(present, caller)
	p.Total = int64(len(p.Rows))
	return p, nil
}
