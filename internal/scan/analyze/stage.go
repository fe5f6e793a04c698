package analyze

import (
	"context"
	"errors"
	"log/slog"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/transact"
)

// enter shows the stage that the claimed scan has come to in its document. That is a courtesy:
// where it does not succeed the analysis goes on, and whether the lease still holds is asked at the
// scan's end.
func (a *Consumer) enter(ctx context.Context, s scan.Scan, stage scan.Stage) {
	on := scan.Ref(a.Firestore, s.ID)
	err := transact.Run(ctx, a.Firestore, on, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := scan.Read(tx, a.Firestore, s.ID)
		if err != nil {
			return err
		}
		if err := current.Holds(s.Lease.Token); err != nil {
			return err
		}
		current.Stage = stage
		current.Touch(a.Now().UTC())
		return scan.Write(tx, a.Firestore, current)
	})
	if err != nil && !errors.Is(err, scan.ErrNotFound) && !errors.Is(err, scan.ErrLost) {
		slog.WarnContext(ctx, "stage not shown", "stage", stage, "error", err)
	}
}
