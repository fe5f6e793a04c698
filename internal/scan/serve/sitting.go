package serve

import (
	"context"
	"fmt"
	"math"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// sitting counts once in the timeline: a completed scan without a series, or the completed scans of
// one series.
type sitting struct {
	// scans are the completed ones. last is the position from which the list continues.
	scans []scan.Scan
	last  httpapi.Position
	// point is what is shown of it, without the comparison, which is made from the result. The point
	// of a series is set once the series was read.
	point  pointView
	result scan.Outcome
}

// id returns the scan's or the series' id.
func (s *sitting) id() string { return string(s.point.ScanID) + string(s.point.SeriesID) }

// single returns the sitting of the scan.
func single(s scan.Scan) sitting {
	r := s.Outcome()
	return sitting{
		scans: []scan.Scan{s}, last: scan.PositionOf(s), result: r,
		point: pointView{
			Kind: "scan", ScanID: s.ID, FinishedAt: httpapi.Time(s.FinishedAt), Engine: r.Version, Score: r.Score,
		},
	}
}

// sittings returns the sittings of a page of the timeline and lookBack more, newest first. The
// scans of a series were opened at one time, so they are adjacent in the list.
//
// It needs the index (uid asc, state asc, createdAt desc, id desc) on scans, as the list does.
func (h *Handler) sittings(ctx context.Context, uid account.UID, asked httpapi.Page) (all []sitting, err error) {
	want, after := asked.Limit+lookBack, asked.After
	f := scan.Filter{State: string(scan.Completed), Direction: firestore.Desc}
	for {
		q := f.Query(h.Firestore, uid).Limit(want).Select(pointFields...)
		if after != nil {
			q = q.StartAfter(after.At, after.ID)
		}
		scans, err := scan.ReadAll(ctx, q)
		if err != nil {
			return nil, err
		}
		for _, one := range scans {
			all = appendTo(all, one)
			after = new(scan.PositionOf(one))
		}
		// The last sitting may be a series with further scans.
		if len(scans) < want || len(all) > want || len(all) == want && all[want-1].point.SeriesID == "" {
			return all[:min(len(all), want)], nil
		}
	}
}

// appendTo adds the next scan of the list to its sitting.
func appendTo(all []sitting, next scan.Scan) []sitting {
	if n := len(all); n > 0 && next.SeriesID != "" && all[n-1].point.SeriesID == next.SeriesID {
		all[n-1].scans = append(all[n-1].scans, next)
		all[n-1].last = scan.PositionOf(next)
		return all
	}
	one := single(next)
	if next.SeriesID != "" {
		one.point = pointView{Kind: "series", SeriesID: next.SeriesID}
	}
	return append(all, one)
}

// settledOnes reads the series of the sittings and leaves out those without a score. shown is how
// many at the front are shown, and the result how many of those remain.
func (h *Handler) settledOnes(
	ctx context.Context, uid account.UID, all []sitting, shown int,
) (rest []sitting, stillShown int, err error) {
	var refs []*firestore.DocumentRef
	for _, one := range all {
		if one.point.SeriesID != "" {
			refs = append(refs, series.Ref(h.Firestore, uid, one.point.SeriesID))
		}
	}
	snaps, err := h.Firestore.GetAll(ctx, refs)
	if err != nil {
		return nil, 0, fmt.Errorf("read series: %w", err)
	}
	for i, one := range all {
		if one.point.SeriesID != "" {
			found, err := series.Decode(snaps[0], nil)
			snaps = snaps[1:]
			if fault.Ignore(err, series.ErrNotFound) != nil {
				return nil, 0, err
			}
			if err != nil || found.Result == nil {
				continue
			}
			one.settle(found)
		}
		rest = append(rest, one)
		if i < shown {
			stillShown++
		}
	}
	return rest, stillShown, nil
}

// settle sets the sitting's point from its series: the mean score, and the mean of each measure
// that all counted scans have. The smallest detectable change of a mean of n is that of one divided
// by sqrt(n).
func (s *sitting) settle(of series.Series) {
	s.point.FinishedAt, s.point.Engine = httpapi.Time(of.SettledAt), of.Engine
	s.point.Score, s.point.Photos = of.Result.Score, of.Result.Photos
	s.result = scan.Outcome{Version: of.Engine, Score: of.Result.Score, Rankable: true}
	var counted []scan.Outcome
	for _, one := range s.scans {
		i := slices.IndexFunc(of.Looks, func(l series.Look) bool { return l.ScanID == one.ID })
		if i >= 0 && of.Looks[i].State == series.LookCompleted && of.Looks[i].LeftOut == "" {
			counted = append(counted, one.Outcome())
		}
	}
	if len(counted) == 0 {
		return // deleted meanwhile
	}
	n := float64(len(counted))
	for _, m := range counted[0].Metrics {
		sum, shared := 0.0, 0
		for _, r := range counted {
			same := func(o scan.Metric) bool { return o.Name == m.Name && o.Unit == m.Unit }
			if i := slices.IndexFunc(r.Metrics, same); i >= 0 {
				sum += r.Metrics[i].Value
				shared++
			}
		}
		if shared == len(counted) {
			m.Value = math.Round(sum/n*1000) / 1000
			m.Reliability.SDC /= math.Sqrt(n)
			s.result.Metrics = append(s.result.Metrics, m)
		}
	}
}
