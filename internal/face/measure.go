package face

// enoughIOD is the distance between the pupils, in pixels, from which on more pixels show nothing more.
const enoughIOD = 100

// The crop on which the pixels are compared and the light is judged: pupils level, cropIOD apart.
const (
	faceW, faceH = 300, 320
	faceEyeY     = 90
	fieldEyeY    = faceEyeY/2 - 0.25 // in the crop at half size
)

// measurement is what was seen in the photo, before any fitted number is applied, and what follows from it by a calibration. Places are in
// the plane that was looked at: the picture upright, at 1/scale, and turned over if photo.mirrored.
type measurement struct {
	photo *photo
	scale int
	grey  *plane // the plane that was looked at
	place facePlace
	seen  sighting
	raw   pattern // the mirror field as it was registered, IOD
	alike float64 // likeness of the two halves, -1 to 1
	light light

	// What a calibration makes of these; see judge.
	by            *Calibration
	pts           points
	asym          asymmetry
	yaw           float64        // degrees, positive when the nose points to the right
	parts         [parts]float64 // energy of the still field, by part of the face
	index, before float64        // symmetry index, see indexOf, without and with what the pose adds
}

// measure decodes, finds the face and measures it. The errors are refusals.
func measure(p *photo, models *models) (*measurement, error) {
	m := &measurement{photo: p, scale: p.scale(workingSide)}
	grey, err := p.grey(m.scale)
	if err != nil {
		return nil, err
	}
	if m.place, err = models.detect(grey); err != nil {
		return nil, err
	}
	if finer := m.finerScale(); finer != m.scale {
		if grey, err = p.grey(finer); err != nil {
			return nil, err
		}
		m.place.window = m.place.times(float64(m.scale) / float64(finer))
		m.scale = finer
	}
	m.grey = grey
	if !p.pictured {
		p.decoded, p.shown = nil, canvas{}
	}
	if err := m.look(models); err != nil {
		return nil, err
	}
	m.judge(&fitted)
	return m, nil
}

// look measures the face that was found.
func (m *measurement) look(models *models) error {
	near, place, back := m.near()
	m.seen = models.locate(near, place)
	rough := m.seen.points(&layout)
	m.raw, m.alike = registered(near, &rough)
	if m.alike < leastAlike {
		return refuse(NoFace, detailNoFace)
	}
	m.light = lightOf(near.crop(rough.lightFrame(), lightW, lightH))
	m.seen.crop = back.after(m.seen.crop)
	return nil
}

// near gives the plane shrunk to the pixels that measuring needs, because each crop of more would mean the same pixels anew: the face in
// it, and the frame that leads back.
func (m *measurement) near() (p *plane, place facePlace, back frame) {
	by := m.spareScale()
	if by == 1 {
		return m.grey, m.place, frame{axis: vec{1, 0}}
	}
	f := float64(by)
	place = m.place
	place.window = m.place.times(1 / f)
	return m.grey.shrunk(by, 1), place, frame{origin: vec{grown(0, f), grown(0, f)}, axis: vec{f, 0}}
}

// judge applies a calibration.
func (m *measurement) judge(c *Calibration) {
	m.by = c
	m.pts = m.seen.points(&c.offsets)
	m.asym = asymmetryOf(&m.pts)
	signs := c.signs(&m.asym, &m.raw)
	m.yaw = weighed(signs, c.yaw)
	still := c.still(&m.raw)
	m.parts = energies(&still)
	total := sumOf(m.parts)
	m.index, m.before = indexOf(total), indexOf(total+c.heldEnergy(signs))
}

// finerScale gives the scale at which a face that is small in a large picture has enough pixels.
func (m *measurement) finerScale() int {
	scale := m.scale
	for scale > 1 && m.place.iod()*float64(m.scale)/float64(scale) < enoughIOD {
		scale /= 2
	}
	return scale
}

// spareScale gives the power of two, up to 8, by which the plane can be shrunk with enough pixels left.
func (m *measurement) spareScale() int {
	by := 1
	for by < 8 && m.place.iod() >= enoughIOD*2*float64(by) {
		by *= 2
	}
	return by
}

// iod is about how far apart the pupils of a face are that the detector put into a box, pixels.
func (w window) iod() float64 { return w.size * 2 * boxPupilX }

// faceFrame places the face crop in the plane.
func (q *points) faceFrame() frame {
	const mid = float64(faceW-1) / 2
	inIOD := frameBetween(vec{mid - cropIOD/2, faceEyeY}, vec{mid + cropIOD/2, faceEyeY}, vec{-0.5, 0}, vec{0.5, 0})
	return q.frame.after(inIOD)
}
