package landmark

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// The crops in which the points are looked for, pixels.
const (
	CropIOD = 100 // distance between the pupils

	roughW, roughH = 280, 180 // about the eyes, by the detector's box
	roughFace      = 280      // the side of the box at this scale

	pointsW, pointsH = 380, 400 // the upright crop for the cascades, with room for the pixels that they look at
	pointsEyeY       = 150      // row of the pupils in it
	pupilsW, pupilsH = 260, 160 // as much of it as the pupils' cascade needs
	pupilsEyeY       = 80
)

// Where the pupils lie in the detector's box, in its sides from its middle, and how large a
// neighbourhood the pupil cascade looks at; in pupil distances where the pupils are known. pigo's
// own starts differ between left and right; these do not.
const (
	BoxPupilX, boxPupilY = 0.18, -0.075
	boxPupilSize         = 0.25
	iodPupilSize         = 0.7
)

// Where the landmark cascades start, in pupil distances: below the middle between the pupils and
// sideways from it, and how large a neighbourhood they look at. They were trained with these.
const (
	startDown, startAside = 0.25, 0.15
	startSize             = 3
)

// Mark is one of the 17 measured points, its place in pupil distances from the middle between the
// pupils, in an upright frame.
type Mark int

// The marks. Those that a cascade sees on one side of the face come in pairs, image left first.
const (
	MarkPupilL Mark = iota
	MarkPupilR
	MarkEyeOuterL
	MarkEyeOuterR
	MarkEyeInnerL
	MarkEyeInnerR
	MarkBrowInnerL
	MarkBrowInnerR
	MarkBrowMiddleL
	MarkBrowMiddleR
	MarkBrowOuterL
	MarkBrowOuterR
	MarkMouthL
	MarkMouthR
	MarkLipTop
	MarkLipBottom
	MarkNoseTip
	Marks // their number
)

// Partner returns the mark that a mirror puts in this one's place; marks on the middle line are
// their own.
func (m Mark) Partner() Mark {
	if m >= MarkLipTop {
		return m
	}
	return m ^ 1
}

// cascadeOf names the cascade for each pair and each mark on the middle line; see notes in doc.go.
var cascadeOf = [...]struct {
	mark Mark
	name string
}{
	{MarkEyeOuterL, "lp312"}, {MarkEyeInnerL, "lp38"}, {MarkBrowInnerL, "lp42"}, {MarkBrowMiddleL, "lp44"},
	{MarkBrowOuterL, "lp46"},
	{MarkMouthL, "lp84"}, {MarkLipTop, "lp81"}, {MarkLipBottom, "lp82"}, {MarkNoseTip, "lp93"},
}

// Names maps the marks that are published to their names. The middle of the brow is used for the
// head's turn only: no one could point to it.
var Names = [Marks]string{
	MarkPupilL: "pupil_left", MarkPupilR: "pupil_right",
	MarkEyeOuterL: "eye_left_outer", MarkEyeOuterR: "eye_right_outer", MarkEyeInnerL: "eye_left_inner",
	MarkEyeInnerR:  "eye_right_inner",
	MarkBrowInnerL: "brow_left_inner", MarkBrowInnerR: "brow_right_inner", MarkBrowOuterL: "brow_left_outer",
	MarkBrowOuterR: "brow_right_outer",
	MarkMouthL:     "mouth_left", MarkMouthR: "mouth_right", MarkLipTop: "lip_upper_top",
	MarkLipBottom: "lip_lower_bottom",
	MarkNoseTip:   "nose_tip",
}

// PublishedNames returns the names in Report.Landmarks, in a fixed order. Left and right are as
// seen in the image.
func PublishedNames() []string {
	var list []string
	for _, n := range Names {
		if n != "" {
			list = append(list, n)
		}
	}
	return list
}

// Points are the marks of a face: where they are in pupil distances in the frame whose x axis runs
// through the pupils, and how that frame lies in the picture.
type Points struct {
	At     [Marks]raster.Vec // IOD, from the middle between the pupils
	Spread [Marks]float64    // IOD, of the cascades' ends
	Frame  raster.Frame      // from IOD units to pixels of the plane
}

