package analyze

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/scan"
)

// A photo that the same version of the engine has already measured for its user is measured again.
// The engine gives the same report for the same bytes, so there is a single way to a result, which
// does not depend on whether the earlier scan's objects still exist. But the scan proves nothing
// more: it names the earlier scan and is not ranked, even after the earlier scan is deleted.

// whyDuplicate is the reason in a duplicate's result why it is not ranked.
const whyDuplicate = "This photo has been measured before, and each photo counts once."

// hashOf returns the photo's scan.PhotoHash.
func hashOf(key keys.Ring, uid account.UID, photo []byte) string {
	sum := sha256.Sum256(photo)
	return scan.PhotoHash(key, uid, hex.EncodeToString(sum[:]))
}

// notRanked returns the result without a rank, and with the reason.
func notRanked(result map[string]any, because string) map[string]any {
	result["rankable"] = false
	result["notRankableBecause"] = because
	return result
}
