package scan

import (
	"context"
	"fmt"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/httpapi"
)

// Latest is the user's scan that was opened last, in whatever state, nil where there is none.
func (s *Service) Latest(ctx context.Context, uid account.UID) (*Summary, error) {
	found, err := s.find(ctx, uid, filter{direction: firestore.Desc}, httpapi.Page{Limit: 1})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	return new(summarize(found[0])), nil
}

// Best is the user's rankable scan of the highest score, nil where there is none. Scores of another version of the
// engine are no measure for it, so it is the best of the present one's.
func (s *Service) Best(ctx context.Context, uid account.UID) (*Summary, error) {
	// It needs the composite index on scans (uid asc, state asc, result.rankable asc, result.version asc,
	// result.score.value desc).
	snaps, err := s.Firestore.Collection("scans").Where("uid", "==", string(uid)).Where("state", "==", string(Completed)).
		Where("result.rankable", "==", true).Where("result.version", "==", face.Version).
		OrderBy("result.score.value", firestore.Desc).Limit(1).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("find the best scan: %w", err)
	}
	if len(snaps) == 0 {
		return nil, nil
	}
	best, err := decodeAny(snaps[0], nil)
	if err != nil {
		return nil, err
	}
	return new(summarize(best)), nil
}
