package face

import (
	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// The crops in which the points are looked for, pixels.
const (
	cropIOD = 100 // distance between the pupils

	roughW, roughH = 280, 180 // about the eyes, by the detector's box
	roughFace      = 280      // the side of the box at this scale

	pointsW, pointsH = 380, 400 // the upright crop for the cascades, with room for the pixels that they look at
	pointsEyeY       = 150      // row of the pupils in it
	pupilsW, pupilsH = 260, 160 // as much of it as the pupils' cascade needs
	pupilsEyeY       = 80
)

// Where the pupils lie in the detector's box, in its sides from its middle, and how large a neighbourhood the pupil cascade looks
// at; in pupil distances where the pupils are known. pigo's own starts differ between left and right; these do not.
const (
	boxPupilX, boxPupilY = 0.18, -0.075
	boxPupilSize         = 0.25
	iodPupilSize         = 0.7
)

// Where the landmark cascades start, in pupil distances: below the middle between the pupils and sideways from it, and how large a
// neighbourhood they look at. They were trained with these.
const (
	startDown, startAside = 0.25, 0.15
	startSize             = 3
)

// mark is one of the 17 measured points, its place in pupil distances from the middle between the pupils, in an upright frame.
type mark int

// The marks. Those that a cascade sees on one side of the face come in pairs, image left first.
const (
	markPupilL mark = iota
	markPupilR
	markEyeOuterL
	markEyeOuterR
	markEyeInnerL
	markEyeInnerR
	markBrowInnerL
	markBrowInnerR
	markBrowMiddleL
	markBrowMiddleR
	markBrowOuterL
	markBrowOuterR
	markMouthL
	markMouthR
	markLipTop
	markLipBottom
	markNoseTip
	marks // their number
)

// partner is the mark that a mirror puts in this one's place; marks on the middle line are their own.
func (m mark) partner() mark {
	if m >= markLipTop {
		return m
	}
	return m ^ 1
}

// cascadeOf names the cascade for each pair and each mark on the middle line; see notes in doc.go.
var cascadeOf = [...]struct {
	mark mark
	name string
}{
	{markEyeOuterL, "lp312"}, {markEyeInnerL, "lp38"}, {markBrowInnerL, "lp42"}, {markBrowMiddleL, "lp44"}, {markBrowOuterL, "lp46"},
	{markMouthL, "lp84"}, {markLipTop, "lp81"}, {markLipBottom, "lp82"}, {markNoseTip, "lp93"},
}

// names maps the marks that are published to their names. The middle of the brow is used for the head's turn only: nobody could
// point to it.
var names = [marks]string{
	markPupilL: "pupil_left", markPupilR: "pupil_right",
	markEyeOuterL: "eye_left_outer", markEyeOuterR: "eye_right_outer", markEyeInnerL: "eye_left_inner", markEyeInnerR: "eye_right_inner",
	markBrowInnerL: "brow_left_inner", markBrowInnerR: "brow_right_inner", markBrowOuterL: "brow_left_outer", markBrowOuterR: "brow_right_outer",
	markMouthL: "mouth_left", markMouthR: "mouth_right", markLipTop: "lip_upper_top", markLipBottom: "lip_lower_bottom",
	markNoseTip: "nose_tip",
}

// LandmarkNames lists the names in Report.Landmarks, in a fixed order. Left and right are as seen in the image.
func LandmarkNames() []string {
	var list []string
	for _, n := range names {
		if n != "" {
			list = append(list, n)
		}
	}
	return list
}

// points are the marks of a face: where they are in pupil distances in the frame whose x axis runs through the pupils, and how that
// frame lies in the picture.
type points struct {
	at     [marks]raster.Vec // IOD, from the middle between the pupils
	spread [marks]float64    // IOD, of the cascades' ends
	frame  raster.Frame      // from IOD units to pixels of the plane
}

// iod is the distance between the pupils in pixels of the plane.
func (q *points) iod() float64 { return q.frame.Scale() }

// locate finds the points in two passes: rough pupils in the detector's box, twice because the first crop may be turned; then
// everything in a crop in which the face is upright and has a known size.
func locate(m *cascade.Models, p *raster.Plane, place cascade.FacePlace) sighting {
	left, right := roughPupils(m, p, place)
	for range 2 {
		f := pupilFrame(left, right, pupilsW, pupilsEyeY)
		l, r := pupils(m, p.Crop(f, pupilsW, pupilsH), pupilsEyeY)
		left, right = f.Outer(raster.Vec{X: l.X, Y: l.Y}), f.Outer(raster.Vec{X: r.X, Y: r.Y})
	}
	f := pupilFrame(left, right, pointsW, pointsEyeY)
	return sighting{raw: rawPoints(m, p.Crop(f, pointsW, pointsH)), crop: f}
}

// roughPupils looks for the pupils where the detector's box says they should be.
func roughPupils(m *cascade.Models, p *raster.Plane, place cascade.FacePlace) (left, right raster.Vec) {
	f := roughFrame(place)
	crop := p.Crop(f, roughW, roughH)
	guess := func(s cascade.Side) cascade.Spot {
		return cascade.Spot{X: roughW/2 - float32(float32(s)*boxPupilX*roughFace), Y: roughH / 2, Size: boxPupilSize * roughFace}
	}
	l := m.Pupil.Find(crop, guess(cascade.ImageLeft), cascade.ImageLeft)
	r := m.Pupil.Find(crop, guess(cascade.ImageRight), cascade.ImageRight)
	return f.Outer(raster.Vec{X: l.X, Y: l.Y}), f.Outer(raster.Vec{X: r.X, Y: r.Y})
}

// roughFrame puts the eyes of the upright box into the middle of the rough crop.
func roughFrame(place cascade.FacePlace) raster.Frame {
	axis := raster.TurnAxis(place.Turn).Scaled(place.Size / roughFace)
	return raster.FrameAt(raster.Vec{X: place.X, Y: place.Y}, raster.Vec{X: roughW / 2, Y: roughH/2 - boxPupilY*roughFace}, axis)
}

// pupilFrame puts the pupils level and cropIOD apart into a crop. Pupils that fell together (no face) keep a pixel apart, so that
// the frame exists.
func pupilFrame(left, right raster.Vec, width int, eyeY float64) raster.Frame {
	const half = float64(cropIOD) / 2
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
		return cascade.Spot{X: mid - float32(s)*cropIOD/2, Y: eyeY, Size: iodPupilSize * cropIOD}
	}
	return m.Pupil.Find(crop, guess(cascade.ImageLeft), cascade.ImageLeft), m.Pupil.Find(crop, guess(cascade.ImageRight), cascade.ImageRight)
}

