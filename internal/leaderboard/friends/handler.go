package friends

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/quota"
	"github.com/facescan/facescan/internal/store"
)

const defaultPage = 20

// Handler serves the routes below /v1/friends.
type Handler struct {
	Firestore *firestore.Client
	// Limits count wrong codes.
	Limits *quota.Limiter
	// Key derives codes and ids.
	Key keys.Ring
	// Major is the current engine's major version.
	Major int
	// Now is the clock.
	Now func() time.Time
}

// Routes adds the routes to the API.
func (h *Handler) Routes(api *httpapi.API) {
	api.Handle("POST /v1/friends/code", httpapi.User, h.makeCode)
	api.Handle("GET /v1/friends/code", httpapi.User, h.getCode)
	api.Handle("DELETE /v1/friends/code", httpapi.User, h.revokeCode)
	api.Handle("POST /v1/friends/code/rotate", httpapi.User, h.rotateCode)
	api.Handle("POST /v1/friends", httpapi.User, h.add, httpapi.JSON)
	api.Handle("GET /v1/friends", httpapi.User, h.list, httpapi.Paged)
	api.Handle("DELETE /v1/friends/{id}", httpapi.User, h.remove)
	api.Handle("POST /v1/friends/{id}/block", httpapi.User, h.block)
	api.Handle("GET /v1/friends/blocked", httpapi.User, h.listBlocked, httpapi.Paged)
	api.Handle("DELETE /v1/friends/{id}/block", httpapi.User, h.unblock)
	api.Handle("GET /v1/leaderboards/{board}/friends", httpapi.User, h.board)
}

// friendView is another user for the caller: a friend or one whom the caller has blocked. It has no
// uid, which is private.
type friendView struct {
	ID string `json:"id"`
	// Username is "" for a user without one.
	Username  string `json:"username,omitempty"`
	CreatedAt string `json:"createdAt"`
	// gone reports that the account is not in use, so that the row is not shown.
	gone bool
}

// known is a link with its document's id.
type known struct {
	id string
	link
}

func (k known) position() httpapi.Position { return httpapi.Position{At: k.Since, ID: k.id} }

// newFriendView returns the view of the other user by the outcome of reading their account.
func newFriendView(k known, other account.User, err error) friendView {
	return friendView{
		ID: k.id, Username: other.Username, CreatedAt: httpapi.Time(k.Since), gone: err != nil,
	}
}

func (h *Handler) list(w http.ResponseWriter, r *http.Request) error {
	return h.page(w, r, "friends", friendsOf(h.Firestore, account.Caller(r)))
}

func (h *Handler) listBlocked(w http.ResponseWriter, r *http.Request) error {
	return h.page(w, r, "blocked", blockedBy(h.Firestore, account.Caller(r)))
}

// page answers with one page of the caller's links, newest first.
func (h *Handler) page(w http.ResponseWriter, r *http.Request, scope string, links *firestore.CollectionRef) error {
	asked, err := httpapi.PageParams(r, defaultPage, scope)
	if err != nil {
		return err
	}
	var view httpapi.List[friendView]
	err = h.Firestore.RunTransaction(r.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		if _, err := account.ReadActive(ctx, tx, h.Firestore, account.Caller(r)); err != nil {
			return err
		}
		read, err := readLinks(tx, links, asked)
		if err != nil {
			return err
		}
		view, err = h.named(ctx, tx, asked, read)
		return err
	}, firestore.ReadOnly)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// readLinks reads the page and one link more, which shows whether there is a next page.
func readLinks(tx *firestore.Transaction, links *firestore.CollectionRef, asked httpapi.Page) ([]known, error) {
	q := links.OrderBy("since", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc).Limit(asked.Limit + 1)
	if asked.After != nil {
		q = q.StartAfter(asked.After.At, asked.After.ID)
	}
	snaps, err := tx.Documents(q).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list %s: %w", links.ID, err)
	}
	read := make([]known, len(snaps))
	for i, snap := range snaps {
		read[i].id = snap.Ref.ID
		if err := snap.DataTo(&read[i].link); err != nil {
			return nil, fmt.Errorf("decode one of %s: %w", links.ID, err)
		}
	}
	return read, nil
}

