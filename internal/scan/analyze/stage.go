package analyze

import (
	"context"
	"log/slog"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/transact"
	"github.com/facescan/facescan/internal/work"
)

// enter sets the stage of the claimed scan in its document. It is informational: if it fails, the
// analysis continues, and the lease is checked at the scan's end.
func (c *Consumer) enter(ctx context.Context, s scan.Scan, stage scan.Stage) {
	err := c.change(ctx, s, func(current *scan.Scan, now time.Time) {
		current.Stage = stage
		current.Touch(now)
	})
	if fault.Ignore(err, scan.ErrNotFound, work.ErrLost) != nil {
		slog.WarnContext(ctx, "stage not shown", "stage", stage, "error", err)
	}
}

// change changes the scan while the analysis holds its lease. Otherwise it returns work.ErrLost.
func (c *Consumer) change(ctx context.Context, s scan.Scan, change func(current *scan.Scan, now time.Time)) error {
	on := scan.Ref(c.Firestore, s.ID)
	return transact.Run(ctx, c.Firestore, on, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := scan.Read(tx, c.Firestore, s.ID)
		if err != nil {
			return err
		}
		if err := current.Holds(s.Lease.Token); err != nil {
			return err
		}
		change(&current, c.Now().UTC())
		return scan.Write(tx, c.Firestore, current)
	})
}
