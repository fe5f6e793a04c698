package event

// Interval is where the mean score of the user's photos lies with 95 % probability: 1.96 standard
// errors to either side of the score, on the scale of the engine's measurement. Events from before
// 2026-11-29 have none.
type Interval struct {
	Lo float64 `json:"lo"` // lower end, 0-100
	Hi float64 `json:"hi"` // upper end, 0-100
}

// Around returns the interval from lo to hi.
func Around(lo, hi float64) *Interval { return &Interval{Lo: lo, Hi: hi} }

// Holds reports whether the score lies in the interval. A nil interval contains no score.
func (i *Interval) Holds(score float64) bool { return i != nil && i.Lo <= score && score <= i.Hi }
