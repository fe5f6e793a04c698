package friends

import (
	"context"
	"errors"
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
	"github.com/facescan/facescan/internal/transact"
)

// WrongCodes limits the codes without an owner that a user may send. A friend may show a code that
// was just replaced, and people mistype. With 80 bits, far more tries would find nothing either.
var WrongCodes = quota.Rule{Name: "friend-codes", Max: 20, Window: time.Hour}

// addRequest is the body of POST /v1/friends.
type addRequest struct {
	Code string `json:"code" required:"true"`
}

func errUnknownCode() error {
	return fault.New(fault.CodeNotFound, "Nobody has this code now: ask your friend for theirs.")
}

// asMissing returns the answer for a friend who is gone.
func asMissing(err error) error {
	if errors.Is(err, account.ErrClosed) {
		return errNoFriend()
	}
	return err
}

func (h *Handler) add(w http.ResponseWriter, r *http.Request) error {
	in, err := httpapi.Decode[addRequest](w, r)
	if err != nil {
		return err
	}
	code, ok := parseCode(in.Code)
	if !ok {
		return fault.New(fault.CodeInvalidField, "This is not a friend code.").
			WithField("/code", "must have %d letters and digits, as the friend's app shows them", codeLength)
	}
	made, err := h.follow(r.Context(), account.Caller(r), h.Key.IDs(keys.FriendLookup, code))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if made.created {
		status = http.StatusCreated
	}
	return httpapi.Write(w, status, newFriendView(made.known, made.owner, nil))
}

// outcome is what came of a code.
type outcome struct {
	known
	owner   account.User
	created bool
	// refused is the answer to a code that was counted as wrong.
	refused error
}

// follow makes the caller and the owner of the code friends. lookups are the ids that the code's
// document may have.
func (h *Handler) follow(ctx context.Context, caller account.UID, lookups []string) (outcome, error) {
	// This read only says whose turns to take. For a code without an owner it is a user that does
	// not exist, so that all codes take the same reads.
	lookup, owner, err := h.ownerOf(ctx, lookups)
	if err != nil {
		return outcome{}, err
	}
	f := following{Handler: h, caller: caller, owner: owner, lookup: lookup}
	if f.owner == "" {
		f.owner = account.UID("nobody-" + lookup)
	}
	if f.id, err = pairID(ctx, h.Firestore, h.Key, f.caller, f.owner); err != nil {
		return outcome{}, err
	}
	var out outcome
	err = h.changeBoth(ctx, f.caller, f.owner, func(ctx context.Context, tx *firestore.Transaction) (err error) {
		out, err = f.attempt(ctx, tx)
		return err
	})
	if err == nil {
		err = out.refused
	}
	return out, err
}

// ownerOf returns which of the ids a code's document has, and the code's owner. Without a document
// it is the first id, and no owner.
func (h *Handler) ownerOf(ctx context.Context, lookups []string) (lookup string, owner account.UID, err error) {
	refs := make([]*firestore.DocumentRef, len(lookups))
	for i, lookup := range lookups {
		refs[i] = codeRef(h.Firestore, lookup)
	}
	snaps, err := h.Firestore.GetAll(ctx, refs)
	if err != nil {
		return "", "", fmt.Errorf("read friend code: %w", err)
	}
	i := max(slices.IndexFunc(snaps, (*firestore.DocumentSnapshot).Exists), 0)
	found, err := store.Decode[codeDoc](snaps[i], nil, "friend code", nil)
	return lookups[i], found.UID, err
}

// changeBoth is like [Handler.change] for two users. The turns are taken in the order of the
// users' ids, so that no two changes wait for each other.
func (h *Handler) changeBoth(
	ctx context.Context, a, b account.UID, fn func(ctx context.Context, tx *firestore.Transaction) error,
) error {
	if a == b {
		return h.change(ctx, a, fn)
	}
	return transact.Do(ctx, h.Firestore, sharingOf(h.Firestore, min(a, b)), func(ctx context.Context) error {
		return h.change(ctx, max(a, b), fn)
	})
}

// following is a code on its way to a friendship.
type following struct {
	*Handler
	caller, owner account.UID
	lookup, id    string
}

// around is what an attempt has read.
type around struct {
	// owner and since are set if the code leads to a user whom the caller may know, and since only if
	// they are friends already.
	owner account.User
	since *time.Time
	// mine reports that the code is the caller's own, and open that the code leads to owner.
	mine, open bool
	// guards are the users' documents sharing/state from before the friends were counted, and full
	// reports that one of the users has no room for a friend.
	guards []*firestore.DocumentSnapshot
	full   bool
}

