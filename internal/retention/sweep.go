// Package retention is what is kept how long, and the sweep that sees to it and to whatever a lost message or a dead
// process left undone.
//
//	what                        kept                     by
//	a finished scan's photo     24 h, or as its user     sweep
//	                            wants: 0 to 7 d
//	an unfinished scan's photo  7 d, then failed         sweep
//	any photo                   8 d                      bucket lifecycle, the backstop
//	an owed event               until published          sweep, after 60 s
//	a parked event              30 d                     sweep, TTL on expireAt
//	inbox and deliveries        see package notify       sweep, TTL on expireAt
//	a device                    270 d unseen             sweep, TTL on expireAt
//	a quota's count             its window               sweep, TTL on expireAt
//	a username given up         30 d                     sweep, TTL on expireAt
//	an export                   24 h                     sweep; bucket lifecycle, the backstop
//	a receipt of erasure        30 d                     sweep, TTL on expireAt
//	an erasure under way        until proven             sweep drives it on
//	an account whose Firebase   1 to 2 d, then erased    sweep looks for each user once a day
//	user is gone
//
// What expireAt bounds is not shown to anybody from that moment on, however late it is deleted. What the sweep fails on, it
// looks at again after pauses that grow to an hour, so that nothing that fails for good keeps it from the rest. Scans, series,
// reports and board entries live until their owner removes them.
package retention

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan/sweep"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/transact"
)

// Sweep is the periodic clean-up.
type Sweep struct {
	// Firestore holds the sweep's lease, and what expires.
	Firestore *firestore.Client
	// Outbox holds the events that are owed, Scans the scans that are due, Erasures and Exports those that wait or are over.
	Outbox   *outbox.Box
	Scans    *sweep.Sweeper
	Erasures *erasure.Sweeper
	Exports  *export.Sweeper
	// Missing finds the accounts whose Firebase user is gone.
	Missing *erasure.Missing
	// Now is the clock.
	Now func() time.Time
}

type lease struct {
	Schema   int       `firestore:"schema"`
	Until    time.Time `firestore:"until"`
	ExpireAt time.Time `firestore:"expireAt"`
}

const (
	leaseSchema = 1
	// releaseTimeout bounds giving the lease up; it ends by itself otherwise.
	releaseTimeout = 5 * time.Second
)

// Handle sweeps once. It is done at once when another sweep is running: the schedule asks again in a minute. Its
// error joins those of all steps; each step goes on where it failed when asked again.
func (s *Sweep) Handle(ctx context.Context, _ event.Message) error {
	until, held, err := s.acquire(ctx)
	if err != nil {
		return err
	}
	if !held {
		slog.InfoContext(ctx, "another sweep is running")
		return nil
	}
	published, outboxErr := s.Outbox.Sweep(ctx, outbox.SweepAge)
	looked, scansErr := s.Scans.Sweep(ctx)
	driven, erasuresErr := s.Erasures.Sweep(ctx)
	exports, exportsErr := s.Exports.Sweep(ctx)
	expired, expireErr := s.expire(ctx)
	looks, missingErr := s.Missing.Sweep(ctx) // last, since it waits for Firebase
	slog.InfoContext(ctx, "swept", "events_published", published, "scans_looked_at", looked, "erasures_driven_on", driven,
		"exports_looked_at", exports, "expired_deleted", expired, "users_looked_for", looks.Users,
		"users_missing", looks.Missing, "erasures_begun", looks.Begun)
	return errors.Join(outboxErr, scansErr, erasuresErr, exportsErr, expireErr, missingErr, s.release(ctx, until))
}

func (s *Sweep) ref() *firestore.DocumentRef { return s.Firestore.Collection("limits").Doc("sweep") }

// acquire takes the sweep's lease, so that an overlong sweep and the next do not do the same work
// twice. Doing so would be harmless, but not free. until is the lease's end.
func (s *Sweep) acquire(ctx context.Context) (until time.Time, held bool, err error) {
	err = transact.Do(ctx, s.Firestore, s.ref(), func(ctx context.Context) error {
		snap, err := s.ref().Get(ctx)
		current, err := store.Decode[lease](snap, err, "lease", nil)
		if err != nil {
			return err
		}
		now := s.Now().UTC()
		held = !current.Until.After(now)
		if !held {
			return nil
		}
		until = now.Add(catalog.Lease).Truncate(time.Microsecond) // as Firestore keeps it
		return s.take(ctx, snap, lease{Schema: leaseSchema, Until: until, ExpireAt: now.Add(24 * time.Hour)})
	})
	if err != nil {
		return time.Time{}, false, fmt.Errorf("acquire the sweep's lease: %w", err)
	}
	return until, held, nil
}

// take writes the lease if it is still as it was read.
func (s *Sweep) take(ctx context.Context, snap *firestore.DocumentSnapshot, l lease) error {
	if !snap.Exists() {
		_, err := s.ref().Create(ctx, l)
		return err
	}
	_, err := s.ref().Update(ctx, []firestore.Update{
		{Path: "schema", Value: l.Schema}, {Path: "until", Value: l.Until}, {Path: "expireAt", Value: l.ExpireAt},
	}, firestore.LastUpdateTime(snap.UpdateTime))
	return err
}

// release gives the lease up, unless this sweep outlived it and another took it over. It does so
// even if the deliverer has hung up meanwhile.
func (s *Sweep) release(ctx context.Context, until time.Time) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	err := transact.Do(ctx, s.Firestore, s.ref(), func(ctx context.Context) error {
		snap, err := s.ref().Get(ctx)
		current, err := store.Decode[lease](snap, err, "lease", nil)
		if err != nil || !current.Until.Equal(until) {
			return err
		}
		current.Until = time.Time{}
		return s.take(ctx, snap, current)
	})
	if err != nil {
		return fmt.Errorf("release the sweep's lease: %w", err)
	}
	return nil
}
