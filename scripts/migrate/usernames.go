package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/account/username"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/usertext"
)

// usernames moves the claims on usernames to the keys by Unicode's table of confusables, which
// schema 2 of users/{uid} and usernames/{key} has. Before, a short table of the module's own made
// them.
//
// Of two names that now look alike the one that was taken earlier keeps the claim. The other stays
// as it is and is still shown, but is no longer held: users/{uid}.folded is "", and the user may
// choose another at once, without the wait. So no user loses a name silently: the step notes each,
// and each name that could not be taken today (it looks like the service's, or has characters that
// are no longer allowed), for a person to decide on. Such a name, too, stays until it is changed;
// one of which nothing can be seen is not held.
var usernames = step{
	Name:       "usernames",
	About:      "key usernames by Unicode's confusables; the version before does not see the claims that moved",
	Collection: "users",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		schema, err := doc.DataAt("schema")
		return err == nil && schema == int64(1), err
	},
	Migrate: func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		var m rekeying
		if err := m.read(ctx, tx, doc); err != nil {
			return err
		}
		return m.write(tx)
	},
}

// rekeying is what moving one user's claims takes.
type rekeying struct {
	ref  *firestore.DocumentRef
	user account.User
	// own are the user's claims, of names given up too, by the ids of their documents.
	own map[string]account.Claim
	// others are the claims of others on the name's keys that are in force, by the key, and rivals
	// their users.
	others map[string]account.Claim
	rivals map[string]rival
	// moved are the new documents of names given up, by the old ids; nil where another user has
	// such a name now.
	moved map[string]*firestore.DocumentRef
}

// rival is another user with a claim on a key of the name.
type rival struct {
	ref  *firestore.DocumentRef
	user account.User
}

func (m *rekeying) read(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
	m.ref = doc.Ref
	m.own, m.others, m.rivals = map[string]account.Claim{}, map[string]account.Claim{}, map[string]rival{}
	m.moved = map[string]*firestore.DocumentRef{}
	if err := doc.DataTo(&m.user); err != nil {
		return fmt.Errorf("decode it: %w", err)
	}
	claims, err := tx.Find(ctx, tx.fs.Collection("usernames").Where("uid", "==", string(m.user.UID)))
	if err != nil {
		return fmt.Errorf("find its usernames: %w", err)
	}
	for _, snap := range claims {
		c, err := claimOf(snap)
		if err != nil {
			return err
		}
		if c.UID != m.user.UID {
			continue // it has changed hands meanwhile
		}
		m.own[snap.Ref.ID] = c
		if err := m.readMove(tx, snap.Ref.ID); err != nil {
			return err
		}
	}
	if m.user.Username == "" {
		return nil
	}
	for _, key := range username.Keys(m.user.Username) {
		if key == "" {
			continue
		}
		if err := m.readRival(tx, key); err != nil {
			return err
		}
	}
	return nil
}

func claimOf(snap *firestore.DocumentSnapshot) (c account.Claim, err error) {
	if err := snap.DataTo(&c); err != nil {
		return c, fmt.Errorf("decode %s: %w", pathOf(snap.Ref), err)
	}
	return c, nil
}

// readMove finds the document to which a name that was given up moves. Of the name only the old key
// is left.
func (m *rekeying) readMove(tx *tx, id string) error {
	to := account.ClaimRef(tx.fs, usertext.Key(id))
	snap, err := tx.Get(to)
	if status.Code(err) == codes.NotFound {
		m.moved[id] = to
		return nil
	}
	if err != nil {
		return fmt.Errorf("read %s: %w", pathOf(to), err)
	}
	c, err := claimOf(snap)
	if owner := c.Owner(tx.now); owner == "" || owner == m.user.UID {
		m.moved[id] = to
	}
	return err
}

// readRival reads the claim on the key and its user, unless it is the migrated user's or out of
// force.
func (m *rekeying) readRival(tx *tx, key string) error {
	snap, err := tx.Get(account.ClaimRef(tx.fs, key))
	if status.Code(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read the claim on %q: %w", key, err)
	}
	c, err := claimOf(snap)
	if err != nil {
		return err
	}
	owner := c.Owner(tx.now)
	if owner == "" || owner == m.user.UID {
		return nil
	}
	m.others[key] = c
	r := rival{ref: account.Ref(tx.fs, owner)}
	if snap, err = tx.Get(r.ref); err == nil {
		err = snap.DataTo(&r.user)
	}
	if err != nil && status.Code(err) != codes.NotFound {
		return fmt.Errorf("read %s: %w", pathOf(r.ref), err)
	}
	m.rivals[key] = r
	return nil
}

