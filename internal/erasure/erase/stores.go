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
	"github.com/facescan/facescan/internal/store"
)

const (
	// pageSize is the number of documents deleted at a time. A commit may have 500 writes.
	pageSize = 200
	// parallel is the number of documents prepared at once.
	parallel = 8
)

// emptied is a store that may hold something of a user.
type emptied struct {
	name string
	// page removes one page and returns the number removed, 0 if nothing is left.
	page func(ctx context.Context) (int, error)
}

// stores returns all stores that the saga empties. The first are those that others can see, the
// last those that work in flight may still write to.
func (e *Consumer) stores(ctx context.Context, j erasure.Job) ([]emptied, error) {
	if j.Scope == erasure.Consent {
		return e.consentStores(j), nil
	}
	return e.accountStores(ctx, j)
}

// accountStores returns the stores that hold something of a user by package schema, everything
// below users/{uid}, what other users have of them, and the buckets. The queries of entries,
// friends and blocks need an index on uid or other over the collection group.
func (e *Consumer) accountStores(ctx context.Context, j erasure.Job) ([]emptied, error) {
	fs, uid := e.Firestore, string(j.UID)
	all := []emptied{
		// With the ratings go their entries, and what is left of those had lost its rating.
		e.documents(j, documents{name: "ratings", query: leaderboard.Ratings(fs, j.UID).Query, remove: e.removeRating(j)}),
		e.documents(j, documents{
			name: "entries", query: fs.CollectionGroup("entries").Where("uid", "==", uid),
			remove: func(tx *firestore.Transaction, snap *firestore.DocumentSnapshot, _ map[string]int64) error {
				return leaderboard.RemoveEntry(tx, fs, snap, e.Now())
			},
		}),
		e.documents(j, documents{name: "friends", query: fs.CollectionGroup("friends").Where("other", "==", uid)}),
		e.documents(j, documents{name: "blocked", query: fs.CollectionGroup("blocked").Where("other", "==", uid)}),
		e.objects(j, "photos", e.Uploads, scan.PhotosPrefix(j.UID)),
		e.objects(j, "results", e.Results, scan.ResultsPrefix(j.UID)),
		e.objects(j, "export files", e.Results, exportPrefix(j.UID)),
		e.documents(j, documents{
			name:  "erasures", // of withdrawals, whose work this saga includes
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

// removeRating returns what deletes a rating with its entries on the boards, and counts both.
func (e *Consumer) removeRating(j erasure.Job) remover {
	return func(tx *firestore.Transaction, snap *firestore.DocumentSnapshot, counts map[string]int64) error {
		rating, err := store.Decode[leaderboard.RatingDoc](snap, nil, "rating", nil)
		if err != nil {
			return err
		}
		entries, err := leaderboard.Remove(tx, e.Firestore, j.UID, rating, e.Now())
		counts["entries"] += int64(entries)
		return err
	}
}

// exportPrefix returns the prefix of the user's exports in the results bucket.
func exportPrefix(uid account.UID) string { return "exports/" + string(uid) + "/" }

// consentStores returns the stores that hold something made under a consent, by package schema.
// What was made under a consent granted since stays.
func (e *Consumer) consentStores(j erasure.Job) []emptied {
	fs, user := e.Firestore, account.Ref(e.Firestore, j.UID)
	until := func(q firestore.Query) firestore.Query { return q.Where("consentEpoch", "<=", j.Epoch) }
	ofUser := func(c *firestore.CollectionRef) firestore.Query { return c.Where("uid", "==", string(j.UID)) }
	all := []emptied{
		// The board's entry is deleted together with the rating that it is made from.
		e.documents(j, documents{name: "ratings", query: until(user.Collection("ratings").Query), remove: e.removeRating(j)}),
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
		// After the scans, since a scan that ends meanwhile still writes into its series.
		e.documents(j, documents{name: "series", query: until(user.Collection("series").Query)}),
		// After the scans, which show what these are about.
		e.documents(j, documents{name: "outbox", query: ofUser(fs.Collection("outbox")), match: e.madeUnder(j)}),
		e.documents(j, documents{name: "parked", query: ofUser(fs.Collection("parked")), match: e.madeUnder(j)}),
	)
}

// memory returns the store of the guard's memory: one document whose entries have their own epochs.
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

// madeUnder returns a match of the documents of events whose content was made under the withdrawn
// consent: those with such an epoch, and those without an epoch that are about a scan that does not
// exist any more. The others are about the account.
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

// removeOf removes what belongs to a scan's document: photo, results, and the inbox items about it
// from before items had their consent's epoch.
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
	// match, if set, selects the documents of the query to delete.
	match func(ctx context.Context, snap *firestore.DocumentSnapshot) (bool, error)
	// before, if set, removes what must be deleted before a document. It may be repeated.
	before func(ctx context.Context, snap *firestore.DocumentSnapshot) error
	// remove, if set, replaces the deletion of the document.
	remove remover
}

// remover deletes a document, which the transaction has read, and what goes with it. It only
// writes, and adds to the counts by store what it deletes beside the document.
type remover func(tx *firestore.Transaction, snap *firestore.DocumentSnapshot, counts map[string]int64) error

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

// find returns the next page of documents to delete.
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

// deleteAll deletes the documents that have not changed since they were found, in one commit with
// their count. A document that has changed is left to the next page, since it may not be of the
// consent any more.
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
				err = d.remove(tx, snap, current.Counts)
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

// objects returns a store of objects with all their generations.
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
