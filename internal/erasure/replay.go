package erasure

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
)

// replayPage is how many users are read at a time.
const replayPage = 300

// Replay asks again, in a restored database, for the erasures and withdrawals that it has
// forgotten. It does what the users' own requests did: it closes the fence, and owes the events by
// which the function erase removes the rest. A further run finds nothing to erase or withdraw.
//
// The URLs of receipts that were made by a secret before the present one find nothing in the
// restored database: no tombstone has them.
//
// A tombstone means a user who was there when it was made. An account made since is not erased, and
// a consent given since not withdrawn, but what was made under the consents before it is removed.
type Replay struct {
	// Firestore is the restored database. Accounts withdraws in it, and Outbox commits to it.
	Firestore *firestore.Client
	Accounts  *account.Service
	Outbox    *outbox.Box
	// Acts keeps that an erasure was asked for again.
	Acts *audit.Book
	// Tombstones are the latest ones by pseudonym.
	Tombstones map[string]tombstone.Latest
	// Key is for keys.ForReceipts and derives capabilities. ErasedKey is for keys.ForErased and
	// derives pseudonyms; it has the secrets by which the tombstones were made.
	Key, ErasedKey keys.Ring
	// Wait is the time that an erasure waits for late photos.
	Wait time.Duration
	// Now is the clock.
	Now func() time.Time
	// Dry leaves the database as it is.
	Dry bool
	// Tell, if set, is told of every user whom something was done to, and of every page with what was
	// done so far.
	Tell func(Redone)
	Page func(Replayed)
}

// Redone is what was done to a user.
type Redone struct {
	Pseudonym string
	Did       Deed
	// At is when the user asked for it.
	At time.Time
	// Err is set if it failed.
	Err error
}

// Deed is what a replay does to a user.
type Deed string

// The deeds.
const (
	// NoDeed is for a user who has no tombstone, or whose erasure the database knows of.
	NoDeed Deed = ""
	// EraseAgain begins the erasure of the account.
	EraseAgain Deed = "erase"
	// WithdrawAgain withdraws the consent.
	WithdrawAgain Deed = "withdraw"
	// RemoveAgain begins the removal of what may be left of a consent whose withdrawal the database
	// knows of. It is done by every run.
	RemoveAgain Deed = "remove"
)

// Replayed counts what a replay has done.
type Replayed struct {
	Users, Failed int
	// Matched are the users who have a tombstone, whatever was done. There is none by another key.
	Matched int
	// Deeds are the numbers of users by deed.
	Deeds map[Deed]int
}

// errReplay means that the replay failed for some users.
var errReplay = errors.New("some users could not be gone through; mend the cause and run it again")

// Run goes through all users. One who fails does not stop it.
func (r *Replay) Run(ctx context.Context) (Replayed, error) {
	sum := Replayed{Deeds: map[Deed]int{}}
	users := r.Firestore.Collection("users").OrderBy(firestore.DocumentID, firestore.Asc).Limit(replayPage)
	for next := users; ; {
		page, err := next.Documents(ctx).GetAll()
		if err != nil {
			return sum, fmt.Errorf("list users: %w", err)
		}
		for _, snap := range page {
			done := r.user(ctx, snap)
			if ctx.Err() != nil {
				return sum, ctx.Err()
			}
			sum.Users++
			if _, has := r.Tombstones[done.Pseudonym]; has {
				sum.Matched++
			}
			if done.Err != nil {
				sum.Failed++
			} else {
				sum.Deeds[done.Did]++
			}
			if r.Tell != nil && (done.Err != nil || done.Did != NoDeed) {
				r.Tell(done)
			}
		}
		if r.Page != nil {
			r.Page(sum)
		}
		if len(page) < replayPage {
			break
		}
		next = users.StartAfter(page[len(page)-1])
	}
	if sum.Failed > 0 {
		return sum, fmt.Errorf("replay %d users: %w", sum.Failed, errReplay)
	}
	return sum, nil
}

