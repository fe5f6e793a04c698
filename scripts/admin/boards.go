package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/scan/rerank"
)

// driftView is how far a board's counts are from its entries.
type driftView struct {
	Board   string `json:"board"`
	Entries int64  `json:"entries"`
	Wrong   int64  `json:"wrong"`
	// Outcome is what was done, or why it failed.
	Outcome string `json:"outcome"`
}

// errBoards means that the work failed on boards.
var errBoards = errors.New("it failed on boards; the table has why")

// boardsOf returns the board of the id, or all that are kept.
func boardsOf(ctx context.Context, fs *firestore.Client, id string) ([]leaderboard.Board, error) {
	if id != "" {
		b, ok := leaderboard.ParseBoard(id)
		if !ok {
			return nil, fmt.Errorf("%q is no board", id)
		}
		return []leaderboard.Board{b}, nil
	}
	var all []leaderboard.Board
	for refs := fs.Collection("boards").DocumentRefs(ctx); ; {
		ref, err := refs.Next()
		if errors.Is(err, iterator.Done) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list the boards: %w", err)
		}
		if b, ok := leaderboard.ParseBoard(ref.ID); ok && !b.Period.Gone(time.Now()) {
			all = append(all, b)
		}
	}
}

// onBoards does something with each of the boards, and returns the table.
func (t *tools) onBoards(
	ctx context.Context, id, outcome string, do func(*boards.Reader, leaderboard.Board) (boards.Drift, error),
) (answer, error) {
	fs, err := t.firestore(ctx)
	if err != nil {
		return answer{}, err
	}
	all, err := boardsOf(ctx, fs, id)
	if err != nil {
		return answer{}, err
	}
	views, failed := []driftView{}, 0
	bar := terminal.Bar(t.progress, len(all), "boards")
	for _, b := range all {
		v := driftView{Board: b.ID(), Outcome: outcome}
		d, err := do(&boards.Reader{Firestore: fs, Now: time.Now}, b)
		if v.Entries, v.Wrong = d.Entries, d.Wrong; err != nil {
			v.Outcome = err.Error()
			failed++
		}
		views = append(views, v)
		_ = bar.Add(1) // to a terminal
	}
	a := answer{head: []string{"BOARD", "ENTRIES", "WRONG", "OUTCOME"}, value: views}
	for _, v := range views {
		a.rows = append(a.rows, []string{
			v.Board, strconv.FormatInt(v.Entries, 10), strconv.FormatInt(v.Wrong, 10), v.Outcome,
		})
	}
	a.notes = []string{fmt.Sprintf("%d boards", len(views))}
	if failed > 0 {
		return a, fmt.Errorf("%d of %d: %w", failed, len(views), errBoards)
	}
	return a, nil
}

var boardsDrift = command{
	name: "boards drift", about: "compares the counts of leaderboards with their entries, each of which it reads",
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		id := flags.String("board", "", "only the board of this `id`")
		return none, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			return t.onBoards(ctx, *id, "compared", func(r *boards.Reader, b leaderboard.Board) (boards.Drift, error) {
				return r.Drift(ctx, b)
			})
		}
	},
}

var boardsRebuild = command{
	name: "boards rebuild", about: "corrects the counts of leaderboards by a recount, or makes a user's ratings again",
	more: `What others count meanwhile is kept. With -uid it makes the ratings and entries of one user again,
from the scans and series that exist.`,
	changes: true, acts: true, rates: true,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		id := flags.String("board", "", "only the board of this `id`")
		uid := perhapsOfUser(flags, "the ratings of the `user` instead of counts")
		check := func(args []string) error {
			if *id != "" && *uid != "" {
				return errors.New("-board and -uid exclude each other")
			}
			return errors.Join(validUser(*uid), none(args))
		}
		return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			if *uid != "" {
				return t.rebuildUser(ctx, *uid)
			}
			return t.onBoards(ctx, *id, t.done("recounted"), func(r *boards.Reader, b leaderboard.Board) (boards.Drift, error) {
				if t.dryRun {
					return r.Drift(ctx, b)
				}
				return r.Recount(ctx, b, func(tx *firestore.Transaction) error {
					return t.acts().Write(tx, audit.Act{Kind: audit.BoardRebuilt, Actor: audit.Operator, Object: b.ID()})
				})
			})
		}
	},
}

// rebuiltView is a user whose ratings were made again.
type rebuiltView struct {
	UID account.UID `json:"uid"`
	// Facts is from how many, 0 in a dry run, which makes none.
	Facts int `json:"facts"`
	// Outcome is "rebuilt" or "would be rebuilt".
	Outcome string `json:"outcome"`
}

func (t *tools) rebuildUser(ctx context.Context, uid account.UID) (answer, error) {
	fs, err := t.firestore(ctx)
	if err != nil {
		return answer{}, err
	}
	if _, err := account.Get(ctx, fs, uid); err != nil {
		return answer{}, fmt.Errorf("read the user: %w", err)
	}
	v := rebuiltView{UID: uid, Outcome: t.done("rebuilt")}
	if !t.dryRun {
		act := audit.Act{Kind: audit.RatingsRebuilt, Actor: audit.Operator}
		if _, err := operate.Note(ctx, fs, t.acts(), uid, act); err != nil {
			return answer{}, err
		}
		// Quiet facts owe no events.
		c := rank.Consumer{Firestore: fs, Key: t.ring(keys.ForRatings), Now: time.Now}
		if c.Outbox, err = t.box(ctx); err != nil {
			return answer{}, err
		}
		if v.Facts, err = rerank.User(ctx, c, uid); err != nil {
			return answer{}, fmt.Errorf("make the ratings again: %w", err)
		}
	}
	note := fmt.Sprintf("%s %s", v.UID, v.Outcome)
	if !t.dryRun {
		note += fmt.Sprintf(" from %d facts", v.Facts)
	}
	return answer{value: v, notes: []string{note}}, nil
}
