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
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/store"
)

// txAttempts of a transaction, for where deliveries race.
const txAttempts = 20

// perDay is how many exports a user can have made; repeating a request counts for nothing while its
// export lasts.
var perDay = quota.Rule{Name: "export", Max: 5, Window: 24 * time.Hour}

func jobs(fs *firestore.Client) *firestore.CollectionRef { return fs.Collection("exports") }

func readJob(tx *firestore.Transaction, fs *firestore.Client, id string) (Job, error) {
	return decode(tx.Get(jobs(fs).Doc(id)))
}

func decode(snap *firestore.DocumentSnapshot, err error) (Job, error) {
	return store.Decode[Job](snap, err, "export", errGone)
}

func writeJob(tx *firestore.Transaction, fs *firestore.Client, j Job) error {
	if err := tx.Set(jobs(fs).Doc(j.ID), j); err != nil {
		return fmt.Errorf("write export: %w", err)
	}
	return nil
}

func deleteJob(tx *firestore.Transaction, fs *firestore.Client, id string) error {
	if err := tx.Delete(jobs(fs).Doc(id)); err != nil {
		return fmt.Errorf("delete export: %w", err)
	}
	return nil
}

// tell owes the event that has the export made.
func tell(ctx context.Context, tx *outbox.Tx, j Job, now time.Time) error {
	return tx.Tell(ctx, now, event.AccountExportRequestedV1{UID: string(j.UID), ExportID: j.ID}, string(j.UID), j.ID)
}

// newest is the user's current export, see [current]. The query is by uid alone, which needs no
// composite index, and finds no more than the few of the last day.
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

// request begins an export, or finds the one that is under way or ready. One that waits is told
// again, in case its event was lost.
func (s *Requests) request(ctx context.Context, uid account.UID) (j Job, err error) {
	id := strings.ToLower(rand.Text())
	err = s.box.RunInTurn(ctx, account.Ref(s.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		u, err := account.ReadActive(tx.Transaction, s.fs, uid)
		if err != nil {
			return err
		}
		now := s.now().UTC()
		// The count is read before the exports. Whoever begins one in between changes the count, so
		// that this commit fails and is made anew: the user has one export at a time without a lock
		// on all there are.
		taking, usedUp := s.limits.Prepare(ctx, quota.User(string(uid)), perDay)
		j, err = newest(ctx, s.fs, u, now)
		if err != nil && !errors.Is(err, errGone) {
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
		return errors.Join(taking.Write(tx.Transaction), writeJob(tx.Transaction, s.fs, j), tell(ctx, tx, j, now))
	})
	return j, err
}

// find is the user's current export, or errGone.
func (s *Requests) find(ctx context.Context, uid account.UID) (Job, error) {
	u, err := account.GetActive(ctx, s.fs, uid)
	if err != nil {
		return Job{}, err
	}
	return newest(ctx, s.fs, u, s.now())
}

// claim takes the export, or says why not. One whose user is gone or going is deleted, and errGone.
func (e *Exporter) claim(ctx context.Context, id string) (j Job, err error) {
	token := rand.Text()
	var refused error
	err = e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		if j, err = readJob(tx, e.Firestore, id); err != nil {
			return err
		}
		u, err := account.EnterActive(tx, e.Firestore, j.UID)
		if errors.Is(err, account.ErrClosed) {
			refused = errGone
			return deleteJob(tx, e.Firestore, id)
		}
		if err != nil {
			return err
		}
		refused = j.claim(token, u.ConsentEpoch, e.Now().UTC())
		if refused != nil && j.State != Failed {
			return nil
		}
		return writeJob(tx, e.Firestore, j)
	}, firestore.MaxAttempts(txAttempts))
	return j, errors.Join(err, refused)
}

// update changes the export if it is still the holder's, and is errLost otherwise.
func (e *Exporter) update(ctx context.Context, held Job, change func(tx *firestore.Transaction, current *Job) error) error {
	return e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := readJob(tx, e.Firestore, held.ID)
		if errors.Is(err, errGone) || err == nil && current.Lease.Token != held.Lease.Token {
			return errLost
		}
		if err != nil {
			return err
		}
		return change(tx, &current)
	}, firestore.MaxAttempts(txAttempts))
}
