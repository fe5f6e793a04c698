// Package work distributes stored work among processes. A [Lease] keeps two processes from doing
// the same piece at once, and [Sweep] continues pieces that are due.
package work

import (
	"context"
	"errors"
	"time"

	"github.com/facescan/facescan/internal/fault"
)

// LeaseTime is how long the holder of a piece of work may take before another process redoes it. It
// is below the ack deadline of every event function and far below the time of the last attempt.
const LeaseTime = 60 * time.Second

// Errors of a [Lease].
var (
	// ErrLeased means that another process holds the lease.
	ErrLeased = errors.New("another process is at work on it")
	// ErrLost means that another process has taken the lease over.
	ErrLost = errors.New("the lease is lost")
)

// Lease is the right to work on a document until a time. It is a field of the document. The zero
// Lease is free.
type Lease struct {
	Token string    `firestore:"token"`
	Until time.Time `firestore:"until"`
}

// Take takes the lease for the holder of the token. The length is [LeaseTime] except in tests.
// While the lease is held, Take returns ErrLeased and changes nothing.
func (l *Lease) Take(token string, now time.Time, length time.Duration) error {
	if l.Until.After(now) {
		return ErrLeased
	}
	*l = Lease{Token: token, Until: now.Add(length)}
	return nil
}

// Renew extends the lease to LeaseTime from now.
func (l *Lease) Renew(now time.Time) { l.Until = now.Add(LeaseTime) }

// Check returns ErrLost unless the token owns the lease. A holder may finish after the end of its
// lease as long as no other process has taken it.
func (l Lease) Check(token string) error {
	if l.Token != token {
		return ErrLost
	}
	return nil
}

// releaseTime bounds the release of work, and its putting off.
const releaseTime = 10 * time.Second

// Release calls give, which releases work that could not be finished, so that the next delivery
// need not wait for the end of the lease. give may take 10 s even if ctx has ended, since the time
// of the delivery itself may be up. Release returns the error of give unless that is ErrLost.
func Release(ctx context.Context, give func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	return fault.Ignore(give(ctx), ErrLost)
}