// earlier reports whether the rival took the key for the name they bear, and before the user took
// theirs.
func (m *rekeying) earlier(key string) bool {
	r := m.rivals[key]
	if r.user.Username == "" || !slices.Contains(username.Keys(r.user.Username), key) {
		return false
	}
	return m.others[key].CreatedAt.Before(m.since())
}

// since returns when the user took the name: a claim of theirs says so, unless an earlier name's
// migration wrote over it; then it was not before the account's last change of name, or its
// beginning.
func (m *rekeying) since() time.Time {
	var since time.Time
	for _, c := range m.own {
		if c.ExpireAt.IsZero() && (since.IsZero() || c.CreatedAt.Before(since)) {
			since = c.CreatedAt
		}
	}
	if !since.IsZero() {
		return since
	}
	if !m.user.RenamedAt.IsZero() {
		return m.user.RenamedAt
	}
	return m.user.CreatedAt
}

func (m *rekeying) write(tx *tx) error {
	fields := []firestore.Update{{Path: "schema", Value: account.UserSchema}}
	kept := map[string]bool{}
	if m.user.Username != "" {
		m.judge(tx)
		folded, err := m.take(tx, kept)
		if err != nil {
			return err
		}
		fields = append(fields, firestore.Update{Path: "folded", Value: folded})
		if folded == "" {
			fields = append(fields, firestore.Update{Path: "renamedAt", Value: time.Time{}})
		}
	}
	return errors.Join(m.moveRest(tx, kept), tx.Update(m.ref, fields))
}

// judge notes a name that could not be taken today.
func (m *rekeying) judge(tx *tx) {
	err := username.Check(m.user.Username)
	if f := (*fault.Error)(nil); errors.As(err, &f) {
		why := "it looks like a name of the service"
		if len(f.Fields) > 0 {
			why = f.Fields[0].Detail
		}
		tx.Note("the name %q could not be taken today: %s", m.user.Username, why)
	}
}

// take claims the name's keys that no earlier rival has, and returns the first of them, or "" and
// takes none if a rival has that one. The ids of the documents are added to kept.
func (m *rekeying) take(tx *tx, kept map[string]bool) (folded string, err error) {
	since := m.since()
	for i, key := range username.Keys(m.user.Username) {
		if key == "" {
			return "", nil // nothing of it can be seen, so it cannot be held
		}
		if m.earlier(key) {
			tx.Note("the name %q looks like %q of %s, who took it earlier",
				m.user.Username, m.rivals[key].user.Username, m.others[key].UID)
			if i == 0 {
				return "", nil
			}
			continue
		}
		ref := account.ClaimRef(tx.fs, key)
		c := account.Claim{Schema: account.UsernameSchema, UID: m.user.UID, CreatedAt: since}
		if err := errors.Join(m.displace(tx, key), tx.Set(ref, c)); err != nil {
			return "", err
		}
		kept[ref.ID] = true
		folded = cmp.Or(folded, key)
	}
	return folded, nil
}

// displace has a later rival, who has claimed by the new keys already, hold their name no longer.
func (m *rekeying) displace(tx *tx, key string) error {
	r, ok := m.rivals[key]
	if !ok || r.user.Schema < account.UserSchema || r.user.Folded != key {
		return nil // not there, not migrated yet, or with a claim on the look of their name only
	}
	tx.Note("the name %q of %s looks like %q, which was taken earlier", r.user.Username, r.user.UID, m.user.Username)
	return tx.Update(r.ref, []firestore.Update{{Path: "folded", Value: ""}, {Path: "renamedAt", Value: time.Time{}}})
}

// moveRest removes the user's claims by old keys, and moves the reservations of names given up to
// the keys of what the old keys tell of those names.
func (m *rekeying) moveRest(tx *tx, kept map[string]bool) error {
	var errs []error
	for id, c := range m.own {
		if kept[id] {
			continue
		}
		old := tx.fs.Collection("usernames").Doc(id)
		if c.ExpireAt.IsZero() || c.Owner(tx.now) == "" {
			errs = append(errs, tx.Delete(old))
			continue
		}
		c.Schema = account.UsernameSchema
		to := m.moved[id]
		if to == nil || to.ID != id {
			errs = append(errs, tx.Delete(old))
		}
		if to != nil && !kept[to.ID] {
			errs = append(errs, tx.Set(to, c))
		}
	}
	return errors.Join(errs...)
}
