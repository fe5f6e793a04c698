package scan

import (
	"encoding/json"
	"regexp"
	"strconv"
)

// Outcome is the part of a scan's result that this package reads, with the names of report.Report's
// JSON.
type Outcome struct {
	Version string   `json:"version"`
	Score   Score    `json:"score"`
	Quality []Check  `json:"quality"`
	Metrics []Metric `json:"metrics"`
	// Rankable reports whether the scan counts on the boards.
	Rankable bool `json:"rankable"`
}

// Score is a score, a percentile from 0 to 100, and the interval in which the mean of this person's
// photos lies with a probability of 95 %.
type Score struct {
	Value float64 `json:"value" firestore:"value"`
	Lo    float64 `json:"lo"    firestore:"lo"`
	Hi    float64 `json:"hi"    firestore:"hi"`
}

// Check is a check of the photo's quality.
type Check struct {
	Check   string `json:"check"`
	Verdict string `json:"verdict"`
}

// Metric is a measure, with the smallest change of it that two photos of one person can show.
type Metric struct {
	Name        string  `json:"name"`
	Value       float64 `json:"value"`
	Unit        string  `json:"unit"`
	Reliability struct {
		SDC float64 `json:"sdc"`
	} `json:"reliability"`
}

// Outcome returns the scan's result, or a zero Outcome if it has none. Reports are stored as they
// were made, so members that old reports lack are zero.
func (s *Scan) Outcome() Outcome {
	var r Outcome
	body, err := json.Marshal(s.Result)
	if err != nil {
		return r
	}
	_ = json.Unmarshal(body, &r) // members of another type stay zero
	return r
}

var majorPattern = regexp.MustCompile(`^[a-z]+-([0-9]{1,9})\.`)

// EngineMajor returns the major version of an engine's full version, such as 1 of
// "facescan-1.0.0+...", or 0 if it has none.
func EngineMajor(version string) int {
	found := majorPattern.FindStringSubmatch(version)
	if found == nil {
		return 0
	}
	major, _ := strconv.Atoi(found[1]) // nine digits always fit
	return major
}
