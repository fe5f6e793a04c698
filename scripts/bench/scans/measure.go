package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime"
	"sync"
	"sync/atomic"
	"time"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/scripts/bench/single"
)

// afterInterrupt is how long the end may be waited for after Ctrl-C, and then looked at.
const afterInterrupt = 10 * time.Second

// measure does it all. A report comes with an error where there is something to report.
func measure(ctx context.Context, o options, progress io.Writer) (_ *figures, err error) {
	if runtime.GOOS != "linux" {
		return nil, errors.New("this measurement needs Linux, which tells in /proc what a process has used")
	}
	r := &figures{Command: o.Command, Machine: single.ThisMachine(), options: o}
	say := func(format string, args ...any) { _, _ = fmt.Fprintf(progress, format+"\n", args...) }
	say("making the photos")
	p, err := makePhotos(ctx, allLooks)
	if err != nil {
		return nil, err
	}
	r.PhotoBytes, r.PhotoPixels = p.file(good, 0).size(), width*height
	say("measuring the bare engine")
	if r.Engine, err = p.measureEngine(ctx); err != nil {
		return nil, err
	}
	read := &logs{counts: newTallies()}
	w, err := start(ctx, o, p, read, progress)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, w.close()) }()
	took, err := w.signUpAll(ctx, o.users, progress)
	if err != nil {
		return nil, err
	}
	say("warming up")
	if err := w.getWarm(ctx, o.users); err != nil {
		return nil, err
	}
	read.still(ctx)
	read.take()
	say("%d scans", o.scans)
	err = w.underLoad(ctx, o, r, read, progress)
	r.setup(took)
	return r, err
}

// underLoad runs the scans and fills the report.
func (w *world) underLoad(ctx context.Context, o options, r *figures, read *logs, progress io.Writer) error {
	watch, err := newWatcher("/proc", w.pids)
	if err != nil {
		return err
	}
	looking, stopLooking := context.WithCancel(context.WithoutCancel(ctx))
	var background sync.WaitGroup
	var watchErr, faultErr error
	background.Go(func() { watchErr = watch.watch(looking) })
	walking, cancel := context.WithTimeoutCause(ctx, o.longest(), errors.New("the patience is over"))
	defer cancel()
	var ended atomic.Int64
	middle := make(chan struct{})
	background.Go(func() {
		select {
		case <-middle:
			r.Outages, faultErr = w.fault(walking, o)
		case <-looking.Done():
		}
	})
	before, err := emulator.TrafficOf(ctx, w.front, host.Project)
	if err != nil {
		stopLooking()
		return err
	}
	began := time.Now()
	all := w.load(walking, o, func() {
		if ended.Add(1) == int64(max(1, o.scans/3)) {
			close(middle)
		}
	}, progress)
	r.Interrupted = ctx.Err() != nil
	deadline := time.Now().Add(o.patience)
	if r.Interrupted {
		deadline = time.Now().Add(afterInterrupt)
	}
	checking, done := context.WithDeadline(context.WithoutCancel(ctx), deadline.Add(afterInterrupt))
	defer done()
	s, err := w.quiet(checking, all, deadline)
	quiet := time.Now()
	read.still(checking)
	stopLooking()
	background.Wait()
	after, trafficErr := emulator.TrafficOf(context.WithoutCancel(ctx), w.front, host.Project)
	r.Firestore = after.Minus(before)
	if watchErr == nil {
		r.fill(all, s, read.read(), watch, began, quiet)
	}
	return errors.Join(err, watchErr, faultErr, trafficErr)
}

// longest returns how long the load may take at the most.
func (o options) longest() time.Duration {
	t := o.patience
	if o.rate > 0 {
		t += time.Duration(float64(o.scans) / o.rate * float64(time.Second))
	}
	if len(o.away) > 0 {
		t += o.lasting
	}
	return t
}
