package export

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/store"
)

// perDay limits the exports of a user. Repeating a request is free while its export lasts.
var perDay = quota.Rule{Name: "export", Max: 5, Window: 24 * time.Hour}

func jobs(fs *firestore.Client) *firestore.CollectionRef { return fs.Collection("exports") }

// ReadJob reads the export in the transaction.
func ReadJob(tx *firestore.Transaction, fs *firestore.Client, id string) (Job, error) {
	return decode(tx.Get(jobs(fs).Doc(id)))
}

func decode(snap *firestore.DocumentSnapshot, err error) (Job, error) {
	return store.Decode[Job](snap, err, "export", ErrGone)
}

// NewWatcher returns a watcher of exports in the database.
func NewWatcher(fs *firestore.Client) *longpoll.Watcher[Job] {
	return longpoll.NewWatcher(fs, func(snap *firestore.DocumentSnapshot, err error) (Job, error) {
		j, err := decode(snap, err)
		if errors.Is(err, ErrGone) {
			return j, fault.New(fault.CodeNotFound, "There is no such export any more.")
		}
		return j, err
	})
}

// Settled reports whether the export has ended.
func (j Job) Settled() bool { return j.State != Queued }

// CurrentVersion returns 0: of an export under way nothing but its end is told.
func (j Job) CurrentVersion() int64 { return 0 }

// Owner returns the id of the user whose it is.
func (j Job) Owner() string { return string(j.UID) }

// Ref returns the export's document.
func (j Job) Ref(fs *firestore.Client) *firestore.DocumentRef { return jobs(fs).Doc(j.ID) }

// WriteJob writes the export in the transaction.
func WriteJob(tx *firestore.Transaction, fs *firestore.Client, j Job) error {
	if err := tx.Set(jobs(fs).Doc(j.ID), j); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

// DeleteJob deletes the export in the transaction.
func DeleteJob(tx *firestore.Transaction, fs *firestore.Client, id string) error {
	if err := tx.Delete(jobs(fs).Doc(id)); err != nil {
		return fmt.Errorf("delete export: %w", err)
	}
	return nil
}

// tell owes the event that starts the export.
func tell(ctx context.Context, tx *outbox.Tx, j Job, now time.Time) error {
	return tx.Tell(ctx, now, event.AccountExportRequestedV1{UID: string(j.UID), ExportID: j.ID}, string(j.UID), j.ID)
}

// newest returns the user's current export, see [current]. The query is by uid alone, which needs
// no composite index, and matches only the few of the last day.
func newest(ctx context.Context, fs *firestore.Client, u account.User, now time.Time) (Job, error) {
	snaps, err := jobs(fs).Where("uid", "==", string(u.UID)).Documents(ctx).GetAll()
	if err != nil {
		return Job{}, fmt.Errorf("list exports: %w", err)
	}
	all := make([]Job, len(snaps))
	for i, snap := range snaps {
		if all[i], err = decode(snap, nil); err != nil {
			return Job{}, err
		}
	}
	return current(all, u, now)
}

// request begins an export, or finds the one that is under way or ready. It publishes the event of
// a waiting one again, in case it was lost.
func (h *Handler) request(ctx context.Context, uid account.UID) (j Job, err error) {
	id := strings.ToLower(rand.Text())
	err = h.Outbox.RunInTurn(ctx, account.Ref(h.Firestore, uid), func(ctx context.Context, tx *outbox.Tx) error {
		u, err := account.ReadActive(ctx, tx.Transaction, h.Firestore, uid)
		if err != nil {
			return err
		}
		now := h.Now().UTC()
		// The count is read before the exports. A request that begins an export in between changes the
		// count, so that this commit fails and is repeated. So the user has one export at a time without
		// a lock on all of them.
		taking, usedUp := h.Limits.Prepare(ctx, quota.User(string(uid)), perDay)
		j, err = newest(ctx, h.Firestore, u, now)
		if err != nil && !errors.Is(err, ErrGone) {
			return err
		}
		if err == nil && j.State != Failed {
			if j.State == Ready || j.Lease.Until.After(now) {
				return nil
			}
			return tell(ctx, tx, j, now)
		}
		if usedUp != nil {
			return usedUp
		}
		j = newJob(id, u, now)
		return errors.Join(taking.Write(tx.Transaction), WriteJob(tx.Transaction, h.Firestore, j), tell(ctx, tx, j, now))
	})
	return j, err
}

// find returns the user's current export, or ErrGone.
func (h *Handler) find(ctx context.Context, uid account.UID) (Job, error) {
	u, err := account.GetActive(ctx, h.Firestore, uid)
	if err != nil {
		return Job{}, err
	}
	return newest(ctx, h.Firestore, u, h.Now())
}