// IOD returns the distance between the pupils in pixels of the plane.
func (q *Points) IOD() float64 { return q.Frame.Scale() }

// Locate finds the points in two passes: rough pupils in the detector's box, twice because the
// first crop may be turned; then everything in a crop in which the face is upright and has a known
// size.
func Locate(m *cascade.Models, p *raster.Plane, place cascade.FacePlace) Sighting {
	left, right := roughPupils(m, p, place)
	for range 2 {
		f := pupilFrame(left, right, pupilsW, pupilsEyeY)
		l, r := pupils(m, p.Crop(f, pupilsW, pupilsH), pupilsEyeY)
		left, right = f.Outer(raster.Vec{X: l.X, Y: l.Y}), f.Outer(raster.Vec{X: r.X, Y: r.Y})
	}
	f := pupilFrame(left, right, pointsW, pointsEyeY)
	return Sighting{Raw: rawPoints(m, p.Crop(f, pointsW, pointsH)), Crop: f}
}

// roughPupils looks for the pupils where the detector's box says they should be.
func roughPupils(m *cascade.Models, p *raster.Plane, place cascade.FacePlace) (left, right raster.Vec) {
	f := roughFrame(place)
	crop := p.Crop(f, roughW, roughH)
	guess := func(s cascade.Side) cascade.Spot {
		return cascade.Spot{
			X: roughW/2 - float32(float32(s)*BoxPupilX*roughFace), Y: roughH / 2, Size: boxPupilSize * roughFace,
		}
	}
	l := m.Pupil.Find(crop, guess(cascade.ImageLeft), cascade.ImageLeft)
	r := m.Pupil.Find(crop, guess(cascade.ImageRight), cascade.ImageRight)
	return f.Outer(raster.Vec{X: l.X, Y: l.Y}), f.Outer(raster.Vec{X: r.X, Y: r.Y})
}

// roughFrame puts the eyes of the upright box into the middle of the rough crop.
func roughFrame(place cascade.FacePlace) raster.Frame {
	axis := raster.TurnAxis(place.Turn).Scaled(place.Size / roughFace)
	return raster.FrameAt(
		raster.Vec{X: place.X, Y: place.Y}, raster.Vec{X: roughW / 2, Y: roughH/2 - boxPupilY*roughFace}, axis,
	)
}

// pupilFrame puts the pupils level and CropIOD apart into a crop. Pupils that fell together (no
// face) keep a pixel apart, so that the frame exists.
func pupilFrame(left, right raster.Vec, width int, eyeY float64) raster.Frame {
	const half = float64(CropIOD) / 2
	if d := right.Minus(left); d.Length() < 1 {
		left, right = left.Minus(raster.Vec{X: 0.5, Y: 0}), left.Plus(raster.Vec{X: 0.5, Y: 0})
	}
	mid := float64(width-1) / 2
	return raster.FrameBetween(raster.Vec{X: mid - half, Y: eyeY}, raster.Vec{X: mid + half, Y: eyeY}, left, right)
}

// pupils finds the pupils in a crop that pupilFrame places.
func pupils(m *cascade.Models, crop *raster.Plane, eyeY float32) (left, right cascade.Found) {
	mid := float32(crop.W-1) / 2
	guess := func(s cascade.Side) cascade.Spot {
		return cascade.Spot{X: mid - float32(s)*CropIOD/2, Y: eyeY, Size: iodPupilSize * CropIOD}
	}
	return m.Pupil.Find(crop, guess(cascade.ImageLeft), cascade.ImageLeft), m.Pupil.Find(
		crop, guess(cascade.ImageRight), cascade.ImageRight,
	)
}

