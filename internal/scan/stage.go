package scan

import (
	"context"
	"errors"
	"log/slog"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/transact"
)

// enter shows that the claimed scan has come to the stage, for those who watch it. That is a courtesy: where it does not
// succeed the analysis goes on, and whether the lease still holds is asked by whoever ends the scan.
func (a *Analyzer) enter(ctx context.Context, s Scan, stage Stage) {
	err := transact.Run(ctx, a.Firestore, ref(a.Firestore, s.ID), func(_ context.Context, tx *firestore.Transaction) error {
		current, err := read(tx, a.Firestore, s.ID)
		if err != nil {
			return err
		}
		if err := current.holds(s.Lease.Token); err != nil {
			return err
		}
		current.Stage = stage
		current.changed(a.Now().UTC())
		return write(tx, a.Firestore, current)
	})
	if err != nil && !errors.Is(err, errNoScan) && !errors.Is(err, errLost) {
		slog.WarnContext(ctx, "stage not shown", "stage", stage, "error", err)
	}
}
