package scan

import (
	"context"
	"errors"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
)

// MeasuredBefore returns the user's scan of the photo that this version of the engine completed, or
// ErrNotFound. hashes are the photo's PhotoHashes, none for an unknown photo. Of several scans it
// returns the one that is not a duplicate, or the oldest if that was deleted. A scan made under a
// withdrawn consent does not count, since it is being deleted. The query is outside of the
// transaction, where it would lock what it reads.
//
// Index: scans (uid, content, state, result.version, duplicateOf, finishedAt), all ascending.
func MeasuredBefore(
	ctx context.Context, fs *firestore.Client, user account.User, hashes []string, version string,
) (Scan, error) {
	if len(hashes) == 0 {
		return Scan{}, ErrNotFound
	}
	all := fs.Collection("scans").
		Where("uid", "==", string(user.UID)).Where("content", "in", hashes).
		Where("state", "==", string(Completed)).Where("result.version", "==", version).
		OrderBy("duplicateOf", firestore.Asc).OrderBy("finishedAt", firestore.Asc)
	first, seen, err := standing(all.Limit(1).Documents(ctx), user)
	if seen > 0 && errors.Is(err, ErrNotFound) { // only in the seconds after a withdrawal
		first, _, err = standing(all.Documents(ctx), user)
	}
	return first, err
}

// standing returns the first of the scans that stands under the user's consent, or ErrNotFound.
// seen is the number of scans read.
func standing(found *firestore.DocumentIterator, user account.User) (first Scan, seen int, err error) {
	defer found.Stop()
	for {
		snap, err := found.Next()
		if errors.Is(err, iterator.Done) {
			return Scan{}, seen, ErrNotFound
		}
		seen++
		s, err := Decode(snap, err)
		if err != nil || user.Stands(s.ConsentEpoch) {
			return s, seen, err
		}
	}
}
