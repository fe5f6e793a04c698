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

// enter shows the stage that the claimed scan has come to in its document. That is a courtesy:
// where it does not succeed the analysis goes on, and whether the lease still holds is asked at the
// scan's end.
func (a *Consumer) enter(ctx context.Context, s scan.Scan, stage scan.Stage) {
	err := a.change(ctx, s, func(current *scan.Scan, now time.Time) {
		current.Stage = stage
		current.Touch(now)
	})
	if fault.Ignore(err, scan.ErrNotFound, work.ErrLost) != nil {
		slog.WarnContext(ctx, "stage not shown", "stage", stage, "error", err)
	}
}

// change changes the scan while the analysis holds its lease; otherwise it returns work.ErrLost.
func (a *Consumer) change(ctx context.Context, s scan.Scan, change func(current *scan.Scan, now time.Time)) error {
	on := scan.Ref(a.Firestore, s.ID)
	return transact.Run(ctx, a.Firestore, on, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := scan.Read(tx, a.Firestore, s.ID)
		if err != nil {
			return err
		}
		if err := current.Holds(s.Lease.Token); err != nil {
			return err
		}
		change(&current, a.Now().UTC())
		return scan.Write(tx, a.Firestore, current)
	})
}
