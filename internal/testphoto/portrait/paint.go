package portrait

import "math"

// painter draws one face in one frame.
type painter struct {
	face      Face
	at        Frame
	yaw, roll turn
	lamp      [3]float64
	skin      rgb
	soft      float64 // the width of an edge, one pixel
}

func newPainter(f Face, at Frame) *painter {
	p := &painter{face: f, at: at, yaw: degrees(f.Yaw), roll: degrees(f.Roll), soft: 1 / at.IOD}
	lx, ly, lz := float64(1.4*f.Side), -.45, 1.0
	n := math.Sqrt(float64(lx*lx) + float64(ly*ly) + lz)
	p.lamp = [3]float64{lx / n, ly / n, lz / n}
	p.skin = rgb{226, 178, 150}.mix(rgb{112, 74, 54}, f.Skin)
	return p
}

// colour returns the colour of a pixel.
func (p *painter) colour(px, py float64) rgb {
	// Into lengths of the face, upright.
	dx, dy := (px-p.at.X)/p.at.IOD, (py-p.at.Y)/p.at.IOD
	u := float64(dx*p.roll.cos) + float64(dy*p.roll.sin)
	v := float64(dy*p.roll.cos) - float64(dx*p.roll.sin)
	c := p.behind(u, v, px, py)
	x := p.unturned(u, v)
	in := p.face.outline(x, v)
	if in > 0 {
		c = c.mix(p.surface(x, v), step(0, float64(4*p.soft), in))
	}
	c = p.cover(p.fringe(c, u, x, v), x, v)
	grain := float64(3.2 * hash(int32(px), int32(py), p.face.Seed+77))
	dim := 1 - p.face.Dim
	return rgb{float64(c[0]*dim) + grain, float64(c[1]*dim) + grain, float64(c[2]*dim) + grain}
}

// unturned returns the place on the face that is seen at u when the head is turned.
func (p *painter) unturned(u, y float64) float64 {
	if p.face.Yaw == 0 {
		return u
	}
	x := u
	for range 12 {
		z := p.face.height(x, y) - .5
		next := (u - float64(z*p.yaw.sin)) / p.yaw.cos
		x += float64(.6 * (next - x))
	}
	return x
}

// behind returns the colour of the wall, the clothes, the neck and the hair behind the face.
func (p *painter) behind(u, v, px, py float64) rgb {
	c := rgb{196, 202, 208}.times(1 - float64(.00012*px) - float64(.00008*py))
	c = c.times(1 + float64(.03*noise(px/90, py/90, p.face.Seed+5)))
	if in := 1 - float64((u/1.25)*(u/1.25)) - float64(((v+.15)/1.72)*((v+.15)/1.72)); in > 0 {
		c = c.mix(p.hair(u, v), step(0, float64(8*p.soft), in))
	}
	c = p.ears(c, u, v)
	if v > .9 {
		neck := .62 + float64(.35*step(2, 2.6, v))
		edge := step(neck+p.soft, neck-p.soft, math.Abs(u))
		light := .62 + float64(.2*step(.7, 0, math.Abs(u))) - float64(.16*step(2.2, 1.8, v))
		c = c.mix(p.skin.times(light), edge)
	}
	shoulder := 2.25 + float64(.30*float64(u*u)) + float64(.18*step(.7, .2, math.Abs(u)))
	if v > shoulder-.1 {
		cloth := rgb{72, 92, 128}.times(.85 + float64(.12*noise(u*26, v*26, p.face.Seed+9)))
		c = c.mix(cloth, step(shoulder-p.soft, shoulder+p.soft, v))
	}
	return c
}

// ears draws the ears, which a turn of the head hides or shows no more of.
func (p *painter) ears(c rgb, u, v float64) rgb {
	for _, side := range [...]float64{-1, 1} {
		x := float64(side * 1.1 * (1 + p.face.Wide))
		if in := bell(u, v, x, .28, .17, .40); in > 0 {
			c = c.mix(p.skin.times(.62+float64(.25*in)), step(0, .06, in))
		}
	}
	return c
}

