package rank

import (
	"context"
	"fmt"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard"
)

// countSeries makes the series' present mean a contribution of its user on the engine's board, in
// place of an earlier revision. If a photo was deleted, the series is removed from the boards of
// other engines: the photo is part of those means, and nothing measures them again.
func (r *Consumer) countSeries(ctx context.Context, e event.SeriesSettledV1) error {
	if e.Photos < 0 || e.Struck < 0 {
		return fmt.Errorf("%w: series %s has %d photos, %d struck", event.ErrMalformed, e.SeriesID, e.Photos, e.Struck)
	}
	value, err := scoreOf(e.SeriesID, e.Score)
	if err != nil {
		return err
	}
	c := leaderboard.Contribution{
		ScanID: e.SeriesID, Score: value, Interval: e.Interval, CompletedAt: wholeMicros(e.SettledAt), Revision: e.Revision,
		Series: true, Photos: e.Photos, Struck: e.Struck,
	}
	if e.EngineMajor == 0 {
		return nil // it has never counted on any board
	}
	board := leaderboard.AllTime(e.EngineMajor).ID()
	if e.Photos > 0 {
		if err := r.admit(ctx, account.UID(e.UID), e.ConsentEpoch, e.EngineMajor, c); err != nil {
			return err
		}
		if e.Struck == 0 {
			return nil
		}
	}
	return r.replace(ctx, account.UID(e.UID), e.ConsentEpoch, c, board,
		func(d leaderboard.RatingDoc, c leaderboard.Contribution) (leaderboard.Contribution, bool) {
			if d.Board == board {
				return c, true
			}
			known := d.Contributions.Has(c)
			c.Score, c.Photos = 0, 0
			return c, known
		})
}

// strikeSeries is like strike for a series that was deleted at the time: all of its photos that
// counted, or could have, are gone.
func (r *Consumer) strikeSeries(ctx context.Context, e event.SeriesDeletedV1, at time.Time) error {
	if e.Photos == 0 {
		return nil
	}
	gone := leaderboard.Contribution{
		ScanID: e.SeriesID, CompletedAt: wholeMicros(e.SettledAt), Deleted: true, Series: true, Struck: e.Photos,
		StruckAt: wholeMicros(at),
	}
	board := leaderboard.AllTime(e.EngineMajor).ID()
	return r.replace(ctx, account.UID(e.UID), e.ConsentEpoch, gone, board,
		func(d leaderboard.RatingDoc, c leaderboard.Contribution) (leaderboard.Contribution, bool) {
			return c, d.Board == board || d.Contributions.Has(c)
		})
}
