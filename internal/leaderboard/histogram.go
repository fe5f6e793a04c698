package leaderboard

import (
	"fmt"
	"strconv"

	"cloud.google.com/go/firestore"
)

// shardDoc is boards/{board}/histogram/{shard}: how many entries have which rating.
type shardDoc struct {
	// Counts are by bucket, without those that were never counted in.
	Counts map[string]int64 `firestore:"counts"`
}

func histogram(fs *firestore.Client, board string) *firestore.CollectionRef {
	return fs.Collection("boards").Doc(board).Collection("histogram")
}

func shardID(shard int) string { return fmt.Sprintf("%02d", shard) }

// addTo adds to buckets of a shard without reading it: a transaction that reads a shard locks it,
// and all who submit would wait for each other.
func addTo(tx *firestore.Transaction, fs *firestore.Client, b Board, shard int, by map[int]int) error {
	counts := map[string]any{}
	for bucket, n := range by {
		if n != 0 {
			counts[strconv.Itoa(bucket)] = firestore.Increment(n)
		}
	}
	if len(counts) == 0 {
		return nil
	}
	doc := map[string]any{"counts": counts}
	if !b.Period.Always() {
		doc["expireAt"] = b.Period.Expires()
	}
	if err := tx.Set(histogram(fs, b.ID()).Doc(shardID(shard)), doc, firestore.MergeAll); err != nil {
		return fmt.Errorf("count the entry: %w", err)
	}
	return nil
}

// counts is a histogram: the number of entries in each bucket.
type counts []int64

// readCounts returns the sum of the board's shards as the transaction sees them.
func readCounts(tx *firestore.Transaction, fs *firestore.Client, board string) (counts, error) {
	return readShards(tx, fs, board, 0, shards)
}

// readShards returns the sum of the shards from up to to.
func readShards(tx *firestore.Transaction, fs *firestore.Client, board string, from, to int) (counts, error) {
	refs := make([]*firestore.DocumentRef, 0, to-from)
	for shard := from; shard < to; shard++ {
		refs = append(refs, histogram(fs, board).Doc(shardID(shard)))
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return nil, fmt.Errorf("read the histogram of %s: %w", board, err)
	}
	all := make(counts, buckets)
	for _, snap := range snaps {
		if !snap.Exists() {
			continue // a shard that nothing was counted in
		}
		var doc shardDoc
		if err := snap.DataTo(&doc); err != nil {
			return nil, fmt.Errorf("decode a shard of %s: %w", board, err)
		}
		for text, n := range doc.Counts {
			bucket, err := strconv.Atoi(text)
			if err != nil || bucket < 0 || bucket >= buckets {
				return nil, fmt.Errorf("shard %s of %s counts in the bucket %q", snap.Ref.ID, board, text)
			}
			all[bucket] += n
		}
	}
	return all, nil
}

// total returns the number of entries.
func (c counts) total() int64 { return c.above(-1) }

// above returns the number of entries in the higher buckets.
func (c counts) above(bucket int) (n int64) {
	for _, in := range c[min(bucket+1, len(c)):] {
		n += in
	}
	return n
}
