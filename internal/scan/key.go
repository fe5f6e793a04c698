package scan

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/facescan/facescan/internal/account"
)

// newID is random, or the same for the same user and idempotency key.
func (u *Uploads) newID(uid account.UID, key string) ID {
	if key == "" {
		return ID(strings.ToLower(rand.Text()))
	}
	return ID(keyedHash(u.Key, "scan", string(uid), key))
}

// photoHash stands for a photo of the user, given by its SHA-256 in hex. It is keyed and bound to
// the user: photos of two accounts cannot be compared by it, nor can anyone who reads the database
// but lacks the key look for a photo they have. The price is that a change of the key makes all
// photos new ones, and the announced ones that are just being uploaded wrong ones.
func photoHash(key []byte, uid account.UID, sum string) string {
	return keyedHash(key, "photo", string(uid), sum)
}

// keyedHash is 26 characters of base32 in lower case. The first part says what is hashed; none
// holds a zero byte.
func keyedHash(key []byte, parts ...string) string {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(mac.Sum(nil)[:16]))
}
