package erase

import (
	"context"
	"errors"
	"fmt"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

const (
	// pageSize is how many documents go at a time; a commit takes 500 writes.
	pageSize = 200
	// parallel is how many documents are prepared at once.
	parallel = 8
)

// emptied is one place that may hold something of a user.
type emptied struct {
	name string
	// page removes one page and returns the number removed; 0 is "nothing is left".
	page func(ctx context.Context) (int, error)
}

// stores returns all the places that the saga goes through: what others can see first, and what
// work in flight may still leave behind last.
func (e *Consumer) stores(ctx context.Context, j erasure.Job) ([]emptied, error) {
	if j.Scope == erasure.Consent {
		return e.consentStores(j), nil
	}
	return e.accountStores(ctx, j)
}

// accountStores returns the stores that hold something of a user by package schema, whatever lies below
// users/{uid}, and the buckets. The query of the entries needs an index on uid over the collection
// group.
func (e *Consumer) accountStores(ctx context.Context, j erasure.Job) ([]emptied, error) {
	fs, uid := e.Firestore, string(j.UID)
	all := []emptied{
		e.documents(j, documents{name: "entries", query: fs.CollectionGroup("entries").Where("uid", "==", uid)}),
		e.objects(j, "photos", e.Uploads, scan.PhotosPrefix(j.UID)),
		e.objects(j, "results", e.Results, scan.ResultsPrefix(j.UID)),
		e.objects(j, "export files", e.Results, exportPrefix(j.UID)),
		e.documents(j, documents{
			name:  "erasures", // of withdrawals: what they would remove goes here
			query: fs.Collection("erasures").Where("uid", "==", uid).Where("scope", "==", string(erasure.Consent)),
		}),
	}
	all = append(all, e.owned(j)...)
	below, err := account.Ref(fs, j.UID).Collections(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list the user's collections: %w", err)
	}
	for _, c := range below {
		all = append(all, e.documents(j, documents{name: c.ID, query: c.Query}))
	}
	return all, nil
}

// exportPrefix returns where the results bucket keeps the user's exports.
func exportPrefix(uid account.UID) string { return "exports/" + string(uid) + "/" }

// consentStores returns the stores that hold something made under a consent, by package schema. What was
// made under a consent given since stays.
func (e *Consumer) consentStores(j erasure.Job) []emptied {
	fs, user := e.Firestore, account.Ref(e.Firestore, j.UID)
	removeRating := func(tx *firestore.Transaction, snap *firestore.DocumentSnapshot) error {
		return leaderboard.Remove(tx, fs, snap.Ref.ID, j.UID)
	}
	until := func(q firestore.Query) firestore.Query { return q.Where("consentEpoch", "<=", j.Epoch) }
	ofUser := func(c *firestore.CollectionRef) firestore.Query { return c.Where("uid", "==", string(j.UID)) }
	all := []emptied{
		// With each rating goes the board's entry that is made of it.
		e.documents(j, documents{name: "ratings", query: until(user.Collection("ratings").Query), remove: removeRating}),
		e.memory(j),
	}
	all = append(all, e.madeBefore(j, "ratings", "guard", "series")...)
	return append(all,
		// Needs the index (uid asc, consentEpoch asc) on the collection exports.
		e.documents(j, documents{
			name: "exports", query: until(ofUser(fs.Collection("exports"))),
			before: func(ctx context.Context, snap *firestore.DocumentSnapshot) error {
				return bucket.DeleteVersions(ctx, e.Results, exportPrefix(j.UID)+snap.Ref.ID)
			},
		}),
		// Needs the index (uid asc, consentEpoch asc) on the collection scans.
		e.documents(j, documents{
			name: "scans", query: until(ofUser(fs.Collection("scans"))),
			before: func(ctx context.Context, snap *firestore.DocumentSnapshot) error {
				return e.removeOf(ctx, j.UID, scan.ID(snap.Ref.ID))
			},
		}),
		// After the scans, of which one that ends meanwhile still writes into its series.
		e.documents(j, documents{name: "series", query: until(user.Collection("series").Query)}),
		// After the scans, by which it is told what these are about.
		e.documents(j, documents{name: "outbox", query: ofUser(fs.Collection("outbox")), match: e.madeUnder(j)}),
		e.documents(j, documents{name: "parked", query: ofUser(fs.Collection("parked")), match: e.madeUnder(j)}),
	)
}

// memory returns the store of what the guard remembers: one document with entries of its own
// epochs.
func (e *Consumer) memory(j erasure.Job) emptied {
	const name = "guard"
	return emptied{name: name, page: func(ctx context.Context) (n int, err error) {
		_, err = e.update(ctx, j, func(tx *firestore.Transaction, current *erasure.Job) error {
			n = 0
			removed, err := cheat.Withdraw(tx, e.Firestore, j.UID, j.Epoch)
			if err != nil || !removed {
				return err
			}
			n = 1
			current.Counts[name]++
			current.Looks = 0
			return nil
		})
		return n, err
	}}
}

// madeUnder matches the documents of events whose content was made under the withdrawn consent:
// those that say so by their epoch, and of those without one the ones about a scan that is there no
// more. The others tell of the account.
func (e *Consumer) madeUnder(j erasure.Job) func(context.Context, *firestore.DocumentSnapshot) (bool, error) {
	return func(ctx context.Context, snap *firestore.DocumentSnapshot) (bool, error) {
		data, _ := snap.Data()["data"].([]byte) // nil is about nothing
		about := event.About(data)
		if about.ConsentEpoch > 0 || about.ScanID == "" {
			return 0 < about.ConsentEpoch && about.ConsentEpoch <= j.Epoch, nil
		}
		there, err := scan.Kept(ctx, e.Firestore, scan.ID(about.ScanID))
		return !there, err
	}
}

// removeOf removes what stands beside a scan's document: photo, results, and what the inbox says of
// it in items that were written before they said their consent's epoch.
func (e *Consumer) removeOf(ctx context.Context, uid account.UID, id scan.ID) error {
	if err := notify.Forget(ctx, e.Firestore, uid, string(id)); err != nil {
		return err
	}
	return errors.Join(
		bucket.DeleteVersions(ctx, e.Uploads, scan.PhotoName(uid, id)),
		bucket.DeleteVersions(ctx, e.Results, scan.ResultPrefix(uid, id)),
	)
}

// documents is a store of documents.
type documents struct {
	name  string
	query firestore.Query
	// match, if set, picks those of the query's documents that go.
	match func(ctx context.Context, snap *firestore.DocumentSnapshot) (bool, error)
	// before, if set, removes what goes before a document, which can be done again.
	before func(ctx context.Context, snap *firestore.DocumentSnapshot) error
	// remove, if set, is instead of deleting the document alone. It only writes.
	remove func(tx *firestore.Transaction, snap *firestore.DocumentSnapshot) error
}

func (e *Consumer) documents(j erasure.Job, d documents) emptied {
	return emptied{name: d.name, page: func(ctx context.Context) (int, error) {
		found, err := d.find(ctx)
		if err != nil || len(found) == 0 {
			return 0, err
		}
		if d.before != nil {
			if err := each(ctx, found, d.before); err != nil {
				return 0, err
			}
		}
		return len(found), e.deleteAll(ctx, j, d, found)
	}}
}

// find returns the next page of what goes.
func (d documents) find(ctx context.Context) (page []*firestore.DocumentSnapshot, err error) {
	if d.match == nil {
		return d.query.Limit(pageSize).Documents(ctx).GetAll()
	}
	docs := d.query.Documents(ctx)
	defer docs.Stop()
	for len(page) < pageSize {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			return nil, err
		}
		goes, err := d.match(ctx, snap)
		if err != nil {
			return nil, err
		}
		if goes {
			page = append(page, snap)
		}
	}
	return page, nil
}

