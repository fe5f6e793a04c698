package analyze

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// observe returns what the cheat guard compares, from the engine's report and pictures. If they
// have nothing to compare, it returns only that the scan exists. A scan does not fail for that: the
// guard only takes scans out of the ranking.
func observe(ctx context.Context, measured report.Report, pictures []report.Picture) cheat.Observation {
	nothing := cheat.Observation{Engine: report.MajorVersion()}
	i := slices.IndexFunc(pictures, func(p report.Picture) bool { return p.Name == report.PictureCrop })
	if i < 0 {
		return nothing
	}
	o, err := cheat.Observe(measured, pictures[i].Image)
	if err != nil {
		slog.ErrorContext(ctx, "scan not guarded", "error", err)
		return nothing
	}
	return o
}

// guarded compares the scan with the user's others that stand under the same consent and remembers
// it. It runs in the transaction that finishes the scan, which has read the user and found the
// fence open. If it finds a reason, it takes the result out of the ranking and notes the reason.
func guarded(
	tx *firestore.Transaction, s scan.Scan, user account.User,
	remembered cheat.Found, seen cheat.Observation, result map[string]any,
) error {
	seen.SeriesID = string(s.SeriesID)
	others := remembered.State.Standing(user.Stands)
	reasons, state := cheat.Judge(others, string(s.ID), user.ConsentEpoch, seen)
	if len(reasons) > 0 {
		disqualify(result, reasons)
	}
	return remembered.Write(tx, state)
}

// disqualify adds the reasons to those that the result already has.
func disqualify(result map[string]any, reasons []cheat.Reason) {
	var because []string
	if already, _ := result["notRankableBecause"].(string); already != "" {
		because = append(because, already)
	}
	var list []any
	for _, r := range reasons {
		because = append(because, r.Detail)
		list = append(list, map[string]any{"code": string(r.Code), "detail": r.Detail})
	}
	notRanked(result, strings.Join(because, " "))["guard"] = list
}
