package moderation

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

// ErrNotFound is returned for a report that does not exist.
var ErrNotFound = errors.New("no such report")

func ref(fs *firestore.Client, id string) *firestore.DocumentRef {
	return fs.Collection("namereports").Doc(id)
}

func read(tx *firestore.Transaction, fs *firestore.Client, id string) (Report, error) {
	snap, err := tx.Get(ref(fs, id))
	return store.Decode[Report](snap, err, "report", ErrNotFound)
}

// Queued is a report with its document's id.
type Queued struct {
	ID string
	Report
}

// Position returns the report's place in the queue.
func (q Queued) Position() httpapi.Position { return httpapi.Position{At: q.CreatedAt, ID: q.ID} }

// Open returns the reports that wait for a decision, oldest first: those of the page and one more
// if there is a next page.
func Open(ctx context.Context, fs *firestore.Client, page httpapi.Page) ([]Queued, error) {
	q := fs.Collection("namereports").Where("open", "==", true).
		OrderBy("createdAt", firestore.Asc).OrderBy(firestore.DocumentID, firestore.Asc).Limit(page.Limit + 1)
	if page.After != nil {
		q = q.StartAfter(page.After.At, page.After.ID)
	}
	snaps, err := q.Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list reports: %w", err)
	}
	all := make([]Queued, len(snaps))
	for i, snap := range snaps {
		all[i].ID = snap.Ref.ID
		if err := snap.DataTo(&all[i].Report); err != nil {
			return nil, fmt.Errorf("decode a report: %w", err)
		}
	}
	return all, nil
}

// Get returns the report, or [ErrNotFound].
func Get(ctx context.Context, fs *firestore.Client, id string) (Report, error) {
	snap, err := ref(fs, id).Get(ctx)
	return store.Decode[Report](snap, err, "report", ErrNotFound)
}

// Desk is where reports are decided.
type Desk struct {
	Firestore *firestore.Client
	// Accounts takes names away.
	Accounts *account.Service
	// Acts keeps who decided.
	Acts *audit.Book
	// Now is the clock.
	Now func() time.Time
}

// Decided is what a decision did: Kept is the kind of its act, "" if it was there already, and UID
// whom it is about.
type Decided struct {
	UID  account.UID
	Kept audit.Kind
}

// Decide has the report closed by the actor, and the name barred if that is the decision, be its
// user banned. A name that its user does not bear any more is not barred, nor is that of an account
// that is being erased. Each is in one commit with its act. Doing it again changes nothing more.
func (d *Desk) Decide(ctx context.Context, by audit.Actor, id string, decision Decision) (Decided, error) {
	found, err := Get(ctx, d.Firestore, id)
	if err != nil || found.has(decision) {
		return Decided{UID: found.UID}, err
	}
	if decision == Bar {
		barred, err := d.Accounts.Bar(ctx, found.UID, found.Username, func(tx *outbox.Tx, of audit.Link) error {
			act := audit.Act{Kind: audit.NameBarred, Actor: by, Subject: of, Object: id}
			return errors.Join(d.close(ctx, tx.Transaction, id), d.Acts.Write(tx.Transaction, act))
		})
		if err != nil || barred {
			return Decided{found.UID, audit.NameBarred}, err
		}
	}
	kept, err := d.leave(ctx, by, id, decision)
	return Decided{found.UID, kept}, err
}

// has reports whether the decision was made about the report as it is.
func (r Report) has(decision Decision) bool { return !r.Open && r.Decision == decision }

// close closes the report of a name that is being barred, on the condition that it has not changed
// since it was read, here and outside of the transaction, which others' accounts are in.
func (d *Desk) close(ctx context.Context, tx *firestore.Transaction, id string) error {
	snap, err := ref(d.Firestore, id).Get(ctx)
	if _, err = store.Decode[Report](snap, err, "report", ErrNotFound); err != nil {
		return err
	}
	return tx.Update(snap.Ref, d.closed(Bar), firestore.LastUpdateTime(snap.UpdateTime))
}

func (d *Desk) closed(by Decision) []firestore.Update {
	return []firestore.Update{
		{Path: "open", Value: false}, {Path: "decision", Value: by}, {Path: "updatedAt", Value: d.Now().UTC()},
	}
}

// leave closes the report and leaves the name. It does nothing if its user is gone, or if another
// has made the same decision meanwhile.
func (d *Desk) leave(
	ctx context.Context, by audit.Actor, id string, decision Decision,
) (kept audit.Kind, err error) {
	err = d.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		kept = ""
		found, err := read(tx, d.Firestore, id)
		if err != nil || found.has(decision) {
			return err
		}
		about, err := account.Read(tx, d.Firestore, found.UID)
		if err != nil {
			return err
		}
		link, err := audit.Ensure(tx, account.Ref(d.Firestore, found.UID), about.Acts)
		if err != nil {
			return err
		}
		kept = audit.ReportDismissed
		act := audit.Act{Kind: kept, Actor: by, Subject: link, Object: id}
		return errors.Join(tx.Update(ref(d.Firestore, id), d.closed(decision)), d.Acts.Write(tx, act))
	})
	return kept, fault.Ignore(fault.Ignore(err, ErrNotFound), account.ErrNoUser)
}
