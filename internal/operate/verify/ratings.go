package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// checkRatings compares the ratings with the scans and series, and the entries with the ratings.
func (h *home) checkRatings() {
	histories := map[string]leaderboard.History{}
	for _, d := range h.ratings {
		histories[d.Board] = d.Contributions
		h.checkContributions(d)
	}
	for id, s := range h.scans {
		if s.State != scan.Completed || s.SeriesID != "" || s.Result == nil || !s.Outcome().Rankable {
			continue
		}
		fact := scan.CompletedEvent(s)
		h.checkCounts("scans/"+string(id), histories, fact.EngineMajor, s.ConsentEpoch, s.FinishedAt,
			leaderboard.Contribution{
				ScanID: string(id), Score: fact.Score, CompletedAt: micros(s.FinishedAt), UploadedAt: micros(s.UploadedAt),
			})
	}
	for id, s := range h.series {
		if s.State != series.Completed || s.Photos() == 0 {
			continue
		}
		fact := s.SettledEvent()
		h.checkCounts(h.below("series", string(id)), histories, fact.EngineMajor, s.ConsentEpoch, s.UpdatedAt,
			leaderboard.Contribution{
				ScanID: string(id), Score: fact.Score, CompletedAt: micros(s.SettledAt), Series: true, Photos: fact.Photos,
			})
	}
	h.checkEntries()
}

// checkCounts checks that a rankable fact is in the history of its board, or that the history
// would not take it.
func (h *home) checkCounts(
	path string, histories map[string]leaderboard.History, major int, epoch int64, at time.Time,
	c leaderboard.Contribution,
) {
	history := histories[leaderboard.AllTime(major).ID()]
	if !h.user.Admits(epoch) || leaderboard.Forgotten(h.user, c) || history.Has(c) || !history.Add(c).Trim().Has(c) {
		return
	}
	h.report(Ranked, path, !h.late(at), "it counts, and is not in the rating")
}

// checkContributions checks that what a rating has was not deleted, and that the rating is what it
// comes to.
func (h *home) checkContributions(d leaderboard.RatingDoc) {
	path := h.below("ratings", d.Board)
	for _, c := range d.Contributions {
		if c.Deleted || c.Folded != nil || c.ScanID == "" {
			continue
		}
		_, isScan := h.scans[scan.ID(c.ScanID)]
		_, isSeries := h.series[scan.SeriesID(c.ScanID)]
		if !isScan && !isSeries && !h.unread[c.ScanID] {
			h.report(Ranked, path, !h.late(d.UpdatedAt), "it counts %s, which is gone", c.ScanID)
		}
	}
	if want := d.Contributions.Rating(leaderboard.Major(d.Board)); want != d.Rating {
		h.report(Ranked, path, false, "it is %v, and its contributions come to %v", d.Rating, want)
	}
}

// checkEntries compares the entries on open boards with the places that the ratings have.
func (h *home) checkEntries() {
	want := map[string]leaderboard.Place{}
	for _, d := range h.ratings {
		for id, p := range leaderboard.ShownPlaces(d.Places) {
			if b, ok := leaderboard.ParseBoard(id); ok && !b.Period.Gone(h.Now()) {
				want[id] = p
			}
		}
	}
	for id, p := range want {
		path := "boards/" + id + "/entries/" + string(h.user.UID)
		e, there := h.entries[id]
		switch {
		case !there:
			h.report(Listed, path, false, "the rating has a place, and there is no entry")
		case e.SortKey != p.Key(h.user.UID) || e.Scans != p.Scans:
			h.report(Listed, path, false, "it is %s of %d scans, and the place in the rating is %s of %d",
				e.SortKey, e.Scans, p.Key(h.user.UID), p.Scans)
		}
	}
	for id := range h.entries {
		b, ok := leaderboard.ParseBoard(id)
		if _, wanted := want[id]; !wanted && ok && !b.Period.Gone(h.Now()) {
			h.report(Listed, "boards/"+id+"/entries/"+string(h.user.UID), false, "no rating has the place")
		}
	}
}

// boards compares the counts of all boards with their entries.
func (v *Verifier) boards(ctx context.Context, r *Report) error {
	reader := &boards.Reader{Firestore: v.Firestore, Now: v.Now}
	for refs := v.Firestore.Collection("boards").DocumentRefs(ctx); ; {
		ref, err := refs.Next()
		if errors.Is(err, iterator.Done) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("list the boards: %w", err)
		}
		b, ok := leaderboard.ParseBoard(ref.ID)
		if !ok || b.Period.Gone(v.Now()) {
			continue
		}
		d, err := reader.Drift(ctx, b)
		if err != nil {
			return err
		}
		r.Looked["boards"]++
		if d.Wrong != 0 {
			r.add(Finding{Rule: Counted, Path: "boards/" + b.ID(), Says: fmt.Sprintf(
				"its counts differ by %d from its %d entries", d.Wrong, d.Entries)})
		}
	}
}

// micros returns the time with Firestore's precision.
func micros(t time.Time) time.Time { return t.UTC().Truncate(time.Microsecond) }
