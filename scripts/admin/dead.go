package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/operate/dead"
)

// letterView is a dead letter, without its data, which may have what was measured.
type letterView struct {
	ID          string    `json:"id"`
	EventID     string    `json:"eventId,omitempty"`
	Type        string    `json:"type,omitempty"`
	Function    string    `json:"function,omitempty"`
	Topic       string    `json:"topic,omitempty"`
	UID         string    `json:"uid,omitempty"`
	ScanID      string    `json:"scanId,omitempty"`
	Attempts    int       `json:"attempts"`
	Bytes       int       `json:"bytes"`
	PublishedAt time.Time `json:"publishedAt,omitzero"`
	DiedAt      time.Time `json:"diedAt"`
}

func newLetterView(l dead.Letter) letterView {
	about := event.About(l.Data)
	return letterView{
		ID: l.MessageID, EventID: l.EventID, Type: l.Type, Function: l.Function, Topic: l.Topic, UID: about.UID,
		ScanID: about.ScanID, Attempts: l.Attempts, Bytes: len(l.Data), PublishedAt: l.PublishedAt, DiedAt: l.DiedAt,
	}
}

// holding is the part of a command's help about what it does to others.
const holding = `While it works on letters, for a minute at most, they are hidden from others' commands.`

// pulled pulls the wanted letters, hands them on and gives back what is not acknowledged.
func (t *tools) pulled(
	ctx context.Context, limit int, wanted func(dead.Letter) bool,
	do func(l *dead.Letters, letters []dead.Letter, all bool) (kept []dead.Letter, err error),
) error {
	l, err := t.letters(ctx)
	if err != nil {
		return err
	}
	letters, all, err := l.Pull(ctx, limit, wanted)
	if err == nil {
		letters, err = do(l, letters, all)
	}
	return errors.Join(err, l.Release(ctx, letters...))
}

func every(dead.Letter) bool { return true }

var deadList = command{
	name: "dead list", about: "lists the dead letters, and leaves them where they are", more: holding,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		limit, bounded := limited(flags, 100, "list so `many` at most")
		check := func(args []string) error { return errors.Join(bounded(), none(args)) }
		return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			views, more := []letterView{}, false
			err := t.pulled(ctx, *limit, every,
				func(_ *dead.Letters, letters []dead.Letter, all bool) ([]dead.Letter, error) {
					for _, one := range letters {
						views = append(views, newLetterView(one))
					}
					more = !all
					return letters, nil
				})
			slices.SortFunc(views, func(a, b letterView) int { return a.DiedAt.Compare(b.DiedAt) })
			a := answer{head: []string{"ID", "DIED", "FUNCTION", "EVENT", "TYPE", "ATTEMPTS"}, value: views}
			for _, v := range views {
				a.rows = append(a.rows, []string{
					v.ID, when(v.DiedAt), v.Function, short(v.EventID), short(v.Type), strconv.Itoa(v.Attempts),
				})
			}
			a.notes = []string{fmt.Sprintf("%d dead letters", len(views))}
			if more {
				a.notes[0] += ", and perhaps more: -limit"
			}
			return a, err
		}
	},
}

// errNoLetter means that a letter was not found.
var errNoLetter = errors.New("there is no such dead letter, or another command holds it for a minute")

var deadShow = command{
	name: "dead show", args: "ID", about: "shows the dead letter of the ID, or of an event's, without its data",
	more: holding,
	define: func(*flag.FlagSet) (func([]string) error, runner) {
		return one, func(ctx context.Context, t *tools, args []string) (answer, error) {
			a := answer{}
			err := t.pulled(ctx, 1, func(l dead.Letter) bool { return l.Is(args[0]) },
				func(_ *dead.Letters, letters []dead.Letter, _ bool) ([]dead.Letter, error) {
					if len(letters) == 0 {
						return nil, fmt.Errorf("show dead letter %s: %w", args[0], errNoLetter)
					}
					v := newLetterView(letters[0])
					a = answer{value: v, rows: [][]string{
						{"id", v.ID}, {"event", v.EventID}, {"type", v.Type}, {"function", v.Function}, {"topic", v.Topic},
						{"user", v.UID}, {"scan", v.ScanID}, {"attempts", strconv.Itoa(v.Attempts)},
						{"bytes", strconv.Itoa(v.Bytes)}, {"published", when(v.PublishedAt)}, {"died", when(v.DiedAt)},
					}}
					a.rows = slices.DeleteFunc(a.rows, func(row []string) bool { return row[1] == "" })
					return letters, nil
				})
			return a, err
		}
	},
}

var deadRedrive = command{
	name: "dead redrive", args: "ID... | -all",
	about: "publishes dead letters again, to the topics they came from, and then removes them",
	more: `The IDs are of letters or of events. Each is owed in the outbox first, then published, and then
acknowledged. One that stays since the command was killed may be redriven again: the functions drop
by the event's id what they have handled. ` + holding,
	changes: true, signs: true, acts: true, define: ofLetters("redriven",
		func(ctx context.Context, t *tools, l *dead.Letters, one dead.Letter) (operate.Sent, error) {
			r, err := t.redriver(ctx)
			if err != nil {
				return operate.Sent{}, err
			}
			return l.Redrive(ctx, r, one)
		}),
}

var deadDrop = command{
	name: "dead drop", args: "ID... | -all",
	about: "removes dead letters without a redrive, such as those of closed accounts",
	more:  holding, changes: true, acts: true, define: ofLetters("dropped",
		func(ctx context.Context, t *tools, l *dead.Letters, one dead.Letter) (none operate.Sent, err error) {
			r, err := t.redriver(ctx)
			if err != nil {
				return none, err
			}
			return none, l.Drop(ctx, r, one)
		}),
}

// ofLetters defines a command that does something to letters.
func ofLetters(
	what string, do func(context.Context, *tools, *dead.Letters, dead.Letter) (operate.Sent, error),
) func(*flag.FlagSet) (func([]string) error, runner) {
	return func(flags *flag.FlagSet) (func([]string) error, runner) {
		all := flags.Bool("all", false, "take all there are, up to the limit")
		limit, bounded := limited(flags, 100, "take so `many` at most, with -all")
		check := func(args []string) error {
			if *all == (len(args) > 0) {
				return errors.New("name letters by their IDs, or all by -all")
			}
			return bounded()
		}
		return check, func(ctx context.Context, t *tools, args []string) (a answer, err error) {
			wanted, most := every, *limit
			if !*all {
				wanted = func(l dead.Letter) bool { return slices.ContainsFunc(args, l.Is) }
				most = max(*limit, len(args))
			}
			pullErr := t.pulled(ctx, most, wanted,
				func(l *dead.Letters, letters []dead.Letter, _ bool) (kept []dead.Letter, _ error) {
					did, failed := []redriven{}, 0
					for _, one := range letters {
						sent, fault := do(ctx, t, l, one)
						r := redriven{ID: one.MessageID, Topic: one.Topic, Outcome: t.outcome(what, sent)}
						if fault != nil {
							r.Outcome = fault.Error()
							failed++
						}
						if fault != nil || t.dryRun {
							kept = append(kept, one)
						}
						did = append(did, r)
					}
					for _, id := range args {
						if !slices.ContainsFunc(letters, func(l dead.Letter) bool { return l.Is(id) }) {
							did = append(did, redriven{ID: id, Outcome: errNoLetter.Error()})
							failed++
						}
					}
					a, err = outcomes(did, failed)
					return kept, nil
				})
			return a, errors.Join(err, pullErr)
		}
	}
}
