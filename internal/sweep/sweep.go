// Package sweep runs, once a minute, the steps that finish what a lost message or a dead process
// left undone and that delete what has expired. Package schema has the retention times.
//
// The package imports no domain: functions/sweep passes the steps. A document that a step fails on
// is due again after pauses that grow to an hour, so that it does not block others.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/transact"
	"github.com/facescan/facescan/internal/work"
)

// Step is one kind of work of a sweep.
type Step struct {
	// Name is the log field of the number that Run returns, such as "exports_handled".
	Name string
	// Run does the work that is due and returns its amount. It limits its work, so that later steps
	// have their turn, and continues there when it runs again.
	Run func(context.Context) (int, error)
}

// Consumer runs the steps of the periodic clean-up.
type Consumer struct {
	// Firestore holds the sweep's lease.
	Firestore *firestore.Client
	// Steps run in order. A failure does not stop the steps after it.
	Steps []Step
	// Now is the clock.
	Now func() time.Time
}

type leaseDoc struct {
	Schema   int       `firestore:"schema"`
	Until    time.Time `firestore:"until"`
	ExpireAt time.Time `firestore:"expireAt"`
}

const (
	leaseSchema = 1
	// leaseLife is how long after the last sweep its lease is kept.
	leaseLife = 24 * time.Hour
)

// Last returns when the last sweep of the database began, zero if none is known. In a database that
// the functions use it was a minute ago.
func Last(ctx context.Context, fs *firestore.Client) (time.Time, error) {
	snap, err := leaseRef(fs).Get(ctx)
	last, err := store.Decode[leaseDoc](snap, err, "lease", nil)
	if err != nil || last.ExpireAt.IsZero() {
		return time.Time{}, err
	}
	return last.ExpireAt.Add(-leaseLife), nil
}

func leaseRef(fs *firestore.Client) *firestore.DocumentRef {
	return fs.Collection("limits").Doc("sweep")
}

// Mux returns what the sweep does with the schedule's event.
func (c *Consumer) Mux() *event.Mux {
	m := new(event.Mux)
	event.On(m, func(ctx context.Context, _ event.Event, _ event.SweepRequestedV1) error { return c.Sweep(ctx) })
	return m
}

// Handle sweeps once for each event of the schedule.
func (c *Consumer) Handle(ctx context.Context, m event.Message) error { return c.Mux().Handle(ctx, m) }

// Sweep sweeps once. It is done at once when another sweep is running: the schedule asks again in
// a minute. Its error joins those of all steps.
func (c *Consumer) Sweep(ctx context.Context) error {
	until, held, err := c.acquire(ctx)
	if err != nil {
		return err
	}
	if !held {
		slog.InfoContext(ctx, "another sweep is running")
		return nil
	}
	done, err := c.run(ctx)
	slog.LogAttrs(ctx, slog.LevelInfo, "swept", done...)
	return errors.Join(err, c.release(ctx, until))
}

// run runs the steps and returns their numbers and joined errors.
func (c *Consumer) run(ctx context.Context) (done []slog.Attr, err error) {
	var faults []error
	for _, step := range c.Steps {
		n, err := step.Run(ctx)
		done = append(done, slog.Int(step.Name, n))
		faults = append(faults, err)
	}
	return done, errors.Join(faults...)
}

func (c *Consumer) ref() *firestore.DocumentRef { return leaseRef(c.Firestore) }

// acquire takes the sweep's lease, so that a long sweep and the next one do not do the same work
// twice. That would be harmless, but not free. until is the lease's end.
func (c *Consumer) acquire(ctx context.Context) (until time.Time, held bool, err error) {
	err = transact.Do(ctx, c.Firestore, c.ref(), func(ctx context.Context) error {
		snap, err := c.ref().Get(ctx)
		current, err := store.Decode[leaseDoc](snap, err, "lease", nil)
		if err != nil {
			return err
		}
		now := c.Now().UTC()
		held = !current.Until.After(now)
		if !held {
			return nil
		}
		until = now.Add(work.LeaseTime).Truncate(time.Microsecond) // as Firestore keeps it
		return c.take(ctx, snap, leaseDoc{Schema: leaseSchema, Until: until, ExpireAt: now.Add(leaseLife)})
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("acquire the sweep's lease: %w", err)
	}
	return until, held, nil
}

// take writes the lease unless it has changed since it was read.
func (c *Consumer) take(ctx context.Context, snap *firestore.DocumentSnapshot, l leaseDoc) error {
	if !snap.Exists() {
		_, err := c.ref().Create(ctx, l)
		return err
	}
	_, err := c.ref().Update(ctx, []firestore.Update{
		{Path: "schema", Value: l.Schema}, {Path: "until", Value: l.Until}, {Path: "expireAt", Value: l.ExpireAt},
	}, firestore.LastUpdateTime(snap.UpdateTime))
	return err
}

// release gives the lease up, unless it has expired and another sweep holds it. It does so even if
// the deliverer has hung up meanwhile.
func (c *Consumer) release(ctx context.Context, until time.Time) error {
	err := work.Release(ctx, func(ctx context.Context) error {
		return transact.Do(ctx, c.Firestore, c.ref(), func(ctx context.Context) error {
			snap, err := c.ref().Get(ctx)
			current, err := store.Decode[leaseDoc](snap, err, "lease", nil)
			if err != nil || !current.Until.Equal(until) {
				return err
			}
			current.Until = time.Time{}
			return c.take(ctx, snap, current)
		})
	})
	if err != nil {
		return fmt.Errorf("release the sweep's lease: %w", err)
	}
	return nil
}