// hair returns the colour of hair, in strands.
func (p *painter) hair(u, v float64) rgb {
	strand := noise(float64(u*30)+float64(4*noise(u*3, v*2, p.face.Seed+1)), v*3, p.face.Seed+2)
	shine := float64(.35 * bell(u, v, -.25, -1.35, .9, .5))
	return rgb{66, 47, 38}.times(1 + float64(.35*strand) + shine)
}

// fringe draws the hair that falls over the forehead.
func (p *painter) fringe(c rgb, u, x, v float64) rgb {
	line := -1.02 + float64(.32*float64(x*x)) + float64(.05*noise(x*14, 0, p.face.Seed+3))
	over := step(line+.03, line-.03, v)
	if over == 0 || float64((u/1.25)*(u/1.25))+float64(((v+.15)/1.72)*((v+.15)/1.72)) > 1 {
		return c
	}
	return c.mix(p.hair(u, v), over)
}

// surface returns the colour of a place of the face, in its light.
func (p *painter) surface(x, y float64) rgb {
	f := p.face
	c := p.albedo(x, y)
	const d = .012
	z := f.height(x, y)
	nx, ny := -(f.height(x+d, y)-z)/d, -(f.height(x, y+d)-z)/d
	// Pores.
	nx += float64(.055 * noise(x*42, y*42, f.Seed+11))
	ny += float64(.055 * noise(x*42, y*42, f.Seed+12))
	// The head is turned: so is the normal.
	nz := 1.0
	nx, nz = float64(nx*p.yaw.cos)+float64(nz*p.yaw.sin), float64(nz*p.yaw.cos)-float64(nx*p.yaw.sin)
	n := math.Sqrt(float64(nx*nx) + float64(ny*ny) + float64(nz*nz))
	lit := max(0, float64(nx*p.lamp[0])+float64(ny*p.lamp[1])+float64(nz*p.lamp[2])) / n
	light := .34 + float64(.68*lit) - float64(.1*math.Abs(f.Side))
	gloss := float64(lit * lit)
	gloss = float64(gloss * gloss)
	gloss = float64(14 * float64(gloss*gloss))
	c = c.times(light)
	return rgb{c[0] + gloss, c[1] + gloss, c[2] + gloss}
}

// albedo returns the colour of a place of the face in white light.
func (p *painter) albedo(x, y float64) rgb {
	f := p.face
	blotch := 1 + float64(.035*noise(x*5, y*5, f.Seed+21)) + float64(.03*noise(x*17, y*17, f.Seed+22))
	c := p.skin.times(blotch)
	tip := f.noseTip()
	cheeks := bell(x, y, -.6, .55, .5, .4) + bell(x, y, .6, .55, .5, .4)
	red := float64(.35*cheeks) + float64(.3*bell(x, y, 0, tip, .25, .2))
	c = c.mix(rgb{205, 120, 105}.mix(rgb{104, 60, 48}, f.Skin), float64(.5*red))
	nostrils := max(bell(x, y, -.105, tip+.115, .085, .05), bell(x, y, .105, tip+.115, .085, .05))
	c = c.mix(rgb{70, 40, 34}, min(1, float64(1.3*nostrils)))
	under := max(bell(x, y, 0, tip+.15, .3, .06), 0)
	c = c.times(1 - float64(.18*under))
	for _, side := range [...]float64{-1, 1} {
		c = p.brow(c, x, y, side)
		c = p.eyeAt(c, x, y, side)
	}
	return p.lips(c, x, y)
}

// brow draws an eyebrow.
func (p *painter) brow(c rgb, x, y, side float64) rgb {
	f := p.face
	t := (float64(side*x) - .2 - f.Brows) / .62 // from the inner to the outer end
	if t < -.05 || t > 1.05 {
		return c
	}
	_, ey := f.eye(side)
	middle := ey - .33 - f.Brows - float64(.11*float64(float64(4*t)*(1-t))*.8) + float64(.06*t)
	if side > 0 {
		middle += float64(.3 * f.Uneven)
	}
	half := float64(.062 * (1 - float64(.65*t)))
	hairs := .72 + float64(.38*noise(float64(x*38)+float64(side*y*30), y*14, f.Seed+31))
	cover := step(half+.03, half-.02, math.Abs(y-middle)) * step(-.05, .06, t) * step(1.05, .8, t)
	return c.mix(rgb{64, 45, 36}, min(.92, float64(cover*hairs)))
}

