package measure

import (
	"fmt"
	"math"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/report"
)

// checkRule is one gate. A value beyond reject refuses the photo with a code; one beyond warn is
// told to the user, and keeps the photo from being ranked if ranks is set.
type checkRule struct {
	name         string
	decimals     int
	less         bool // less is better
	warn, reject float64
	code         report.Code // of a rejection; empty when the check never rejects
	ranks        bool
	wrong        string // what is wrong
	fix          string // what to do
}

// CheckRules holds the gates. The turn of the head is estimated to 2.8 degrees (RELIABILITY.md), so
// a lower limit would mostly strike by chance; heads that are turned further are taken to be turned
// by a fifth more than they are, so its limits mean turns of 10 and 20 degrees. The limits from
// framing on were set on official and ordinary portraits and altered copies of them; those of the
// looks are fitted. The others were set on 61 studio portraits and degraded copies of them, by how
// much the degrading moves the score. Brightness alone says as much about skin as about light (the
// darkest of 61 people in the same studio light had 60), so its limits are low, and the contrast,
// which darkness takes away from everybody, does most of the work.
var CheckRules = [...]checkRule{
	{
		name: report.CheckDetection, decimals: 0, warn: 250, ranks: true,
		wrong: "The face is hard to make out.", fix: "Show the whole face from the front, with nothing in front of it.",
	}, {
		name: report.CheckOtherFaces, decimals: 2, less: true, warn: 0.2, reject: cascade.SecondFaceSize,
		code:  report.SeveralFaces,
		wrong: "There is another face in the picture.", fix: "Take the photo of yourself alone.",
	}, {
		name: report.CheckFaceSize, decimals: 0, warn: 80, reject: 60, code: report.FaceTooSmall, ranks: true,
		wrong: "The face is small in the picture.",
		fix:   "Hold the phone closer, at arm's length, so that your face fills about half of the picture.",
	}, {
		name: report.CheckBrightness, decimals: 0, warn: 48, reject: 38, code: report.TooDark, ranks: true,
		wrong: "The face is too dark.", fix: "Turn on more light or face a window.",
	}, {
		name: report.CheckGlare, decimals: 0, less: true, warn: 195, reject: 220, code: report.TooBright, ranks: true,
		wrong: "The face is overexposed.", fix: "Move out of the direct light.",
	}, {
		name: report.CheckContrast, decimals: 1, warn: 15, reject: 11, code: report.TooDark, ranks: true,
		wrong: "The face shows too little contrast.", fix: "Find brighter, even light.",
	}, {
		name: report.CheckFocus, decimals: 3, warn: 0.02, reject: 0.006, code: report.Blurred, ranks: true,
		wrong: "The photo is not sharp.", fix: "Hold the phone still, wipe the lens and let it focus on your face.",
	}, {
		name: report.CheckSideLight, decimals: 2, less: true, warn: 0.35,
		wrong: "The light comes from one side.", fix: "Turn towards the light, so that both sides of the face are lit alike.",
	}, {
		name: report.CheckYaw, decimals: 1, less: true, warn: 12, reject: 24, code: report.TurnedAway, ranks: true,
		wrong: "The head is turned to the side.", fix: "Turn your head to look straight into the camera.",
	}, {
		name: report.CheckRoll, decimals: 1, less: true, warn: 15,
		wrong: "The head is tilted.", fix: "Hold the phone upright and keep your head level.",
	}, {
		name: report.CheckDistance, decimals: 2, less: true, warn: 0.65,
		wrong: "The camera may have been very near.", fix: "Hold the phone at arm's length.",
	}, {
		name: report.CheckOcclusion, decimals: 2, warn: 0.45,
		wrong: "Something may cover a part of the face.",
		fix:   "Keep hair, hands and glasses out of your face, and the light even.",
	}, {
		name: report.CheckFraming, decimals: 2, less: true, warn: 0.02, reject: 0.2, code: report.FaceTooNear, ranks: true,
		wrong: "The face is cut off by the edge of the picture.",
		fix:   "Hold the phone further away, so that your whole face is in the picture.",
	}, {
		name: report.CheckMotion, decimals: 2, warn: 0.32, ranks: true,
		wrong: "The photo is blurred by movement.", fix: "Hold the phone and your head still.",
	}, {
		name: report.CheckBlocks, decimals: 2, less: true, warn: 1.8, ranks: true,
		wrong: "The photo is compressed too much.", fix: "Send the photo in its original size.",
	}, {
		name: report.CheckMouth, decimals: 2, less: true, warn: 0.5, ranks: true,
		wrong: "The mouth is open.", fix: "Close your mouth and keep a neutral face.",
	}, {
		name: report.CheckWink, decimals: 1, less: true, warn: 6, ranks: true,
		wrong: "One eye is more closed than the other.", fix: "Keep both eyes open and a neutral face.",
	}, {
		name: report.CheckEyesLook, decimals: 2, less: true, ranks: true,
		wrong: "Something may cover the eyes.", fix: "Take off sunglasses, and keep hair and hands away from your eyes.",
	}, {
		name: report.CheckNoseLook, decimals: 2, less: true, ranks: true,
		wrong: "Something may cover the nose.", fix: "Keep hands, masks and scarves away from your face.",
	}, {
		name: report.CheckMouthLook, decimals: 2, less: true, ranks: true,
		wrong: "Something may cover the mouth.", fix: "Take off masks and scarves, and keep hands away from your mouth.",
	}, {
		name: report.CheckFaceLook, decimals: 2, less: true, ranks: true,
		wrong: "The face is covered, distorted or lit unevenly.",
		fix:   "Take the photo from the front in even light, with nothing in front of your face.",
	}, {
		name: report.CheckMouthDetail, decimals: 2, warn: 0.1, ranks: true,
		wrong: "Something may cover the mouth.", fix: "Take off masks and scarves, and keep hands away from your mouth.",
	},
}

