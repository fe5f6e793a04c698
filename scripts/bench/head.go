package main

import "math"

// head is a generic head, the same for everybody and the same on both sides, for an estimate of a
// turn that uses nothing of the engine. Places are in pupil distances from the middle between the
// pupils, x to the right of the picture, y down, z towards the camera.
//
// How far the parts of a face stand out is that of an adult's mean: a pupil distance of 63 mm, the
// tip of the nose 34 mm before the pupils, the outer corners of the eyes 6 mm behind them, the lips
// 18 mm before. The same measures of MediaPipe's canonical face model differ by no more than 4 mm.
type point3 struct{ x, y, z float64 }

// depth returns how far the surface of the head lies before the plane of the pupils.
func depth(x, y float64) float64 {
	const (
		behind, across = -1.32, 1.5 // the plane on which the face stands, and its height
		middle         = 0.4        // of the height, below the pupils
		width, height  = 1.22, 2.4  // half of it
	)
	x = math.Abs(x)
	dome := 1 - sq(x/width) - sq((y-middle)/height)
	if dome <= 0 {
		return behind
	}
	z := behind + across*math.Sqrt(dome)
	stands := min(1, 4*dome) // features end before the edge
	z += stands * bell(x, noseWidth(y)) * along(noseProfile[:], y)
	z += stands * bell(x, 0.22) * along(mouthProfile[:], y)
	z += stands * 0.12 * bell(x, 0.6) * bell(y+0.6, 0.35)       // forehead
	z += stands * 0.12 * bell(x-0.95, 0.18) * bell(y+0.2, 0.15) // ends of the brows
	z -= 0.17 * bell(x-0.29, 0.1) * bell(y-0.05, 0.1)           // inner corners of the eyes
	return z
}

// profile is a line through the middle of the face: places below the pupils, and how far it stands
// out.
type profile [2]float64

var (
	noseProfile = [...]profile{
		{-0.35, 0}, {0, 0.10}, {0.14, 0.19}, {0.36, 0.32}, {0.48, 0.37}, {0.58, 0.35}, {0.69, 0.22}, {0.76, 0.08}, {0.85, 0},
	}
	mouthProfile = [...]profile{
		{0.68, 0}, {0.76, 0.12}, {0.95, 0.17}, {1.05, 0.08}, {1.2, 0.16}, {1.4, 0.13}, {1.6, 0.18}, {1.8, 0.23}, {1.95, 0.1},
		{2.1, 0},
	}
)

func noseWidth(y float64) float64 { return min(0.15, max(0.08, 0.09+0.13*y)) }

// along interpolates; beyond its ends a profile does not stand out.
func along(list []profile, y float64) float64 {
	for i := 1; i < len(list); i++ {
		a, b := list[i-1], list[i]
		if y >= a[0] && y < b[0] {
			return a[1] + (b[1]-a[1])*(y-a[0])/(b[0]-a[0])
		}
	}
	return 0
}

func bell(x, width float64) float64 { return math.Exp(-sq(x/width) / 2) }

func sq(v float64) float64 { return v * v }

// headMark is a named point of the head: its place in the mean of the annotated faces, the same on
// both sides, and how much it counts. Brows and the chin slide along their edges.
type headMark struct {
	name        string
	x, y, count float64
}

var headMarks = [...]headMark{
	{"pupil_left", -0.5, 0, 1}, {"pupil_right", 0.5, 0, 1},
	{"eye_left_outer", -0.70, 0.03, 1}, {"eye_right_outer", 0.70, 0.03, 1},
	{"eye_left_inner", -0.27, 0.06, 1}, {"eye_right_inner", 0.27, 0.06, 1},
	{"brow_left_outer", -0.93, -0.12, 0.3}, {"brow_right_outer", 0.93, -0.12, 0.3},
	{"brow_left_inner", -0.22, -0.18, 0.3}, {"brow_right_inner", 0.22, -0.18, 0.3},
	{"nose_left", -0.285, 0.655, 0.5}, {"nose_right", 0.285, 0.655, 0.5},
	{"nose_tip", 0, 0.48, 1}, {"subnasale", 0, 0.71, 1},
	{"mouth_left", -0.40, 1.10, 1}, {"mouth_right", 0.40, 1.10, 1},
	{"lip_upper_top", 0, 0.97, 1}, {"lip_inner", 0, 1.08, 1}, {"lip_lower_bottom", 0, 1.24, 1},
	{"chin", 0, 1.83, 0.3},
}

