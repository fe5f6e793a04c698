package scan

import (
	"crypto/rand"
	"strings"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
)

// newID returns a random id, or the same for the same user and idempotency key.
func (u *Uploads) newID(uid account.UID, key string) ID {
	if key == "" {
		return ID(strings.ToLower(rand.Text()))
	}
	return ID(u.Key.ID(keys.Scan, string(uid), key))
}

// photoHash returns what stands for a photo of the user, given by its SHA-256 in hex. It is keyed and bound to
// the user: photos of two accounts cannot be compared by it, nor can anyone who reads the database
// but lacks the key look for a photo they have. The price is that a change of the key makes all
// photos new ones, and the announced ones that are just being uploaded wrong ones.
func photoHash(key keys.Ring, uid account.UID, sum string) string {
	return key.ID(keys.Photo, string(uid), sum)
}
