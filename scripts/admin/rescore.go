package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/operate/rescore"
)

// rescoreView is what a run has done. Of single scans it says nothing.
type rescoreView struct {
	Engine   string         `json:"engine"`
	Seen     int            `json:"seen"`
	Asked    int            `json:"asked"`
	Outcomes map[string]int `json:"outcomes"`
	Change   rescore.Change `json:"change"`
	// Next is where another run goes on, if this one was ended.
	Next time.Time `json:"next,omitzero"`
}

// told is how often a run says how far it is.
const told = 10 * time.Second

// moment is a time as an option, in RFC 3339 or as a date, whose beginning in UTC it is.
type moment struct{ time.Time }

// Set reads the time.
func (m *moment) Set(text string) (err error) {
	if m.Time, err = time.Parse(time.RFC3339, text); err != nil {
		m.Time, err = time.Parse(time.DateOnly, text)
	}
	if err != nil {
		return errors.New("want a time as 2026-12-01T12:00:00Z or a date as 2026-12-01")
	}
	return nil
}

// String returns the time as an option.
func (m *moment) String() string { return when(m.Time) }

var rescoreRange = command{
	name: "rescore", about: "has the scans of a range of time scored by this version of the engine, and compares",
	more: `It asks for each completed scan of another version whose photo is kept, as its user could, a few at a
time, and waits for function analyze. Run it from the commit that is deployed. It may be stopped and
run again: what this version has scored is not asked for.`,
	changes: true, signs: true, acts: true,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		var since, until moment
		flags.Var(&since, "since", "the `time` from which on scans were begun")
		flags.Var(&until, "until", "the `time` before which they were")
		rate := flags.Float64("rate", 1, "ask for so `many` scans a second at most")
		window := flags.Int("window", 10, "have so `many` under way at most")
		check := func(args []string) error {
			switch {
			case since.IsZero() || until.IsZero():
				return errors.New("name the range by -since and -until")
			case !since.Before(until.Time):
				return errors.New("-since must be before -until")
			case *rate <= 0 || *rate > 1000:
				return errors.New("-rate must be above 0 and at most 1000")
			case *window < 1 || *window > 500:
				return errors.New("-window must be from 1 to 500")
			}
			return none(args)
		}
		return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			r, err := t.rescorer(ctx)
			if err != nil {
				return answer{}, err
			}
			r.Pause, r.Window = time.Duration(float64(time.Second) / *rate), *window
			result, err := r.Run(ctx, since.Time, until.Time)
			v := rescoreView{
				Engine: report.Version, Seen: result.Seen, Asked: result.Asked, Outcomes: result.Outcomes, Change: result.Change(),
			}
			if err != nil {
				v.Next = result.Next
				err = fmt.Errorf("stopped, go on by -since %s: %w", when(result.Next), err)
			}
			return v.answer(), err
		}
	},
}

func (t *tools) rescorer(ctx context.Context) (*rescore.Rescorer, error) {
	box, err := t.box(ctx)
	if err != nil {
		return nil, err
	}
	gcs, err := t.objects(ctx)
	if err != nil {
		return nil, err
	}
	last := time.Now()
	return &rescore.Rescorer{
		Firestore: t.fs, Outbox: box, Uploads: gcs.Bucket(t.uploads), Acts: t.acts(), By: audit.Operator, Now: time.Now,
		DryRun: t.dryRun, Progress: func(r rescore.Result) {
			if time.Since(last) >= told {
				last = time.Now()
				fmt.Fprintf(t.progress, "%d seen, %d asked for, up to %s\n", r.Seen, r.Asked, when(r.Next))
			}
		},
	}, nil
}

func (v rescoreView) answer() answer {
	a := answer{value: v, head: []string{"OUTCOME", "SCANS"}}
	for _, outcome := range slices.Sorted(maps.Keys(v.Outcomes)) {
		a.rows = append(a.rows, []string{outcome, strconv.Itoa(v.Outcomes[outcome])})
	}
	a.notes = []string{fmt.Sprintf("engine %s: %d scans seen, %d asked for", v.Engine, v.Seen, v.Asked)}
	if len(v.Change.Quantiles) == 0 {
		if v.Change.Scans > 0 {
			a.notes = append(a.notes, fmt.Sprintf("%d were scored again, too few to say how without telling single scores",
				v.Change.Scans))
		}
		return a
	}
	a.rows = append(a.rows, []string{}, []string{"PART", "BEFORE", "AFTER", "CHANGE"})
	for _, q := range v.Change.Quantiles {
		a.rows = append(a.rows, []string{
			fmt.Sprintf("%.0f %%", 100*q.Part), fmt.Sprintf("%.1f", q.Before), fmt.Sprintf("%.1f", q.After),
			fmt.Sprintf("%+.1f", q.Change),
		})
	}
	a.notes = append(a.notes, fmt.Sprintf("mean change %+.2f, largest %.1f", v.Change.Mean, v.Change.Largest))
	return a
}
