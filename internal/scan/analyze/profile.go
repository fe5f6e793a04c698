package analyze

import (
	"context"
	"log/slog"

	"github.com/facescan/facescan/internal/face/report"
)

// logProfile logs a colour profile that was not converted. Whether such photos are sent at all
// decides if more kinds of profiles are worth supporting.
func logProfile(ctx context.Context, p *report.ColorProfile) {
	if p != nil && !p.Converted {
		slog.WarnContext(ctx, "colour profile not converted", "profile", p.Name, "reason", p.Reason)
	}
}
