// Package transact commits changes that many requests make at once to one document, such as 20
// uploads of one user.
//
// A transaction of Firestore's server libraries locks what it reads. Requests that read one
// document and then write it all hold the shared lock and wait for each other until the server
// aborts them, and the client then waits 1 s to 30 s before it tries again: 20 uploads of one user
// took 32 s. Three measures together avoid that; none of them alone does:
//
//   - Within a process the changes of one document take turns (see [Do]), so that at most as many
//     contend as there are processes.
//   - A change that another process has overtaken is made again after 10 to 200 ms.
//   - What every change of a kind writes, such as a count, is read outside of the transaction and
//     written on the condition that it has not changed, which locks nothing until the commit (see
//     package quota).
package transact

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/fault"
)

const (
	// shortest and longest bound the pause before the next attempt. An uncontended change takes about
	// 20 ms.
	shortest = 10 * time.Millisecond
	longest  = 200 * time.Millisecond
	// patience is how long a change waits for its turn, and again how long it is attempted. It bounds
	// the time and not the attempts, since a transaction elsewhere that holds a lock on the document
	// fails every attempt until its lock times out: for 2 s in the emulator, which is more than 20
	// attempts. Both together stay below the shortest timeout of an HTTP function, 60 s.
	patience = 20 * time.Second
	// soon is the suggested wait when a change was given up because of contention.
	soon = time.Second
)

// Run runs fn in a transaction that may write the document on, in turn with the process's other
// changes of it (see [Do]). fn may run more than once, and must do nothing remote except read, and
// write through tx. It may read outside of tx what it then writes with [firestore.LastUpdateTime]
// or [firestore.Transaction.Create]: fn runs again if that has changed before the commit. Run
// returns an error of fn as it is, unless it reports an aborted transaction. The options are for
// each attempt.
func Run(
	ctx context.Context, fs *firestore.Client, on *firestore.DocumentRef,
	fn func(ctx context.Context, tx *firestore.Transaction) error, opts ...firestore.TransactionOption,
) error {
	opts = append(opts, firestore.MaxAttempts(1))
	return turns.run(ctx, slot{fs, on.Path}, func(ctx context.Context) (again bool, err error) {
		var own error
		err = fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
			own = fn(ctx, tx)
			return own
		}, opts...)
		if own != nil {
			return status.Code(own) == codes.Aborted, err
		}
		return overtaken(err), err
	})
}

// Do makes a change of the document on without a transaction. change reads and then writes on the
// condition that nothing has changed meanwhile; Do runs it again if the condition failed. The
// changes of one document, by Do and by Run with the same client, take turns in the order of their
// calls. A change whose turn does not come within 20 s, or that is overtaken for 20 s, fails with
// unavailable.
func Do(
	ctx context.Context, fs *firestore.Client, on *firestore.DocumentRef, change func(ctx context.Context) error,
) error {
	return turns.run(ctx, slot{fs, on.Path}, func(ctx context.Context) (again bool, err error) {
		err = change(ctx)
		return overtaken(err), err
	})
}

// overtaken reports whether a write failed because its document has changed since it was read.
func overtaken(err error) bool { return slices.Contains(ofConditions, status.Code(err)) }

// ofConditions are the codes of a write whose condition failed: the commit met another one, or the
// document was changed, created or deleted since it was read.
var ofConditions = []codes.Code{codes.Aborted, codes.FailedPrecondition, codes.AlreadyExists, codes.NotFound}

// run makes the attempts of one change in its turn.
func (l *lines) run(ctx context.Context, s slot, attempt func(context.Context) (again bool, err error)) error {
	leave, err := l.enter(ctx, s)
	if err != nil {
		return err
	}
	defer leave()
	last := time.Now().Add(patience)
	for {
		again, err := attempt(ctx)
		if err == nil || !again {
			return err
		}
		if time.Now().After(last) {
			return busy()
		}
		if err := sleep(ctx, pause()); err != nil {
			return err
		}
	}
}

func busy() error {
	return fault.New(fault.CodeUnavailable, "Too many of these at once: try again.").WithRetryAfter(soon)
}

// pause returns a random pause, so that processes that collided do not collide again.
func pause() time.Duration {
	return shortest + rand.N(longest-shortest) //nolint:gosec // not a secret
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
