package boards

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/store"
)

// Find returns the board that the API calls by the name: a board's id, or [Main]. major is the
// current engine's major version. The error is not_found for a board that never was, and board_gone
// for one that is not kept any more.
func Find(name string, major int, now time.Time) (leaderboard.Board, error) {
	if name == Main {
		return leaderboard.AllTime(major), nil
	}
	b, ok := leaderboard.ParseBoard(name)
	if !ok || b.Major > major || b.Period.Begin().After(now) {
		return b, fault.New(fault.CodeNotFound, "There is no such leaderboard.")
	}
	if b.Period.Gone(now) {
		return b, fault.New(fault.CodeBoardGone, "This leaderboard was kept until %s.", httpapi.Time(b.Period.Expires()))
	}
	return b, nil
}

// Main is what the API calls the board of all users and all times of the current engine.
const Main = "symmetry"

// Among returns the part of the board that the users are on, with their ranks among each other. It
// reads the entries as they are now, one for each user, and is meant for some hundred.
func (r *Reader) Among(ctx context.Context, b leaderboard.Board, caller account.UID, uids []account.UID) (Page, error) {
	refs := make([]*firestore.DocumentRef, len(uids))
	for i, uid := range uids {
		refs[i] = leaderboard.EntryRef(r.Firestore, b.ID(), uid)
	}
	snaps, err := r.Firestore.GetAll(ctx, refs)
	if err != nil {
		return Page{}, fmt.Errorf("read entries of %s: %w", b.ID(), err)
	}
	var w window
	asOf := r.Now()
	for _, snap := range snaps {
		e, err := store.Decode[leaderboard.EntryDoc](snap, nil, "entry", nil)
		if err != nil {
			return Page{}, err
		}
		asOf = snap.ReadTime
		if snap.Exists() {
			w.rows = append(w.rows, row{e.UID, leaderboard.TopRow{Rating: e.Rating, Scans: e.Scans, SortKey: e.SortKey}})
		}
	}
	slices.SortFunc(w.rows, func(a, b row) int { return cmp.Compare(a.SortKey, b.SortKey) })
	w.added = int64(len(w.rows))
	p, err := r.page(ctx, Snapshot{Board: b, AsOf: asOf}, caller, w)
	p.Total = int64(len(p.Rows))
	return p, err
}
