// Package reliability has the figures of RELIABILITY.md that other packages count with. It says
// how far the scores of an engine can be trusted; scripts/bench writes the table.
package reliability

//go:generate go run ../../../scripts/bench scores -into ..

// Scores says how far the scores that an engine ranks by differ between people and within one.
type Scores struct {
	// Mean is the mean score of those ranked, in points.
	Mean float64
	// Between is the standard deviation of people's true scores, in points.
	Between float64
	// ICC is the intraclass correlation of one photo: the share of the variance of scores between
	// people, as opposed to between photos of one person.
	ICC float64
}

// Of returns the figures of the engine's major version, or those of the latest one if it has none.
func Of(major int) Scores {
	if s, ok := byMajor[major]; ok {
		return s
	}
	return byMajor[latest]
}
