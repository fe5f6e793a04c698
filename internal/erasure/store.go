package erasure

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
)

// Ref returns the document of the saga.
func Ref(fs *firestore.Client, id string) *firestore.DocumentRef { return jobs(fs).Doc(id) }

func jobs(fs *firestore.Client) *firestore.CollectionRef { return fs.Collection("erasures") }

// ReadJob reads the saga in the transaction.
func ReadJob(tx *firestore.Transaction, fs *firestore.Client, id string) (Job, error) {
	return decodeJob(tx.Get(jobs(fs).Doc(id)))
}

func decodeJob(snap *firestore.DocumentSnapshot, err error) (Job, error) {
	return store.Decode[Job](snap, err, "erasure", ErrGone)
}

// Awaited is a saga whose end clients wait for, which is when its document is gone.
type Awaited struct {
	Job

	over bool
}

// NewWatcher returns a watcher of sagas in the database.
func NewWatcher(fs *firestore.Client) *longpoll.Watcher[Awaited] {
	return longpoll.NewWatcher(fs, func(snap *firestore.DocumentSnapshot, err error) (Awaited, error) {
		j, err := decodeJob(snap, err)
		if errors.Is(err, ErrGone) {
			return Awaited{over: true}, nil
		}
		return Awaited{Job: j}, err
	})
}

// Settled reports whether the saga is over.
func (a Awaited) Settled() bool { return a.over }

// CurrentVersion returns 0: of a saga under way nothing but its end is told.
func (a Awaited) CurrentVersion() int64 { return 0 }

// Owner returns the id of the user whose it is.
func (a Awaited) Owner() string { return string(a.UID) }

// Ref returns the saga's document.
func (a Awaited) Ref(fs *firestore.Client) *firestore.DocumentRef { return Ref(fs, a.ID()) }

// WriteJob writes the saga in the transaction.
func WriteJob(tx *firestore.Transaction, fs *firestore.Client, j Job) error {
	if err := tx.Set(jobs(fs).Doc(j.ID()), j); err != nil {
		return fmt.Errorf("write erasure: %w", err)
	}
	return nil
}

// tell owes the event that starts the work on the saga.
func tell(ctx context.Context, tx *outbox.Tx, j Job) error {
	if j.Scope == Consent {
		fact := event.ConsentWithdrawnV1{UID: string(j.UID), Epoch: j.Epoch}
		return tx.Tell(ctx, j.RequestedAt, fact, string(j.UID), strconv.FormatInt(j.Epoch, 10))
	}
	fact := event.AccountErasureRequestedV1{UID: string(j.UID)}
	return tx.Tell(ctx, j.RequestedAt, fact, string(j.UID), strconv.FormatInt(j.RequestedAt.UnixMicro(), 10))
}

// errNotMeant means that the account has changed since its erasure was decided on.
var errNotMeant = errors.New("the account has changed")

// request begins the erasure of the account, or finds the one begun before. A user who never
// registered has one too, since Firebase has the address. meant, if set, reports whether the
// account, as the transaction reads it, is still to be erased. If not, the error is errNotMeant.
func request(
	ctx context.Context, fs *firestore.Client, box *outbox.Box, acts *audit.Book, fresh Job,
	meant func(account.User) bool,
) (j Job, err error) {
	err = box.Run(ctx, func(ctx context.Context, tx *outbox.Tx) error {
		user, userErr := account.Read(tx.Transaction, fs, fresh.UID)
		if userErr != nil && !errors.Is(userErr, account.ErrNoUser) {
			return userErr
		}
		if meant != nil && !meant(user) {
			return errNotMeant
		}
		j, err = ReadJob(tx.Transaction, fs, fresh.ID())
		if !errors.Is(err, ErrGone) {
			return err
		}
		j = fresh
		j.Acts = cmp.Or(user.Acts, audit.NewLink())
		if userErr != nil {
			err = account.Strip(tx.Transaction, fs, fresh.UID, j.Acts)
		} else {
			err = tx.Update(account.Ref(fs, fresh.UID), []firestore.Update{
				{Path: "state", Value: string(account.Erasing)}, {Path: "updatedAt", Value: fresh.RequestedAt},
				{Path: "acts", Value: j.Acts},
				{Path: "missingSince", Value: firestore.Delete}, // ends the search for the user
			})
		}
		if err != nil {
			return fmt.Errorf("close the account: %w", err)
		}
		return errors.Join(WriteJob(tx.Transaction, fs, j), acts.Write(tx.Transaction, j.asked()), tell(ctx, tx, j))
	})
	if err != nil {
		return Job{}, fmt.Errorf("request erasure: %w", err)
	}
	return j, nil
}

// ErasedDoc is erased/{HMAC(uid)}. It shows that an account was erased to the holders of its id or
// of the receipt's URL.
type ErasedDoc struct {
	Schema         int       `firestore:"schema"`
	CapabilityHash string    `firestore:"capabilityHash"`
	RequestedAt    time.Time `firestore:"requestedAt"`
	ErasedAt       time.Time `firestore:"erasedAt"`
	// Receipt is signed, a compact JWS.
	Receipt  string    `firestore:"receipt"`
	ExpireAt time.Time `firestore:"expireAt"`
}

// NewErasedDoc returns the document that remains of the saga, with its receipt.
func NewErasedDoc(j Job, receipt string, now time.Time) ErasedDoc {
	return ErasedDoc{
		Schema: docSchema, CapabilityHash: j.CapabilityHash, RequestedAt: j.RequestedAt, ErasedAt: now, Receipt: receipt,
		ExpireAt: now.Add(schema.ReceiptLife),
	}
}

// Erased returns the collection of the remains of erased accounts, by pseudonym.
func Erased(fs *firestore.Client) *firestore.CollectionRef { return fs.Collection("erased") }
