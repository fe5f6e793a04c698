// Package sweep continues scans that a lost message or a dead process left unfinished, and deletes
// photos that are due.
//
// A notification that is lost and one that waits in a backlog look alike in the scan: its photo is
// there, and no analysis holds it. To publish the second kind again would make the backlog longer,
// every few minutes, by as much as waits in it. So before it publishes any, a sweep reads which
// scans the analysis ended in the last minute, and when their photos were uploaded. A scan whose
// photo is younger than those is waiting for its turn, and is looked at again later. If no scan
// ended in the last minute, nothing is waiting for others, or the analysis is broken: then the
// notification is published again. This costs 21 reads in a sweep that has something to publish. It
// needs no document that the analysis would have to write, and no metric of the subscription, which
// is minutes late. What it cannot tell is a lost notification within a backlog, until the analysis
// has passed its photo's time, or two hours at most.
package sweep

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

// late is the failure of a scan that did not end in time.
var late = scan.Failure{
	Code:   scan.ReasonExpired,
	Detail: "The photo could not be analysed in time and was deleted. Please upload it again.",
}

// longestPause is the longest time that the sweep skips a scan on which it fails repeatedly.
const longestPause = time.Hour

// sweepPage is the number of scans that one sweep handles, the longest due first.
const sweepPage = 200

// Sweeper handles scans that nothing else acts on: it sends lost notifications again, ends scans
// that can no longer succeed, deletes originals that are due, and completes interrupted deletions.
type Sweeper struct {
	// Firestore holds the scans. Outbox commits their ends.
	Firestore *firestore.Client
	Outbox    *outbox.Box
	// Uploads holds the photos, Results what is made from them.
	Uploads, Results *storage.BucketHandle
	// Publisher publishes the notifications again.
	Publisher outbox.Publisher
	// Now is the clock.
	Now func() time.Time
}

// Sweep handles due scans and returns their number. A scan that fails is logged, joined to the
// error and handled again later, after a pause that grows with its failures. The others continue.
func (w *Sweeper) Sweep(ctx context.Context) (handled int, err error) {
	reached := sync.OnceValues(func() (time.Time, error) { return w.reached(ctx) })
	return work.Sweep(ctx, work.Due{
		Documents: w.Firestore.Collection("scans").Query, Field: "sweepAt", Page: sweepPage,
		Pause: scan.NextLook, Longest: longestPause, Now: w.Now,
	}, func(ctx context.Context, due *firestore.DocumentSnapshot) error { return w.handle(ctx, due, reached) })
}

// progress returns how far the analysis is; see [Sweeper.reached].
type progress func() (time.Time, error)

func (w *Sweeper) handle(ctx context.Context, due *firestore.DocumentSnapshot, reached progress) error {
	s, err := scan.DecodeAny(due, nil)
	if err == nil {
		err = w.look(ctx, s, reached)
	}
	if err != nil {
		slog.WarnContext(ctx, "sweep scan", "scan_id", due.Ref.ID, "state", s.State, "error", err)
		return fmt.Errorf("sweep scan %s: %w", due.Ref.ID, err)
	}
	return nil
}

func (w *Sweeper) look(ctx context.Context, s scan.Scan, reached progress) error {
	if s.State == scan.Deleting {
		return series.ClearAway(ctx, w.Firestore, w.Uploads, w.Results, s)
	}
	if s.State.Terminal() {
		return w.purge(ctx, s)
	}
	now := w.Now().UTC()
	object := w.Uploads.Object(scan.PhotoName(s.UID, s.ID))
	attrs, err := object.Attrs(ctx)
	present := err == nil && (s.Generation == 0 || s.Generation == attrs.Generation)
	switch {
	case err != nil && !errors.Is(err, storage.ErrObjectNotExist):
		return fmt.Errorf("look for the photo: %w", err)
	case present && now.After(s.CreatedAt.Add(schema.StuckLife)):
		return w.endStuck(ctx, s, attrs)
	case present:
		return w.redrive(ctx, s, attrs, reached)
	case s.State != scan.AwaitingUpload:
		_, err := w.fail(ctx, s, scan.PhotoMissing)
		return err
	case now.Before(s.TicketExpiresAt.Add(s.Grace())):
		return w.update(ctx, s, func(current *scan.Scan) { current.LookAgain(nextWait(*current, now)) })
	default:
		_, err := w.end(ctx, s, func(current *scan.Scan, now time.Time) event.Payload {
			current.Expire(now)
			return nil
		})
		return err
	}
}

// nextWait returns when to check again for a missing photo: at the ticket's end, and after the
// grace.
func nextWait(s scan.Scan, now time.Time) time.Time {
	if now.Before(s.TicketExpiresAt) {
		return s.TicketExpiresAt
	}
	return s.TicketExpiresAt.Add(s.Grace())
}

