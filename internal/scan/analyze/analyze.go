// Package analyze completes scans: it claims the scan of an uploaded photo, measures the photo,
// stores the report and the pictures, and decides whether the scan counts. It also measures kept
// photos again.
package analyze

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"golang.org/x/sync/semaphore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/transact"
	"github.com/facescan/facescan/internal/watchdog"
	"github.com/facescan/facescan/internal/work"
)

// Consumer measures uploaded photos.
type Consumer struct {
	// Firestore holds the scans. Outbox commits their ends together with the events that they owe.
	Firestore *firestore.Client
	Outbox    *outbox.Box
	// Uploads holds the photos, Results what is made from them.
	Uploads, Results *storage.BucketHandle
	// Scan is the face engine, face.Scan. It is a field for tests of crashes, since no photo is known
	// to crash the real one.
	Scan func(io.Reader, report.Options) (report.Report, []report.Picture, error)
	// Processors has a place for each computation that may run at a time (boot.Process.Processors).
	Processors *semaphore.Weighted
	// Lease is how long an analysis may take before another redoes it: work.LeaseTime except in tests.
	Lease time.Duration
	// Exit ends the process: os.Exit except in tests (see computing).
	Exit func(code int)
	// Key is the key of upload.Handler.
	Key keys.Ring
	// Now is the clock.
	Now func() time.Time
}

// Mux returns the handlers of finalize notifications and of the events.
func (c *Consumer) Mux() *event.Mux {
	m := new(event.Mux)
	m.OnFinalized(func(ctx context.Context, object event.ObjectFinalized) error {
		// The traceparent is in the photo's metadata, since the notification has none.
		ctx = telemetry.FromTraceparent(ctx, object.Metadata["traceparent"])
		ctx, end := telemetry.Span(ctx, "scan.analyze")
		err := c.handle(ctx, object)
		end(err)
		return err
	})
	event.On(m, c.again)
	return m
}

// Handle completes the scan of a finalize notification, and the request of a
// scan.verify.requested.v1. It returns nil for duplicate and stale deliveries and for those stopped
// by the fence. A transient failure is an error, and the next delivery claims the scan again. An
// analysis that crashes ends the scan and returns a permanent error, so that the event is parked.
func (c *Consumer) Handle(ctx context.Context, m event.Message) error { return c.Mux().Handle(ctx, m) }

func (c *Consumer) handle(ctx context.Context, object event.ObjectFinalized) error {
	uid, id, ok := scan.ParsePhotoName(object.Name)
	if !ok {
		return c.deletePhoto(ctx, object.Name, object.Generation)
	}
	ctx = telemetry.With(ctx, slog.String("scan_id", string(id)))
	s, err := c.claim(ctx, uid, id, object)
	switch {
	case errors.Is(err, scan.ErrFinished) && !s.Refused():
		slog.InfoContext(ctx, "finalize dropped", "reason", err)
		return nil
	case errors.Is(err, scan.ErrStale):
		slog.InfoContext(ctx, "photo deleted", "reason", err, "generation", object.Generation)
		return c.deletePhoto(ctx, object.Name, object.Generation)
	case errors.Is(err, scan.ErrFinished), errors.Is(err, errFenced), errors.Is(err, scan.ErrNotFound):
		// Deleted on each delivery: the delivery that ended the scan may have died or failed before it
		// had deleted everything.
		slog.InfoContext(ctx, "photo and results deleted", "reason", err, "generation", object.Generation)
		return c.deleteAll(ctx, uid, id, object.Generation)
	case errors.Is(err, work.ErrLeased):
		return fault.New(fault.CodeUnavailable, "The scan is being analysed.")
	case errors.Is(err, scan.ErrExhausted):
		return errors.Join(c.fail(ctx, s, crashed), fault.Wrap(err, fault.CodeAnalysisCrashed, "The analysis never ended."))
	case err != nil:
		return err
	}
	if bucket.Encoded(object.ContentEncoding) {
		err = c.failOr(ctx, s, &unfit{encoded})
	} else {
		err = c.analyze(ctx, s)
	}
	if err != nil {
		return c.giveUp(ctx, s, err)
	}
	return nil
}

// errFenced is returned if the user is gone or does not admit the scan any more.
var errFenced = errors.New("the user does not admit the scan")