// user does what is to be done to the user of the document.
func (r *Replay) user(ctx context.Context, snap *firestore.DocumentSnapshot) (done Redone) {
	uid := account.UID(snap.Ref.ID)
	var latest tombstone.Latest
	done.Pseudonym, latest = r.latest(uid)
	if latest == (tombstone.Latest{}) {
		return done
	}
	var u account.User
	if done.Err = snap.DataTo(&u); done.Err != nil {
		done.Err = fmt.Errorf("decode the user: %w", done.Err)
		return done
	}
	switch {
	case u.State == account.Erasing: // in one commit with its saga, which the sweep drives on
	case !latest.Account.IsZero() && existed(u, latest.Account):
		done.Did, done.At = EraseAgain, latest.Account
		done.Err = r.erase(ctx, uid, done.At)
	case !latest.Consent.IsZero():
		done.At = latest.Consent
		done.Did, done.Err = r.withdraw(ctx, u, done.At)
	}
	return done
}

// latest returns the latest tombstones of the user, and the pseudonym that they have. A user may
// have some by each secret.
func (r *Replay) latest(uid account.UID) (pseudonym string, all tombstone.Latest) {
	pseudonym = Pseudonym(r.ErasedKey, uid)
	for _, name := range r.ErasedKey.IDs(keys.Erased, string(uid)) {
		if one, ok := r.Tombstones[name]; ok {
			pseudonym, all = name, all.With(one)
		}
	}
	return pseudonym, all
}

// existed reports whether the account is one of before the time. Firebase makes no id twice, but
// those of custom tokens are given by the app.
func existed(u account.User, at time.Time) bool { return !u.CreatedAt.After(at) }

// erase begins the saga as it was begun at the time, so that the URL of the receipt that its user
// has is that of the new one.
func (r *Replay) erase(ctx context.Context, uid account.UID, at time.Time) error {
	if r.Dry {
		return nil
	}
	j := newAccountJob(httpapi.Identity{UID: string(uid)}, at, r.Now(), r.Wait, r.Key)
	_, err := request(ctx, r.Firestore, r.Outbox, r.Acts, j, func(now account.User) bool { return existed(now, at) })
	return err
}

// withdraw withdraws a consent given by the time. If there is none in force, it has removed what
// was made under those before the time.
func (r *Replay) withdraw(ctx context.Context, u account.User, at time.Time) (Deed, error) {
	if u.Consent.Granted && !u.Consent.At.After(at) {
		if r.Dry {
			return WithdrawAgain, nil
		}
		_, err := r.Accounts.WithdrawAgain(ctx, u.UID, at)
		return WithdrawAgain, err
	}
	epoch, err := consentAt(ctx, r.Firestore, u.UID, at)
	if err != nil || epoch == 0 {
		return NoDeed, err
	}
	if r.Dry {
		return RemoveAgain, nil
	}
	return RemoveAgain, r.Outbox.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		return tell(ctx, tx, NewConsentJob(u.UID, epoch, at, r.Now(), r.Wait))
	})
}

// consentAt returns the epoch of the last consent that was given by the time, 0 if there was none.
func consentAt(
	ctx context.Context, fs *firestore.Client, uid account.UID, at time.Time,
) (epoch int64, err error) {
	// It needs the index (at desc) on the collection consents, which Firestore makes by itself.
	records := account.Ref(fs, uid).Collection("consents").Where("at", "<=", at).
		OrderBy("at", firestore.Desc).Documents(ctx)
	defer records.Stop()
	for {
		snap, err := records.Next()
		if errors.Is(err, iterator.Done) {
			return 0, nil
		}
		if err != nil {
			return 0, fmt.Errorf("read the consents: %w", err)
		}
		var r account.ConsentRecord
		if err := snap.DataTo(&r); err != nil {
			return 0, fmt.Errorf("decode a consent: %w", err)
		}
		if r.Action == account.Granted {
			return r.Epoch, nil
		}
	}
}
