package notify

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
)

func (n *Notifier) forgetScan(ctx context.Context, e event.Event) error {
	deleted, err := event.As[event.ScanDeletedV1](e)
	if err != nil {
		return err
	}
	return Forget(ctx, n.fs, account.UID(deleted.UID), deleted.ScanID)
}

func (n *Notifier) forgetSeries(ctx context.Context, e event.Event) error {
	deleted, err := event.As[event.SeriesDeletedV1](e)
	if err != nil {
		return err
	}
	return forget(ctx, n.fs, account.UID(deleted.UID), "seriesId", deleted.SeriesID)
}

// revised reports whether the series has been told of before and has another result now. Its user is
// told of a series once; what was said then is not so any more, and is forgotten.
func (n *Notifier) revised(ctx context.Context, e event.Event) (bool, error) {
	settled, err := event.As[event.SeriesSettledV1](e)
	if err != nil || settled.Revision == 1 {
		return false, err
	}
	return true, forget(ctx, n.fs, account.UID(settled.UID), "seriesId", settled.SeriesID)
}

// Forget deletes the inbox items that tell of the scan, which have its score in their text, and their deliveries. It is
// for when no message of the scan can come any more: it is gone, or its consent is. It may be done again.
func Forget(ctx context.Context, fs *firestore.Client, uid account.UID, scanID string) error {
	return forget(ctx, fs, uid, "scanId", scanID)
}

// forget deletes the inbox items whose data has the id under the name, and their deliveries.
func forget(ctx context.Context, fs *firestore.Client, uid account.UID, name, id string) error {
	user := account.Ref(fs, uid)
	told, err := inboxOf(user).Where("data."+name, "==", id).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list what the inbox says of a %s: %w", name, err)
	}
	for _, item := range told {
		err := fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
			for _, c := range []channel{push, email} {
				if err := tx.Delete(deliveryRef(user, item.Ref.ID, c)); err != nil {
					return err
				}
			}
			return tx.Delete(item.Ref)
		})
		if err != nil {
			return fmt.Errorf("delete an inbox item: %w", err)
		}
	}
	return nil
}
