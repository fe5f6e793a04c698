package analyze

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// A photo that the same version of the engine has already measured for its user is measured again.
// The engine gives the same report for the same bytes, so there is a single way to a result, which
// does not depend on whether the earlier scan's objects still exist. But the scan proves nothing
// more: it names the earlier scan and is not ranked, even after the earlier scan is deleted.

// remember adds the scan to what the guard remembers of its user, and returns the earlier scan of
// the same photo, "" for none. It notes in the result whether and why it is not ranked. It runs in
// the transaction that finishes the scan, which has read the user and found the fence open.
//
// Every scan that completes writes the memory on the condition that it has not changed. So if two
// scans complete at the same time, the later one begins again and finds the earlier. Only where the
// memory cannot say whether there is an earlier one, the scans themselves are asked, by a query
// outside of the transaction, where it locks nothing.
func (c *Consumer) remember(
	ctx context.Context, tx *outbox.Tx, s scan.Scan, user account.User, hashes []string, seen cheat.Observation,
	result map[string]any, now time.Time,
) (earlier scan.ID, err error) {
	memory, err := cheat.Find(ctx, c.Firestore, s.UID)
	if err != nil {
		return "", err
	}
	others := memory.State.Standing(user.Stands)
	found, sure := others.Measured(hashes, seen.Version, string(s.ID))
	earlier = scan.ID(found)
	if !sure {
		before, err := scan.MeasuredBefore(ctx, c.Firestore, user, hashes, seen.Version)
		if err := fault.Ignore(err, scan.ErrNotFound); err != nil {
			return "", err
		}
		earlier = before.ID
	}
	if earlier == "" {
		return "", memory.Write(tx.Transaction, guarded(s, user, others, seen, result, now))
	}
	notRanked(result, whyDuplicate)
	return earlier, memory.Write(
		tx.Transaction, cheat.Duplicate(others, string(s.ID), user.ConsentEpoch, seen, string(earlier)),
	)
}

// whyDuplicate is the reason in a duplicate's result why it is not ranked.
const whyDuplicate = "This photo has been measured before, and each photo counts once."

// hashesOf returns the photo's scan.PhotoHashes.
func hashesOf(key keys.Ring, uid account.UID, photo []byte) []string {
	sum := sha256.Sum256(photo)
	return scan.PhotoHashes(key, uid, hex.EncodeToString(sum[:]))
}

// notRanked returns the result without a rank, and with the reason.
func notRanked(result map[string]any, because string) map[string]any {
	result["rankable"] = false
	result["notRankableBecause"] = because
	return result
}
