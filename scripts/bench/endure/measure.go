package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/scripts/bench/single"
)

// day is what was measured of a day of the stack's clock.
type day struct {
	scans int
	// took is how long its scans were under way, by the machine's time, and slept how long the stack
	// took to do what was due when the day was over.
	took, slept time.Duration
	documents   int64
	photos      int
	results     int
	kept        int64 // bytes in the folder
}

// result is what was measured of all days.
type result struct {
	options
	machine single.Machine
	days    []day
	// again is how long a new start from the folder took, the last of the attempts.
	again, took time.Duration
	attempts    int
	faults      []string
}

func (r *result) fault(format string, args ...any) {
	r.faults = append(r.faults, fmt.Sprintf(format, args...))
}

func measure(ctx context.Context, o options, progress io.Writer) (*result, error) {
	r := &result{options: o, machine: single.ThisMachine()}
	before, err := r.live(ctx, progress)
	if err != nil {
		return nil, err
	}
	w, err := r.reopen(ctx, progress)
	if err != nil {
		r.fault("a new start from the folder: %v", err)
		return r, ctx.Err() // the days are worth telling of
	}
	after, err := w.documents(ctx)
	if diff := cmp.Diff(before, after); err == nil && diff != "" {
		r.fault("documents before the new start (-) and after it (+):\n%s", diff)
	}
	return r, errors.Join(err, w.close())
}

// mostAttempts is how often a new start is tried.
const mostAttempts = 3

// reopen starts the stack from the folder. On a busy machine it may not answer in time, and is
// started once more.
func (r *result) reopen(ctx context.Context, progress io.Writer) (*world, error) {
	for {
		r.attempts++
		begun := time.Now()
		w, err := open(ctx, r.options, progress)
		r.again = time.Since(begun)
		if err == nil || r.attempts == mostAttempts || ctx.Err() != nil || !errors.Is(err, context.DeadlineExceeded) {
			return w, err
		}
		fmt.Fprintln(progress, "start again from the folder:", err)
	}
}

// live lets the days pass, and returns what is stored at the end.
func (r *result) live(ctx context.Context, progress io.Writer) (_ map[string]int64, err error) {
	w, err := open(ctx, r.options, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	if err := w.join(ctx); err != nil {
		return nil, err
	}
	for n := range r.options.days {
		d, err := r.pass(ctx, w, r.scans*n/r.options.days, r.scans*(n+1)/r.options.days)
		if err != nil {
			return nil, fmt.Errorf("day %d: %w", n+1, err)
		}
		r.days = append(r.days, d)
		fmt.Fprintf(
			progress, "day %d: %d scans in %.0f s, the night in %.0f s\n", n+1, d.scans, d.took.Seconds(), d.slept.Seconds(),
		)
	}
	if err := r.check(ctx, w); err != nil {
		return nil, err
	}
	return w.documents(ctx)
}

// pass lets a day pass with the scans from first on, before the one at end.
func (r *result) pass(ctx context.Context, w *world, first, end int) (d day, err error) {
	begun := time.Now()
	d.scans = end - first
	if err := w.day(ctx, r.options, first, end); err != nil {
		return d, err
	}
	if err := w.settle(ctx); err != nil {
		return d, err
	}
	d.took, begun = time.Since(begun), time.Now()
	for range 24 { // as production sweeps at least once an hour
		if err := w.MoveClock(time.Hour); err != nil {
			return d, err
		}
		if err := w.settle(ctx); err != nil {
			return d, err
		}
	}
	d.slept = time.Since(begun)
	return d, r.look(ctx, w, &d)
}

// look measures what there is at the end of the day.
func (r *result) look(ctx context.Context, w *world, d *day) error {
	counts, err := w.documents(ctx)
	if err != nil {
		return err
	}
	for _, n := range counts {
		d.documents += n
	}
	photos, _, err := w.objects(ctx, host.UploadsBucket)
	if err != nil {
		return err
	}
	d.photos = photos
	if d.results, _, err = w.objects(ctx, host.ResultsBucket); err != nil {
		return err
	}
	d.kept, err = size(r.keep)
	return err
}

// check looks for what must not be left when all scans have ended, a day after the last.
func (r *result) check(ctx context.Context, w *world) error {
	if err := w.MoveClock(schema.OriginalLife); err != nil {
		return err
	}
	for _, pause := range []time.Duration{0, time.Hour} { // what a sweep did not come to, the next one does
		if err := w.MoveClock(pause); err != nil {
			return err
		}
		if err := w.settle(ctx); err != nil {
			return err
		}
	}
	n, oldest, err := w.objects(ctx, host.UploadsBucket)
	if err != nil {
		return err
	}
	if n > 0 {
		r.fault("%d photos are left, the oldest of %s", n, w.Now().Sub(oldest))
	}
	counts, err := w.documents(ctx)
	if err != nil {
		return err
	}
	if counts["scans"] != int64(r.scans) {
		r.fault("there are %d scans, not %d", counts["scans"], r.scans)
	}
	if counts["parked"] > 0 {
		r.fault("%d events are parked", counts["parked"])
	}
	return nil
}

// size returns how many bytes the files in the folder have, those with several names once.
func size(dir string) (all int64, err error) {
	seen := map[uint64]bool{}
	err = filepath.WalkDir(dir, func(_ string, entry fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) { // it went meanwhile
			return nil
		}
		if err != nil || entry.IsDir() {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return nil //nolint:nilerr // it went meanwhile
		}
		stat, ok := info.Sys().(*syscall.Stat_t)
		if !ok || !seen[stat.Ino] {
			all += info.Size()
		}
		if ok {
			seen[stat.Ino] = true
		}
		return nil
	})
	return all, err
}

func (r *result) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# Days of a stack that keeps its data\n\n"+
		"Written by `%s`; do not edit, run it again (`-help` tells the options).\n\n%s.\n\n", r.Command, r.machine)
	fmt.Fprintf(&b, "%d days, %d users, %d scans, of which the engine measured %d. All of it took %.0f s.\n\n",
		r.options.days, r.users, r.scans, r.real, r.took.Seconds())
	b.WriteString("| day | scans | scans/s | the night, s | documents | photos | results | folder MB |\n" +
		"| ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	for i, d := range r.days {
		fmt.Fprintf(&b, "| %d | %d | %.1f | %.1f | %d | %d | %d | %.1f |\n", i+1, d.scans,
			float64(d.scans)/d.took.Seconds(), d.slept.Seconds(), d.documents, d.photos, d.results, float64(d.kept)/1e6)
	}
	fmt.Fprintf(&b, "\nA new start from the folder took %.1f s, at attempt %d.\n", r.again.Seconds(), r.attempts)
	if len(r.faults) == 0 {
		b.WriteString("No scan or event was left over, every photo went after its day, and the new start had the same " +
			"documents.\n")
	}
	for _, fault := range r.faults {
		fmt.Fprintf(&b, "\nFAULT: %s\n", fault)
	}
	return b.String()
}
