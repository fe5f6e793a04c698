package jpeg

import (
	"encoding/binary"
	"errors"
	"image"
)

var errQuantity = errors.New("jpeg: quantisation table is malformed, or missing")

// Bytes that a sample takes while it is decoded. Of a progressive photo its coefficient is kept as
// well, and a bit that says whether it is zero.
const (
	sequentialBytes  = 1
	progressiveBytes = 1 + 2 + 1.0/8
)

// Memory returns how many bytes Decode takes at most, but for a few tables.
func (f *File) Memory() int64 {
	samples := 0
	for _, c := range f.components {
		samples += 64 * c.strideX * c.strideY
	}
	memory := int64(samples * sequentialBytes)
	if f.progressive {
		memory = int64(float64(samples) * progressiveBytes)
	}
	if _, usual := f.ratio(); f.isRGB() || !usual {
		memory += 4 * int64(f.Width) * int64(f.Height)
	}
	return memory
}

// decoder decodes the scans of a file.
type decoder struct {
	*File
	r        bitReader
	planes   []plane
	grey     bool          // whether planes[0] is all that is asked for
	quantity [4]*[64]int32 // quantisation tables, in the order of the file
	tables   [2][4]*huffman
	interval int // MCUs between restart markers, 0 without
	// run is for how many more blocks of a progressive scan there are no further coefficients.
	run   int
	block [64]int32
}

// plane is a component while it is decoded.
type plane struct {
	*component
	pix      []uint8 // of whole MCUs, 8*strideX a row; nil if it is not asked for
	quantity *[64]int32
	dc       int // of the block before
	// Of a progressive file: the coefficients of each block in the order of the file, and which of
	// them are known not to be zero.
	coefficients []int16
	known        []uint64
}

// Decode decodes the photo. Its errors mean that the file is damaged. The image is an image.Gray,
// an image.YCbCr or, if red, green and blue were stored, an image.RGBA. Without colours it may be
// an image.Gray as well: the Y of the image.YCbCr.
func (f *File) Decode(colours bool) (image.Image, error) {
	d := f.newDecoder(colours)
	if err := d.decode(); err != nil {
		return nil, err
	}
	return d.image(), nil
}

func (f *File) newDecoder(colours bool) *decoder {
	d := &decoder{File: f, r: bitReader{data: f.data}}
	_, usual := f.ratio()
	d.grey = len(f.components) == 1 || !colours && usual && !f.isRGB()
	for i := range f.components {
		d.planes = append(d.planes, f.newPlane(&f.components[i], i > 0 && d.grey))
	}
	return d
}

// newPlane returns room for a component.
func (f *File) newPlane(c *component, hidden bool) plane {
	p, blocks := plane{component: c}, c.strideX*c.strideY
	if !hidden {
		p.pix = make([]uint8, 64*blocks)
	}
	if f.progressive {
		p.coefficients, p.known = make([]int16, 64*blocks), make([]uint64, blocks)
	}
	return p
}

// decode goes through the segments again.
func (d *decoder) decode() error {
	pos := 2
	for scans := 0; scans < d.scans; {
		s, err := readSegment(d.data, pos)
		if err != nil {
			return err
		}
		pos = s.end
		switch s.marker {
		case markerDQT:
			err = d.readQuantities(s.body)
		case markerDHT:
			err = readTables(s.body, &d.tables)
		case markerDRI:
			err = d.readInterval(s.body)
		case markerSOS:
			scans++
			d.r.pos = pos
			err = d.scan(s.body, scans == d.scans)
			pos = d.r.pos
		}
		if err != nil {
			return err
		}
	}
	d.finish()
	return nil
}

func (d *decoder) readQuantities(body []byte) error {
	for len(body) > 0 {
		wide, id := int(body[0]>>4), int(body[0]&15)
		size := 64 << (wide & 1)
		if body = body[1:]; wide > 1 || id > 3 || len(body) < size {
			return errQuantity
		}
		q := new([64]int32)
		for k := range q {
			if wide == 1 {
				q[k] = int32(binary.BigEndian.Uint16(body[2*k:]))
			} else {
				q[k] = int32(body[k])
			}
			if q[k] == 0 {
				return errQuantity
			}
		}
		d.quantity[id], body = q, body[size:]
	}
	return nil
}

func (d *decoder) readInterval(body []byte) error {
	if len(body) != 2 {
		return errSegment
	}
	d.interval = int(binary.BigEndian.Uint16(body))
	return nil
}

// table returns a Huffman table ready for use.
func (d *decoder) table(class, id int) (*huffman, error) {
	t := d.tables[class][id]
	if t == nil {
		usual := usualTables()[class][id]
		if usual == nil {
			return nil, errTable
		}
		t = &huffman{counts: usual.counts, symbols: usual.symbols}
		d.tables[class][id] = t
	}
	return t, t.build()
}

// scan decodes the scan at d.r.pos and moves d.r.pos behind it.
func (d *decoder) scan(header []byte, last bool) error {
	s, err := d.readScan(header)
	if err != nil {
		return err
	}
	blocks, err := d.blocksOf(s)
	if err != nil {
		return err
	}
	x, y := d.mcusX, d.mcusY
	if len(s.parts) == 1 {
		x, y = s.parts[0].blocksX, s.parts[0].blocksY
	}
	start := d.r.pos
	if err := d.mcus(blocks, x, y); err != nil {
		return err
	}
	if hasHole(d.data[start:d.r.pos], blocks) {
		return errHole
	}
	if last {
		return d.checkRest()
	}
	return d.checkExtra()
}