// rawPoints runs every cascade in a points crop, each for both sides. A mark on the middle line is
// the mean of the two.
func rawPoints(m *cascade.Models, crop *raster.Plane) [Marks]cascade.Found {
	var raw [Marks]cascade.Found
	raw[MarkPupilL], raw[MarkPupilR] = pupils(m, crop, pointsEyeY)
	l, r := raw[MarkPupilL], raw[MarkPupilR]
	iod := raster.Vec{X: r.X - l.X, Y: r.Y - l.Y}.Length()
	guess := func(s cascade.Side) cascade.Spot {
		return cascade.Spot{
			X:    float32((l.X+r.X)/2 + float64(float64(s)*startAside*iod)),
			Y:    float32((l.Y+r.Y)/2 + float64(startDown*iod)),
			Size: float32(startSize * iod),
		}
	}
	for _, c := range cascadeOf {
		place := m.Places[c.name]
		a, b := place.Find(crop, guess(cascade.ImageLeft), cascade.ImageLeft), place.Find(
			crop, guess(cascade.ImageRight), cascade.ImageRight,
		)
		if c.mark.Partner() == c.mark {
			raw[c.mark] = cascade.Found{X: (a.X + b.X) / 2, Y: (a.Y + b.Y) / 2, Spread: (a.Spread + b.Spread) / 2}
			continue
		}
		raw[c.mark], raw[c.mark+1] = a, b
	}
	return raw
}

// Layout are the offsets by which the crops of the face are placed. They are a choice, about those
// that were fitted once, so that a new fit moves the points and not the crop.
var Layout = [Marks]raster.Vec{
	MarkPupilL: {X: 0.0155, Y: -0.0075}, MarkPupilR: {X: -0.0155, Y: -0.0075},
	MarkEyeOuterL: {X: 0.0330, Y: 0.0076}, MarkEyeOuterR: {X: -0.0330, Y: 0.0076},
	MarkEyeInnerL: {X: 0.0338, Y: 0.0309}, MarkEyeInnerR: {X: -0.0338, Y: 0.0309},
	MarkBrowInnerL: {X: 0.0314, Y: 0.0677}, MarkBrowInnerR: {X: -0.0314, Y: 0.0677},
	MarkBrowOuterL: {X: -0.0280, Y: 0.0642}, MarkBrowOuterR: {X: 0.0280, Y: 0.0642},
	MarkMouthL: {X: 0.0010, Y: 0.0226}, MarkMouthR: {X: -0.0010, Y: 0.0226},
	MarkLipTop: {X: 0, Y: 0.0127}, MarkLipBottom: {X: 0, Y: 0.0309}, MarkNoseTip: {X: 0, Y: -0.0484},
}

// Sighting is where the cascades ended in the points crop, and the frame from that crop to the
// plane: nothing fitted is in it.
type Sighting struct {
	Raw  [Marks]cascade.Found
	Crop raster.Frame
}

// Points adds constant offsets and expresses the points in the frame of the corrected pupils.
func (s *Sighting) Points(offsets *[Marks]raster.Vec) Points {
	raw, crop := &s.Raw, s.Crop
	place := func(k Mark) raster.Vec { return raster.Vec{X: raw[k].X, Y: raw[k].Y} }
	rough := raster.FrameBetween(raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, place(MarkPupilL), place(MarkPupilR))
	var inner [Marks]raster.Vec // IOD of the raw pupils
	for k := range Marks {
		inner[k] = rough.Inner(place(k)).Plus(offsets[k])
	}
	// The frame of the corrected pupils, in raw pupil distances and then in pixels of the plane.
	fine := raster.FrameBetween(raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, inner[MarkPupilL], inner[MarkPupilR])
	q := Points{}
	for k := range Marks {
		q.At[k] = fine.Inner(inner[k])
		q.Spread[k] = raw[k].Spread / (rough.Scale() * fine.Scale())
	}
	q.Frame = crop.After(rough).After(fine)
	return q
}

// Roll returns the angle of the line through the pupils, degrees.
func (q *Points) Roll() float64 { return math.Atan2(q.Frame.Axis.Y, q.Frame.Axis.X) * raster.Degree }

// BoxIOD returns the approximate distance in pixels between the pupils of the face in a box of the
// detector.
func BoxIOD(w cascade.Window) float64 { return w.Size * 2 * BoxPupilX }

// MeanSpread returns how far the ends of the cascades are spread, as a standard deviation of each
// coordinate, IOD.
func (q *Points) MeanSpread() float64 {
	sum := 0.0
	for _, s := range q.Spread {
		sum += s
	}
	return sum / float64(Marks)
}