// DetailBeyond is why a photo is not ranked whose score lies beyond those of the reference
// portraits.
const DetailBeyond = "The score is outside of what this was calibrated on."

// MaxFixes is the largest number of fixes in a report.
const MaxFixes = 3

// quality is the verdict of all the checks.
type quality struct {
	checks      []report.Check
	fixes       []string
	Refusal     *report.Refusal // nil when the photo may be measured
	NotRankable string          // why it may not be ranked; empty when it may be
}

// Quality runs the checks. Values are rounded first, so that a verdict never contradicts the number
// beside it.
func (m *Measurement) Quality() quality {
	if !m.isFace() {
		return quality{Refusal: report.Refuse(report.NoFace, cascade.DetailNoFace)}
	}
	values := m.checkValues()
	q := quality{fixes: []string{}}
	var advice [2][]string // for rejected checks, then for warnings
	vague := false         // the reason for no rank, see checkRule.vague
	for _, r := range CheckRules {
		r = m.suited(r)
		c := r.judge(values[r.name])
		q.checks = append(q.checks, c)
		switch c.Verdict {
		case report.VerdictOK:
		case report.VerdictReject:
			advice[0] = append(advice[0], r.fix)
			if q.Refusal == nil {
				q.Refusal = report.Refuse(r.code, r.wrong+" "+r.fix)
			}
		case report.VerdictWarn:
			advice[1] = append(advice[1], r.fix)
			if r.ranks && (q.NotRankable == "" || vague && !r.vague()) {
				q.NotRankable, vague = r.wrong, r.vague()
			}
		}
	}
	if q.NotRankable == "" && math.Abs(m.Deviation) > beyond {
		q.NotRankable = DetailBeyond
	}
	q.fixes = append(append(q.fixes, advice[0]...), advice[1]...)
	q.fixes = q.fixes[:min(len(q.fixes), MaxFixes)]
	if q.Refusal != nil {
		q.Refusal.Quality, q.Refusal.Fixes = q.checks, q.fixes
	}
	return q
}

// vague reports whether a check may warn because of what a later one names: what covers a face, or
// coarse compression, makes it hard to make out and its detail uneven.
func (r *checkRule) vague() bool {
	return r.name == report.CheckDetection || r.name == report.CheckMotion
}

// suited adapts a rule to the photo: little contrast in a bright picture is glare, a large face in
// a small file does not get more pixels by coming closer, and a face that fills the picture and is
// hard to make out is too near.
func (m *Measurement) suited(r checkRule) checkRule {
	switch {
	case r.name == report.CheckContrast && m.light.brightness > 128:
		r.code, r.fix = report.TooBright, "Find softer, even light."
	case r.name == report.CheckDetection && m.fillsPicture():
		r.code, r.reject = report.FaceTooNear, r.warn
		r.wrong, r.fix = "The face is too near.", "Hold the phone further away, so that your whole face is in the picture."
	case r.name == report.CheckFaceSize && m.Place.Size > 0.5*float64(min(m.Photo.Width, m.Photo.Height)/m.Scale):
		r.wrong, r.fix = "The picture has too few pixels.", "Send the photo in its original size."
	case r.name == report.CheckYaw:
		r.fix = fmt.Sprintf(
			"Turn your head towards the %s edge of the picture by about %.0f degrees.", m.edge(-m.Yaw), math.Abs(m.Yaw),
		)
	case r.name == report.CheckRoll:
		roll := m.Pts.Roll()
		r.fix = fmt.Sprintf(
			"Tilt your head, or the phone, so that your head moves towards the %s edge of the picture by about %.0f degrees.",

			m.edge(-roll), math.Abs(roll),
		)
	case regionOf[r.name] != nil:
		r.warn = m.by.LookLimits[*regionOf[r.name]]
	case r.name == report.CheckSideLight:
		r.ranks = m.Alike < shadedAlike
		r.fix = fmt.Sprintf(
			"Get more light on the side of your face towards the %s edge of the picture.", m.edge(m.light.sidedness),
		)
	}
	return r
}

