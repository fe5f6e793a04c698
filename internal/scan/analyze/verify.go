package analyze

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"strconv"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/work"
)

// again measures a scan's photo once more and settles the request. It returns nil for a duplicate
// and for a request that is not pending any more.
func (c *Consumer) again(ctx context.Context, _ event.Event, asked event.ScanVerifyRequestedV1) error {
	ctx = telemetry.With(ctx, slog.String("scan_id", asked.ScanID))
	s, err := c.countBegun(ctx, scan.ID(asked.ScanID), asked.Version, 1)
	if errors.Is(err, scan.ErrNotFound) || errors.Is(err, errSettled) {
		slog.InfoContext(ctx, "verification dropped", "reason", err)
		return nil
	}
	if err != nil {
		return err
	}
	if s.Verification.Begun > scan.MaxClaims {
		slog.ErrorContext(ctx, "verification given up", "begun", s.Verification.Begun)
		return c.settle(ctx, s, scan.Verification{Outcome: scan.VerifyRefused, Engine: report.Version}, nil)
	}
	err = c.measureAgain(ctx, s, asked.Rescore)
	if err != nil {
		return errors.Join(err, c.uncountBegun(ctx, s))
	}
	return nil
}

// errSettled is returned for a request that is not pending any more or was replaced by another.
var errSettled = errors.New("the request is settled")

// countBegun counts a measurement that begins for the request of the version, or with by = -1 one
// that returned. A measurement that ends its process stays counted, so that a photo does not end
// one process after another (see computing).
func (c *Consumer) countBegun(ctx context.Context, id scan.ID, version int64, by int) (s scan.Scan, err error) {
	err = c.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		s, err = scan.Read(tx, c.Firestore, id)
		if err != nil {
			return err
		}
		if !s.Asks(version) {
			return errSettled
		}
		s.Verification.Begun += by
		return scan.Write(tx, c.Firestore, s)
	})
	return s, err
}

// uncountBegun uncounts a measurement that failed. It works even if the request's own time is up.
func (c *Consumer) uncountBegun(ctx context.Context, s scan.Scan) error {
	return work.Release(ctx, func(ctx context.Context) error {
		_, err := c.countBegun(ctx, s.ID, s.Verification.Asked, -1)
		return fault.Ignore(err, scan.ErrNotFound, errSettled)
	})
}

// measureAgain measures the kept photo and settles the request. Its errors are transient.
func (c *Consumer) measureAgain(ctx context.Context, s scan.Scan, rescore bool) error {
	measured, pictures, err := c.measureKept(ctx, s)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return c.settle(ctx, s, scan.Verification{Outcome: scan.VerifyGone}, nil)
	}
	if _, ok := failureOf(err); ok {
		return c.settle(ctx, s, scan.Verification{Outcome: scan.VerifyRefused, Engine: report.Version}, nil)
	}
	if err != nil {
		return fmt.Errorf("analyse photo again: %w", err)
	}
	if !rescore {
		return c.compare(ctx, s, measured)
	}
	result, err := c.keepMeasured(ctx, s, measured, pictures)
	if err != nil {
		return err
	}
	return c.settle(ctx, s, scan.Verification{Outcome: scan.VerifyRescored, Engine: measured.Version}, result)
}

func (c *Consumer) measureKept(ctx context.Context, s scan.Scan) (report.Report, []report.Picture, error) {
	photo, err := c.photo(ctx, s)
	if err != nil {
		return report.Report{}, nil, err
	}
	return c.measure(ctx, s, photo)
}

// maxReport is the largest report that is compared, in bytes. Reports have a few thousand.
const maxReport = 1 << 20

// compare settles a request by comparing the report with the kept one, byte by byte.
func (c *Consumer) compare(ctx context.Context, s scan.Scan, measured report.Report) error {
	body, err := json.Marshal(measured)
	if err != nil {
		return fmt.Errorf("marshal report: %w", err)
	}
	kept, err := bucket.Read(ctx, c.Results.Object(scan.ReportName(s.UID, s.ID)), maxReport)
	if err != nil && !errors.Is(err, bucket.ErrTooLarge) { // larger than any report, so it differs
		return fmt.Errorf("read report: %w", err)
	}
	outcome := scan.VerifyDiffers
	if bytes.Equal(kept, body) {
		outcome = scan.VerifyMatches
	}
	return c.settle(ctx, s, scan.Verification{Outcome: outcome, Engine: measured.Version}, nil)
}

// settle stores the outcome, and the new result if there is one, together with the event that it
// owes. At a closed fence, and for a scan that is gone, it deletes everything that was written for
// it instead.
func (c *Consumer) settle(ctx context.Context, s scan.Scan, v scan.Verification, result map[string]any) error {
	var closed bool
	err := c.Outbox.RunInTurn(ctx, scan.Ref(c.Firestore, s.ID), func(ctx context.Context, tx *outbox.Tx) error {
		current, user, err := c.read(tx.Transaction, s.UID, s.ID)
		closed = errors.Is(err, scan.ErrNotFound)
		if err != nil {
			return fault.Ignore(err, scan.ErrNotFound)
		}
		closed, err = fenceClosed(user, current)
		if err != nil || closed || !current.Asks(s.Verification.Asked) {
			return err
		}
		now := c.Now().UTC()
		current.Touch(now)
		v.At, v.Asked = now, s.Verification.Asked
		current.Verification = &v
		if result == nil {
			return scan.Write(tx.Transaction, c.Firestore, current)
		}
		old, was := current.Result, current.Outcome()
		current.Previous, current.Result = &scan.Previous{Engine: was.Version, Score: was.Score.Value}, maps.Clone(result)
		if because, _ := old["notRankableBecause"].(string); because != "" {
			// It may be a copy or a cheat, which the engine alone does not detect: a scan that was not
			// ranked stays so.
			current.Result = notRanked(current.Result, because)
		}
		for _, reasons := range []string{"guard", "pace"} {
			if found, ok := old[reasons]; ok {
				current.Result[reasons] = found
			}
		}
		told := scan.RescoredEvent(current)
		err = series.Follow(ctx, tx, c.Firestore, current, now, told, string(s.ID), strconv.FormatInt(told.Revision, 10))
		if err != nil {
			return err
		}
		return scan.Write(tx.Transaction, c.Firestore, current)
	})
	if err != nil {
		return fmt.Errorf("settle the verification: %w", err)
	}
	if closed {
		return c.deleteAll(ctx, s.UID, s.ID, s.Generation)
	}
	return nil
}
