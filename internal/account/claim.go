package account

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/query"
)

// RenameCooldown is how long after a change of the username the next has to wait, and how long the name before stays
// reserved for its owner, so that nobody passes for them with a name that others still know.
const RenameCooldown = 30 * 24 * time.Hour

const usernameSchema = 1

// claim is usernames/{key}: the user of that uid has the name, or had it and may still go back to it.
type claim struct {
	Schema    int       `firestore:"schema"`
	UID       UID       `firestore:"uid"`
	CreatedAt time.Time `firestore:"createdAt"`
	// ExpireAt is when a name that was given up is anybody's, absent while the user has it.
	ExpireAt time.Time `firestore:"expireAt,omitempty"`
}

func claimRef(fs *firestore.Client, key string) *firestore.DocumentRef {
	return fs.Collection("usernames").Doc(key)
}

// owner is whose the name is at the time, "" if nobody's.
func (c claim) owner(now time.Time) UID {
	if !c.ExpireAt.IsZero() && !c.ExpireAt.After(now) {
		return ""
	}
	return c.UID
}

// decodeClaim makes the zero claim, which is nobody's, of a document that is not there.
func decodeClaim(snap *firestore.DocumentSnapshot, err error) (claim, error) {
	return query.Decode[claim](snap, err, "username", nil)
}

// renameAllowedAt is when the user may take a name that is new to them, the zero time where there is nothing to wait for.
func (u User) renameAllowedAt(now time.Time) time.Time {
	if at := u.RenamedAt.Add(RenameCooldown); !u.RenamedAt.IsZero() && at.After(now) {
		return at
	}
	return time.Time{}
}

// rename gives the user the name. Choosing the first one, writing the present one differently and going back to the one
// before cost no waiting; see [RenameCooldown] for the rest.
func (s *Service) rename(ctx context.Context, uid UID, written string, tags *httpapi.Tags) (User, error) {
	name, key, err := parseUsername(written)
	if err != nil {
		return User{}, err
	}
	if isReserved(key) {
		return User{}, errTaken()
	}
	u, _, err := s.change(ctx, uid, tags, func(tx *outbox.Tx, u *User) (effect, error) {
		if u.Username == name {
			return nothing, nil
		}
		if u.Folded != key {
			if err := s.move(tx, u, key); err != nil {
				return nothing, err
			}
		}
		u.Username, u.Folded = name, key
		return visible, nil
	})
	return u, err
}

func errTaken() error { return fault.New(fault.CodeUsernameTaken, "This username is not available.") }

// move claims the key for the user and begins the reservation of the one before.
func (s *Service) move(tx *outbox.Tx, u *User, to string) error {
	now := s.now().UTC()
	c, err := decodeClaim(tx.Get(claimRef(s.fs, to)))
	if err != nil {
		return err
	}
	owner := c.owner(now)
	if owner != "" && owner != u.UID {
		return errTaken()
	}
	if at := u.renameAllowedAt(now); owner == "" && !at.IsZero() {
		return fault.New(fault.CodeUsernameCooldown, "The username was changed not long ago.").WithRetryAfter(at.Sub(now))
	}
	if err := tx.Set(claimRef(s.fs, to), claim{Schema: usernameSchema, UID: u.UID, CreatedAt: now}); err != nil {
		return fmt.Errorf("claim username: %w", err)
	}
	if u.Folded == "" {
		return nil
	}
	u.RenamedAt = now
	before := claim{Schema: usernameSchema, UID: u.UID, CreatedAt: now, ExpireAt: now.Add(RenameCooldown)}
	if err := tx.Set(claimRef(s.fs, u.Folded), before); err != nil {
		return fmt.Errorf("reserve username: %w", err)
	}
	return nil
}

// available tells whether the user could have the name, which is so for the one they have and the one they had.
func (s *Service) available(ctx context.Context, uid UID, written string) (bool, error) {
	if _, err := s.read(ctx, uid); err != nil {
		return false, err
	}
	_, key, why := parseUsername(written)
	if possible := why == nil && !isReserved(key); !possible {
		return false, nil
	}
	c, err := decodeClaim(claimRef(s.fs, key).Get(ctx))
	if err != nil {
		return false, err
	}
	owner := c.owner(s.now())
	return owner == "" || owner == uid, nil
}
