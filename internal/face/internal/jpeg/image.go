package jpeg

import "image"

// ratio returns the subsampling of a JPEG of three components as package image has it, and whether
// it has it.
func (f *File) ratio() (ratio image.YCbCrSubsampleRatio, ok bool) {
	if len(f.components) != 3 {
		return 0, true
	}
	y, cb, cr := f.components[0], f.components[1], f.components[2]
	if y.h != f.across || y.v != f.down || cb.h != cr.h || cb.v != cr.v || y.h%cb.h != 0 || y.v%cb.v != 0 {
		return 0, false
	}
	ratio, ok = map[[2]int]image.YCbCrSubsampleRatio{
		{1, 1}: image.YCbCrSubsampleRatio444, {2, 1}: image.YCbCrSubsampleRatio422, {2, 2}: image.YCbCrSubsampleRatio420,
		{1, 2}: image.YCbCrSubsampleRatio440, {4, 1}: image.YCbCrSubsampleRatio411, {4, 2}: image.YCbCrSubsampleRatio410,
	}[[2]int{y.h / cb.h, y.v / cb.v}]
	return ratio, ok
}

// isRGB reports whether the components are red, green and blue, by the rules of image/jpeg.
func (f *File) isRGB() bool {
	if len(f.components) != 3 || f.jfif {
		return false
	}
	return f.adobeRGB || f.components[0].id == 'R' && f.components[1].id == 'G' && f.components[2].id == 'B'
}

// image returns the decoded picture.
func (d *decoder) image() image.Image {
	rect := image.Rect(0, 0, d.Width, d.Height)
	if d.grey {
		return &image.Gray{Pix: d.planes[0].pix, Stride: 8 * d.planes[0].strideX, Rect: rect}
	}
	ratio, usual := d.ratio()
	switch {
	case d.isRGB():
		return d.rgba()
	case !usual:
		m := image.NewYCbCr(rect, image.YCbCrSubsampleRatio444)
		for i, pix := range [][]uint8{m.Y, m.Cb, m.Cr} {
			d.spread(&d.planes[i], pix, 1)
		}
		return m
	}
	return &image.YCbCr{
		Y: d.planes[0].pix, Cb: d.planes[1].pix, Cr: d.planes[2].pix,
		YStride: 8 * d.planes[0].strideX, CStride: 8 * d.planes[1].strideX, SubsampleRatio: ratio, Rect: rect,
	}
}

func (d *decoder) rgba() *image.RGBA {
	m := image.NewRGBA(image.Rect(0, 0, d.Width, d.Height))
	for i := range d.planes {
		d.spread(&d.planes[i], m.Pix[i:], 4)
	}
	for i := 3; i < len(m.Pix); i += 4 {
		m.Pix[i] = 255
	}
	return m
}

// spread writes the samples of a plane for each pixel, step bytes apart.
func (d *decoder) spread(p *plane, pix []uint8, step int) {
	for y := range d.Height {
		row := p.pix[8*p.strideX*(y*p.v/d.down):]
		for x := range d.Width {
			pix[(y*d.Width+x)*step] = row[x*p.h/d.across]
		}
	}
}