// purge deletes the original of a finished scan, if it is due by the user's present wish. If the
// user is gone, the default applies.
func (w *Sweeper) purge(ctx context.Context, s scan.Scan) error {
	user, err := account.Get(ctx, w.Firestore, s.UID)
	if err != nil && !errors.Is(err, account.ErrNoUser) {
		return err
	}
	if now, due := w.Now().UTC(), s.PhotoDue(user); now.Before(due) {
		return w.update(ctx, s, func(current *scan.Scan) { current.KeepPhoto(due, now) })
	}
	if s.Generation != 0 {
		if err := scan.DeletePhoto(ctx, w.Uploads, scan.PhotoName(s.UID, s.ID), s.Generation); err != nil {
			return err
		}
	}
	return w.update(ctx, s, func(current *scan.Scan) { current.SweepAt, current.SweepFaults = nil, 0 })
}

// redrive publishes the photo's finalize notification again, as Cloud Storage would have, unless
// the first one is still waiting.
func (w *Sweeper) redrive(ctx context.Context, s scan.Scan, attrs *storage.ObjectAttrs, reached progress) error {
	at, err := reached()
	if err != nil {
		return err
	}
	if waits(attrs.Created, at, w.Now()) {
		slog.InfoContext(ctx, "scan waits in a backlog", "scan_id", s.ID, "state", s.State)
		return w.update(ctx, s, func(current *scan.Scan) { current.LookAgain(w.Now().UTC().Add(scan.NextLook)) })
	}
	data, attributes, err := scan.FinalizedMessage(attrs)
	if err != nil {
		return err
	}
	if err := w.Publisher.Publish(ctx, event.TopicUploadFinalized, data, attributes); err != nil {
		return fmt.Errorf("publish finalize again: %w", err)
	}
	slog.InfoContext(ctx, "stuck scan published again", "scan_id", s.ID, "state", s.State)
	return w.update(ctx, s, func(current *scan.Scan) { current.LookAgain(w.Now().UTC().Add(scan.NextLook)) })
}

// endStuck ends the scan and deletes its photo. It first records the photo in the scan, so that a
// later sweep can delete it if this one fails to.
func (w *Sweeper) endStuck(ctx context.Context, s scan.Scan, photo *storage.ObjectAttrs) error {
	s.Generation, s.UploadedAt = photo.Generation, photo.Created
	ended, err := w.fail(ctx, s, late)
	if err != nil || !ended {
		return err
	}
	return scan.DeletePhoto(ctx, w.Uploads, scan.PhotoName(s.UID, s.ID), s.Generation)
}

// fail ends the scan with its photo's generation and the owed event, unless something else has
// changed it since the sweep read it.
func (w *Sweeper) fail(ctx context.Context, s scan.Scan, f scan.Failure) (ended bool, err error) {
	return w.end(ctx, s, func(current *scan.Scan, now time.Time) event.Payload {
		current.Generation, current.UploadedAt = s.Generation, s.UploadedAt
		current.Fail(f, now)
		return scan.FailedEvent(*current)
	})
}

// end ends the scan and commits the event that it owes, if any, unless something else has changed
// the scan since the sweep read it.
func (w *Sweeper) end(
	ctx context.Context, s scan.Scan, end func(current *scan.Scan, now time.Time) event.Payload,
) (ended bool, err error) {
	var current scan.Scan
	err = w.Outbox.RunInTurn(ctx, scan.Ref(w.Firestore, s.ID), func(ctx context.Context, tx *outbox.Tx) error {
		current, err = scan.Read(tx.Transaction, w.Firestore, s.ID)
		ended = err == nil && unchanged(s, current)
		if !ended {
			return fault.Ignore(err, scan.ErrNotFound)
		}
		now := w.Now().UTC()
		owed := end(&current, now)
		if err := series.Follow(ctx, tx, w.Firestore, current, now, owed, string(s.ID)); err != nil {
			return err
		}
		return scan.Write(tx.Transaction, w.Firestore, current)
	})
	if err == nil && ended {
		current.LogEnd(ctx)
	}
	return ended, err
}

// update changes the scan, unless something else has changed it since the sweep read it.
func (w *Sweeper) update(ctx context.Context, s scan.Scan, change func(*scan.Scan)) error {
	return w.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := scan.Read(tx, w.Firestore, s.ID)
		if err != nil || !unchanged(s, current) {
			return fault.Ignore(err, scan.ErrNotFound)
		}
		change(&current)
		return scan.Write(tx, w.Firestore, current)
	})
}

// unchanged reports whether nothing has happened to the scan since it was read as earlier. Renewing
// a ticket does not change the version.
func unchanged(earlier, s scan.Scan) bool {
	return s.Version == earlier.Version && s.TicketExpiresAt.Equal(earlier.TicketExpiresAt)
}