func each[T any](ctx context.Context, all []T, do func(context.Context, T) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, one := range all {
		group.Go(func() error { return do(ctx, one) })
	}
	return group.Wait()
}

// deleteAll deletes the documents that are as they were found, in one commit with their count. One
// that has changed since is left to the next page: it may not be of the consent any more.
func (e *Consumer) deleteAll(
	ctx context.Context, j erasure.Job, d documents, found []*firestore.DocumentSnapshot,
) error {
	refs := make([]*firestore.DocumentRef, len(found))
	for i, snap := range found {
		refs[i] = snap.Ref
	}
	_, err := e.update(ctx, j, func(tx *firestore.Transaction, current *erasure.Job) error {
		now, err := tx.GetAll(refs)
		if err != nil {
			return err
		}
		for i, snap := range now {
			if !snap.Exists() || !snap.UpdateTime.Equal(found[i].UpdateTime) {
				continue
			}
			if d.remove != nil {
				err = d.remove(tx, snap)
			} else {
				err = tx.Delete(snap.Ref)
			}
			if err != nil {
				return err
			}
			current.Counts[d.name]++
			current.Looks = 0
		}
		return nil
	})
	return err
}

// objects returns a store of objects, with all their generations.
func (e *Consumer) objects(j erasure.Job, name string, in *storage.BucketHandle, prefix string) emptied {
	return emptied{name: name, page: func(ctx context.Context) (int, error) {
		n, err := bucket.DeletePage(ctx, in, prefix)
		if err != nil || n == 0 {
			return n, err
		}
		_, err = e.update(ctx, j, func(_ *firestore.Transaction, current *erasure.Job) error {
			current.Counts[name] += int64(n)
			return nil
		})
		return n, err
	}}
}