// claim takes the scan for this process. At a closed fence it ends the scan instead and returns
// errFenced.
func (c *Consumer) claim(
	ctx context.Context, uid account.UID, id scan.ID, photo event.ObjectFinalized,
) (scan.Scan, error) {
	var s scan.Scan
	var outcome error
	token := rand.Text()
	ctx, end := telemetry.Span(ctx, "scan.claim")
	err := c.Outbox.RunInTurn(ctx, scan.Ref(c.Firestore, id), func(ctx context.Context, tx *outbox.Tx) error {
		read, user, err := c.read(tx.Transaction, uid, id)
		if err != nil {
			return err
		}
		s = read
		if s.UID != uid {
			return scan.ErrStale
		}
		closed, err := fenceClosed(user, s)
		if err != nil {
			return err
		}
		now := c.Now().UTC()
		outcome = s.Claim(photo.Generation, token, c.Lease, now)
		if closed && (outcome == nil || errors.Is(outcome, scan.ErrExhausted)) {
			outcome = errFenced
			s.Fail(refusal(user, s), now)
			if err := series.Follow(ctx, tx, c.Firestore, s, now, nil); err != nil {
				return err
			}
		}
		if errors.Is(outcome, scan.ErrStale) || errors.Is(outcome, scan.ErrFinished) || errors.Is(outcome, work.ErrLeased) {
			return nil
		}
		s.UploadedAt = photo.Created
		return scan.Write(tx.Transaction, c.Firestore, s)
	})
	end(err)
	if err != nil {
		return s, err
	}
	return s, outcome
}

// read reads the scan and the document of its user, if it is the uid's, in one round trip.
func (c *Consumer) read(
	tx *firestore.Transaction, uid account.UID, id scan.ID,
) (s scan.Scan, user *firestore.DocumentSnapshot, err error) {
	snaps, err := tx.GetAll([]*firestore.DocumentRef{scan.Ref(c.Firestore, id), account.Ref(c.Firestore, uid)})
	if err != nil {
		return scan.Scan{}, nil, fmt.Errorf("read scan and user: %w", err)
	}
	s, err = scan.Decode(snaps[0], nil)
	return s, snaps[1], err
}

func fenceClosed(user *firestore.DocumentSnapshot, s scan.Scan) (bool, error) {
	_, err := account.Entered(user, s.ConsentEpoch)
	if errors.Is(err, account.ErrClosed) {
		return true, nil
	}
	return false, err
}

// refusal returns why the user does not admit the scan any more.
func refusal(user *firestore.DocumentSnapshot, s scan.Scan) scan.Failure {
	u, err := account.EnteredStored(user)
	if err == nil && u.State != account.Active && u.Consent.Granted && u.ConsentEpoch == s.ConsentEpoch {
		return held
	}
	return refused
}

// analyze measures the claimed photo and ends the scan with a result or a failure. Its errors are
// transient, or those of a crashed analysis.
func (c *Consumer) analyze(ctx context.Context, s scan.Scan) error {
	photo, err := c.photo(ctx, s)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return c.fail(ctx, s, scan.PhotoMissing)
	}
	if err != nil {
		return c.failOr(ctx, s, err)
	}
	hashes := hashesOf(c.Key, s.UID, photo)
	s.Content = hashes[0]
	if s.Declared != "" && !slices.Contains(hashes, s.Declared) {
		return c.fail(ctx, s, mismatch)
	}
	report, pictures, err := c.measure(ctx, s, photo)
	if err != nil {
		return c.failOr(ctx, s, fmt.Errorf("analyse photo: %w", err))
	}
	logProfile(ctx, report.Image.ColorProfile)
	s.Rendered, err = c.render(ctx, s, photo)
	if err != nil {
		return err
	}
	return c.complete(ctx, s, hashes, report, pictures)
}

// failOr ends the scan with the failure that the cause stands for. It returns any other cause, and
// also a crash, so that the event is parked.
//
// A photo that was uploaded with a Content-Encoding is deleted first, so that nothing has to read
// it, including the user's export. Cloud Storage has been seen to answer every read of bytes that
// are declared as gzip but are not with 503
// (https://github.com/GoogleCloudPlatform/gcsfuse/issues/131).
func (c *Consumer) failOr(ctx context.Context, s scan.Scan, cause error) error {
	f, ok := failureOf(cause)
	if !ok {
		return cause
	}
	if f.Code == scan.ReasonEncoded {
		if err := c.deletePhoto(ctx, scan.PhotoName(s.UID, s.ID), s.Generation); err != nil {
			return err
		}
	}
	err := c.fail(ctx, s, f)
	if f.Code == scan.ReasonCrashed {
		return errors.Join(err, cause)
	}
	return err
}

