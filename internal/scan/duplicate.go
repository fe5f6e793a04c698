package scan

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
)

// A photo that its user has had measured by the same version of the engine already is measured
// again, because the engine gives the same report for the same bytes and so there is one way to a
// result only, which does not depend on whether the earlier scan's objects are still there. But it
// is no further proof of anything: it names the earlier scan and is not ranked. That stays so when
// the earlier scan is deleted.

// whyDuplicate is said of a duplicate where its result says why it is not ranked.
const whyDuplicate = "This photo has been measured before, and each photo counts once."

// hashOf returns the photo's photoHash.
func hashOf(key keys.Ring, uid account.UID, photo []byte) string {
	sum := sha256.Sum256(photo)
	return photoHash(key, uid, hex.EncodeToString(sum[:]))
}

// measuredBefore returns the user's scan of the photo that this version of the engine completed, or
// errNoScan; content is the photo's photoHash, "" for a photo that is not known. Of several it is
// the one that is no duplicate, and where that was deleted the oldest. One that was made under a
// consent that was withdrawn is gone or going, and is none. The query is no part of a transaction,
// where it would lock what it looks through.
//
// Index: scans (uid, content, state, result.version, duplicateOf, finishedAt), all ascending.
func measuredBefore(
	ctx context.Context, fs *firestore.Client, user account.User, content, version string,
) (Scan, error) {
	if content == "" {
		return Scan{}, errNoScan
	}
	all := fs.Collection("scans").
		Where("uid", "==", string(user.UID)).Where("content", "==", content).
		Where("state", "==", string(Completed)).Where("result.version", "==", version).
		OrderBy("duplicateOf", firestore.Asc).OrderBy("finishedAt", firestore.Asc)
	first, seen, err := standing(all.Limit(1).Documents(ctx), user)
	if seen > 0 && errors.Is(err, errNoScan) { // in the seconds after a withdrawal only
		first, _, err = standing(all.Documents(ctx), user)
	}
	return first, err
}

// standing returns the first of the scans that stands under the user's consent, or errNoScan; seen is
// how many were looked at.
func standing(found *firestore.DocumentIterator, user account.User) (first Scan, seen int, err error) {
	defer found.Stop()
	for {
		snap, err := found.Next()
		if errors.Is(err, iterator.Done) {
			return Scan{}, seen, errNoScan
		}
		seen++
		s, err := decode(snap, err)
		if err != nil || user.Stands(s.ConsentEpoch) {
			return s, seen, err
		}
	}
}

// notRanked takes a result out of the ranking and says why.
func notRanked(result map[string]any, because string) map[string]any {
	result["rankable"] = false
	result["notRankableBecause"] = because
	return result
}
