package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/schema"
)

// A sweep deletes at most expirePages pages of each collection, so that no collection blocks the
// others or outlasts the lease: 1000 documents a minute and collection. Firestore's TTL, which has
// no such limit, deletes them too.
const (
	expirePage  = 200
	expirePages = 5
)

// Expired returns the step that deletes expired documents. Readers already ignore them; deleting
// them keeps the promise of how long data is kept.
func Expired(fs *firestore.Client, now func() time.Time) Step {
	e := expirer{fs: fs, now: now}
	return Step{Name: "expired_deleted", Run: e.run}
}

type expirer struct {
	fs  *firestore.Client
	now func() time.Time
}

// run deletes from all collections, even if one fails.
func (e expirer) run(ctx context.Context) (deleted int, err error) {
	var faults []error
	for _, collection := range schema.Expiring() {
		for range expirePages {
			found, gone, err := e.page(ctx, collection)
			deleted += gone
			if err != nil {
				faults = append(faults, fmt.Errorf("delete what has expired of %s: %w", collection, err))
			}
			if err != nil || found < expirePage {
				break
			}
		}
	}
	return deleted, errors.Join(faults...)
}

// page deletes a page of the longest expired documents, except those renewed meanwhile. It needs
// the index on expireAt (asc) with the scope of the collection group, for each of
// [schema.Expiring].
func (e expirer) page(ctx context.Context, collection string) (found, deleted int, err error) {
	snaps, err := e.fs.CollectionGroup(collection).Where("expireAt", "<=", e.now().UTC()).
		OrderBy("expireAt", firestore.Asc).Limit(expirePage).Documents(ctx).GetAll()
	if err != nil || len(snaps) == 0 {
		return 0, 0, err
	}
	refs := make([]*firestore.DocumentRef, len(snaps))
	for i, snap := range snaps {
		refs[i] = snap.Ref
	}
	err = e.fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		deleted = 0
		current, err := tx.GetAll(refs)
		if err != nil {
			return err
		}
		for i, snap := range current {
			if !snap.Exists() || !snap.UpdateTime.Equal(snaps[i].UpdateTime) {
				continue
			}
			if err := tx.Delete(snap.Ref); err != nil {
				return err
			}
			deleted++
		}
		return nil
	})
	if err != nil {
		return 0, 0, err
	}
	return len(snaps), deleted, nil
}
