package verify

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

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

	// unread are the ids of documents that cannot be read. They are there, whatever is in them.
	unread map[string]bool

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
		h.unread, h.findings = map[string]bool{}, nil
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
	if err != nil && status.Code(err) != codes.NotFound {
		return err
	}
	if h.user, err = store.Decode[account.User](snap, err, "user", nil); err != nil {
		h.user = account.User{}
		h.hide(snap, err)
		return nil
	}
	if h.user.UID == "" {
		return nil
	}
	of := func(q firestore.Query) firestore.Query { return q.Where("uid", "==", string(uid)) }
	return first(
		func() error {
			return fill(tx, h, of(fs.Collection("scans").Query), func(snap *firestore.DocumentSnapshot) (scan.Scan, error) {
				return scan.DecodeAny(snap, nil)
			}, func(_ string, s scan.Scan) { h.scans[s.ID] = s })
		},
		func() error {
			return fill(tx, h, series.Of(fs, uid).Query, decode[series.Series],
				func(_ string, s series.Series) { h.series[s.ID] = s })
		},
		func() error {
			return fill(tx, h, notify.Deliveries(user).Query, deliver.Decode,
				func(_ string, d deliver.Delivery) { h.deliveries = append(h.deliveries, d) })
		},
		func() error {
			return fill(tx, h, notify.Inbox(user).Query, decode[notify.Item],
				func(id string, item notify.Item) { h.items[id] = item })
		},
		func() error { return h.readBoards(tx, uid) },
		func() error {
			return fill(tx, h, of(fs.Collection("exports").Query), decode[export.Job],
				func(id string, j export.Job) { h.exports[id] = j })
		},
		func() error { return h.readName(tx) },
	)
}

// readBoards reads the ratings and the entries.
func (h *home) readBoards(tx *firestore.Transaction, uid account.UID) error {
	err := fill(tx, h, leaderboard.Ratings(h.Firestore, uid).Query, decode[leaderboard.RatingDoc],
		func(id string, d leaderboard.RatingDoc) {
			d.Board = id
			h.ratings = append(h.ratings, d)
		})
	if err != nil {
		return err
	}
	type entry struct {
		board string
		leaderboard.EntryDoc
	}
	entries := h.Firestore.CollectionGroup("entries").Where("uid", "==", string(uid))
	return fill(tx, h, entries, func(snap *firestore.DocumentSnapshot) (entry, error) {
		e, err := decode[leaderboard.EntryDoc](snap)
		return entry{snap.Ref.Parent.Parent.ID, e}, err
	}, func(_ string, e entry) { h.entries[e.board] = e.EntryDoc })
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

// fill reads the documents that the query finds and keeps each by its id. One that cannot be read
// is a finding, and the others are looked at all the same.
func fill[T any](
	tx *firestore.Transaction, h *home, q firestore.Query, read func(*firestore.DocumentSnapshot) (T, error),
	keep func(id string, value T),
) error {
	snaps, err := tx.Documents(q).GetAll()
	if err != nil {
		return err
	}
	for _, snap := range snaps {
		value, err := read(snap)
		if err != nil {
			h.hide(snap, err)
			continue
		}
		keep(snap.Ref.ID, value)
	}
	return nil
}

// decode reads a document.
func decode[T any](snap *firestore.DocumentSnapshot) (T, error) {
	return store.Decode[T](snap, nil, "document", nil)
}

// hide reports a document that cannot be read.
func (h *home) hide(snap *firestore.DocumentSnapshot, err error) {
	h.unread[snap.Ref.ID] = true
	_, path, _ := strings.Cut(snap.Ref.Path, "/documents/")
	h.report(Readable, path, false, "%v", err)
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
