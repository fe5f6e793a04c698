// Package device stores the phones and browsers that a user's pushes go to, users/{uid}/devices. It
// is separate from package notify, which sends to them, because registration writes a device too:
// the welcome should reach the phone that registers, and a device added a moment later would come
// too late.
//
// A token belongs to one device. The other devices with the token are found by its hash: an index
// of Firestore keeps only the first 1,500 bytes of a value, so a query for a longer token would
// find those with the same beginning, and the emulator refuses it. The token itself is in no index.
package device

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
)

const (
	// Max is the number of devices of a user. A further one replaces the one longest not seen, so that
	// a new phone always gets pushes.
	Max = 20
	// MaxToken is the longest token, in bytes. FCM documents no limit; tokens have had 150 to 350
	// bytes.
	MaxToken  = 4096
	docSchema = 1
	// settleTime bounds [Settle]. It continues after the client has left, since the device is already
	// written.
	settleTime = 10 * time.Second
)

// idPattern matches the ids that an app may choose. Firestore reserves ids such as __x__.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$`)

var platforms = []string{"android", "ios", "web"}

// Device is users/{uid}/devices/{id}.
type Device struct {
	Schema int `firestore:"schema"`
	// Token is FCM's address of the app on the device.
	Token string `firestore:"token"`
	// TokenHash is the hash by which the token is found, see [Hash].
	TokenHash string `firestore:"tokenHash"`
	// Refused is the number of messages in a row that FCM refused for the token. Registering the
	// device again clears it.
	Refused   int64     `firestore:"refused,omitempty"`
	Platform  string    `firestore:"platform"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	ExpireAt  time.Time `firestore:"expireAt"`
}

// Hash returns the token's SHA-256 in hex. It needs no key: a token is long and random, and stored
// beside its hash.
func Hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// Of returns the collection of the user's devices.
func Of(user *firestore.DocumentRef) *firestore.CollectionRef {
	return user.Collection("devices")
}

// ValidID reports whether an app may use the id for its device: 1 to 64 letters, digits, "_" and
// "-", not beginning with "_".
func ValidID(id string) bool { return idPattern.MatchString(id) }

// Spec is the description of a device by its app.
type Spec struct {
	// Token has 1 to 4096 bytes.
	Token string `json:"token" required:"true"`
	// Platform is android, ios or web.
	Platform string `json:"platform" required:"true"`
}

// Validate returns an error with the faulty members. prefix is the JSON pointer of the spec in the
// request's body.
func (s Spec) Validate(prefix string) error {
	invalid := fault.New(fault.CodeInvalidField, "The device is not valid.")
	if s.Token == "" || len(s.Token) > MaxToken {
		_ = invalid.WithField(prefix+"/token", "must have 1 to %d bytes", MaxToken)
	}
	if !slices.Contains(platforms, s.Platform) {
		_ = invalid.WithField(prefix+"/platform", "must be one of %s", strings.Join(platforms, ", "))
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// Change is a device to be written. It is separate from the reading because a transaction reads
// before it writes.
type Change struct {
	// Device is the device after the change. Created reports whether it is new, and Added whether it
	// is new or was one of another platform, and so another device under its id.
	Device         Device
	Created, Added bool

	ref *firestore.DocumentRef
}

// Prepare reads what writing the device needs. After the transaction's commit, call [Settle].
func Prepare(
	tx *firestore.Transaction, user *firestore.DocumentRef, id string, spec Spec, now time.Time,
) (Change, error) {
	c := Change{Device: New(spec, now), ref: Of(user).Doc(id)}
	snap, err := tx.Get(c.ref)
	before, err := store.Decode[Device](snap, err, "device", nil)
	if err != nil {
		return Change{}, err
	}
	c.Created = !before.ExpireAt.After(now) // an expired document may still exist
	c.Added = c.Created || before.Platform != spec.Platform
	if !c.Created {
		c.Device.CreatedAt = before.CreatedAt
	}
	return c, nil
}

// Settle removes the devices that the one just written replaces: former devices of its token, of
// any user, and beyond the limit of 20 the user's longest not seen. It runs after the commit, since
// its queries would lock everything they read, which on the emulator is all devices. If it fails,
// the error is unavailable: the device is written nevertheless, and a repeated request settles it.
func Settle(ctx context.Context, fs *firestore.Client, user *firestore.DocumentRef, id, token string) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), settleTime)
	defer cancel()
	err := claim(ctx, fs, Of(user).Doc(id), token)
	if err == nil {
		err = trim(ctx, user, id)
	}
	if err != nil {
		return fault.Wrap(
			err, fault.CodeUnavailable, "The device is not fully registered: try again.",
		).WithRetryAfter(time.Second)
	}
	return nil
}

// claim deletes all other devices with the token. A token belongs to one app on one phone, so the
// last user to register it has the phone now, and the previous one must not get pushes there. If
// several register a token at once, the last to commit finds all others, and each leaves those
// alone that came after it. It needs the index on tokenHash with the scope of the collection group
// devices, which Firestore does not make by itself.
func claim(ctx context.Context, fs *firestore.Client, own *firestore.DocumentRef, token string) error {
	holders, err := fs.CollectionGroup("devices").Where("tokenHash", "==", Hash(token)).Select().Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("find the token: %w", err)
	}
	mine := slices.IndexFunc(holders, func(snap *firestore.DocumentSnapshot) bool { return snap.Ref.Path == own.Path })
	if mine < 0 {
		return nil // claimed by another device meanwhile
	}
	for _, snap := range holders {
		if !snap.UpdateTime.Before(holders[mine].UpdateTime) {
			continue
		}
		if err := remove(ctx, snap); err != nil {
			return err
		}
	}
	return nil
}

// trim enforces the limit of the user's devices.
func trim(ctx context.Context, user *firestore.DocumentRef, id string) error {
	all, err := Of(user).Select("updatedAt").Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list devices: %w", err)
	}
	seen := func(snap *firestore.DocumentSnapshot) time.Time {
		at, _ := snap.DataAt("updatedAt") // every device has it
		t, _ := at.(time.Time)
		return t
	}
	others := slices.DeleteFunc(all, func(snap *firestore.DocumentSnapshot) bool { return snap.Ref.ID == id })
	slices.SortFunc(others, func(a, b *firestore.DocumentSnapshot) int {
		return cmp.Or(seen(a).Compare(seen(b)), cmp.Compare(a.Ref.ID, b.Ref.ID))
	})
	for _, snap := range others[:max(0, len(others)-Max+1)] {
		if err := remove(ctx, snap); err != nil {
			return err
		}
	}
	return nil
}

// remove deletes a device, unless it was written meanwhile.
func remove(ctx context.Context, snap *firestore.DocumentSnapshot) error {
	_, err := snap.Ref.Delete(ctx, firestore.LastUpdateTime(snap.UpdateTime))
	if err != nil && !store.Overtaken(err) {
		return fmt.Errorf("delete device: %w", err)
	}
	return nil
}

// New returns a device seen for the first time.
func New(spec Spec, now time.Time) Device {
	return Device{
		Schema: docSchema, Token: spec.Token, TokenHash: Hash(spec.Token), Platform: spec.Platform,
		CreatedAt: now, UpdatedAt: now, ExpireAt: now.Add(schema.DeviceLife),
	}
}

// Write writes the change.
func (c Change) Write(tx *firestore.Transaction) error {
	if err := tx.Set(c.ref, c.Device); err != nil {
		return fmt.Errorf("write device: %w", err)
	}
	return nil
}
