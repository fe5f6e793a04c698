package leaderboard

import (
	"fmt"
	"hash/fnv"
	"math"
	"time"

	"github.com/facescan/facescan/internal/account"
)

const (
	// buckets is the number of counts of a histogram. A bucket is a tenth of a point wide, and the
	// last has the rating 100, too.
	buckets = 1000
	// Shards is the number of documents that a board's histogram is spread over, since Firestore
	// sustains about one commit a second for a document
	// (https://firebase.google.com/docs/firestore/best-practices#hotspots).
	Shards = 16
)

// Hundredths returns the rating as a whole number of hundredths, 0 to 10,000.
func Hundredths(rating float64) int { return int(math.Round(rating * 100)) }

// BucketOf returns the bucket that counts the rating.
func BucketOf(rating float64) int { return min(Hundredths(rating)/(100*100/buckets), buckets-1) }

// ShardOf returns the shard of the histogram that counts the user's entries.
func ShardOf(uid account.UID) int {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(uid))
	return int(sum.Sum32() % Shards)
}

// RatingKey returns the beginning of the sort keys of all entries with the rating, which is in
// hundredths. A higher rating has a smaller key.
func RatingKey(rating int) string { return fmt.Sprintf("%05d-", 100*100-rating) }

// sortKey returns the field by which a board is ordered: rating descending, then achievedAt
// ascending, then uid ascending. The order is total, and one field needs one index.
func sortKey(rating float64, achievedAt time.Time, uid account.UID) string {
	return fmt.Sprintf("%s%016d-%s", RatingKey(Hundredths(rating)), achievedAt.UnixMicro(), uid)
}

// FirstKey returns a key that is below those of all entries of the bucket, and above those of all
// higher buckets.
func FirstKey(bucket int) string {
	if bucket == buckets-1 {
		return ""
	}
	return RatingKey((bucket+1)*(100*100/buckets) - 1)
}
