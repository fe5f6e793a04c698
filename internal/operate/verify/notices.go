package verify

import (
	"time"

	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan/series"
	"github.com/facescan/facescan/internal/schema"
)

// checkNotices checks that what has ended was told once, and that each notice ends.
func (h *home) checkNotices() {
	ofScan, ofSeries := map[string]int{}, map[string]int{}
	for _, d := range h.deliveries {
		if d.Kind == notify.ScanCompleted || d.Kind == notify.ScanFailed {
			if d.SeriesID != "" {
				ofSeries[d.SeriesID]++
			} else {
				ofScan[d.ScanID]++
			}
		}
		h.checkLegs(h.below("deliveries", d.EventID), d.Waits, d.Channels, d.DueAt, d.UpdatedAt)
	}
	for id, s := range h.scans {
		if s.SeriesID == "" && !s.FinishedAt.IsZero() {
			h.told("scans/"+string(id), ofScan[string(id)], s.ConsentEpoch, s.FinishedAt)
		}
	}
	for id, s := range h.series {
		if s.Settled() && s.State != series.Deleting {
			h.told(h.below("series", string(id)), min(ofSeries[string(id)], 1), s.ConsentEpoch, s.SettledAt)
		}
	}
	for id := range h.items {
		if !h.delivered(id) && !h.late(h.items[id].ExpireAt) {
			h.report(ToldOnce, h.below("inbox", id), false, "it has no delivery, by which its event would be known")
		}
	}
}

func (h *home) delivered(eventID string) bool {
	for _, d := range h.deliveries {
		if d.EventID == eventID {
			return true
		}
	}
	return false
}

// told checks the number of notices of what ended at the time.
func (h *home) told(path string, notices int, epoch int64, ended time.Time) {
	if notices > 1 {
		h.report(ToldOnce, path, false, "its end is told by %d notices", notices)
	}
	// Deliveries are kept for as long as the inbox, and nothing is told to who is barred or has
	// agreed to another text since.
	expired := h.Now().Sub(ended) > schema.DeliveryLife-time.Hour
	if notices == 0 && !expired && h.user.Admits(epoch) {
		h.report(ToldOnce, path, !h.late(ended), "its end is told by no notice")
	}
}
