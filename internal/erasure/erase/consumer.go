// Package erase runs the sagas of package erasure.
package erase

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"firebase.google.com/go/v4/auth"
	"github.com/googleapis/gax-go/v2"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/address"
	"github.com/facescan/facescan/internal/account/toolkit"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/work"
)

// signIn is the receipts' name of the Firebase user.
const signIn = "sign-in"

const (
	// mailPatience is how long the erasure waits for a failing mail server. Then it continues without
	// the last mail.
	mailPatience = time.Hour
	// budget is how long one delivery works before it leaves the rest to the next. It is far below the
	// functions' timeout of 60 s, so that the page under way still ends.
	budget = 35 * time.Second
)

// Consumer runs the sagas.
type Consumer struct {
	// Firestore, Uploads and Results hold what is removed.
	Firestore        *firestore.Client
	Uploads, Results *storage.BucketHandle
	// Tombstones holds what remains to be known after a restore of the database.
	Tombstones *storage.BucketHandle
	// Auth holds the Firebase users.
	Auth *auth.Client
	// Accounts ends sign-ins at Firebase.
	Accounts *toolkit.Accounts
	// Mailer sends the last mail.
	Mailer *mail.Sender
	// Signer signs the receipt.
	Signer receipt.Signer
	// Links makes the links by which accounts are deleted.
	Links *link.Links
	// PublicURL is the base URL of the API, for the link in the mail.
	PublicURL string
	// Key is for keys.ForReceipts and derives capabilities, ErasedKey for keys.ForErased and derives
	// pseudonyms.
	Key, ErasedKey keys.Ring
	// Acts keeps that an account was erased.
	Acts *audit.Book
	// Wait is how long to wait for late photos, schema.LatePhotos in production.
	Wait time.Duration
	// Now is the clock.
	Now func() time.Time
}

// Mux returns the consumer's handlers by type of event.
func (e *Consumer) Mux() *event.Mux {
	m := new(event.Mux)
	event.On(m, func(ctx context.Context, _ event.Event, data event.AccountErasureRequestedV1) error {
		return e.drive(ctx, erasure.JobID(account.UID(data.UID), 0))
	})
	event.On(m, e.beginWithdrawal)
	event.On(m, e.endSignIns)
	event.On(m, e.sendLink)
	return m
}

// Handle returns nil when the saga is over or waits, and [event.ErrMalformed] for an unreadable
// event. Any other error requests redelivery: a step failed, the time was up, or another process
// holds the saga.
func (e *Consumer) Handle(ctx context.Context, m event.Message) error { return e.Mux().Handle(ctx, m) }

// drive works on the saga for as long as a delivery may.
func (e *Consumer) drive(ctx context.Context, id string) error {
	j, err := e.claim(ctx, id)
	switch {
	case errors.Is(err, erasure.ErrGone), errors.Is(err, erasure.ErrEarly):
		slog.InfoContext(ctx, "erasure event dropped", "reason", err)
		return nil
	case errors.Is(err, work.ErrLeased):
		return fault.New(fault.CodeUnavailable, "The erasure is being worked on.")
	case err != nil:
		return fmt.Errorf("claim erasure: %w", err)
	}
	err = e.run(ctx, j, e.Now().Add(budget))
	if errors.Is(err, work.ErrLost) {
		slog.InfoContext(ctx, "erasure left", "reason", err)
		return nil
	}
	return err
}

// beginWithdrawal begins the saga of the withdrawal, unless it was begun before.
func (e *Consumer) beginWithdrawal(ctx context.Context, told event.Event, data event.ConsentWithdrawnV1) error {
	j := erasure.NewConsentJob(account.UID(data.UID), data.Epoch, told.Time, e.Now(), e.Wait)
	if err := e.begin(ctx, j); err != nil {
		return fmt.Errorf("begin a withdrawal: %w", err)
	}
	return e.drive(ctx, j.ID())
}

// run does step after step until the saga is over, has to wait, or the time is up.
func (e *Consumer) run(ctx context.Context, j erasure.Job, until time.Time) error {
	for {
		done, err := e.step(ctx, &j, until)
		if done {
			return err
		}
		now := e.Now().UTC()
		waits := j.Step == erasure.Prove && now.Before(j.ProveAt)
		if err == nil && !waits && now.Before(until) {
			continue
		}
		err = errors.Join(err, e.giveBack(ctx, j))
		if err == nil && !waits {
			err = fault.New(fault.CodeUnavailable, "The time of this delivery is up; the next one continues.")
		}
		return err
	}
}

