package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/cascade"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/mirror"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// enoughIOD is the distance between the pupils, in pixels, from which on more pixels show nothing
// more.
const enoughIOD = 100

// Measurement is what was seen in the photo, before any fitted number is applied, and what follows
// from it by a calibration. Places are in the plane that was looked at: the picture upright, at
// 1/scale, and turned over if photo.mirrored.
type Measurement struct {
	Photo *photo.Photo
	Scale int
	Grey  *raster.Plane // the plane that was looked at
	Place cascade.FacePlace
	Seen  landmark.Sighting
	mirror.Registration
	Looks  [Regions][]float64 // the regions of the face, see LooksOf
	light  light
	blocks float64 // see blocksOf
	cut    float64 // share of the face beyond the edge of the picture, 0 to 1

	// What a calibration makes of these; see judge.
	by        *Calibration
	Pts       landmark.Points
	Asym      landmark.Asymmetry
	Yaw       float64               // degrees, positive when the nose points to the right
	parts     [mirror.Parts]float64 // energy of the field that is believed, by part of the face
	Index     float64               // symmetry index, see indexOf
	Held      float64               // the same with what the pose adds
	Deviation float64               // of the index from the reference portraits, see scale
	before    float64               // that of held
	wink      float64               // by how much one eye is more closed than the other, IOD
	detail    [Regions]float64      // see RegionRule.detail
	strange   [Regions]float64      // what no learned look explains of each region, 0 to 1
}

// OfPhoto decodes, finds the face and measures it. The errors are refusals.
func OfPhoto(p *photo.Photo, models *cascade.Models) (*Measurement, error) {
	m := &Measurement{Photo: p, Scale: p.Scale(photo.WorkingSide)}
	if err := m.find(models); err != nil {
		return nil, err
	}
	if !p.Pictured {
		p.Decoded, p.Shown = nil, photo.Canvas{}
	}
	defer p.Begin("measure")()
	m.look(models)
	m.Judge(&Fitted)
	return m, nil
}

// find decodes the photo and finds the face in it.
func (m *Measurement) find(models *cascade.Models) error {
	grey, err := m.decode(m.Scale)
	if err != nil {
		return err
	}
	m.Place, err = m.detect(models, grey)
	if err != nil {
		return err
	}
	if finer := m.finerScale(); finer != m.Scale {
		if grey, err = m.decode(finer); err != nil {
			return err
		}
		m.Place.Window = m.Place.Times(float64(m.Scale) / float64(finer))
		m.Scale = finer
	}
	m.Grey = grey
	return nil
}

func (m *Measurement) decode(scale int) (*raster.Plane, error) {
	defer m.Photo.Begin("decode")()
	return m.Photo.Grey(scale)
}

func (m *Measurement) detect(models *cascade.Models, grey *raster.Plane) (cascade.FacePlace, error) {
	defer m.Photo.Begin("detect")()
	return models.Detect(grey)
}

// look measures the face that was found.
func (m *Measurement) look(models *cascade.Models) {
	near, place, back := m.Near()
	m.Seen = landmark.Locate(models, near, place)
	rough := m.Seen.Points(&landmark.Layout)
	var half []float64
	m.Registration, half = mirror.Registered(near, &rough)
	m.Looks = LooksOf(half)
	m.light = lightOf(near.Crop(lightFrame(&rough), lightW, lightH))
	m.cut = beyondEdge(near, lightFrame(&rough))
	m.blocks = blocksOf(m.Grey, m.Place.Window, m.Scale)
	m.Seen.Crop = back.After(m.Seen.Crop)
}

// Near returns the plane shrunk to the pixels that measuring needs, because each crop of more would
// mean the same pixels anew: the face in it, and the frame that leads back.
func (m *Measurement) Near() (p *raster.Plane, place cascade.FacePlace, back raster.Frame) {
	by := m.spareScale()
	if by == 1 {
		return m.Grey, m.Place, raster.Frame{Axis: raster.Vec{X: 1, Y: 0}}
	}
	f := float64(by)
	place = m.Place
	place.Window = m.Place.Times(1 / f)
	return m.Grey.Shrunk(by, 1), place, raster.Frame{
		Origin: raster.Vec{X: raster.Grown(0, f), Y: raster.Grown(0, f)}, Axis: raster.Vec{X: f, Y: 0},
	}
}

// Judge applies a calibration.
func (m *Measurement) Judge(c *Calibration) {
	m.by = c
	m.Pts = m.Seen.Points(&c.Offsets)
	m.Asym = landmark.AsymmetryOf(&m.Pts)
	signs := c.Signs(&m.Asym, &m.Raw)
	m.Yaw = weighed(signs, c.Yaw)
	m.parts, _ = c.Believed(&m.Raw, &m.Local)
	total := mirror.SumOf(m.parts)
	m.Index = indexOf(total)
	m.Held = indexOf(total + c.heldEnergy(signs))
	m.Deviation, m.before = c.Index.Deviation(m.Index), c.Before.Deviation(m.Held)
	m.wink = winkOf(&m.Raw)
	for i := range m.detail {
		m.detail[i] = RegionRules[i].detail(m.Looks[i])
	}
	for i := range m.strange {
		m.strange[i] = c.look(Region(i)).Strangeness(m.Looks[i])
	}
}

// winkOf returns by how much the upper lid of one eye lies lower than that of the other, IOD, less
// what the lower lids differ by.
func winkOf(f *mirror.Pattern) float64 {
	upper := (f[1].Y + f[2].Y + f[3].Y) / 3
	lower := (f[5].Y + f[6].Y + f[7].Y) / 3
	return math.Abs(upper - lower)
}

// finerScale returns the scale at which a face that is small in a large picture has enough pixels.
func (m *Measurement) finerScale() int {
	scale := m.Scale
	for scale > 1 && landmark.BoxIOD(m.Place.Window)*float64(m.Scale)/float64(scale) < enoughIOD {
		scale /= 2
	}
	return scale
}

// spareScale returns the power of two, up to 8, by which the plane can be shrunk with enough pixels
// left.
func (m *Measurement) spareScale() int {
	by := 1
	for by < 8 && landmark.BoxIOD(m.Place.Window) >= enoughIOD*2*float64(by) {
		by *= 2
	}
	return by
}
