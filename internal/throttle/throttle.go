// Package throttle bounds the requests that a function works on at a time, and those that wait for
// their turn. Without a bound, a flood makes all of its requests slow, until the clients have gone
// and the work for them is in vain.
//
// A request has a place while it works: not while its body arrives, and not while it waits for a
// document to change ([Rest]). So slow clients and long polls take no places from others, and
// Cloud Run may send an instance more requests than it has places.
package throttle

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/fault"
)

const (
	// Places is how many requests a function works on at a time. A request takes some milliseconds of
	// a processor and waits for databases for ten times as long, so that a quarter of the places keeps
	// the processor of an instance busy.
	Places = 80
	// Line is how many requests wait for a place, and Wait how long each does at most.
	Line = 80
	Wait = 2 * time.Second
)

// The bounds of Retry-After. Those that are refused together are to come back apart.
const (
	soonest = time.Second
	latest  = 3 * time.Second
)

// Throttle is the places of a function.
type Throttle struct {
	places *semaphore.Weighted
	line   int64
	wait   time.Duration
	// waiting is how many stand in line.
	waiting atomic.Int64
}

// New returns a throttle of so many places, for which as many as line wait at most that long.
func New(places, line int64, wait time.Duration) *Throttle {
	return &Throttle{places: semaphore.NewWeighted(places), line: line, wait: wait}
}

// Enter takes a place, in the order of the calls, and returns a context for [Rest]. If the line is
// full, or there is no place in time, the error is unavailable with a time to come again, and is an
// expected one. Otherwise the caller calls leave at the request's end.
func (t *Throttle) Enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	if err := t.take(ctx); err != nil {
		return ctx, nil, err
	}
	leave = sync.OnceFunc(func() { t.places.Release(1) })
	return context.WithValue(ctx, placeKey{}, leave), leave, nil
}

func (t *Throttle) take(ctx context.Context) error {
	if t.places.TryAcquire(1) {
		return nil
	}
	defer t.waiting.Add(-1)
	if t.waiting.Add(1) > t.line {
		return refusal()
	}
	waiting, cancel := context.WithTimeout(ctx, t.wait)
	defer cancel()
	err := t.places.Acquire(waiting, 1)
	if err == nil || errors.Is(ctx.Err(), context.Canceled) { // a caller who is gone is not refused
		return err
	}
	return refusal()
}

func refusal() error {
	wait := soonest + rand.N(latest-soonest+1) //nolint:gosec // nothing secret
	return fault.New(fault.CodeUnavailable, "Too many of these at once: try again.").WithRetryAfter(wait)
}

// placeKey is the key of what gives a request's place up, a func().
type placeKey struct{}

// Rest gives up the place that the request of ctx has, before it waits for something that may take
// long. What it does afterwards it does without one, since it has little left to do. Without a
// place Rest does nothing.
func Rest(ctx context.Context) {
	if leave, ok := ctx.Value(placeKey{}).(func()); ok {
		leave()
	}
}
