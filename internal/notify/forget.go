package notify

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// Forget deletes the inbox items that tell of the scan, which have its score in their text, and
// their deliveries. It is for when no message of the scan can come any more: it is gone, or its
// consent is. It may be done again.
func Forget(ctx context.Context, fs *firestore.Client, uid account.UID, scanID string) error {
	return forget(ctx, fs, uid, "scanId", scanID)
}

// ForgetSeries is [Forget] of a series.
func ForgetSeries(ctx context.Context, fs *firestore.Client, uid account.UID, seriesID string) error {
	return forget(ctx, fs, uid, "seriesId", seriesID)
}

// forget deletes the inbox items whose data has the id under the name, and their deliveries.
func forget(ctx context.Context, fs *firestore.Client, uid account.UID, name, id string) error {
	user := account.Ref(fs, uid)
	told, err := Inbox(user).Where("data."+name, "==", id).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list what the inbox says of a %s: %w", name, err)
	}
	for _, item := range told {
		err := fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
			for _, c := range []Channel{Push, Email} {
				if err := tx.Delete(DeliveryRef(user, item.Ref.ID, c)); err != nil {
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
