package jpeg

import "errors"

var errRestart = errors.New("jpeg: restart marker missing or out of turn")

// mcuBlock is a block of an MCU.
type mcuBlock struct {
	*plane
	x, y   int // in its MCU
	h, v   int // blocks of its component in an MCU
	dc, ac *huffman
	scan   *scan
	read   func(d *decoder, b *mcuBlock, x, y int) error // the place is in blocks of the plane
}

// blocksOf returns the blocks of an MCU of a scan in their order. An MCU of a scan of one component
// is a block (T.81, A.2).
func (d *decoder) blocksOf(s scan) (blocks []mcuBlock, err error) {
	for _, part := range s.parts {
		b := mcuBlock{h: part.h, v: part.v, scan: &s}
		if len(s.parts) == 1 {
			b.h, b.v = 1, 1
		}
		for i := range d.planes {
			if d.planes[i].component == part.component {
				b.plane = &d.planes[i]
			}
		}
		if b.quantity == nil { // T.81, B.2.4.1: it is the table at the component's first scan
			if b.quantity = d.quantity[part.table]; b.quantity == nil {
				return nil, errQuantity
			}
		}
		if err := d.prepare(&b, part); err != nil {
			return nil, err
		}
		for b.y = range b.v {
			for b.x = range b.h {
				blocks = append(blocks, b)
			}
		}
	}
	return blocks, nil
}

// prepare chooses how a block is read and the tables for it.
func (d *decoder) prepare(b *mcuBlock, part scanPart) (err error) {
	s := b.scan
	switch {
	case !d.progressive:
		b.read = (*decoder).sequential
	case s.from == 0 && s.high == 0:
		b.read = (*decoder).firstDC
	case s.from == 0:
		b.read = (*decoder).nextDC
	case s.high == 0:
		b.read = (*decoder).firstAC
	default:
		b.read = (*decoder).nextAC
	}
	if s.from == 0 && s.high == 0 {
		if b.dc, err = d.table(0, part.dc); err != nil {
			return err
		}
	}
	if s.to > 0 {
		if b.ac, err = d.table(1, part.ac); err != nil {
			return err
		}
		if !d.progressive {
			b.ac.withValues()
		}
	}
	return nil
}

// mcus reads the MCUs of a scan.
func (d *decoder) mcus(blocks []mcuBlock, across, down int) error {
	d.restart()
	left, turn := d.interval, 0
	for my := range down {
		for mx := range across {
			if d.interval > 0 {
				if left == 0 {
					if err := d.readRestart(turn); err != nil {
						return err
					}
					left, turn = d.interval, turn+1
				}
				left--
			}
			for i := range blocks {
				b := &blocks[i]
				if err := b.read(d, b, mx*b.h+b.x, my*b.v+b.y); err != nil {
					return err
				}
			}
			if d.r.overdrawn() {
				return errShort
			}
		}
	}
	return d.endOfInterval()
}

// restart forgets what blocks take over from those before.
func (d *decoder) restart() {
	for i := range d.planes {
		d.planes[i].dc = 0
	}
}

// endOfInterval ends the reading of bits.
func (d *decoder) endOfInterval() error {
	if d.run != 0 {
		return errCode
	}
	return d.r.align()
}

// readRestart reads the restart marker whose turn it is.
func (d *decoder) readRestart(turn int) error {
	if err := d.endOfInterval(); err != nil {
		return err
	}
	marker, next := markerAt(d.data, d.r.pos)
	if int(marker) != markerRST0+turn%8 {
		return errRestart
	}
	d.r.pos = next
	d.restart()
	return nil
}

// markerAt reads the marker at pos, behind fill bytes, and returns the position after it.
// The marker is 0, which is none, for other bytes.
func markerAt(data []byte, pos int) (marker byte, next int) {
	for pos+1 < len(data) && data[pos] == 0xff {
		if data[pos+1] != 0xff {
			return data[pos+1], pos + 2
		}
		pos++
	}
	return 0, len(data)
}