// step does the saga's next step. done reports that the saga waits or is over.
func (e *Consumer) step(ctx context.Context, j *erasure.Job, until time.Time) (done bool, err error) {
	if j.Begins() {
		if err := e.bury(ctx, *j, tombstone.Begun); err != nil {
			return false, err
		}
	}
	switch j.Step {
	case erasure.Lock:
		users, err := e.lock(ctx, j.UID)
		if err != nil {
			return false, err
		}
		return e.advance(ctx, j, erasure.Tell, func(_ *firestore.Transaction, current *erasure.Job) error {
			current.Counts[signIn] = users
			return nil
		})
	case erasure.Tell:
		if err := e.tell(ctx, *j); err != nil {
			return false, err
		}
		// No one is left to notify, so the address is deleted now.
		return e.advance(ctx, j, erasure.Sweep, func(tx *firestore.Transaction, _ *erasure.Job) error {
			return account.Strip(tx, e.Firestore, j.UID, j.Acts)
		})
	case erasure.Sweep:
		if _, complete, err := e.pass(ctx, *j, until); err != nil || !complete {
			return errors.Is(err, work.ErrLost), err
		}
		return e.advance(ctx, j, erasure.Prove, nil)
	default:
		removed, complete, err := e.pass(ctx, *j, until)
		if err != nil || !complete || removed > 0 {
			return errors.Is(err, work.ErrLost), err
		}
		return true, e.finish(ctx, *j)
	}
}

// bury keeps the saga's tombstone.
func (e *Consumer) bury(ctx context.Context, j erasure.Job, phase tombstone.Phase) error {
	_, err := tombstone.Keep(ctx, e.Tombstones, erasure.Pseudonym(e.ErasedKey, j.UID), j.Tombstone(phase))
	return err
}

// advance writes the next step, together with other changes in the same commit.
func (e *Consumer) advance(
	ctx context.Context, j *erasure.Job, next erasure.Step, more func(*firestore.Transaction, *erasure.Job) error,
) (lost bool, err error) {
	current, err := e.update(ctx, *j, func(tx *firestore.Transaction, current *erasure.Job) error {
		current.Step, current.Looks = next, 0
		if more == nil {
			return nil
		}
		return more(tx, current)
	})
	if err == nil {
		*j = current
	}
	return errors.Is(err, work.ErrLost), err
}

// giveBack releases the saga, so that the next delivery need not wait for the lease's end.
func (e *Consumer) giveBack(ctx context.Context, j erasure.Job) error {
	return work.Release(ctx, func(ctx context.Context) error {
		_, err := e.update(ctx, j, func(_ *firestore.Transaction, current *erasure.Job) error {
			current.Release(e.Now().UTC())
			return nil
		})
		return err
	})
}

// lock disables the Firebase user: no token is issued or refreshed any more. It returns the number
// of users, 0 or 1: an account may be erased because its user was deleted at Firebase.
func (e *Consumer) lock(ctx context.Context, uid account.UID) (users int64, err error) {
	_, err = e.Auth.UpdateUser(ctx, string(uid), (&auth.UserToUpdate{}).Disabled(true))
	if err == nil {
		err = e.Auth.RevokeRefreshTokens(ctx, string(uid))
	}
	if auth.IsUserNotFound(err) {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("lock the user: %w", err)
	}
	return 1, nil
}

// tell sends the last mail to the verified address that Firebase has now. A user without one, or
// deleted at Firebase, gets none. If the process dies before this is recorded, the mail is sent
// again with the same id.
func (e *Consumer) tell(ctx context.Context, j erasure.Job) error {
	err := e.lastMail(ctx, j)
	if errors.Is(err, address.ErrUserGone) || errors.Is(err, address.ErrUnverified) {
		return nil
	}
	if err != nil && e.Now().After(j.RequestedAt.Add(mailPatience)) {
		slog.WarnContext(ctx, "erased without the last mail", "error", err)
		return nil
	}
	if err != nil {
		return fmt.Errorf("send the last mail: %w", err)
	}
	return nil
}

