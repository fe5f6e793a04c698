package scan

import (
	"context"
	"log/slog"
	"time"
)

// LogEnd logs that the scan has ended, with the seconds since its photo was uploaded. Terraform's
// metric scan_freshness, with an alert, reads this line. If the time of the upload is unknown,
// LogEnd logs nothing.
func (s *Scan) LogEnd(ctx context.Context) {
	if s.UploadedAt.IsZero() {
		return
	}
	slog.InfoContext(ctx, "scan finished", "state", s.State, "fresh_s", s.freshness().Seconds())
}

// freshness returns the time from the upload to the scan's end. Two clocks measure it, so it is
// clipped at zero.
func (s *Scan) freshness() time.Duration { return max(0, s.FinishedAt.Sub(s.UploadedAt)) }