func (m *headMark) place() point3 { return point3{m.x, m.y, depth(m.x, m.y)} }

// headPose is how a head is held: yaw to the right of the picture, pitch down, roll clockwise,
// radians; and its size, pixels a pupil distance, and where the middle between the pupils is.
type headPose struct{ yaw, pitch, roll, size, x, y float64 }

// seen returns where a point of the head is in the picture, from far away. To a camera at arm's
// length a turned head looks turned by about a sixth more: what is nearer is larger.
func (h *headPose) seen(p point3) place {
	sin, cos := math.Sincos(h.yaw)
	p.x, p.z = p.x*cos+p.z*sin, p.z*cos-p.x*sin
	sin, cos = math.Sincos(h.pitch)
	p.y = p.y*cos + p.z*sin
	sin, cos = math.Sincos(h.roll)
	return place{h.x + h.size*(p.x*cos-p.y*sin), h.y + h.size*(p.x*sin+p.y*cos)}
}

// poseOf finds the pose in which the generic head's points come nearest to those of a photo, by
// least squares after Gauss and Newton. It uses the points by name and nothing else.
func poseOf(points map[string][2]float64) headPose {
	at := func(name string) place { return place{points[name][0], points[name][1]} }
	e := eyes{at("pupil_left"), at("pupil_right")}
	ax := e.left.to(e.right)
	h := headPose{roll: math.Atan2(ax.y, ax.x), size: e.iod(), x: e.middle().x, y: e.middle().y}
	for range 20 {
		h.improve(points)
	}
	return h
}

// parameters returns what poseOf looks for.
func (h *headPose) parameters() [6]*float64 {
	return [6]*float64{&h.yaw, &h.pitch, &h.roll, &h.size, &h.x, &h.y}
}

// improve does a step of the search.
func (h *headPose) improve(points map[string][2]float64) {
	var a [6][7]float64
	steps := [6]float64{1e-4, 1e-4, 1e-4, 1e-3 * h.size, 1e-2, 1e-2}
	for i := range headMarks {
		m := &headMarks[i]
		at, known := points[m.name]
		if !known {
			continue
		}
		here := h.seen(m.place())
		off := here.to(place{at[0], at[1]})
		var by [6]place
		for j, step := range steps {
			moved := *h
			*moved.parameters()[j] += step
			d := here.to(moved.seen(m.place()))
			by[j] = place{d.x / step, d.y / step}
		}
		for j := range 6 {
			for k := range 6 {
				a[j][k] += m.count * (by[j].x*by[k].x + by[j].y*by[k].y)
			}
			a[j][6] += m.count * (by[j].x*off.x + by[j].y*off.y)
		}
	}
	for j, v := range solved(a) {
		*h.parameters()[j] += v
	}
}

// solved returns the solution of six equations, whose last column is the right side.
func solved(a [6][7]float64) (v [6]float64) {
	for j := range a {
		for i := range a {
			if i == j || a[j][j] == 0 {
				continue
			}
			f := a[i][j] / a[j][j]
			for k := j; k < 7; k++ {
				a[i][k] -= f * a[j][k]
			}
		}
	}
	for j := range v {
		if a[j][j] != 0 {
			v[j] = a[j][6] / a[j][j]
		}
	}
	return v
}

// degrees of the yaw.
func (h *headPose) degrees() float64 { return h.yaw * 180 / math.Pi }
