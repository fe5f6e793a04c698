package account

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account/username"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/usertext"
)

// RenameCooldown is how long a user must wait after a change of the username, and how long the
// previous name stays reserved for its owner, so that no other user can pose as them by a name that
// is still known.
//
// The rule has no other case: a name belongs to the account that bears it, or bore it within this
// time, and to no deleted account. So the withdrawal of consent leaves it alone. The erasure of the
// account frees the name and what is reserved at once: a reservation would have to keep what the
// user asked to have erased, and what others knew the name by, the entry on the leaderboard, goes
// with the account.
const RenameCooldown = schema.UsernameLife

// UsernameSchema is the version of usernames/{key}. Before version 2 the key was made by another
// table of look-alikes.
const UsernameSchema = 2

// Claim is usernames/{key}: the user with the uid has the name, or had it and may still go back to
// it. A name may have two keys, and a claim on each.
type Claim struct {
	Schema    int       `firestore:"schema"`
	UID       UID       `firestore:"uid"`
	CreatedAt time.Time `firestore:"createdAt"`
	// ExpireAt is when a name that was given up, or barred, becomes free. It is absent while the user
	// has it.
	ExpireAt time.Time `firestore:"expireAt,omitempty"`
	// Barred is set if an administrator took the name away. No user can have it then.
	Barred bool `firestore:"barred,omitempty"`
}

// barredOwner is the owner of a barred name. No user can have this id.
const barredOwner UID = "/"

// ClaimRef returns the document of the claim on the key. Keys may have any characters; the few that
// cannot be part of a document's id are replaced.
func ClaimRef(fs *firestore.Client, key string) *firestore.DocumentRef {
	id := strings.ReplaceAll(key, "/", "\u2215") // no key has this look-alike of the slash
	if strings.Trim(id, ".") == "" || strings.HasPrefix(id, "__") || strings.HasPrefix(id, "=") {
		id = "=" + id
	}
	return fs.Collection("usernames").Doc(id)
}

// Owner returns the owner of the name at the time, "" if it is free.
func (c Claim) Owner(now time.Time) UID {
	if !c.ExpireAt.IsZero() && !c.ExpireAt.After(now) {
		return ""
	}
	if c.Barred {
		return barredOwner
	}
	return c.UID
}

// renameAllowedAt returns when the user may take a new name, or the zero time if they may now.
func (u User) renameAllowedAt(now time.Time) time.Time {
	if at := u.RenamedAt.Add(RenameCooldown); !u.RenamedAt.IsZero() && at.After(now) {
		return at
	}
	return time.Time{}
}

// keys returns the keys that the user holds or should hold, none before a name is chosen.
func (u User) keys() []string {
	if u.Folded == "" {
		return nil
	}
	keys := []string{u.Folded}
	if look := usertext.Look(u.Username); look != u.Folded {
		keys = append(keys, look)
	}
	return keys
}

// rename changes the user's name. The first name, another spelling of the present one and a return
// to the previous one need no wait. For all others see [RenameCooldown].
func (s *Service) rename(ctx context.Context, uid UID, written string, tags *httpapi.Tags) (User, error) {
	name, err := username.Parse(written)
	if err != nil {
		return User{}, err
	}
	if username.Reserved(name) {
		return User{}, username.ErrTaken()
	}
	u, _, err := s.change(ctx, uid, tags, func(tx *outbox.Tx, u *User) (effect, error) {
		if u.Username == name {
			return nothing, nil
		}
		if err := s.move(ctx, tx, u, name); err != nil {
			return nothing, err
		}
		return visible, nil
	})
	return u, err
}

// held is a claim, read outside of the transaction that changes it, and the time of its last write.
// Other users want the same name at once, and a read by the transaction would lock it for all of
// them (see package transact). So each claim is written on the condition that it has not changed.
type held struct {
	Claim
	exists bool
	at     time.Time
}

// readClaims reads the claims on the keys.
func (s *Service) readClaims(ctx context.Context, keys []string) (map[string]held, error) {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	refs := make([]*firestore.DocumentRef, len(keys))
	for i, key := range keys {
		refs[i] = ClaimRef(s.fs, key)
	}
	snaps, err := s.fs.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("read usernames: %w", err)
	}
	claims := map[string]held{}
	for i, snap := range snaps {
		if !snap.Exists() {
			continue
		}
		c, err := store.Decode[Claim](snap, nil, "username", nil)
		if err != nil {
			return nil, err
		}
		claims[keys[i]] = held{Claim: c, exists: true, at: snap.UpdateTime}
	}
	return claims, nil
}

// write sets the claim on the key to c.
func (h held) write(tx *outbox.Tx, ref *firestore.DocumentRef, c Claim) error {
	if !h.exists {
		return tx.Create(ref, c)
	}
	return tx.Update(ref, []firestore.Update{
		{Path: "schema", Value: c.Schema}, {Path: "uid", Value: c.UID},
		{Path: "createdAt", Value: c.CreatedAt}, {Path: "expireAt", Value: store.OrAbsent(c.ExpireAt)},
		{Path: "barred", Value: store.OrAbsent(c.Barred)},
	}, firestore.LastUpdateTime(h.at))
}

