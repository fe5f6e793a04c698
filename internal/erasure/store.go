package erasure

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

// maxAttempts of a transaction, for where deliveries race.
const maxAttempts = 20

func jobs(fs *firestore.Client) *firestore.CollectionRef { return fs.Collection("erasures") }

func readJob(tx *firestore.Transaction, fs *firestore.Client, id string) (Job, error) {
	return decodeJob(tx.Get(jobs(fs).Doc(id)))
}

func decodeJob(snap *firestore.DocumentSnapshot, err error) (Job, error) {
	return store.Decode[Job](snap, err, "erasure", errGone)
}

func writeJob(tx *firestore.Transaction, fs *firestore.Client, j Job) error {
	if err := tx.Set(jobs(fs).Doc(j.id()), j); err != nil {
		return fmt.Errorf("write erasure: %w", err)
	}
	return nil
}

// tell owes the event that has the saga worked on.
func tell(ctx context.Context, tx *outbox.Tx, j Job, now time.Time) error {
	if j.Scope == Consent {
		fact := event.ConsentWithdrawnV1{UID: string(j.UID), Epoch: j.Epoch}
		return tx.Tell(ctx, now, fact, string(j.UID), strconv.FormatInt(j.Epoch, 10))
	}
	fact := event.AccountErasureRequestedV1{UID: string(j.UID)}
	return tx.Tell(ctx, now, fact, string(j.UID), strconv.FormatInt(j.RequestedAt.UnixMicro(), 10))
}

// errNotMeant says that the account is not any more as it was when its erasure was decided on.
var errNotMeant = errors.New("the account has changed")

// request begins the erasure of the account, or finds the one that was begun. A user who never
// registered has one too: Firebase knows the address. meant, if set, is asked whether the account,
// as the transaction reads it, is still one to be erased; if not, the error is errNotMeant.
func request(
	ctx context.Context, fs *firestore.Client, box *outbox.Box, fresh Job, meant func(account.User) bool,
) (j Job, err error) {
	err = box.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		user, userErr := account.Read(tx.Transaction, fs, fresh.UID)
		if userErr != nil && !errors.Is(userErr, account.ErrNoUser) {
			return userErr
		}
		if meant != nil && !meant(user) {
			return errNotMeant
		}
		j, err = readJob(tx.Transaction, fs, fresh.id())
		if !errors.Is(err, errGone) {
			return err
		}
		j = fresh
		if userErr != nil {
			err = account.Strip(tx.Transaction, fs, fresh.UID)
		} else {
			err = tx.Update(account.Ref(fs, fresh.UID), []firestore.Update{
				{Path: "state", Value: string(account.Erasing)}, {Path: "updatedAt", Value: fresh.RequestedAt},
				{Path: "missingSince", Value: firestore.Delete}, // nobody is to look for the user any more
			})
		}
		if err != nil {
			return fmt.Errorf("close the account: %w", err)
		}
		return errors.Join(writeJob(tx.Transaction, fs, j), tell(ctx, tx, j, j.RequestedAt))
	})
	if err != nil {
		return Job{}, fmt.Errorf("request erasure: %w", err)
	}
	return j, nil
}

// begin writes the saga of a withdrawal, unless it is there. An account that is gone or going needs none: its own erasure
// goes further.
func (e *Eraser) begin(ctx context.Context, fresh Job) error {
	return e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		_, err := account.EnterActive(tx, e.Firestore, fresh.UID)
		if errors.Is(err, account.ErrClosed) {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := readJob(tx, e.Firestore, fresh.id()); !errors.Is(err, errGone) {
			return err
		}
		return writeJob(tx, e.Firestore, fresh)
	}, firestore.MaxAttempts(maxAttempts))
}

func (e *Eraser) claim(ctx context.Context, id string) (Job, error) {
	var j Job
	token := rand.Text()
	err := e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		var err error
		if j, err = readJob(tx, e.Firestore, id); err != nil {
			return err
		}
		if err := j.claim(token, e.Now().UTC()); err != nil {
			return err
		}
		return writeJob(tx, e.Firestore, j)
	}, firestore.MaxAttempts(maxAttempts))
	return j, err
}

// update changes the saga if it is still the holder's; write may write more in the same commit, and read before that.
func (e *Eraser) update(
	ctx context.Context, held Job, change func(tx *firestore.Transaction, current *Job) error,
) (current Job, err error) {
	err = e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err = readJob(tx, e.Firestore, held.id())
		if errors.Is(err, errGone) || err == nil && current.Lease.Token != held.Lease.Token {
			return errLost
		}
		if err != nil {
			return err
		}
		current.Lease.Until = e.Now().UTC().Add(catalog.Lease)
		if err := change(tx, &current); err != nil {
			return err
		}
		return writeJob(tx, e.Firestore, current)
	}, firestore.MaxAttempts(maxAttempts))
	return current, err
}

// erasedDoc is erased/{HMAC(uid)}: that an account was erased, known to who knows its id or the receipt's URL.
type erasedDoc struct {
	Schema         int       `firestore:"schema"`
	CapabilityHash string    `firestore:"capabilityHash"`
	RequestedAt    time.Time `firestore:"requestedAt"`
	ErasedAt       time.Time `firestore:"erasedAt"`
	// Receipt is signed, a compact JWS.
	Receipt  string    `firestore:"receipt"`
	ExpireAt time.Time `firestore:"expireAt"`
}

func erased(fs *firestore.Client) *firestore.CollectionRef { return fs.Collection("erased") }
