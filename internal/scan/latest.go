package scan

import (
	"context"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
)

// Latest returns the user's scan that was opened last, in any state, or nil.
func Latest(ctx context.Context, fs *firestore.Client, uid account.UID) (*Summary, error) {
	found, err := Find(ctx, fs, uid, Filter{Direction: firestore.Desc}, httpapi.Page{Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return new(NewSummary(found[0])), nil
}

// Best returns the user's rankable scan with the highest score by the present version of the
// engine, or nil. Scores of other versions are not comparable.
func Best(ctx context.Context, fs *firestore.Client, uid account.UID) (*Summary, error) {
	// It needs the composite index on scans (uid asc, state asc, result.rankable asc,
	// result.version asc, result.score.value desc).
	best := fs.Collection("scans").Where("uid", "==", string(uid)).Where("state", "==", string(Completed)).
		Where("result.rankable", "==", true).Where("result.version", "==", report.Version).
		OrderBy("result.score.value", firestore.Desc).Limit(1).Select(summaryFields...)
	found, err := ReadAll(ctx, best)
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return new(NewSummary(found[0])), nil
}
