// Package device keeps the phones and browsers that a user's pushes go to, users/{uid}/devices. It stands beside package
// notify, which sends to them, because registration writes one too: the welcome should reach the phone that
// registers, and a device put a moment later would come after it.
package device

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/query"
)

const (
	// Max a user; a further one takes the place of the one longest not seen, so that a new phone always
	// gets pushes.
	Max = 20
	// Kept is how long a device that does not renew its token is kept: FCM takes it for dead then.
	Kept = 270 * 24 * time.Hour
	// MaxToken is the longest token, in bytes.
	MaxToken = 4096
	schema   = 1
)

// idPattern is what an app may call its device. Firestore keeps ids such as __x__ to itself.
var idPattern = regexp.MustCompile(`^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$`)

var platforms = []string{"android", "ios", "web"}

// Device is users/{uid}/devices/{id}.
type Device struct {
	Schema int `firestore:"schema"`
	// Token is FCM's address of the app on the device.
	Token     string    `firestore:"token"`
	Platform  string    `firestore:"platform"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	ExpireAt  time.Time `firestore:"expireAt"`
}

// Of is the collection of the user's devices.
func Of(user *firestore.DocumentRef) *firestore.CollectionRef {
	return user.Collection("devices")
}

// ValidID tells whether an app may call its device so: 1 to 64 letters, digits, "_" and "-", the first no "_".
func ValidID(id string) bool { return idPattern.MatchString(id) }

// Spec is what an app says of its device.
type Spec struct {
	// Token is of 1 to 4096 bytes.
	Token string `json:"token"`
	// Platform is android, ios or web.
	Platform string `json:"platform"`
}

// Validate says which members are faulty; prefix is the JSON pointer of the spec in the request's body.
func (s Spec) Validate(prefix string) error {
	invalid := fault.New(fault.CodeInvalidField, "The device is not described properly.")
	if s.Token == "" || len(s.Token) > MaxToken {
		_ = invalid.WithField(prefix+"/token", "must be of 1 to %d bytes", MaxToken)
	}
	if !slices.Contains(platforms, s.Platform) {
		_ = invalid.WithField(prefix+"/platform", "must be one of %s", strings.Join(platforms, ", "))
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// Change is a device about to be written. A transaction reads before it writes, so the two are apart.
type Change struct {
	// Device is as it will be, Created tells whether it is new.
	Device  Device
	Created bool

	ref  *firestore.DocumentRef
	gone []*firestore.DocumentRef
}

// Prepare reads what writing the device will take: the user's others of the same token, and over the limit of 20 those
// longest not seen, make room for it. Once the transaction has committed, [Claim] is due.
func Prepare(
	tx *firestore.Transaction, user *firestore.DocumentRef, id string, spec Spec, now time.Time,
) (Change, error) {
	devices := Of(user)
	known, err := read(tx, devices)
	if err != nil {
		return Change{}, err
	}
	before, exists := known[id]
	exists = exists && before.ExpireAt.After(now) // Firestore deletes what has expired late
	delete(known, id)
	c := Change{
		Device: New(spec, now), Created: !exists, ref: devices.Doc(id),
	}
	if exists {
		c.Device.CreatedAt = before.CreatedAt
	}
	for _, old := range superfluous(known, spec.Token) {
		c.gone = append(c.gone, devices.Doc(old))
	}
	return c, nil
}

// Claim takes the token of the user's device, as it was just written, from all that had it before. A token is that of one
// app on one phone, so whoever registers it last has the phone now, and the one before must not get pushes there any
// more. It comes after the commit, since within it the query would lock the index, and on the emulator all devices
// there are. Of several who register one token at a time the last to commit finds all others, and each leaves alone
// whoever came after. Where it fails the caller's request does, and its repetition heals it. It needs the index on token with
// the scope of the collection group devices, which Firestore does not make by itself.
func Claim(ctx context.Context, fs *firestore.Client, user *firestore.DocumentRef, id, token string) error {
	holders, err := fs.CollectionGroup("devices").Where("token", "==", token).Select().Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("find the token: %w", err)
	}
	own := Of(user).Doc(id)
	mine := slices.IndexFunc(holders, func(snap *firestore.DocumentSnapshot) bool { return snap.Ref.Path == own.Path })
	if mine < 0 {
		return nil // somebody claims it already
	}
	for _, snap := range holders {
		if !snap.UpdateTime.Before(holders[mine].UpdateTime) {
			continue
		}
		_, err := snap.Ref.Delete(ctx, firestore.LastUpdateTime(snap.UpdateTime))
		if err != nil && !query.Overtaken(err) {
			return fmt.Errorf("take the token from a device: %w", err)
		}
	}
	return nil
}

// New is a device that is seen for the first time.
func New(spec Spec, now time.Time) Device {
	return Device{
		Schema: schema, Token: spec.Token, Platform: spec.Platform, CreatedAt: now, UpdatedAt: now, ExpireAt: now.Add(Kept),
	}
}

// Write writes the change.
func (c Change) Write(tx *firestore.Transaction) error {
	for _, old := range c.gone {
		if err := tx.Delete(old); err != nil {
			return fmt.Errorf("delete device: %w", err)
		}
	}
	if err := tx.Set(c.ref, c.Device); err != nil {
		return fmt.Errorf("write device: %w", err)
	}
	return nil
}

// superfluous are the ids of the other devices that must make room for one with the token.
func superfluous(others map[string]Device, token string) []string {
	var gone, rest []string
	for id, d := range others {
		if d.Token == token {
			gone = append(gone, id)
		} else {
			rest = append(rest, id)
		}
	}
	slices.SortFunc(rest, func(a, b string) int {
		return cmp.Or(others[a].UpdatedAt.Compare(others[b].UpdatedAt), cmp.Compare(a, b))
	})
	return append(gone, rest[:max(0, len(rest)-Max+1)]...)
}

func read(tx *firestore.Transaction, devices *firestore.CollectionRef) (map[string]Device, error) {
	docs := tx.Documents(devices)
	defer docs.Stop()
	all := map[string]Device{}
	for {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list devices: %w", err)
		}
		var d Device
		if err := snap.DataTo(&d); err != nil {
			return nil, fmt.Errorf("decode device: %w", err)
		}
		all[snap.Ref.ID] = d
	}
}