// named returns the page with the users' names as they are now, without the users who are erased or
// being erased.
func (h *Handler) named(
	ctx context.Context, tx *firestore.Transaction, asked httpapi.Page, read []known,
) (httpapi.List[friendView], error) {
	refs := make([]*firestore.DocumentRef, len(read))
	for i, k := range read {
		refs[i] = account.Ref(h.Firestore, k.Other)
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return httpapi.List[friendView]{}, fmt.Errorf("read users: %w", err)
	}
	others := map[account.UID]*firestore.DocumentSnapshot{}
	for i, k := range read {
		others[k.Other] = snaps[i]
	}
	var broken error
	page := httpapi.Collect(asked, read, known.position, func(k known) friendView {
		other, err := account.DecodeActive(ctx, others[k.Other], nil)
		if err != nil && !account.IsGone(err) {
			broken = err
		}
		return newFriendView(k, other, err)
	})
	page.Items = slices.DeleteFunc(page.Items, func(v friendView) bool { return v.gone })
	return page, broken
}

func errNoFriend() error { return fault.New(fault.CodeNotFound, "There is no such friend.") }

func errNotBlocked() error {
	return fault.New(fault.CodeNotFound, "There is no such user among those blocked.")
}

// idParam returns the id in the path, or the error missing if no id looks like that.
func idParam(r *http.Request, missing error) (string, error) {
	id := r.PathValue("id")
	if !pairPattern.MatchString(id) {
		return "", missing
	}
	return id, nil
}

// read reads the caller's account, which must be in use, and documents beside it.
func (h *Handler) read(
	ctx context.Context, tx *firestore.Transaction, uid account.UID, refs ...*firestore.DocumentRef,
) ([]*firestore.DocumentSnapshot, error) {
	snaps, err := tx.GetAll(append([]*firestore.DocumentRef{account.Ref(h.Firestore, uid)}, refs...))
	if err != nil {
		return nil, fmt.Errorf("read user and links: %w", err)
	}
	_, err = account.DecodeActive(ctx, snaps[0], nil)
	return snaps[1:], err
}

// remove ends a friendship on both sides.
func (h *Handler) remove(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, errNoFriend())
	if err != nil {
		return err
	}
	uid := account.Caller(r)
	err = h.change(r.Context(), uid, func(ctx context.Context, tx *firestore.Transaction) error {
		snaps, err := h.read(ctx, tx, uid, friendsOf(h.Firestore, uid).Doc(id))
		if err != nil {
			return err
		}
		l, err := store.Decode[link](snaps[0], nil, "friend", errNoFriend())
		if err != nil {
			return err
		}
		return h.end(tx, id, uid, l.Other)
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// end deletes the friendship of two users.
func (h *Handler) end(tx *firestore.Transaction, id string, users ...account.UID) error {
	for _, uid := range users {
		if err := tx.Delete(friendsOf(h.Firestore, uid).Doc(id)); err != nil {
			return fmt.Errorf("delete friend: %w", err)
		}
	}
	return nil
}

// block ends a friendship and keeps it from being made again. A friend who is blocked already is a
// success, too.
func (h *Handler) block(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, errNoFriend())
	if err != nil {
		return err
	}
	uid := account.Caller(r)
	blocked := blockedBy(h.Firestore, uid).Doc(id)
	err = h.change(r.Context(), uid, func(ctx context.Context, tx *firestore.Transaction) error {
		snaps, err := h.read(ctx, tx, uid, friendsOf(h.Firestore, uid).Doc(id), blocked)
		if err != nil || snaps[1].Exists() {
			return err
		}
		l, err := store.Decode[link](snaps[0], nil, "friend", errNoFriend())
		if err != nil {
			return err
		}
		// The block names the other user, so it passes their fence.
		if _, err := account.EnterActive(tx, h.Firestore, l.Other); err != nil {
			return fmt.Errorf("read friend: %w", asMissing(err))
		}
		l.Since = h.now()
		if err := tx.Create(blocked, l); err != nil {
			return fmt.Errorf("write block: %w", err)
		}
		return h.end(tx, id, uid, l.Other)
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

func (h *Handler) unblock(w http.ResponseWriter, r *http.Request) error {
	id, err := idParam(r, errNotBlocked())
	if err != nil {
		return err
	}
	uid := account.Caller(r)
	err = h.change(r.Context(), uid, func(ctx context.Context, tx *firestore.Transaction) error {
		snaps, err := h.read(ctx, tx, uid, blockedBy(h.Firestore, uid).Doc(id))
		if err != nil {
			return err
		}
		if !snaps[0].Exists() {
			return errNotBlocked()
		}
		if err := tx.Delete(snaps[0].Ref); err != nil {
			return fmt.Errorf("delete block: %w", err)
		}
		return nil
	})
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// now returns the time as Firestore keeps it, in whole microseconds.
func (h *Handler) now() time.Time { return h.Now().UTC().Truncate(time.Microsecond) }
