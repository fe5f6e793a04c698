// Package report defines the results of package face, for use without the engine: the report and
// its checks, the refusals and their codes, the pictures, the mean of several scores, the limits of
// a photo's file, its media type, and the engine's version.
//
// It imports neither a decoder nor a table of the engine, so that a program that reads reports
// links none.
package report

import "math"

// Report is the result for one photo. Its JSON is deterministic to the byte: lengths, angles and
// scores are rounded to the decimals given below before they are stored, so that the printed values
// are those of the computation.
//
// Left and right are as seen in the image, pixels are those of the upright original (after its EXIF
// orientation), with the origin in the middle of the top left pixel, x to the right and y down.
type Report struct {
	Version string `json:"version"` // Version
	Image   Image  `json:"image"`
	Face    Box    `json:"face"`
	// Landmarks holds the 15 points by name (see LandmarkNames).
	Landmarks map[string]Point `json:"landmarks"`
	Pose      Pose             `json:"pose"`
	// Quality holds every check, always in the same order.
	Quality []Check `json:"quality"`
	// Fixes are instructions for a better photo, most useful first, at most three; empty when
	// nothing is wrong.
	Fixes []string `json:"fixes"`
	Score Score    `json:"score"`
	// Metrics holds the single measures that one photo can carry, always in the same order.
	Metrics []Metric `json:"metrics"`
	// NotMeasured lists the properties that people expect and this method cannot measure.
	NotMeasured []NotMeasured `json:"notMeasured"`
	// Rankable reports whether the photo is good enough to be compared with other photos.
	Rankable bool `json:"rankable"`
	// NotRankableBecause is the reason, a sentence; empty when Rankable.
	NotRankableBecause string `json:"notRankableBecause"`
}

// Image describes the upright original.
type Image struct {
	Width  int `json:"width"`  // pixels, after orientation
	Height int `json:"height"` // pixels, after orientation
	// Orientation is the EXIF orientation that was applied, 1 to 8; 1 when the file has none.
	Orientation int `json:"orientation"`
	// ColorProfile is the embedded colour profile; nil for sRGB, and for a file without one, which
	// is taken for sRGB.
	ColorProfile *ColorProfile `json:"colorProfile,omitempty"`
}

// ColorProfile is an embedded ICC profile of other colours than sRGB.
type ColorProfile struct {
	// Name is the name in the profile, at most 64 characters; empty if it has none.
	Name string `json:"name"`
	// Converted reports whether the photo was measured and is shown in its true colours, converted
	// to sRGB. Of other profiles than those of grey, and of red, green and blue by a matrix and
	// tone curves, the colours are taken for sRGB.
	Converted bool `json:"converted"`
	// Reason is why the colours were not converted.
	Reason string `json:"reason,omitempty"`
}

// Box is the square in which the face was found.
type Box struct {
	X    float64 `json:"x"`    // left edge, pixels, one decimal; may lie outside the image
	Y    float64 `json:"y"`    // top edge, pixels, one decimal; may lie outside the image
	Size float64 `json:"size"` // side, pixels, one decimal
	// Quality is the detector's summed confidence, at least 100. A good studio portrait has 1200 to
	// 5000.
	Quality float64 `json:"quality"`
}

// Point is a landmark.
type Point struct {
	X float64 `json:"x"` // pixels, two decimals
	Y float64 `json:"y"` // pixels, two decimals
	// SE is the standard error of each coordinate, pixels, two decimals: the method's measured
	// error against manual points and the spread of this photo's own measurements together.
	SE float64 `json:"se"`
}

// Pose is how the head is held.
type Pose struct {
	// Roll is the angle of the line through the pupils, degrees, positive when the eye at the right
	// of the image is lower.
	Roll float64 `json:"roll"`
	// Yaw is the estimated turn of the head, degrees, positive when the nose points to the right of
	// the image.
	Yaw float64 `json:"yaw"`
}

// Verdict of a check.
type Verdict string

// The verdicts, from good to bad. A rejected check is a Refusal, so a Report has only the first
// two.
const (
	VerdictOK     Verdict = "ok"
	VerdictWarn   Verdict = "warn"
	VerdictReject Verdict = "reject"
)

// Check is the result of one check of the photo's quality.
type Check struct {
	Check string  `json:"check"` // one of the Check... names
	Value float64 `json:"value"` // in the unit of its name
	// Warn and Reject are the limits; nil where the check has none. Whether larger or smaller is
	// worse follows from the name.
	Warn    *float64 `json:"warn"`
	Reject  *float64 `json:"reject"`
	Verdict Verdict  `json:"verdict"`
}

// Score is how symmetric the face is: its percentile among the reference portraits, 0 to 100 (100 =
// more symmetric than all of them). Lo to Hi is where the mean of this person's photos lies with a
// probability of 95 %: 1.96 standard errors to either side. Another photo falls into it in about 85
// of 100 cases, as the standard error of a difference is larger by the square root of 2.
type Score struct {
	Value float64 `json:"value"` // one decimal
	Lo    float64 `json:"lo"`    // lower end of the 95 % interval
	Hi    float64 `json:"hi"`    // upper end of the 95 % interval
	// SE is the standard error of this photo on the scale of normal deviates: in standard deviations
	// between people, two decimals. Value is 100 * (1 - Phi(z)), and the interval the same of
	// z +- 1.96 SE.
	SE float64 `json:"se"`
	// BeforeYaw is the score without the removal of what a turned head adds.
	BeforeYaw float64 `json:"beforeYaw"`
	// Contributions are the points lost by each part of the face. They are at most 0 and add up to
	// Value - 100.
	Contributions []Contribution `json:"contributions"`
}

// Contribution is the share of one part of the face in the score.
type Contribution struct {
	Metric string  `json:"metric"`
	Points float64 `json:"points"` // one decimal, 0 or negative
}

// Metric is a single measure. Lo to Hi is where points set by hand in this photo would put it, in
// 95 of 100 photos.
type Metric struct {
	Name  string  `json:"name"`
	Value float64 `json:"value"` // three decimals
	Unit  string  `json:"unit"`  // "deg" or "IOD" (distances between the pupils)
	Lo    float64 `json:"lo"`    // lower end of the 95 % interval
	Hi    float64 `json:"hi"`    // upper end of the 95 % interval
	// Reliability is how far the measure can be trusted.
	Reliability Reliability `json:"reliability"`
}

// Reliability of a measure, from the reference portraits.
type Reliability struct {
	// ICC is the agreement with the same measure from points set by hand, ICC(2,1), 0 to 1; two
	// decimals.
	ICC float64 `json:"icc"`
	// SEM is the standard error of measurement against these, in the measure's unit; three
	// decimals.
	SEM float64 `json:"sem"`
	// SDC is the smallest detectable change: two photos of one person that differ by less may be
	// the same; three decimals.
	SDC float64 `json:"sdc"`
}

// NotMeasured is a property that is not measured, and the reason.
type NotMeasured struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Round returns v rounded to the given number of decimals, 0 to 4. It never returns the negative
// zero, which JSON would show.
func Round(v float64, decimals int) float64 {
	f := [...]float64{1, 10, 100, 1000, 10000}[decimals]
	return math.Round(v*f)/f + 0
}