// move claims the name for the user. The previous name is reserved, unless the new one is only
// another spelling.
func (s *Service) move(ctx context.Context, tx *outbox.Tx, u *User, name string) error {
	now, to := s.now().UTC(), username.Keys(name)
	claims, err := s.readClaims(ctx, slices.Concat(to, u.keys()))
	if err != nil {
		return err
	}
	for _, key := range to {
		if owner := claims[key].Owner(now); owner != "" && owner != u.UID {
			return username.ErrTaken()
		}
	}
	// A key made by an earlier version is compared with the name's present key.
	renamed := u.Folded != "" && usertext.Key(u.Username) != to[0]
	at := u.renameAllowedAt(now)
	if renamed && claims[to[0]].Owner(now) == "" && !at.IsZero() {
		return fault.New(fault.CodeUsernameCooldown, "The username was changed recently.").
			WithRetryAfter(at.Sub(now))
	}
	if err := s.claim(tx, u.UID, to, claims); err != nil {
		return err
	}
	if err := s.giveUp(tx, u, to, claims, renamed); err != nil {
		return err
	}
	if renamed {
		u.RenamedAt = now
	}
	u.Username, u.Folded = name, to[0]
	return nil
}

// claim gives the keys to the user. Keys that the user already has keep their time.
func (s *Service) claim(tx *outbox.Tx, uid UID, keys []string, claims map[string]held) error {
	for _, key := range keys {
		c := Claim{Schema: UsernameSchema, UID: uid, CreatedAt: s.now().UTC()}
		if before := claims[key]; before.UID == uid && before.ExpireAt.IsZero() {
			c.CreatedAt = before.CreatedAt
		}
		if err := claims[key].write(tx, ClaimRef(s.fs, key), c); err != nil {
			return fmt.Errorf("claim username: %w", err)
		}
	}
	return nil
}

// giveUp reserves those of the user's keys that the new name does not have, or removes them if it
// is only another spelling.
func (s *Service) giveUp(tx *outbox.Tx, u *User, to []string, claims map[string]held, reserve bool) error {
	now := s.now().UTC()
	for _, key := range u.keys() {
		own := claims[key]
		if slices.Contains(to, key) || own.UID != u.UID {
			continue
		}
		var err error
		if ref := ClaimRef(s.fs, key); reserve {
			before := Claim{Schema: UsernameSchema, UID: u.UID, CreatedAt: now, ExpireAt: now.Add(RenameCooldown)}
			err = own.write(tx, ref, before)
		} else {
			err = tx.Delete(ref, firestore.LastUpdateTime(own.at))
		}
		if err != nil {
			return fmt.Errorf("give up username: %w", err)
		}
	}
	return nil
}

// unavailable returns why the user could not take the name, as a fault that is invalid_field or
// username_taken, or nil if they could. They can take the present and the previous one.
func (s *Service) unavailable(ctx context.Context, uid UID, written string) (why, err error) {
	if _, err := s.read(ctx, uid); err != nil {
		return nil, err
	}
	name, why := username.Parse(written)
	if why != nil {
		return why, nil
	}
	if username.Reserved(name) {
		return username.ErrTaken(), nil
	}
	claims, err := s.readClaims(ctx, username.Keys(name))
	if err != nil {
		return nil, err
	}
	for _, c := range claims {
		if owner := c.Owner(s.now()); owner != "" && owner != uid {
			return username.ErrTaken(), nil
		}
	}
	return nil, nil
}

// Bearer returns the user who bears the name or one that looks like it, "" for none.
func Bearer(ctx context.Context, fs *firestore.Client, name string, now time.Time) (UID, error) {
	snap, err := ClaimRef(fs, usertext.Key(name)).Get(ctx)
	c, err := store.Decode[Claim](snap, err, "username", nil)
	if err != nil || !c.ExpireAt.IsZero() {
		return "", err
	}
	return c.Owner(now), nil
}

// Bar takes the name away from the user and keeps it from all users for schema.BarredLife. The user
// may choose another at once; one who is banned loses it too, since a ban may be lifted. Bar does
// nothing if the user does not bear the name any more, is gone or is being erased; barred is false
// then. with writes more in the same commit: the act, for which it gets the user's link.
func (s *Service) Bar(
	ctx context.Context, uid UID, name string, with func(tx *outbox.Tx, of audit.Link) error,
) (barred bool, err error) {
	err = s.box.RunInTurn(ctx, Ref(s.fs, uid), func(ctx context.Context, tx *outbox.Tx) error {
		found, err := s.snapshot(ctx, uid)
		u := found.user
		if barred = err == nil && u.State != Erasing && u.Username == name; !barred {
			return fault.Ignore(err, ErrNoUser)
		}
		claims, err := s.readClaims(ctx, u.keys())
		if err != nil {
			return err
		}
		now := s.now().UTC()
		c := Claim{Schema: UsernameSchema, CreatedAt: now, ExpireAt: now.Add(schema.BarredLife), Barred: true}
		for _, key := range u.keys() {
			own := claims[key]
			if own.exists && own.UID != u.UID {
				continue
			}
			if err := own.write(tx, ClaimRef(s.fs, key), c); err != nil {
				return fmt.Errorf("bar username: %w", err)
			}
		}
		u.Acts, u.Username, u.Folded = cmp.Or(u.Acts, audit.NewLink()), "", ""
		return errors.Join(with(tx, u.Acts), s.save(ctx, tx, &u, found.at, visible))
	})
	return barred, err
}
