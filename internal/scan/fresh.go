package scan

import (
	"context"
	"log/slog"
	"time"
)

// LogEnd logs that the scan has ended, with the seconds since its photo was there: terraform's
// metric scan_freshness, on which an alert hangs, is made of this line. Where the time of the
// upload is not known there is nothing to measure.
func (s *Scan) LogEnd(ctx context.Context) {
	if s.UploadedAt.IsZero() {
		return
	}
	slog.InfoContext(ctx, "scan finished", "state", s.State, "fresh_s", s.freshness().Seconds())
}

// freshness is how long after its upload the scan ended. Two clocks measure it, and it is never
// below zero.
func (s *Scan) freshness() time.Duration { return max(0, s.FinishedAt.Sub(s.UploadedAt)) }
