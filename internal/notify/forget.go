package notify

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
)

// Forget deletes the inbox items about the scan, whose texts have its score, and their deliveries,
// also those whose item the user has deleted. Call it when no message of the scan can be sent any
// more, because the scan or its consent is gone. It may be repeated.
func Forget(ctx context.Context, fs *firestore.Client, uid account.UID, scanID string) error {
	return forget(ctx, fs, uid, "scanId", scanID)
}

// ForgetSeries is like [Forget] for a series.
func ForgetSeries(ctx context.Context, fs *firestore.Client, uid account.UID, seriesID string) error {
	return forget(ctx, fs, uid, "seriesId", seriesID)
}

// forget deletes the inbox items and deliveries that have the id under the name.
func forget(ctx context.Context, fs *firestore.Client, uid account.UID, name, id string) error {
	user := account.Ref(fs, uid)
	items, err := Inbox(user).Where("data."+name, "==", id).Select("kind").Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list what the inbox says of a %s: %w", name, err)
	}
	deliveries, err := Deliveries(user).Where(name, "==", id).Select().Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list what was delivered of a %s: %w", name, err)
	}
	all := map[string][]*firestore.DocumentRef{}
	for _, told := range slices.Concat(items, deliveries) {
		id := told.Ref.ID
		all[id] = append(all[id], Inbox(user).Doc(id), Deliveries(user).Doc(id))
	}
	for _, item := range items {
		if kind, _ := item.DataAt("kind"); kind == nil { // of the version before: see scripts/migrate
			for _, c := range Channels {
				all[item.Ref.ID] = append(all[item.Ref.ID], Deliveries(user).Doc(item.Ref.ID+"_"+string(c)))
			}
		}
	}
	for _, refs := range all {
		if err := remove(ctx, fs, refs); err != nil {
			return fmt.Errorf("delete an inbox item: %w", err)
		}
	}
	return nil
}

// remove deletes the documents together.
func remove(ctx context.Context, fs *firestore.Client, refs []*firestore.DocumentRef) error {
	return fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		for _, ref := range refs {
			if err := tx.Delete(ref); err != nil {
				return err
			}
		}
		return nil
	})
}
