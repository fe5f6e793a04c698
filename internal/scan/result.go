package scan

import (
	"context"
	"encoding/json"
	"log/slog"
	"regexp"
	"strconv"

	"github.com/facescan/facescan/internal/face/report"
)

// resultPart is what this package itself reads of a scan's result, in the names of report.Report's JSON.
type resultPart struct {
	Version string      `json:"version"`
	Score   scoreRange  `json:"score"`
	Quality []checkPart `json:"quality"`
	Metrics []metric    `json:"metrics"`
	// Rankable says whether the scan counts on the boards.
	Rankable bool `json:"rankable"`
}

// scoreRange is a score, a percentile of 0 to 100, and where the mean of this person's photos lies
// with a probability of 95 %.
type scoreRange struct {
	Value float64 `json:"value" firestore:"value"`
	Lo    float64 `json:"lo"    firestore:"lo"`
	Hi    float64 `json:"hi"    firestore:"hi"`
}

// checkPart is one check of the photo's quality.
type checkPart struct {
	Check   string `json:"check"`
	Verdict string `json:"verdict"`
}

// metric is one measure, with the smallest change of it that two photos of one person can show.
type metric struct {
	Name        string  `json:"name"`
	Value       float64 `json:"value"`
	Unit        string  `json:"unit"`
	Reliability struct {
		SDC float64 `json:"sdc"`
	} `json:"reliability"`
}

// result returns what the scan's result says, zero where it has none. The database keeps the report as it was at its
// time, so a member that an old one lacks is zero too.
func (s *Scan) result() resultPart {
	var r resultPart
	body, err := json.Marshal(s.Result)
	if err != nil {
		return r
	}
	_ = json.Unmarshal(body, &r) // members of another type stay zero; the report was made from a struct of ours
	return r
}

var majorPattern = regexp.MustCompile(`^[a-z]+-([0-9]{1,9})\.`)

// engineMajor returns the major version in an engine's full version, such as 1 of "facescan-1.0.0+...", 0 where there is none.
func engineMajor(version string) int {
	found := majorPattern.FindStringSubmatch(version)
	if found == nil {
		return 0
	}
	major, _ := strconv.Atoi(found[1]) // nine digits are a number
	return major
}

// logProfile names a colour profile that was not converted. Whether such photos are sent at all
// decides if more kinds of profiles are worth reading.
func logProfile(ctx context.Context, p *report.ColorProfile) {
	if p != nil && !p.Converted {
		slog.WarnContext(ctx, "colour profile not converted", "profile", p.Name, "reason", p.Reason)
	}
}
