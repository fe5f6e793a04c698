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
		f := float64(m.scale) / float64(finer)
		m.place.x, m.place.y, m.place.size = grown(m.place.x, f), grown(m.place.y, f), m.place.size*f
		m.scale = finer
	}
	m.grey = grey
	m.seen = models.locate(grey, m.place)
	rough := m.seen.points(&layout)
	m.raw, m.alike = registered(grey, &rough)
	if m.alike < leastAlike {
		return nil, refuse(NoFace, detailNoFace)
	}
	m.light = lightOf(grey.crop(rough.lightFrame(), lightW, lightH))
	m.judge(&fitted)
	return m, nil
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
	const iodOfBox = 2 * boxPupilX
	scale := m.scale
	for scale > 1 && m.place.size*iodOfBox*float64(m.scale)/float64(scale) < enoughIOD {
		scale /= 2
	}
	return scale
}

// faceFrame places the face crop in the plane.
func (q *points) faceFrame() frame {
	const mid = float64(faceW-1) / 2
	inIOD := frameBetween(vec{mid - cropIOD/2, faceEyeY}, vec{mid + cropIOD/2, faceEyeY}, vec{-0.5, 0}, vec{0.5, 0})
	return q.frame.after(inIOD)
}
