package notify

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// Forget deletes the inbox items about the scan, whose texts have its score, and their deliveries.
// Call it when no message of the scan can be sent any more, because the scan or its consent is
// gone. It may be repeated.
func Forget(ctx context.Context, fs *firestore.Client, uid account.UID, scanID string) error {
	return forget(ctx, fs, uid, "scanId", scanID)
}

// ForgetSeries is like [Forget] for a series.
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