// rawPoints runs every cascade in a points crop, each for both sides. A mark on the middle line is the mean of the two.
func rawPoints(m *cascade.Models, crop *raster.Plane) [marks]cascade.Found {
	var raw [marks]cascade.Found
	raw[markPupilL], raw[markPupilR] = pupils(m, crop, pointsEyeY)
	l, r := raw[markPupilL], raw[markPupilR]
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
		a, b := place.Find(crop, guess(cascade.ImageLeft), cascade.ImageLeft), place.Find(crop, guess(cascade.ImageRight), cascade.ImageRight)
		if c.mark.partner() == c.mark {
			raw[c.mark] = cascade.Found{X: (a.X + b.X) / 2, Y: (a.Y + b.Y) / 2, Spread: (a.Spread + b.Spread) / 2}
			continue
		}
		raw[c.mark], raw[c.mark+1] = a, b
	}
	return raw
}

// layout are the offsets by which the crops of the face are placed. They are a choice, about those that were fitted once, so that a new fit
// moves the points and not the crop.
var layout = [marks]raster.Vec{
	markPupilL: {X: 0.0155, Y: -0.0075}, markPupilR: {X: -0.0155, Y: -0.0075},
	markEyeOuterL: {X: 0.0330, Y: 0.0076}, markEyeOuterR: {X: -0.0330, Y: 0.0076},
	markEyeInnerL: {X: 0.0338, Y: 0.0309}, markEyeInnerR: {X: -0.0338, Y: 0.0309},
	markBrowInnerL: {X: 0.0314, Y: 0.0677}, markBrowInnerR: {X: -0.0314, Y: 0.0677},
	markBrowOuterL: {X: -0.0280, Y: 0.0642}, markBrowOuterR: {X: 0.0280, Y: 0.0642},
	markMouthL: {X: 0.0010, Y: 0.0226}, markMouthR: {X: -0.0010, Y: 0.0226},
	markLipTop: {X: 0, Y: 0.0127}, markLipBottom: {X: 0, Y: 0.0309}, markNoseTip: {X: 0, Y: -0.0484},
}

// sighting is where the cascades ended in the points crop, and the frame from that crop to the plane: nothing fitted is in it.
type sighting struct {
	raw  [marks]cascade.Found
	crop raster.Frame
}

// points adds constant offsets and expresses the points in the frame of the corrected pupils.
func (s *sighting) points(offsets *[marks]raster.Vec) points {
	raw, crop := &s.raw, s.crop
	place := func(k mark) raster.Vec { return raster.Vec{X: raw[k].X, Y: raw[k].Y} }
	rough := raster.FrameBetween(raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, place(markPupilL), place(markPupilR))
	var inner [marks]raster.Vec // IOD of the raw pupils
	for k := range marks {
		inner[k] = rough.Inner(place(k)).Plus(offsets[k])
	}
	// The frame of the corrected pupils, in raw pupil distances and then in pixels of the plane.
	fine := raster.FrameBetween(raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0}, inner[markPupilL], inner[markPupilR])
	q := points{}
	for k := range marks {
		q.at[k] = fine.Inner(inner[k])
		q.spread[k] = raw[k].Spread / (rough.Scale() * fine.Scale())
	}
	q.frame = crop.After(rough).After(fine)
	return q
}
