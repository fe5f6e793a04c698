package face

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// enoughIOD is the distance between the pupils, in pixels, from which on more pixels show nothing more.
const enoughIOD = 100

// measurement is what was seen in the photo, before any fitted number is applied, and what follows from it by a calibration. Places are in
// the plane that was looked at: the picture upright, at 1/scale, and turned over if photo.mirrored.
type measurement struct {
	photo *photo.Photo
	scale int
	grey  *raster.Plane // the plane that was looked at
	place cascade.FacePlace
	seen  landmark.Sighting
	mirror.Registration
	looks  [regions][]float64 // the regions of the face, see looksOf
	light  light
	blocks float64 // see plane.blocks
	cut    float64 // share of the face beyond the edge of the picture, 0 to 1

	// What a calibration makes of these; see judge.
	by        *Calibration
	pts       landmark.Points
	asym      landmark.Asymmetry
	yaw       float64               // degrees, positive when the nose points to the right
	parts     [mirror.Parts]float64 // energy of the field that is believed, by part of the face
	index     float64               // symmetry index, see indexOf
	held      float64               // the same with what the pose adds
	deviation float64               // of the index from the reference portraits, see scale
	before    float64               // that of held
	wink      float64               // by how much one eye is more closed than the other, IOD
	detail    [regions]float64      // see regionRule.detail
	strange   [regions]float64      // what no learned look explains of each region, 0 to 1
}

// measure decodes, finds the face and measures it. The errors are refusals.
func measure(p *photo.Photo, models *cascade.Models) (*measurement, error) {
	m := &measurement{photo: p, scale: p.Scale(photo.WorkingSide)}
	grey, err := p.Grey(m.scale)
	if err != nil {
		return nil, err
	}
	if m.place, err = models.Detect(grey); err != nil {
		return nil, err
	}
	if finer := m.finerScale(); finer != m.scale {
		if grey, err = p.Grey(finer); err != nil {
			return nil, err
		}
		m.place.Window = m.place.Times(float64(m.scale) / float64(finer))
		m.scale = finer
	}
	m.grey = grey
	if !p.Pictured {
		p.Decoded, p.Shown = nil, photo.Canvas{}
	}
	m.look(models)
	m.judge(&fitted)
	return m, nil
}

// look measures the face that was found.
func (m *measurement) look(models *cascade.Models) {
	near, place, back := m.near()
	m.seen = landmark.Locate(models, near, place)
	rough := m.seen.Points(&landmark.Layout)
	var half []float64
	m.Registration, half = mirror.Registered(near, &rough)
	m.looks = looksOf(half)
	m.light = lightOf(near.Crop(lightFrame(&rough), lightW, lightH))
	m.cut = beyondEdge(near, lightFrame(&rough))
	m.blocks = blocksOf(m.grey, m.place.Window, m.scale)
	m.seen.Crop = back.After(m.seen.Crop)
}

// near gives the plane shrunk to the pixels that measuring needs, because each crop of more would mean the same pixels anew: the face in
// it, and the frame that leads back.
func (m *measurement) near() (p *raster.Plane, place cascade.FacePlace, back raster.Frame) {
	by := m.spareScale()
	if by == 1 {
		return m.grey, m.place, raster.Frame{Axis: raster.Vec{X: 1, Y: 0}}
	}
	f := float64(by)
	place = m.place
	place.Window = m.place.Times(1 / f)
	return m.grey.Shrunk(by, 1), place, raster.Frame{Origin: raster.Vec{X: raster.Grown(0, f), Y: raster.Grown(0, f)}, Axis: raster.Vec{X: f, Y: 0}}
}

// judge applies a calibration.
func (m *measurement) judge(c *Calibration) {
	m.by = c
	m.pts = m.seen.Points(&c.offsets)
	m.asym = landmark.AsymmetryOf(&m.pts)
	signs := c.signs(&m.asym, &m.Raw)
	m.yaw = weighed(signs, c.yaw)
	m.parts, _ = c.Believed(&m.Raw, &m.Local)
	total := mirror.SumOf(m.parts)
	m.index = indexOf(total)
	m.held = indexOf(total + c.heldEnergy(signs))
	m.deviation, m.before = c.index.deviation(m.index), c.before.deviation(m.held)
	m.wink = winkOf(&m.Raw)
	for i := range m.detail {
		m.detail[i] = regionRules[i].detail(m.looks[i])
	}
	for i := range m.strange {
		m.strange[i] = c.look(region(i)).strangeness(m.looks[i])
	}
}

// winkOf is by how much the upper lid of one eye lies lower than that of the other, IOD, less what the
// lower lids differ by.
func winkOf(f *mirror.Pattern) float64 {
	upper := (f[1].Y + f[2].Y + f[3].Y) / 3
	lower := (f[5].Y + f[6].Y + f[7].Y) / 3
	return math.Abs(upper - lower)
}

// finerScale gives the scale at which a face that is small in a large picture has enough pixels.
func (m *measurement) finerScale() int {
	scale := m.scale
	for scale > 1 && landmark.BoxIOD(m.place.Window)*float64(m.scale)/float64(scale) < enoughIOD {
		scale /= 2
	}
	return scale
}

// spareScale gives the power of two, up to 8, by which the plane can be shrunk with enough pixels left.
func (m *measurement) spareScale() int {
	by := 1
	for by < 8 && landmark.BoxIOD(m.place.Window) >= enoughIOD*2*float64(by) {
		by *= 2
	}
	return by
}
