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
	// shards is the number of documents that a board's histogram is spread over, since Firestore
	// sustains about one commit a second for a document
	// (https://firebase.google.com/docs/firestore/best-practices#hotspots).
	shards = 16
)

// hundredths returns the rating as a whole number of hundredths, 0 to 10,000.
func hundredths(rating float64) int { return int(math.Round(rating * 100)) }

// bucketOf returns the bucket that counts the rating.
func bucketOf(rating float64) int { return min(hundredths(rating)/(100*100/buckets), buckets-1) }

// shardOf returns the shard of the histogram that counts the user's entries.
func shardOf(uid account.UID) int {
	sum := fnv.New32a()
	_, _ = sum.Write([]byte(uid))
	return int(sum.Sum32() % shards)
}

// ratingKey returns the beginning of the sort keys of all entries with the rating. A higher rating
// has a smaller key.
func ratingKey(hundredths int) string { return fmt.Sprintf("%05d-", 100*100-hundredths) }

// sortKey returns the field by which a board is ordered: rating descending, then achievedAt
// ascending, then uid ascending. The order is total, and one field needs one index.
func sortKey(rating float64, achievedAt time.Time, uid account.UID) string {
	return fmt.Sprintf("%s%016d-%s", ratingKey(hundredths(rating)), achievedAt.UnixMicro(), uid)
}

// firstKey returns a key that is below those of all entries of the bucket, and above those of all
// higher buckets.
func firstKey(bucket int) string {
	if bucket == buckets-1 {
		return ""
	}
	return ratingKey((bucket+1)*(100*100/buckets) - 1)
}
