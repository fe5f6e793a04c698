package inbox

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

// changePage is the number of items that one commit changes. Firestore has no limit but the time
// and the 10 MiB of a transaction (https://firebase.google.com/docs/firestore/quotas).
const changePage = 400

// change changes an item on the condition that it is as it was read.
type change func(tx *outbox.Tx, item *firestore.DocumentSnapshot) error

func setRead(tx *outbox.Tx, item *firestore.DocumentSnapshot) error {
	return tx.Update(
		item.Ref, []firestore.Update{{Path: "read", Value: true}}, firestore.LastUpdateTime(item.UpdateTime),
	)
}

// remove deletes an item. Its deliveries stay, by which package deliver knows that the event has
// been dealt with when it comes again.
func remove(tx *outbox.Tx, item *firestore.DocumentSnapshot) error {
	return tx.Delete(item.Ref, firestore.LastUpdateTime(item.UpdateTime))
}

func (h *Handler) markRead(w http.ResponseWriter, r *http.Request) error { return h.one(w, r, setRead) }

func (h *Handler) deleteItem(w http.ResponseWriter, r *http.Request) error {
	return h.one(w, r, remove)
}

// one changes the item of the path.
func (h *Handler) one(w http.ResponseWriter, r *http.Request, do change) error {
	id := r.PathValue("id")
	missing := fault.New(fault.CodeNotFound, "There is no such item in the inbox.")
	if !notify.ValidID(id) {
		return missing
	}
	err := h.run(r, func(_ context.Context, tx *outbox.Tx, who caller) error {
		snap, err := tx.Get(notify.Inbox(who.ref).Doc(id))
		item, err := store.Decode[notify.Item](snap, err, "inbox item", missing)
		if err != nil {
			return err
		}
		if !item.ExpireAt.After(h.Now()) {
			return missing
		}
		return do(tx, snap)
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

type readAllRequest struct {
	// Before is a time in RFC 3339, by default the present.
	Before *string `json:"before"`
}

type readAllView struct {
	ReadCount int `json:"readCount"`
}

func (h *Handler) markAllRead(w http.ResponseWriter, r *http.Request) error {
	body, err := httpapi.DecodeOptional[readAllRequest](w, r)
	if err != nil {
		return err
	}
	before, err := httpapi.TimeMember("/before", body.Before)
	if err != nil {
		return err
	}
	n, err := h.all(r, false, before, setRead)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, readAllView{ReadCount: n})
}

type deleteReadView struct {
	DeletedCount int `json:"deletedCount"`
}

// deleteRead requires read=true, so that a request for one item whose id got lost does not empty
// the inbox.
func (h *Handler) deleteRead(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Query().Get("read") != "true" {
		return fault.New(fault.CodeInvalidParameter, "Only the read items can be deleted together.").
			WithParameter(fault.InQuery, "read", "must be true")
	}
	before, err := httpapi.TimeParam(r, "before")
	if err != nil {
		return err
	}
	n, err := h.all(r, true, before, remove)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, deleteReadView{DeletedCount: n})
}

// all changes the caller's items that are read or are not, and that were created at the time or
// before it, nil for now. It returns their number. Each commit changes a page of them, the oldest
// first, so a request that is interrupted has done a part, and its repetition does the rest. If an
// item of a page is changed or deleted meanwhile, the page is read anew. The query needs the index
// (read asc, createdAt asc).
func (h *Handler) all(r *http.Request, isRead bool, before *time.Time, do change) (n int, err error) {
	now := h.Now()
	if before == nil {
		before = &now
	}
	items := notify.Live(account.Ref(h.Firestore, account.Caller(r)), now).Where("read", "==", isRead).
		Where("createdAt", "<", end(*before)).OrderBy("createdAt", firestore.Asc).Select().Limit(changePage)
	for {
		var done int
		err := h.run(r, func(ctx context.Context, tx *outbox.Tx, _ caller) error {
			snaps, err := items.Documents(ctx).GetAll() // in the transaction it would lock what it looks through
			if err != nil {
				return fmt.Errorf("list the inbox: %w", err)
			}
			for _, snap := range snaps {
				if err := do(tx, snap); err != nil {
					return fmt.Errorf("change an inbox item: %w", err)
				}
			}
			done = len(snaps)
			return nil
		})
		if err != nil {
			return n, err
		}
		n += done
		if done < changePage {
			return n, nil
		}
	}
}

// end returns the end of the time's millisecond. Answers have whole milliseconds, so the time of
// the newest item that an app shows must cover that item.
func end(at time.Time) time.Time {
	next := at.UTC().Truncate(time.Millisecond).Add(time.Millisecond)
	if next.Year() > 9999 { // which Firestore cannot compare with
		return at
	}
	return next
}
