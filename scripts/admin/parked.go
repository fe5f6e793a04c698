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
	"github.com/facescan/facescan/internal/parked"
)

// parkedView is a parked event. Data is left out: it may have what was measured.
type parkedView struct {
	ID         string     `json:"id"`
	Function   string     `json:"function"`
	EventID    string     `json:"eventId,omitempty"`
	Type       string     `json:"type,omitempty"`
	UID        string     `json:"uid,omitempty"`
	ScanID     string     `json:"scanId,omitempty"`
	Topic      string     `json:"topic,omitempty"`
	Reason     string     `json:"reason"`
	Bytes      int        `json:"bytes"`
	ParkedAt   time.Time  `json:"parkedAt"`
	ExpireAt   time.Time  `json:"expireAt"`
	RedrivenAt *time.Time `json:"redrivenAt,omitempty"`
	// Refused is why it cannot be redriven, "" if it can.
	Refused string `json:"refused,omitempty"`
}

func newParkedView(e parked.Event) parkedView {
	v := parkedView{
		ID: e.ID, Function: e.Function, EventID: e.Attributes[event.AttributeID], Type: e.Attributes[event.AttributeType],
		UID: e.UID, ScanID: event.About(e.Data).ScanID, Reason: e.Reason, Bytes: len(e.Data),
		ParkedAt: e.ParkedAt, ExpireAt: e.ExpireAt,
	}
	if !e.RedrivenAt.IsZero() {
		v.RedrivenAt = &e.RedrivenAt
	}
	topic, err := operate.TopicOf(e)
	if v.Topic = topic; err != nil {
		v.Refused = err.Error()
	}
	return v
}

var parkedList = command{
	name: "parked list", about: "lists the parked events, the latest first, without those that were redriven",
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		all := flags.Bool("all", false, "list those too that were redriven")
		limit, bounded := limited(flags, 100, "list so `many` at most")
		check := func(args []string) error { return errors.Join(bounded(), none(args)) }
		return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			fs, err := t.firestore(ctx)
			if err != nil {
				return answer{}, err
			}
			views, more := []parkedView{}, false
			for e, err := range parked.List(ctx, fs) {
				if err != nil {
					return answer{}, fmt.Errorf("list the parked events: %w", err)
				}
				if !*all && !e.RedrivenAt.IsZero() {
					continue
				}
				if more = len(views) == *limit; more {
					break
				}
				views = append(views, newParkedView(e))
			}
			a := answer{head: []string{"ID", "PARKED", "FUNCTION", "EVENT", "REDRIVEN", "REASON"}, value: views}
			for _, v := range views {
				redriven := ""
				if v.RedrivenAt != nil {
					redriven = when(*v.RedrivenAt)
				}
				a.rows = append(a.rows, []string{v.ID, when(v.ParkedAt), v.Function, short(v.Type), redriven, short(v.Reason)})
			}
			a.notes = []string{fmt.Sprintf("%d parked events", len(views))}
			if more {
				a.notes[0] += ", and more: -limit"
			}
			return a, nil
		}
	},
}

var parkedShow = command{
	name: "parked show", args: "ID", about: "shows a parked event, without its data",
	define: func(*flag.FlagSet) (func([]string) error, runner) {
		return one, func(ctx context.Context, t *tools, args []string) (answer, error) {
			fs, err := t.firestore(ctx)
			if err != nil {
				return answer{}, err
			}
			e, err := parked.Get(ctx, fs, args[0])
			if err != nil {
				return answer{}, fmt.Errorf("read parked event %s: %w", args[0], err)
			}
			v := newParkedView(e)
			a := answer{value: v, rows: [][]string{
				{"id", v.ID}, {"function", v.Function}, {"event", v.EventID}, {"type", short(v.Type)}, {"user", v.UID},
				{"scan", v.ScanID}, {"topic", v.Topic}, {"bytes", strconv.Itoa(v.Bytes)}, {"parked", when(v.ParkedAt)},
				{"kept until", when(v.ExpireAt)}, {"redriven", when(e.RedrivenAt)}, {"not redriven since", v.Refused},
				{"reason", v.Reason},
			}}
			a.rows = slices.DeleteFunc(a.rows, func(row []string) bool { return row[1] == "" })
			return a, nil
		}
	},
}

// redriven is the outcome of a redrive.
type redriven struct {
	ID    string `json:"id"`
	Topic string `json:"topic,omitempty"`
	// Outcome is "redriven", "would be redriven", each perhaps with why little will come of it, or why
	// not.
	Outcome string `json:"outcome"`
}

// errLeft means that something was not redriven, or not dropped.
var errLeft = errors.New("it was not done to all; the table has why")

// outcomes returns the table of redrives, and errLeft if one failed.
func outcomes(all []redriven, failed int) (answer, error) {
	a := answer{head: []string{"ID", "TOPIC", "OUTCOME"}, value: all}
	for _, r := range all {
		a.rows = append(a.rows, []string{r.ID, r.Topic, r.Outcome})
	}
	if failed > 0 {
		return a, fmt.Errorf("%d of %d: %w", failed, len(all), errLeft)
	}
	return a, nil
}

// done returns how the outcome without an error is called.
func (t *tools) done(what string) string {
	if t.dryRun {
		return "would be " + what
	}
	return what
}

// outcome returns how a redrive is called, and what keeps the functions from doing all of it.
func (t *tools) outcome(what string, sent operate.Sent) string {
	if note := sent.Note(); note != "" {
		return t.done(what) + "; " + note
	}
	return t.done(what)
}

var parkedRedrive = command{
	name: "parked redrive", args: "ID...", about: "publishes parked events again, to the topics they came from",
	more: `Each is owed in the outbox by the commit that marks it, so that a killed command loses nothing, and
a second one for the same event is told so. All functions of the topic get it again; those that
have handled it drop it by its id. What was forged, is not kept whole, or is about an account that is
gone or being erased, is refused. Of a banned user it says so: the functions drop most of it then.`,
	changes: true, signs: true, acts: true,
	define: func(*flag.FlagSet) (func([]string) error, runner) {
		return some, func(ctx context.Context, t *tools, args []string) (answer, error) {
			r, err := t.redriver(ctx)
			if err != nil {
				return answer{}, err
			}
			return t.redriveEach(args, func(id string) (operate.Sent, error) { return r.Parked(ctx, id) })
		}
	},
}

// redriveEach redrives by the ids, and returns the table.
func (t *tools) redriveEach(ids []string, redrive func(id string) (operate.Sent, error)) (answer, error) {
	all, failed := []redriven{}, 0
	for _, id := range ids {
		sent, err := redrive(id)
		one := redriven{ID: id, Topic: sent.Topic, Outcome: t.outcome("redriven", sent)}
		if err != nil {
			one.Outcome = err.Error()
			failed++
		}
		all = append(all, one)
	}
	return outcomes(all, failed)
}
