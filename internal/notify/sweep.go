package notify

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
)

const (
	// sweepPage is the number of records that a sweep looks at together, those longest due first, and
	// sweepTime how long it goes on to further pages: the records of an account under an erasure stay
	// due until it comes to them, and those of one user or hour fill many pages.
	sweepPage = 500
	sweepTime = 20 * time.Second
	// tellers is the number of users whose events are published at a time.
	tellers = 16
)

// Sweeper has what package deliver put off delivered by the function notify, which alone may send.
type Sweeper struct {
	// Firestore holds the records. Outbox publishes the events.
	Firestore *firestore.Client
	Outbox    *outbox.Box
	// Now is the clock.
	Now func() time.Time
}

// Sweep publishes [event.DeliveryDueV1] for each user of whom a record is due, and returns the
// number of users. The delivery makes the records due later or never, so they are where the next
// sweep goes on. A user whom it fails on does not stop the others. It needs the index on dueAt with
// the scope of the collection group deliveries.
func (s *Sweeper) Sweep(ctx context.Context) (told int, err error) {
	due := s.Firestore.CollectionGroup("deliveries").Where("dueAt", "<=", s.Now().UTC()).
		OrderBy("dueAt", firestore.Asc).Limit(sweepPage)
	seen := map[string]bool{}
	last := time.Now().Add(sweepTime)
	for {
		page, failure := due.Documents(ctx).GetAll()
		if failure != nil {
			return told, errors.Join(err, fmt.Errorf("list what is due: %w", failure))
		}
		n, failure := s.tellAll(ctx, page, seen)
		told, err = told+n, errors.Join(err, failure)
		if len(page) < sweepPage || ctx.Err() != nil || time.Now().After(last) {
			return told, err
		}
		due = due.StartAfter(page[len(page)-1])
	}
}

// tellAll publishes the events of the records' users, except of those seen before. It returns the
// number of users it succeeded with.
func (s *Sweeper) tellAll(
	ctx context.Context, page []*firestore.DocumentSnapshot, seen map[string]bool,
) (told int, err error) {
	var users []string
	for _, snap := range page {
		if uid := snap.Ref.Parent.Parent.ID; !seen[uid] {
			seen[uid] = true
			users = append(users, uid)
		}
	}
	faults := make([]error, len(users))
	var telling errgroup.Group
	telling.SetLimit(tellers)
	for i, uid := range users {
		telling.Go(func() error {
			faults[i] = s.tell(ctx, uid)
			return nil
		})
	}
	_ = telling.Wait()
	for _, failure := range faults {
		if failure == nil {
			told++
		}
	}
	return told, errors.Join(faults...)
}

func (s *Sweeper) tell(ctx context.Context, uid string) error {
	now := s.Now().UTC()
	err := s.Outbox.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		// The outbox must not name a user whose erasure may have passed it.
		if _, err := account.EnterStored(tx.Transaction, s.Firestore, account.UID(uid)); err != nil {
			return fault.Ignore(err, account.ErrClosed)
		}
		minute := strconv.FormatInt(now.Unix()/int64(time.Minute/time.Second), 10)
		return tx.Tell(ctx, now, event.DeliveryDueV1{UID: uid}, uid, minute)
	})
	if err != nil {
		return fmt.Errorf("have what is due delivered: %w", err)
	}
	return nil
}
