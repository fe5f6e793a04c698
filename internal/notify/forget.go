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

// Forget deletes the inbox items that tell of the scan, which have its score in their text, and their deliveries. It is
// for when no message of the scan can come any more: it is gone, or its consent is. It may be done again.
func Forget(ctx context.Context, fs *firestore.Client, uid account.UID, scanID string) error {
	user := account.Ref(fs, uid)
	told, err := inboxOf(user).Where("data.scanId", "==", scanID).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list what the inbox says of a scan: %w", err)
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
