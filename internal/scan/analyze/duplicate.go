package analyze

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/scan"
)

// A photo that its user has had measured by the same version of the engine already is measured
// again, because the engine gives the same report for the same bytes and so there is one way to a
// result only, which does not depend on whether the earlier scan's objects are still there. But it
// is no further proof of anything: it names the earlier scan and is not ranked. That stays so when
// the earlier scan is deleted.

// whyDuplicate is said of a duplicate where its result says why it is not ranked.
const whyDuplicate = "This photo has been measured before, and each photo counts once."

// hashOf returns the photo's scan.PhotoHash.
func hashOf(key keys.Ring, uid account.UID, photo []byte) string {
	sum := sha256.Sum256(photo)
	return scan.PhotoHash(key, uid, hex.EncodeToString(sum[:]))
}

// notRanked takes a result out of the ranking and says why.
func notRanked(result map[string]any, because string) map[string]any {
	result["rankable"] = false
	result["notRankableBecause"] = because
	return result
}
