package portrait

import "math"

// cover draws what lies over the face. It is flat, so it bears no shade of the face.
func (p *painter) cover(c rgb, x, y float64) rgb {
	f := p.face
	weave := float64(.06*noise(x*40, y*40, f.Seed+61)) + float64(.05*noise(x*3, y*3, f.Seed+62))
	edge := func(in float64) float64 { return step(0, float64(3*p.soft), in) }
	switch f.Cover {
	case Bare:
	case Sunglasses:
		for _, side := range [...]float64{-1, 1} {
			in := ellipse(x, y, float64(side*.52), .03, .45, .33)
			c = c.mix(rgb{22, 22, 26}.times(1+float64(2*bell(x, y, float64(side*.52)-.12, -.1, .2, .14))), edge(in))
		}
		bridge := step(.05, .03, math.Abs(y+.06)) * step(1.2, 1.15, math.Abs(x))
		c = c.mix(rgb{22, 22, 26}, bridge)
	case Mask:
		in := min(y-.26-float64(.16*float64(x*x)), f.outline(x, y))
		fold := float64(.08 * step(.03, 0, math.Abs(y-.85)))
		c = c.mix(rgb{150, 186, 206}.times(.96+weave-fold-float64(.2*float64(x*x))), edge(in))
	case Patch:
		in := min(.3-math.Abs(x-.86), .55-math.Abs(y-.72), f.outline(x, y))
		stripes := step(-.2, .2, noise(y*7, 3, f.Seed+66))
		c = c.mix(rgb{30, 40, 60}.mix(rgb{236, 214, 180}, stripes).times(1+weave), edge(in))
	case Tape:
		in := min(.62-math.Abs(x), .24-math.Abs(y-f.mouth()))
		c = c.mix(rgb{206, 206, 210}.times(.95+weave), edge(in))
	case Scarf:
		stripes := step(-.3, .3, noise(y*5, x*.4, f.Seed+63))
		in := min(y-.74-float64(.05*float64(x*x)), 1.25-math.Abs(x))
		c = c.mix(rgb{120, 34, 40}.mix(rgb{224, 214, 196}, stripes).times(1+weave), edge(in))
	case Paint:
		stripes := step(-.2, .2, noise(y*7, 3, f.Seed+66))
		in := min(.3-math.Abs(math.Abs(x)-.86), .55-math.Abs(y-.72), f.outline(x, y))
		c = c.mix(rgb{30, 40, 60}.mix(rgb{236, 214, 180}, stripes).times(1+weave), edge(in))
	case Hand:
		c = p.hand(c, x, y, weave)
	}
	return c
}

// hand draws four fingers over the half at the right of the picture.
func (p *painter) hand(c rgb, x, y, weave float64) rgb {
	for finger := range 4 {
		top := -.75 + float64(.52*float64(finger))
		across := (y - top - float64(.12*x)) / .27
		round := float64(across * across)
		tip := .06 + float64(.10*float64(finger%2))
		if in := min(1-round, x-tip-float64(.12*round)); in > 0 && x < 1.6 {
			light := .55 + float64(.4*math.Sqrt(max(0, 1-round))) + weave
			c = c.mix(p.skin.times(light), step(0, float64(3*p.soft), in))
		}
	}
	return c
}

// ellipse returns how far a place is inside the ellipse: 1 in its middle, 0 at its edge.
func ellipse(x, y, cx, cy, rx, ry float64) float64 {
	u, v := (x-cx)/rx, (y-cy)/ry
	return 1 - float64(u*u) - float64(v*v)
}
