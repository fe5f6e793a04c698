package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/operate/verify"
	"github.com/facescan/facescan/scripts/bench/single"
)

// figures are the report.
type figures struct {
	Command string         `json:"command"`
	Machine single.Machine `json:"machine"`
	Faults  string         `json:"faults"`
	// Runs are that without faults, and one for each seed.
	Runs []*runFigures `json:"runs"`
}

// runFigures are those of one run.
type runFigures struct {
	Seed uint64 `json:"seed"` // 0 for the run without faults
	// Seconds are until the users were done, and Quiet those until nothing was on its way after that.
	// Moved is how far the clock was moved for it.
	Seconds float64       `json:"seconds"`
	Quiet   float64       `json:"quiet"`
	Moved   time.Duration `json:"moved"`
	// Injected are the faults by seam and kind.
	Injected faults.Counts `json:"injected"`
	// Again is how many requests the users repeated.
	Again int64 `json:"again"`
	// Pushes and Mails are those that came more than once.
	Pushes      int            `json:"pushesRepeated"`
	Mails       int            `json:"mailsRepeated"`
	DeadLetters int            `json:"deadLetters"`
	Scans       map[string]int `json:"scans"`
	// Stopped is why the users could not go on, "" for nothing.
	Stopped     string   `json:"stopped,omitempty"`
	Findings    []string `json:"findings,omitempty"`
	Differences []string `json:"differences,omitempty"`
}

// broken reports whether something was lost, told twice or left over.
func (f *figures) broken() bool {
	for _, r := range f.Runs {
		if r.broken() {
			return true
		}
	}
	return false
}

// A push or mail may come twice only where a crash or a lost answer fell between its sending and
// its mark.
func (r *runFigures) broken() bool {
	repeated := r.Seed == 0 && r.Pushes+r.Mails > 0
	return r.Stopped != "" || len(r.Findings)+len(r.Differences)+r.DeadLetters > 0 || repeated
}

// measure does it all.
func measure(ctx context.Context, o options, progress io.Writer) (_ *figures, err error) {
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(progress, format+"\n", args...) }
	var logs io.Writer
	if o.logs != "" {
		file, err := os.Create(o.logs)
		if err != nil {
			return nil, fmt.Errorf("make the file of the logs: %w", err)
		}
		defer func() { err = errors.Join(err, file.Close()) }()
		logs = file
	}
	f := &figures{Command: o.command, Machine: single.ThisMachine(), Faults: o.faults.String()}
	var want map[string]state
	for i := range o.seeds + 1 {
		seed := uint64(0)
		if i > 0 {
			seed = o.first + uint64(i) - 1 //nolint:gosec // it is above 0
			say("seed %d of %s", seed, o.faults)
		}
		r, states, err := alone(ctx, o, seed, want, progress, logs)
		if err != nil {
			return nil, err
		}
		f.Runs = append(f.Runs, r)
		if want == nil {
			want = states
		}
		say("%s", r.line())
	}
	return f, nil
}

// alone is a run on a stack of its own: each moves the clock by days, and nothing can be signed on
// a clock that is more than seven days ahead of the machine's.
func alone(
	ctx context.Context, o options, seed uint64, want map[string]state, progress, logs io.Writer,
) (r *runFigures, states map[string]state, err error) {
	w, err := start(ctx, progress, logs)
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	return w.once(ctx, o, seed, want)
}

// once lets the users of one run live, with the faults of the seed, and looks at what is left. want
// is what they end with, nil if that is not known yet.
func (w *world) once(
	ctx context.Context, o options, seed uint64, want map[string]state,
) (*runFigures, map[string]state, error) {
	r := &runFigures{Seed: seed}
	pushes, mails := w.repeats()
	c := w.newCohort(int(seed), o.rounds) //nolint:gosec // a name
	if seed > 0 {
		w.faults.Restart(o.faults, seed)
	}
	began := time.Now()
	err := w.walk(ctx, c, o.patience, r)
	r.Seconds = time.Since(began).Seconds()
	w.faults.Set(faults.Spec{})
	r.Injected, r.Again = w.faults.Counts(), c.again.Load()
	if ctx.Err() != nil {
		return nil, nil, fmt.Errorf("interrupted: %w", ctx.Err())
	}
	if err != nil {
		r.Stopped = err.Error()
	}
	began = time.Now()
	found, moved, err := w.quiet(ctx, o.patience)
	if err != nil {
		return nil, nil, err
	}
	r.Quiet, r.Scans = time.Since(began).Seconds(), found.Scans
	r.Moved += moved
	r.found(found)
	if r.DeadLetters, err = w.deadLetters(ctx); err != nil {
		return nil, nil, err
	}
	states, err := c.statesOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	if want != nil && r.Stopped == "" {
		r.Differences = differences(want, states)
	}
	r.Pushes, r.Mails = w.repeats()
	r.Pushes, r.Mails = r.Pushes-pushes, r.Mails-mails
	return r, states, nil
}

// walk has the users live, for as long as patience lasts, and the clock moved meanwhile where work
// stands still.
func (w *world) walk(ctx context.Context, c *cohort, patience time.Duration, r *runFigures) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	walking, done := context.WithCancel(ctx)
	group := new(errgroup.Group)
	group.Go(func() (err error) {
		r.Moved, err = w.nudge(walking)
		return err
	})
	err := c.walk(ctx, w)
	done()
	return errors.Join(err, group.Wait())
}

// found notes what the verifier has found.
func (r *runFigures) found(report *verify.Report) {
	for _, f := range report.Findings {
		text := f.String()
		if f.Open {
			text += " (still open)"
		}
		r.Findings = append(r.Findings, text)
	}
}