// measure runs the engine. It turns a panic into analysis_crashed, since the same photo would crash
// the engine again, and other requests of the process continue.
func (c *Consumer) measure(
	ctx context.Context, s scan.Scan, photo []byte,
) (found report.Report, pictures []report.Picture, err error) {
	done, err := c.computing(ctx, s)
	if err != nil {
		return report.Report{}, nil, err
	}
	defer done()
	ctx, end := telemetry.Span(ctx, "face.Scan")
	defer func() {
		if cause := recover(); cause != nil {
			stack := telemetry.Stack(fmt.Sprint("panic: ", cause), debug.Stack())
			slog.ErrorContext(ctx, "analysis panicked", slog.Any("panic", cause), stack)
			err = fault.New(fault.CodeAnalysisCrashed, "the face engine panicked: %v", cause)
		}
		end(err)
	}()
	return c.Scan(bytes.NewReader(photo), report.Options{
		MaxBytes: scan.MaxBytes, Stage: telemetry.Stages(ctx, "face"),
	})
}

// computing waits for a processor, which done gives back. From then on it ends the process if the
// computation outlives the scan's lease or the request, unless done is called before. Nothing else
// stops the engine at a photo that it does not finish, and the next user's scan would share the
// processor with it. The delivery is then repeated, and claim counts until scan.MaxClaims ends the
// scan. The process ends with a tenth of the lease left, since an instance has a processor only
// while it serves a request. computing fails if there is no time left to begin.
func (c *Consumer) computing(ctx context.Context, s scan.Scan) (done func(), err error) {
	if err := c.Processors.Acquire(ctx, 1); err != nil {
		return nil, fault.Wrap(err, fault.CodeUnavailable, "No processor was free in time.")
	}
	left := c.Lease // a repeated measurement takes no lease
	if s.State == scan.Processing {
		left = s.Lease.Until.Sub(c.Now())
	}
	if end, ok := ctx.Deadline(); ok {
		left = min(left, time.Until(end))
	}
	left -= c.Lease / 10
	if left <= 0 {
		c.Processors.Release(1)
		return nil, fault.New(fault.CodeUnavailable, "Too little of the time is left to begin.")
	}
	stop := watchdog.Watch(ctx, left, c.Exit)
	return func() {
		stop()
		c.Processors.Release(1)
	}, nil
}

// keepMeasured keeps the report and the pictures, and returns the result for the scan's document.
func (c *Consumer) keepMeasured(
	ctx context.Context, s scan.Scan, measured report.Report, pictures []report.Picture,
) (map[string]any, error) {
	body, err := json.Marshal(measured)
	if err != nil {
		return nil, fmt.Errorf("marshal report: %w", err)
	}
	result, err := withoutGeometry(body)
	if err != nil {
		return nil, err
	}
	return result, c.keepAll(ctx, s, body, pictures)
}

// complete stores the report and the pictures and ends the scan. It stores them first, so that a
// completed scan always has all of them. If the fence has closed meanwhile, it deletes them again.
func (c *Consumer) complete(
	ctx context.Context, s scan.Scan, hashes []string, measured report.Report, pictures []report.Picture,
) error {
	result, err := c.keepMeasured(ctx, s, measured, pictures)
	if err != nil {
		return err
	}
	seen := observe(ctx, measured, pictures)
	seen.SeriesID, seen.Content, seen.Version = string(s.SeriesID), s.Content, measured.Version
	return c.finish(ctx, s, func(
		ctx context.Context, tx *outbox.Tx, user account.User, current *scan.Scan, now time.Time,
	) (event.Payload, error) {
		kept := maps.Clone(result) // the transaction may run more than once
		current.Content, current.Rendered = s.Content, s.Rendered
		var err error
		if current.DuplicateOf, err = c.remember(ctx, tx, s, user, hashes, seen, kept, now); err != nil {
			return nil, err
		}
		current.Complete(kept, now)
		return scan.CompletedEvent(*current), nil
	})
}

// geometry are the members of a report that are not stored in Firestore.
var geometry = []string{"face", "landmarks"}

