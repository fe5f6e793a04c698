package notify

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/fault"
)

const (
	// maxDevices a user; a further one takes the place of the one longest not seen, so that a new phone always
	// gets pushes.
	maxDevices = 20
	// deviceKept is how long a device that does not renew its token is kept: FCM takes it for dead then.
	deviceKept = 270 * 24 * time.Hour
	// maxToken is in bytes.
	maxToken = 4096
)

// deviceID is what an app may call its device.
var deviceID = regexp.MustCompile(`^[A-Za-z0-9_-]{1,64}$`)

var platforms = []string{"android", "ios", "web"}

// device is users/{uid}/devices/{id}.
type device struct {
	Schema    int       `firestore:"schema"`
	Token     string    `firestore:"token"`
	Platform  string    `firestore:"platform"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	ExpireAt  time.Time `firestore:"expireAt"`
}

func devicesOf(user *firestore.DocumentRef) *firestore.CollectionRef {
	return user.Collection("devices")
}

// deviceBody is what an app says of its device.
type deviceBody struct {
	Token    string `json:"token"`
	Platform string `json:"platform"`
}

func (b deviceBody) validate() error {
	invalid := fault.New(fault.CodeInvalidField, "The device is not described properly.")
	if b.Token == "" || len(b.Token) > maxToken {
		_ = invalid.WithField("/token", "must be of 1 to %d bytes", maxToken)
	}
	if !slices.Contains(platforms, b.Platform) {
		_ = invalid.WithField("/platform", "must be one of android, ios, web")
	}
	if len(invalid.Fields) > 0 {
		return invalid
	}
	return nil
}

// putDevice writes the device, and deletes those of the same token and, over the limit, those longest not seen.
func putDevice(
	tx *firestore.Transaction, devices *firestore.CollectionRef, id string, b deviceBody, now time.Time,
) (d device, created bool, err error) {
	known, err := readDevices(tx, devices)
	if err != nil {
		return d, false, err
	}
	d = device{
		Schema: schema, Token: b.Token, Platform: b.Platform, CreatedAt: now, UpdatedAt: now, ExpireAt: now.Add(deviceKept),
	}
	before, exists := known[id]
	if exists {
		d.CreatedAt = before.CreatedAt
	}
	delete(known, id)
	for _, old := range superfluous(known, b.Token) {
		if err := tx.Delete(devices.Doc(old)); err != nil {
			return d, false, fmt.Errorf("delete device: %w", err)
		}
	}
	if err := tx.Set(devices.Doc(id), d); err != nil {
		return d, false, fmt.Errorf("write device: %w", err)
	}
	return d, !exists, nil
}

// superfluous are the ids of the other devices that must make room for one with the token.
func superfluous(others map[string]device, token string) []string {
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
	return append(gone, rest[:max(0, len(rest)-maxDevices+1)]...)
}

func readDevices(tx *firestore.Transaction, devices *firestore.CollectionRef) (map[string]device, error) {
	docs := tx.Documents(devices)
	defer docs.Stop()
	all := map[string]device{}
	for {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return all, nil
		}
		if err != nil {
			return nil, fmt.Errorf("list devices: %w", err)
		}
		var d device
		if err := snap.DataTo(&d); err != nil {
			return nil, fmt.Errorf("decode device: %w", err)
		}
		all[snap.Ref.ID] = d
	}
}