// eyeAt draws an eye with its lids.
func (p *painter) eyeAt(c rgb, x, y, side float64) rgb {
	f := p.face
	ex, ey := f.eye(side)
	u, v := float64(side*(x-ex)), y-ey // outwards
	if u < -.4 || u > .4 || v < -.35 || v > .35 {
		return c
	}
	open := 1.0
	if side > 0 {
		open -= f.Wink
	}
	t := u / .235
	arc := max(0, 1-float64(t*t))
	slant := float64(-.02 * t)
	upper := slant - float64(.092*arc*open)
	lower := slant + float64(.075*arc) - float64(.02*arc*(1-open))
	s := float64(.9 * p.soft)
	inside := step(upper-s, upper+s, v) * step(lower+s, lower-s, v) * step(1.02, .97, math.Abs(t))
	// The fold of the lid, and the shade under the brow and below the eye.
	fold := upper - .055
	c = c.times(1 - float64(.28*step(.026, 0, math.Abs(v-fold))*step(1.25, .8, math.Abs(t))))
	c = c.times(1 - float64(.10*bell(u, v, 0, .13, .3, .09)))
	white := rgb{214, 208, 202}.times(.88 + float64(.12*step(upper, upper+.06, v)) - float64(.12*float64(t*t)))
	r := math.Sqrt(float64(u*u) + float64(v*v))
	iris := rgb{92, 66, 46}.times(.8 + float64(.5*noise(u*40, v*40, f.Seed+41)))
	iris = iris.mix(rgb{36, 26, 22}, step(.085, .105, r))
	iris = iris.mix(rgb{14, 12, 12}, step(.048+s, .048-s, r))
	eye := white.mix(iris, step(.108+s, .108-s, r))
	eye = eye.mix(rgb{250, 250, 250}, bell(u, v, float64(-.028*side), -.034, .022, .022))
	c = c.mix(eye, inside)
	lash := step(.03, .006, math.Abs(v-upper+.006)) * step(1.12, .95, math.Abs(t))
	c = c.mix(rgb{34, 25, 22}, float64(.92*lash))
	low := step(.014, 0, math.Abs(v-lower)) * step(1.02, .9, math.Abs(t))
	return c.mix(rgb{120, 80, 66}, float64(.5*low))
}

// lips draws the mouth.
func (p *painter) lips(c rgb, x, y float64) rgb {
	f := p.face
	m := f.mouth()
	t := x / .42
	if math.Abs(t) > 1.1 || y < m-.4 || y > m+.6 {
		return c
	}
	arc := max(0, 1-float64(t*t))
	corner := 0.0
	if t > 0 {
		corner = float64(f.Uneven * float64(t*t))
	}
	line := m + corner + float64(.02*arc) - float64(.012*bell(x, 0, 0, 0, .12, 1))
	apart := float64(.5 * f.Open * arc)
	top := line - apart - float64(.10*arc) - float64(.025*(bell(x, 0, -.1, 0, .14, 1)+bell(x, 0, .1, 0, .14, 1)))
	low := line + apart + float64(.135*math.Sqrt(arc)*(.35+float64(.65*arc)))
	red := rgb{186, 104, 98}.mix(rgb{104, 58, 54}, f.Skin)
	grooves := 1 + float64(.05*noise(x*46, y*7, f.Seed+51))
	s := float64(2.2 * p.soft)
	in := step(top-s, top+s, y) * step(low+s, low-s, y) * step(1.03, .96, math.Abs(t))
	shade := grooves
	if y < line {
		shade = float64(shade * .86)
	}
	c = c.mix(red.times(shade), float64(.85*in))
	gap := step(apart+.022, apart+.002, math.Abs(y-line)) * step(1.06, .9, math.Abs(t))
	c = c.mix(rgb{62, 26, 26}, float64(.9*gap))
	return c.times(1 - float64(.13*bell(x, y, 0, low+.05, .3, .06)))
}