func (e *Consumer) lastMail(ctx context.Context, j erasure.Job) error {
	to, err := address.Verified(ctx, e.Auth, j.UID)
	if err != nil {
		return err
	}
	url := strings.TrimSuffix(e.PublicURL, "/") + erasure.ReceiptPath(erasure.Capability(e.Key, j))
	user, err := account.Get(ctx, e.Firestore, j.UID)
	if err != nil && !errors.Is(err, account.ErrNoUser) {
		return err
	}
	letter, err := notify.LastLetter(user.Locale, url)
	if err != nil {
		return err
	}
	err = e.Mailer.Send(ctx, mail.Message{
		ID: "erasing-" + j.CapabilityHash[:32], To: to, Date: e.Now(),
		Subject: letter.Subject, Text: letter.Text, HTML: letter.HTML,
	})
	if errors.Is(err, mail.ErrAddress) || errors.Is(err, mail.ErrRefused) {
		return nil // nothing can be sent to it
	}
	return err
}

// pass empties every store and returns the number removed. complete is false if the time was up
// first.
func (e *Consumer) pass(ctx context.Context, j erasure.Job, until time.Time) (removed int, complete bool, err error) {
	stores, err := e.stores(ctx, j)
	if err != nil {
		return 0, false, err
	}
	for _, s := range stores {
		for {
			n, err := patiently(ctx, s.page)
			removed += n
			if err != nil {
				return removed, false, fmt.Errorf("empty store %s: %w", s.name, err)
			}
			if n == 0 {
				break
			}
			if !e.Now().Before(until) {
				return removed, false, nil
			}
		}
	}
	return removed, true, nil
}

// pageTries is how often a page is tried in one pass. The proof needs a pass that finds all stores
// empty, of some forty requests: where one request in ten fails, no pass would come to its end.
const pageTries = 5

// patiently does a page until it succeeds or fails finally, at most pageTries times, with growing
// pauses.
func patiently(ctx context.Context, page func(context.Context) (int, error)) (removed int, err error) {
	pause := gax.Backoff{Initial: 50 * time.Millisecond, Max: time.Second}
	for range pageTries - 1 {
		n, err := page(ctx)
		removed += n
		if err == nil || !store.Away(err) || gax.Sleep(ctx, pause.Pause()) != nil {
			return removed, err
		}
	}
	n, err := page(ctx)
	return removed + n, err
}

// finish ends the saga. Only the receipt remains: a saga of an account deletes the Firebase user,
// and then users/{uid} and itself in one commit.
func (e *Consumer) finish(ctx context.Context, j erasure.Job) error {
	stores, err := e.stores(ctx, j)
	if err != nil {
		return err
	}
	if err := e.bury(ctx, j, tombstone.Done); err != nil {
		return err
	}
	if j.Scope == erasure.Account {
		if err := e.Auth.DeleteUser(ctx, string(j.UID)); err != nil && !auth.IsUserNotFound(err) {
			return fmt.Errorf("delete the user: %w", err)
		}
	}
	err = e.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		current, err := e.held(tx, j)
		if err != nil {
			return err
		}
		if err := tx.Delete(erasure.Ref(e.Firestore, j.ID())); err != nil {
			return err
		}
		if j.Scope == erasure.Consent {
			return nil
		}
		return e.close(tx, current, stores)
	}, firestore.MaxAttempts(maxAttempts))
	if err != nil {
		return fmt.Errorf("finish erasure: %w", err)
	}
	slog.InfoContext(ctx, "erased", "scope", j.Scope)
	return nil
}

// close deletes users/{uid}, and with it and the saga what leads to the acts about the user, and
// stores the receipt.
func (e *Consumer) close(tx *firestore.Transaction, j erasure.Job, stores []emptied) error {
	now := e.Now().UTC()
	for _, s := range stores {
		j.Counts[s.name] += 0 // empty stores are named too
	}
	name := erasure.Pseudonym(e.ErasedKey, j.UID)
	j.Counts["users"] = 1
	if _, said := j.Counts[signIn]; !said { // locked by a version that did not count users
		j.Counts[signIn] = 1
	}
	signed, err := e.Signer.Sign(receipt.New(name, j.RequestedAt, j.Counts, now))
	if err != nil {
		return err
	}
	if err := tx.Delete(account.Ref(e.Firestore, j.UID)); err != nil {
		return fmt.Errorf("delete user: %w", err)
	}
	err = tx.Set(erasure.Erased(e.Firestore).Doc(name), erasure.NewErasedDoc(j, signed, now))
	if err != nil {
		return fmt.Errorf("keep the receipt: %w", err)
	}
	return e.Acts.Write(tx, j.Done(now))
}
