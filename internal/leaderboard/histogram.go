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

// AddTo adds to buckets of a shard without reading it: a transaction that reads a shard locks it,
// and all who submit would wait for each other.
func AddTo(tx *firestore.Transaction, fs *firestore.Client, b Board, shard int, by map[int]int) error {
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

// Counts is a histogram: the number of entries in each bucket.
type Counts []int64

// ReadCounts returns the sum of the board's shards as the transaction sees them.
func ReadCounts(tx *firestore.Transaction, fs *firestore.Client, board string) (Counts, error) {
	return ReadShards(tx, fs, board, 0, Shards)
}

// ReadShards returns the sum of the shards from up to to.
func ReadShards(tx *firestore.Transaction, fs *firestore.Client, board string, from, to int) (Counts, error) {
	refs := make([]*firestore.DocumentRef, 0, to-from)
	for shard := from; shard < to; shard++ {
		refs = append(refs, histogram(fs, board).Doc(shardID(shard)))
	}
	snaps, err := tx.GetAll(refs)
	if err != nil {
		return nil, fmt.Errorf("read the histogram of %s: %w", board, err)
	}
	all := make(Counts, buckets)
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

// Total returns the number of entries.
func (c Counts) Total() int64 { return c.Above(-1) }

// Above returns the number of entries in the higher buckets.
func (c Counts) Above(bucket int) (n int64) {
	for _, in := range c[min(bucket+1, len(c)):] {
		n += in
	}
	return n
}
