// Package rescore has the scans of a range of time scored by the present version of the engine, and
// compares the scores before and after. It asks for each as its user could, and function analyze
// measures the photo that is kept: a scan whose photo is gone keeps its score.
//
// It may be stopped and run again, as a scan that is scored by the present engine is not asked for.
package rescore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
)

const (
	// page is the number of scans read at once.
	page = 200
	// look is how often it looks for outcomes, and patience how long it waits for one. A request that
	// is older counts as lost (scan.PendingLife).
	look     = time.Second
	patience = scan.PendingLife
)

// Outcomes of scans, beside those of package scan.
const (
	// Current is a scan that the present engine has scored.
	Current = "current"
	// Unmeasured is a scan that is not completed.
	Unmeasured = "not_completed"
	// NotAdmitted is a scan whose user or consent does not admit it any more.
	NotAdmitted = "not_admitted"
	// UnderWay is a scan that was asked for by another request.
	UnderWay = "under_way"
	// Possible is a scan that a dry run would have scored.
	Possible = "would_be_rescored"
	// Overdue is a scan of which nothing was heard for ten minutes.
	Overdue = "overdue"
)

// Rescorer has scans scored again.
type Rescorer struct {
	Firestore *firestore.Client
	// Outbox owes the requests.
	Outbox *outbox.Box
	// Uploads has the photos.
	Uploads *storage.BucketHandle
	// Acts keeps each request, and By is who asks.
	Acts *audit.Book
	By   audit.Actor
	// Now is the clock.
	Now func() time.Time
	// Pause is between two requests, and Window the most that are under way at a time.
	Pause  time.Duration
	Window int
	// DryRun only looks.
	DryRun bool
	// Progress, if set, is told how far it is, each time that something has changed.
	Progress func(Result)
}

// Result is what was done.
type Result struct {
	// Seen is the number of scans that were looked at, and Asked of those asked for.
	Seen, Asked int
	// Outcomes has how many scans came to what.
	Outcomes map[string]int
	// Next is when the scan was created that was looked at last: a run goes on from there.
	Next time.Time
	// Before and After are the scores of the scans that were scored again, in the same order.
	Before, After []float64
}

// pending is a scan that was asked for.
type pending struct {
	ref    *firestore.DocumentRef
	asked  int64
	before float64
	until  time.Time
}

// run is a run under way.
type run struct {
	*Rescorer
	result  Result
	waiting []pending
}

// Run has the scans scored that were created from since on and before until. If it is ended by an
// error, the result is what was done until then; what was asked for is done nevertheless.
func (r *Rescorer) Run(ctx context.Context, since, until time.Time) (Result, error) {
	w := &run{Rescorer: r, result: Result{Outcomes: map[string]int{}, Next: since}}
	scans := r.Firestore.Collection("scans").Where("createdAt", ">=", since.UTC()).
		Where("createdAt", "<", until.UTC()).OrderBy("createdAt", firestore.Asc).Limit(page)
	for {
		snaps, err := scans.Documents(ctx).GetAll()
		if err != nil {
			return w.result, fmt.Errorf("list the scans: %w", err)
		}
		for _, snap := range snaps {
			if err := w.one(ctx, snap); err != nil {
				return w.result, fmt.Errorf("scan %s: %w", snap.Ref.ID, err)
			}
		}
		if len(snaps) < page {
			break
		}
		scans = scans.StartAfter(snaps[len(snaps)-1])
	}
	return w.result, w.wait(ctx, 0)
}

// one looks at a scan and asks for it.
func (w *run) one(ctx context.Context, snap *firestore.DocumentSnapshot) error {
	var s scan.Scan
	if err := snap.DataTo(&s); err != nil {
		return fmt.Errorf("decode: %w", err)
	}
	outcome, err := w.outlook(ctx, s)
	if err != nil {
		return err
	}
	w.result.Seen++
	w.result.Next = s.CreatedAt
	if outcome == Possible && !w.DryRun {
		if err := w.wait(ctx, max(w.Window, 1)-1); err != nil {
			return err
		}
		if err := sleep(ctx, w.Pause); err != nil {
			return err
		}
		if outcome, err = w.ask(ctx, s); err != nil {
			return err
		}
	}
	if outcome != "" {
		w.result.Outcomes[outcome]++
	}
	w.tell()
	return nil
}

func (w *run) tell() {
	if w.Progress != nil {
		w.Progress(w.result)
	}
}

