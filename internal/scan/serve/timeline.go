package serve

import (
	"math"
	"net/http"
	"slices"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
)

// lookBack is the number of completed scans before a page that are searched for one comparable with
// the page's first.
const lookBack = 20

// The reasons why two scans are not compared.
const (
	becausePose       = "pose"
	becauseLight      = "light"
	becausePhoto      = "photo"
	becauseExpression = "expression"
	becauseCover      = "cover"
	becauseEngine     = "engine"
)

// gates are the checks that a photo must pass to be compared, with the reason if it fails one. The
// other checks describe how the photo was taken without affecting the score: RELIABILITY.md of
// package face.
var gates = map[string]string{
	report.CheckYaw: becausePose, report.CheckRoll: becausePose,
	report.CheckBrightness: becauseLight, report.CheckGlare: becauseLight, report.CheckContrast: becauseLight,
	report.CheckSideLight: becauseLight,
	report.CheckFocus:     becausePhoto, report.CheckFaceSize: becausePhoto,
	// Those of engine 2. A photo is not compared if something moves its score there beyond the
	// standard error.
	report.CheckDetection: becauseCover,
	report.CheckFraming:   becausePhoto, report.CheckMotion: becausePhoto, report.CheckBlocks: becausePhoto,
	report.CheckMouth: becauseExpression, report.CheckWink: becauseExpression,
	report.CheckEyesLook: becauseCover, report.CheckNoseLook: becauseCover, report.CheckMouthLook: becauseCover,
	report.CheckFaceLook: becauseCover, report.CheckMouthDetail: becauseCover,
}

// pointFields are all that is read of a scan for its [pointView].
var pointFields = []string{
	"id", "seriesId", "createdAt", "finishedAt",
	"result.version", "result.score", "result.quality", "result.metrics",
}

// Verdicts of a change.
const (
	significant = "significant"
	withinNoise = "within_noise"
)

// pointView is a completed scan in the timeline, or a completed series.
type pointView struct {
	// Kind is "scan" or "series", by which ScanID or SeriesID is set.
	Kind     string        `json:"kind"`
	ScanID   scan.ID       `json:"scanId,omitempty"`
	SeriesID scan.SeriesID `json:"seriesId,omitempty"`
	// Photos is the number of scans whose mean is the score of a series.
	Photos     int        `json:"photos,omitempty"`
	FinishedAt string     `json:"finishedAt"`
	Engine     string     `json:"engine"`
	Score      scan.Score `json:"score"`
	// NewEngine is true if the scores before it are from another engine and not comparable.
	NewEngine bool `json:"newEngine"`
	// NotComparedBecause is why the scan is not compared with those before it. For any reason other
	// than the engine, no later scan is compared with it either.
	NotComparedBecause []string `json:"notComparedBecause"`
	// Change is the change since the last comparable scan before it, nil if there is none.
	Change *changeView `json:"change,omitempty"`
}

// changeView is what differs between two comparable points.
type changeView struct {
	// ComparedWith is the id of the earlier scan or series.
	ComparedWith string      `json:"comparedWith"`
	Score        deltaView   `json:"score"`
	Metrics      []deltaView `json:"metrics"`
}

// deltaView is a difference, later minus earlier, and whether it is more than two photos of an
// unchanged face show.
type deltaView struct {
	Metric     string  `json:"metric"`
	Difference float64 `json:"difference"`
	Verdict    string  `json:"verdict"`
}

// timeline returns the points of completed scans and series, oldest first.
func timeline(all []sitting) []pointView {
	points := make([]pointView, 0, len(all))
	var before *sitting // the last comparable sitting of the engine
	var engine string
	for i := range all {
		s := &all[i]
		p := s.point
		p.NewEngine, p.NotComparedBecause = i > 0 && p.Engine != engine, outside(s.result)
		engine = p.Engine
		takesPart := len(p.NotComparedBecause) == 0
		if p.NewEngine {
			before = nil
			p.NotComparedBecause = append([]string{becauseEngine}, p.NotComparedBecause...)
		}
		if takesPart {
			if before != nil {
				p.Change = compare(before.id(), before.result, s.result)
			}
			before = s
		}
		points = append(points, p)
	}
	return points
}

// outside returns the reasons of the gates that the photo does not pass, in the order of the checks
// and each once.
func outside(r scan.Outcome) []string {
	because := []string{}
	for _, c := range r.Quality {
		gate, ok := gates[c.Check]
		if ok && c.Verdict != string(report.VerdictOK) && !slices.Contains(because, gate) {
			because = append(because, gate)
		}
	}
	return because
}

// compare returns the change between two points of one engine. A measure's change is significant
// above its smallest detectable change (SDC), which the engine publishes. That is 1.96 times the
// root of two standard errors, so for two measures with different ones it is their root mean
// square.
func compare(since string, from, to scan.Outcome) *changeView {
	c := &changeView{ComparedWith: since, Metrics: []deltaView{}, Score: deltaView{
		Metric: "score", Difference: tenth(to.Score.Value - from.Score.Value),
		Verdict: verdict(scoreMoved(from.Score, to.Score)),
	}}
	for _, m := range to.Metrics {
		i := slices.IndexFunc(from.Metrics, func(n scan.Metric) bool { return n.Name == m.Name && n.Unit == m.Unit })
		if i < 0 {
			continue
		}
		difference := m.Value - from.Metrics[i].Value
		c.Metrics = append(c.Metrics, deltaView{
			Metric: m.Name, Difference: math.Round(difference*1000) / 1000,
			Verdict: verdict(math.Abs(difference) > math.Hypot(m.Reliability.SDC, from.Metrics[i].Reliability.SDC)/math.Sqrt2),
		})
	}
	return c
}

// scoreMoved reports whether the difference is above 1.96 of its standard errors. A score is a
// percentile, so its interval is narrower towards the ends and not symmetric. Of each interval, the
// half that faces the other score is taken for 1.96 standard errors (G. Zou and A. Donner,
// "Construction of confidence limits about effect measures", Statistics in Medicine 27, 2008). If
// the intervals are symmetric, that is |d| > 1.96 sqrt(SE1² + SE2²), so two scores may each lie
// outside of the other's interval without having moved.
func scoreMoved(from, to scan.Score) bool {
	low, high := from, to
	if low.Value > high.Value {
		low, high = high, low
	}
	return high.Value-low.Value > math.Hypot(low.Hi-low.Value, high.Value-high.Lo)
}

func verdict(moved bool) string {
	if moved {
		return significant
	}
	return withinNoise
}

func tenth(v float64) float64 { return math.Round(v*10) / 10 }

// showTimeline answers GET /v1/timeline with a page of the latest completed scans, newest last. The
// next page has the older ones.
func (h *Handler) showTimeline(w http.ResponseWriter, r *http.Request) error {
	asked, err := h.page(r, "timeline")
	if err != nil {
		return err
	}
	found, err := h.sittings(r.Context(), account.Caller(r), asked)
	if err != nil {
		return err
	}
	view := httpapi.List[pointView]{}
	shown := min(asked.Limit, len(found))
	if len(found) > asked.Limit {
		view.NextCursor = asked.Next(found[asked.Limit-1].last)
	}
	found, shown, err = h.settledOnes(r.Context(), account.Caller(r), found, shown)
	if err != nil {
		return err
	}
	slices.Reverse(found)
	all := timeline(found)
	view.Items = all[len(all)-shown:]
	return httpapi.Write(w, http.StatusOK, view)
}
