// Package store has helpers for Firestore that several domains use.
package store

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
)

// Count returns the number of documents that the query matches, as the transaction sees them, or
// outside of one if tx is nil. It costs one read for each 1000 of them and needs the same index as
// the query.
func Count(ctx context.Context, tx *firestore.Transaction, q firestore.Query) (int64, error) {
	const alias = "n"
	result, err := q.NewAggregationQuery().WithCount(alias).Transaction(tx).Get(ctx)
	if err != nil {
		return 0, err
	}
	n, ok := result[alias].(*firestorepb.Value)
	if !ok {
		return 0, fmt.Errorf("the answer is a %T", result[alias])
	}
	return n.GetIntegerValue(), nil
}