// outlook returns what there is to be done about a scan, as far as it can be seen.
func (w *run) outlook(ctx context.Context, s scan.Scan) (string, error) {
	if s.State != scan.Completed {
		return Unmeasured, nil
	}
	if s.Outcome().Version == report.Version {
		return Current, nil
	}
	_, err := w.Uploads.Object(scan.PhotoName(s.UID, s.ID)).Generation(s.Generation).Attrs(ctx)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return scan.VerifyGone, nil
	}
	if err != nil {
		return "", fmt.Errorf("look for the photo: %w", err)
	}
	return Possible, nil
}

// ask asks for the scan to be scored again. The outcome is "" for one that is waited for.
func (w *run) ask(ctx context.Context, s scan.Scan) (outcome string, err error) {
	var before scan.Scan
	err = w.Outbox.RunInTurn(ctx, scan.Ref(w.Firestore, s.ID), func(ctx context.Context, tx *outbox.Tx) error {
		outcome = ""
		user, err := account.Enter(tx.Transaction, w.Firestore, s.UID, s.ConsentEpoch)
		if errors.Is(err, account.ErrClosed) {
			outcome = NotAdmitted
			return nil
		}
		if err != nil {
			return err
		}
		current, err := scan.Read(tx.Transaction, w.Firestore, s.ID)
		if errors.Is(err, scan.ErrNotFound) {
			outcome = NotAdmitted
		}
		if err != nil {
			return fault.Ignore(err, scan.ErrNotFound)
		}
		if current.State != scan.Completed || current.Outcome().Version == report.Version {
			outcome = Current
			return nil
		}
		link, err := audit.Ensure(tx.Transaction, account.Ref(w.Firestore, s.UID), user.Acts)
		if err != nil {
			return err
		}
		asked, err := current.Measure(ctx, tx, w.Firestore, true, w.Now().UTC())
		if err != nil || !asked {
			outcome = UnderWay
			return err
		}
		before = current
		return w.Acts.Write(tx.Transaction, audit.Act{
			Kind: audit.RescoreAsked, Actor: w.By, Subject: link, Object: string(s.ID),
			Key: []string{event.ID(string(s.ID), strconv.FormatInt(current.Version, 10))},
		})
	})
	if err != nil || outcome != "" {
		return outcome, err
	}
	w.result.Asked++
	w.waiting = append(w.waiting, pending{
		ref: scan.Ref(w.Firestore, s.ID), asked: before.Version, before: before.Outcome().Score.Value,
		until: time.Now().Add(patience),
	})
	return "", nil
}

// wait waits until no more than most scans are under way.
func (w *run) wait(ctx context.Context, most int) error {
	for len(w.waiting) > most {
		if err := w.look(ctx); err != nil {
			return err
		}
		if len(w.waiting) > most {
			if err := sleep(ctx, look); err != nil {
				return err
			}
		}
	}
	return nil
}

// look takes the scans that are settled from those that are waited for.
func (w *run) look(ctx context.Context) error {
	refs := make([]*firestore.DocumentRef, 0, len(w.waiting))
	for _, p := range w.waiting {
		refs = append(refs, p.ref)
	}
	snaps, err := w.Firestore.GetAll(ctx, refs)
	if err != nil {
		return fmt.Errorf("look for outcomes: %w", err)
	}
	var still []pending
	for i, p := range w.waiting {
		outcome, err := w.settled(p, snaps[i])
		if err != nil {
			return err
		}
		if outcome == "" {
			still = append(still, p)
			continue
		}
		w.result.Outcomes[outcome]++
	}
	if len(still) < len(w.waiting) {
		w.waiting = still
		w.tell()
	}
	return nil
}

// settled returns the outcome of a scan that was asked for, "" for none yet.
func (w *run) settled(p pending, snap *firestore.DocumentSnapshot) (string, error) {
	if !snap.Exists() {
		return NotAdmitted, nil
	}
	var s scan.Scan
	if err := snap.DataTo(&s); err != nil {
		return "", fmt.Errorf("decode scan %s: %w", snap.Ref.ID, err)
	}
	v := s.Verification
	switch {
	case v == nil || v.Asked != p.asked:
		return UnderWay, nil // of another request
	case v.Outcome == scan.VerifyPending && time.Now().After(p.until):
		return Overdue, nil
	case v.Outcome == scan.VerifyPending:
		return "", nil
	case v.Outcome == scan.VerifyRescored:
		w.result.Before = append(w.result.Before, p.before)
		w.result.After = append(w.result.After, s.Outcome().Score.Value)
	}
	return v.Outcome, nil
}

func sleep(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
