package deliver

import (
	"context"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/notify"
)

func (c *Consumer) forgetScan(ctx context.Context, e event.Event) error {
	deleted, err := event.As[event.ScanDeletedV1](e)
	if err != nil {
		return err
	}
	return notify.Forget(ctx, c.Firestore, account.UID(deleted.UID), deleted.ScanID)
}

func (c *Consumer) forgetSeries(ctx context.Context, e event.Event) error {
	deleted, err := event.As[event.SeriesDeletedV1](e)
	if err != nil {
		return err
	}
	return notify.ForgetSeries(ctx, c.Firestore, account.UID(deleted.UID), deleted.SeriesID)
}

// revised reports whether the series has been told of before and has another result now. Its user is
// told of a series once; what was said then is not so any more, and is forgotten.
func (c *Consumer) revised(ctx context.Context, e event.Event) (bool, error) {
	settled, err := event.As[event.SeriesSettledV1](e)
	if err != nil || settled.Revision == 1 {
		return false, err
	}
	return true, notify.ForgetSeries(ctx, c.Firestore, account.UID(settled.UID), settled.SeriesID)
}