// nearIOD is the distance between the pupils, over the shorter side of the picture, from which on a
// face fills it: pupils are about 64 mm apart, cheekbones 140 mm. Of such a face the detector is
// unsure because the outline is cut off.
const nearIOD = 0.45

// fillsPicture reports whether the face takes all of the picture's shorter side.
func (m *Measurement) fillsPicture() bool {
	return m.Pts.IOD()*float64(m.Scale) > nearIOD*float64(min(m.Photo.Width, m.Photo.Height))
}

// edge names the edge of the picture, as the person sees it, in a direction of the plane: right for
// positive.
func (m *Measurement) edge(direction float64) string {
	if direction > 0 != m.Photo.Mirrored {
		return "right"
	}
	return "left"
}

func (m *Measurement) checkValues() map[string]float64 {
	return map[string]float64{
		report.CheckDetection:  m.Place.Q,
		report.CheckOtherFaces: m.Place.Second,
		report.CheckFaceSize:   m.Pts.IOD() * float64(m.Scale),
		report.CheckBrightness: m.light.brightness,
		report.CheckGlare:      m.light.brightness,
		report.CheckContrast:   m.light.contrast,
		report.CheckFocus:      m.light.focus,
		report.CheckSideLight:  math.Abs(m.light.sidedness),
		report.CheckYaw:        math.Abs(m.Yaw),
		report.CheckRoll:       math.Abs(m.Pts.Roll()),
		report.CheckDistance:   m.Pts.At[landmark.MarkNoseTip].Y,
		report.CheckOcclusion:  m.Alike,
		report.CheckFraming:    m.cut,
		report.CheckMotion:     m.light.even,
		report.CheckBlocks:     m.blocks,
		report.CheckMouth:      lipHeight(&m.Pts),
		report.CheckWink:       1000 * m.wink,
		report.CheckEyesLook:   m.strange[RegionEyes],
		report.CheckNoseLook:   m.strange[RegionNose],
		report.CheckMouthLook:  m.strange[RegionMouth],
		report.CheckFaceLook:   m.strange[RegionFace],

		report.CheckMouthDetail: m.detail[RegionMouth],
	}
}

// regionOf names the region of the face that a check looks at.
var regionOf = map[string]*Region{
	report.CheckEyesLook: new(RegionEyes), report.CheckNoseLook: new(RegionNose), report.CheckMouthLook: new(RegionMouth),
	report.CheckFaceLook: new(RegionFace),
}

// shadedAlike is the likeness of the halves below which light from a side keeps a photo from being
// ranked.
const shadedAlike = 0.40

// The least likeness of the halves of a face whose confidence is below cascade.ClearQuality, and
// below fairQuality.
const (
	unclearAlike = 0.40
	fairAlike    = 0.25
	fairQuality  = 150
)

// isFace reports whether what was found is a face at all: where the halves hardly look alike, the
// detector has to be sure.
func (m *Measurement) isFace() bool {
	switch {
	case m.Place.Q < cascade.ClearQuality:
		return m.Alike >= unclearAlike
	case m.Place.Q < fairQuality:
		return m.Alike >= fairAlike
	}
	return true
}

func (r checkRule) judge(value float64) report.Check {
	c := report.Check{Check: r.name, Value: report.Round(value, r.decimals), Warn: new(r.warn), Verdict: report.VerdictOK}
	beyond := func(limit float64) bool {
		if r.less {
			return c.Value > limit
		}
		return c.Value < limit
	}
	if beyond(r.warn) {
		c.Verdict = report.VerdictWarn
	}
	if r.code == "" {
		return c
	}
	c.Reject = new(r.reject)
	if beyond(r.reject) {
		c.Verdict = report.VerdictReject
	}
	return c
}