func withoutGeometry(report []byte) (map[string]any, error) {
	var result map[string]any
	if err := json.Unmarshal(report, &result); err != nil {
		return nil, fmt.Errorf("reread report: %w", err)
	}
	for _, name := range geometry {
		delete(result, name)
	}
	return result, nil
}

// fail ends the scan with the reason.
func (c *Consumer) fail(ctx context.Context, s scan.Scan, f scan.Failure) error {
	return c.finish(ctx, s, func(
		_ context.Context, _ *outbox.Tx, _ account.User, current *scan.Scan, now time.Time,
	) (event.Payload, error) {
		current.Fail(f, now)
		return scan.FailedEvent(*current), nil
	})
}

// ending ends the scan in the transaction that has read it and its user, and returns the owed
// event. It may run more than once.
type ending func(
	ctx context.Context, tx *outbox.Tx, user account.User, current *scan.Scan, now time.Time,
) (event.Payload, error)

// finish ends the claimed scan together with the event that it owes, one scan of the user after the
// other. If the lease went to another process, finish only deletes the results of a scan that has
// failed since. If the fence has closed, the scan ends without an event and all its objects are
// deleted.
func (c *Consumer) finish(ctx context.Context, s scan.Scan, end ending) error {
	var outcome error
	var current scan.Scan
	ctx, finished := telemetry.Span(ctx, "scan.finish")
	err := c.Outbox.RunInTurn(ctx, account.Ref(c.Firestore, s.UID), func(ctx context.Context, tx *outbox.Tx) error {
		outcome = nil
		read, snap, err := c.read(tx.Transaction, s.UID, s.ID)
		current = read
		if errors.Is(err, scan.ErrNotFound) {
			outcome = errFenced
			return nil
		}
		if err != nil {
			return err
		}
		user, err := account.Entered(snap, current.ConsentEpoch)
		closed := errors.Is(err, account.ErrClosed)
		if err != nil && !closed {
			return err
		}
		lost := current.Holds(s.Lease.Token)
		now := c.Now().UTC()
		if closed {
			outcome = errFenced
		}
		if lost != nil {
			outcome = cmp.Or(outcome, lost)
			return nil
		}
		if closed {
			current.Fail(refusal(snap, current), now)
			return errors.Join(
				series.Follow(ctx, tx, c.Firestore, current, now, nil), scan.Write(tx.Transaction, c.Firestore, current),
			)
		}
		payload, err := end(ctx, tx, user, &current, now)
		if err != nil {
			return err
		}
		current.KeepPhoto(current.PhotoDue(user), now)
		if err := series.Follow(ctx, tx, c.Firestore, current, now, payload, string(s.ID)); err != nil {
			return err
		}
		return scan.Write(tx.Transaction, c.Firestore, current)
	})
	finished(err)
	if err != nil {
		return fmt.Errorf("finish scan: %w", err)
	}
	if outcome != nil {
		slog.InfoContext(ctx, "analysis dropped", "reason", outcome)
	}
	switch {
	case outcome == nil:
		current.LogEnd(ctx)
	case errors.Is(outcome, errFenced):
		return c.deleteAll(ctx, s.UID, s.ID, s.Generation)
	case errors.Is(outcome, work.ErrLost) && current.State == scan.Failed:
		return bucket.DeleteBelow(ctx, c.Results, scan.ResultPrefix(s.UID, s.ID))
	}
	return nil
}

// giveUp releases the scan after a transient failure, so that the next delivery need not wait for
// the lease's end. A crashed analysis has ended its scan already.
func (c *Consumer) giveUp(ctx context.Context, s scan.Scan, cause error) error {
	if fault.Is(cause, fault.CodeAnalysisCrashed) {
		return cause
	}
	return errors.Join(cause, work.Release(ctx, func(ctx context.Context) error {
		return c.release(ctx, s)
	}))
}

// release puts the scan back in the queue while the analysis holds its lease. Otherwise it returns
// work.ErrLost.
func (c *Consumer) release(ctx context.Context, s scan.Scan) error {
	on := scan.Ref(c.Firestore, s.ID)
	return transact.Run(ctx, c.Firestore, on, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := scan.Read(tx, c.Firestore, s.ID)
		if err != nil {
			return err
		}
		if err := current.Holds(s.Lease.Token); err != nil {
			return err
		}
		current.Requeue(c.Now().UTC())
		return scan.Write(tx, c.Firestore, current)
	})
}
