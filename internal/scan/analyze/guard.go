package analyze

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/cheat"
)

// paceCode is the public name of the reason of [cheat.PaceDetail].
const paceCode = "daily_limit"

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
// it. If it finds a reason, it takes the result out of the ranking and notes the reason. It returns
// the memory with the scan.
func guarded(
	s scan.Scan, user account.User, others cheat.State, seen cheat.Observation, result map[string]any, now time.Time,
) cheat.State {
	reasons, state := cheat.Judge(others, string(s.ID), user.ConsentEpoch, seen)
	if len(reasons) > 0 {
		disqualify(result, reasons)
	}
	return paced(s, user, state, result, now)
}

// paced gives the scan one of the ranked places of its day and returns the state with it. If all
// are taken it takes the result out of the ranking. A result that is not ranked anyway takes no
// place.
func paced(s scan.Scan, user account.User, state cheat.State, result map[string]any, now time.Time) cheat.State {
	if result["rankable"] != true {
		return state
	}
	uploaded := s.UploadedAt
	if uploaded.IsZero() {
		uploaded = now
	}
	next, admitted := state.Admit(string(s.ID), string(s.SeriesID), uploaded, user.ConsentEpoch)
	if !admitted {
		notRanked(result, cheat.PaceDetail)["pace"] = map[string]any{
			"code": paceCode, "detail": cheat.PaceDetail, "help": cheat.PaceHelp,
		}
	}
	return next
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
