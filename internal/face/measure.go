package face

// enoughIOD is the distance between the pupils, in pixels, from which on more pixels show nothing more.
const enoughIOD = 100

// The crop on which the pixels are compared and the light is judged: pupils level, cropIOD apart.
const (
	faceW, faceH = 300, 320
	faceEyeY     = 90
)

// measurement is what was seen in the photo, all of it before any rule is applied. Places are in the plane that was looked at: the
// picture upright, at 1/scale, and turned over if photo.mirrored.
type measurement struct {
	photo *photo
	scale int
	grey  *plane // the plane that was looked at
	place facePlace
	pts   points
	asym  asymmetry
	crop  *plane // the upright face, faceW x faceH
	field field
	light light
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
	m.pts = models.locate(grey, m.place)
	m.asym = asymmetryOf(&m.pts)
	m.crop = grey.crop(m.pts.faceFrame(), faceW, faceH)
	m.field = mirrorField(m.crop, &m.pts)
	m.light = lightOf(grey.crop(m.pts.lightFrame(), lightW, lightH))
	return m, nil
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