// attempt reads everything, whatever the code is, and then writes what comes of it: a friendship,
// nothing, or a wrong try.
func (f following) attempt(ctx context.Context, tx *firestore.Transaction) (outcome, error) {
	tries, err := f.Limits.Prepare(ctx, quota.User(string(f.caller)), WrongCodes)
	if err != nil {
		return outcome{}, err
	}
	a, err := f.look(ctx, tx)
	if err != nil {
		return outcome{}, err
	}
	switch {
	case a.mine:
		return outcome{}, fault.New(fault.CodeInvalidField, "This code is your own.").
			WithField("/code", "must be another user's")
	case !a.open:
		return outcome{refused: errUnknownCode()}, tries.Write(tx)
	case a.since == nil && a.full:
		return outcome{}, fault.New(fault.CodeTooManyFriends, "One of you has %d friends already.", Max)
	}
	out := outcome{known: known{f.id, link{Schema: schema, Other: f.owner, Since: f.now()}}, owner: a.owner}
	if a.since != nil {
		out.Since = *a.since
		return out, tries.Keep(tx)
	}
	out.created = true
	return out, errors.Join(f.befriend(tx, out.link, a.guards), tries.Keep(tx))
}

// look reads what decides about the code. Only what the commit must find unchanged is read by the
// transaction.
func (f following) look(ctx context.Context, tx *firestore.Transaction) (around, error) {
	fs := f.Firestore
	var a around
	var err error
	a.guards, err = fs.GetAll(ctx, []*firestore.DocumentRef{sharingOf(fs, f.caller), sharingOf(fs, f.owner)})
	if err != nil {
		return around{}, fmt.Errorf("read sharing: %w", err)
	}
	for _, uid := range []account.UID{f.caller, f.owner} {
		n, err := store.Count(ctx, nil, friendsOf(fs, uid).Query)
		if err != nil {
			return around{}, fmt.Errorf("count friends: %w", err)
		}
		a.full = a.full || n >= Max
	}
	snaps, err := f.read(
		ctx, tx, f.caller, account.Ref(fs, f.owner), codeRef(fs, f.lookup), friendsOf(fs, f.caller).Doc(f.id),
		blockedBy(fs, f.caller).Doc(f.id), blockedBy(fs, f.owner).Doc(f.id),
	)
	if err != nil {
		return around{}, err
	}
	return a, a.decode(ctx, f, snaps)
}

// decode decides by the documents of the owner, the code, the friendship and the blocks.
func (a *around) decode(ctx context.Context, f following, snaps []*firestore.DocumentSnapshot) error {
	code, err := store.Decode[codeDoc](snaps[1], nil, "friend code", nil)
	if err != nil || code.UID != f.owner {
		return err
	}
	if f.owner == f.caller {
		a.mine = true
		return nil
	}
	a.owner, err = account.DecodeActive(ctx, snaps[0], nil)
	if account.IsGone(err) {
		return nil
	}
	if err != nil {
		return err
	}
	if snaps[3].Exists() || snaps[4].Exists() {
		return nil
	}
	a.open = true
	if !snaps[2].Exists() {
		return nil
	}
	friend, err := store.Decode[link](snaps[2], nil, "friend", nil)
	a.since = &friend.Since
	return err
}

// befriend writes the friendship on both sides, on the condition that neither user has got another
// friend since the guards were read.
func (f following) befriend(tx *firestore.Transaction, l link, guards []*firestore.DocumentSnapshot) error {
	back := l
	back.Other = f.caller
	err := errors.Join(
		tx.Create(friendsOf(f.Firestore, f.caller).Doc(f.id), l),
		tx.Create(friendsOf(f.Firestore, f.owner).Doc(f.id), back),
	)
	for _, guard := range guards {
		if !guard.Exists() {
			err = errors.Join(err, tx.Create(guard.Ref, sharing{Schema: schema, Added: 1}))
			continue
		}
		added := []firestore.Update{{Path: "added", Value: firestore.Increment(1)}}
		err = errors.Join(err, tx.Update(guard.Ref, added, firestore.LastUpdateTime(guard.UpdateTime)))
	}
	if err != nil {
		return fmt.Errorf("write friendship: %w", err)
	}
	return nil
}
