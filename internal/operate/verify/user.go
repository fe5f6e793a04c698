package verify

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/deliver"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/store"
)

// home is what a user has: the documents as of one moment, and the objects as they were soon after.
type home struct {
	*Verifier
	user       account.User
	scans      map[scan.ID]scan.Scan
	series     map[scan.SeriesID]series.Series
	deliveries []deliver.Delivery
	items      map[string]notify.Item // by the event's id
	ratings    []leaderboard.RatingDoc
	entries    map[string]leaderboard.EntryDoc // by the board's id
	exports    map[string]export.Job
	name       account.Claim
	photos     []*storage.ObjectAttrs
	results    []*storage.ObjectAttrs // of scans
	archives   []*storage.ObjectAttrs // of exports

	looked   map[string]int
	findings []Finding
}

// look reads what the user has and applies the rules. A user who is gone by now has nothing.
func (v *Verifier) look(ctx context.Context, uid account.UID) (*home, error) {
	h := &home{Verifier: v, looked: map[string]int{}}
	err := v.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		h.scans, h.series = map[scan.ID]scan.Scan{}, map[scan.SeriesID]series.Series{}
		h.items, h.entries = map[string]notify.Item{}, map[string]leaderboard.EntryDoc{}
		h.exports, h.deliveries, h.ratings = map[string]export.Job{}, nil, nil
		return h.read(tx, uid)
	}, firestore.ReadOnly)
	if err != nil {
		return nil, fmt.Errorf("read what user %s has: %w", uid, err)
	}
	if err := h.list(ctx, uid); err != nil {
		return nil, fmt.Errorf("list what user %s has: %w", uid, err)
	}
	// An erasure or a withdrawal removes it all, in steps of its own.
	if h.user.State == account.Erasing || h.user.UID == "" {
		return h, nil
	}
	h.checkScans()
	h.checkObjects()
	h.checkNotices()
	h.checkRatings()
	h.checkRest()
	return h, nil
}

// read reads the documents.
func (h *home) read(tx *firestore.Transaction, uid account.UID) (err error) {
	fs := h.Firestore
	user := account.Ref(fs, uid)
	snap, err := tx.Get(user)
	if h.user, err = store.Decode[account.User](snap, err, "user", nil); err != nil || h.user.UID == "" {
		return err
	}
	of := func(q firestore.Query) firestore.Query { return q.Where("uid", "==", string(uid)) }
	return first(
		func() error {
			return fill(tx, of(fs.Collection("scans").Query), func(snap *firestore.DocumentSnapshot) error {
				s, err := scan.DecodeAny(snap, nil)
				h.scans[s.ID] = s
				return err
			})
		},
		func() error {
			return fill(tx, series.Of(fs, uid).Query, func(snap *firestore.DocumentSnapshot) error {
				s, err := store.Decode[series.Series](snap, nil, "series", nil)
				h.series[s.ID] = s
				return err
			})
		},
		func() error {
			return fill(tx, notify.Deliveries(user).Query, func(snap *firestore.DocumentSnapshot) error {
				d, err := deliver.Decode(snap)
				h.deliveries = append(h.deliveries, d)
				return err
			})
		},
		func() error {
			return fill(tx, notify.Inbox(user).Query, func(snap *firestore.DocumentSnapshot) (err error) {
				h.items[snap.Ref.ID], err = store.Decode[notify.Item](snap, nil, "inbox item", nil)
				return err
			})
		},
		func() error { return h.readBoards(tx, uid) },
		func() error {
			return fill(tx, of(fs.Collection("exports").Query), func(snap *firestore.DocumentSnapshot) error {
				j, err := store.Decode[export.Job](snap, nil, "export", nil)
				h.exports[snap.Ref.ID] = j
				return err
			})
		},
		func() error { return h.readName(tx) },
	)
}

// readBoards reads the ratings and the entries.
func (h *home) readBoards(tx *firestore.Transaction, uid account.UID) error {
	err := fill(tx, leaderboard.Ratings(h.Firestore, uid).Query, func(snap *firestore.DocumentSnapshot) error {
		d, err := store.Decode[leaderboard.RatingDoc](snap, nil, "rating", nil)
		d.Board = snap.Ref.ID
		h.ratings = append(h.ratings, d)
		return err
	})
	if err != nil {
		return err
	}
	entries := h.Firestore.CollectionGroup("entries").Where("uid", "==", string(uid))
	return fill(tx, entries, func(snap *firestore.DocumentSnapshot) (err error) {
		h.entries[snap.Ref.Parent.Parent.ID], err = store.Decode[leaderboard.EntryDoc](snap, nil, "entry", nil)
		return err
	})
}

func (h *home) readName(tx *firestore.Transaction) error {
	h.name = account.Claim{}
	if h.user.Folded == "" {
		return nil
	}
	snap, err := tx.Get(account.ClaimRef(h.Firestore, h.user.Folded))
	h.name, err = store.Decode[account.Claim](snap, err, "username", nil)
	return err
}

// list lists the objects.
func (h *home) list(ctx context.Context, uid account.UID) (err error) {
	if h.photos, err = listed(ctx, h.Uploads, scan.PhotosPrefix(uid)); err != nil {
		return err
	}
	if h.results, err = listed(ctx, h.Results, scan.ResultsPrefix(uid)); err != nil {
		return err
	}
	h.archives, err = listed(ctx, h.Results, export.Prefix(uid))
	for name, n := range map[string]int{
		"users": 1, "scans": len(h.scans), "series": len(h.series), "deliveries": len(h.deliveries),
		"inbox": len(h.items), "ratings": len(h.ratings), "entries": len(h.entries), "exports": len(h.exports),
		"photos": len(h.photos), "results": len(h.results) + len(h.archives),
	} {
		h.looked[name] = n
	}
	return err
}

func listed(ctx context.Context, b *storage.BucketHandle, prefix string) (all []*storage.ObjectAttrs, err error) {
	for o, err := range bucket.List(ctx, b, prefix) {
		if err != nil {
			return nil, err
		}
		all = append(all, o)
	}
	return all, nil
}

// fill calls take with each document that the query finds.
func fill(tx *firestore.Transaction, q firestore.Query, take func(*firestore.DocumentSnapshot) error) error {
	snaps, err := tx.Documents(q).GetAll()
	if err != nil {
		return err
	}
	for _, snap := range snaps {
		if err := take(snap); err != nil {
			return err
		}
	}
	return nil
}

// first returns the error of the first step that fails, and runs none after it.
func first(steps ...func() error) error {
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// report adds a finding. open is set for what may end by itself.
func (h *home) report(rule Rule, path string, open bool, format string, args ...any) {
	h.findings = append(h.findings, Finding{
		Rule: rule, Path: path, UID: h.user.UID, Says: fmt.Sprintf(format, args...), Open: open,
	})
}

// below returns the path of a document of the user.
func (h *home) below(collection, id string) string {
	return "users/" + string(h.user.UID) + "/" + collection + "/" + id
}
