// Package vp8l reads how much it takes to decode a lossless WebP picture (RFC 9649, section 3),
// which its size does not tell: the file may hold thousands of groups of five Huffman codes, with
// some 50 KB of tables each in golang.org/x/image/vp8l, whatever the size of the picture.
package vp8l

import (
	"bytes"
	"errors"
)

var (
	errShort   = errors.New("vp8l: data ends too early")
	errCode    = errors.New("vp8l: code is malformed")
	errRepeat  = errors.New("vp8l: transform is repeated")
	errVersion = errors.New("vp8l: not a lossless WebP picture")
	errSource  = errors.New("vp8l: copy from outside the picture")
)

// Cost is what decoding takes.
type Cost struct {
	Width, Height int // pixels
	// Groups is the number of groups of codes, used ones and others, and Cache the number of
	// colours that the first code of each has symbols for.
	Groups, Cache int
	// Symbols is the number of symbols that have a code, over all groups.
	Symbols int
	// Extra is how many pixels there are in the pictures that the main one is made with.
	Extra int
	// Indexed is whether the pixels are places in a table of colours.
	Indexed bool

	length int // of the data
}

// ReadCost reads the beginning of a picture, up to its pixels, in a time that is less than that for
// decoding a picture of its size. If that is more than some pixels it stops there.
func ReadCost(data []byte, mostPixels int64) (Cost, error) {
	r := &reader{data: data}
	if r.bits(8) != 0x2f {
		return Cost{}, errVersion
	}
	c := Cost{Width: int(r.bits(14)) + 1, Height: int(r.bits(14)) + 1}
	if r.bits(1); r.bits(3) != 0 || r.short {
		return Cost{}, errVersion
	}
	if int64(c.Width)*int64(c.Height) > mostPixels {
		return c, nil
	}
	return r.cost(c.Width, c.Height)
}

// ReadAlphaCost is like ReadCost for the transparency of a picture with losses, which lacks the
// size.
func ReadAlphaCost(data []byte, w, h int) (Cost, error) {
	return (&reader{data: data}).cost(w, h)
}

// cost reads from the transforms on.
func (r *reader) cost(w, h int) (c Cost, err error) {
	c.Width, c.Height, c.length = w, h, len(r.data)
	var seen [4]bool
	for r.bits(1) == 1 {
		kind := r.bits(2)
		if seen[kind] {
			return c, errRepeat
		}
		seen[kind] = true
		if w, err = r.transform(&c, kind, w, h); err != nil {
			return c, err
		}
	}
	if c.Cache, err = r.cacheSize(); err != nil {
		return c, err
	}
	c.Groups = 1
	if r.bits(1) == 1 {
		size := int(r.bits(3)) + 2
		groups := pixels{w: parts(w, size), h: parts(h, size), kept: true}
		if err := r.picture(&c, &groups); err != nil {
			return c, err
		}
		for _, argb := range groups.argb {
			c.Groups = max(c.Groups, int(argb>>8&0xffff)+1)
		}
	}
	if c.Groups > maxGroups {
		return c, ErrCodes
	}
	for range c.Groups {
		if c.work() > c.mostWork() {
			return c, ErrCodes
		}
		for i := range codesPerGroup {
			lengths, err := r.codeLengths(alphabet(i, c.Cache))
			if err != nil {
				return c, err
			}
			c.Symbols += len(lengths) - bytes.Count(lengths, []byte{0})
		}
	}
	return c, nil
}

// ErrCodes is the error for more groups of codes than golang.org/x/image/vp8l reads, and for codes
// that take most of the time, as no encoder writes them.
var ErrCodes = errors.New("vp8l: too many Huffman codes")

// maxGroups is what golang.org/x/image/vp8l reads, and more than encoders write.
const maxGroups = 2600

// Memory returns how many bytes golang.org/x/image/vp8l v0.47.0 takes, at most: the pixels, a
// second time if they are indexes, and for each group its tables, the lengths and codes of its
// alphabets, and two nodes of a tree for each symbol.
func (c Cost) Memory() int64 {
	const tables, lengthAndCode, nodes = codesPerGroup * 536, 8, 16
	const others = 4 // groups: one for each of the pictures that the main one is made with
	pixels := c.Width*c.Height + c.Extra + 256
	if c.Indexed {
		pixels += c.Width * c.Height
	}
	perGroup := tables
	for i := range codesPerGroup {
		perGroup += lengthAndCode * alphabet(i, c.Cache)
	}
	return int64(4*pixels + 4*c.Cache + (c.Groups+others)*perGroup + c.Symbols*nodes)
}

// work returns about how long reading the codes takes, in units of the time for a pixel.
func (c Cost) work() int {
	symbols := 0
	for i := range codesPerGroup {
		symbols += alphabet(i, c.Cache)
	}
	return c.Symbols + c.Groups*symbols/8
}

// mostWork returns how long they may take. Photos need a tenth of the time for their pixels and
// bytes.
func (c Cost) mostWork() int {
	const times, free = 2, 4096 // free for small pictures
	return times*(c.Width*c.Height+c.length) + free
}

// parts returns how many squares of 1<<size pixels cover a length.
func parts(length, size int) int { return (length + 1<<size - 1) >> size }

// transform reads a transform and returns the width of the picture that is left.
func (r *reader) transform(c *Cost, kind uint32, w, h int) (int, error) {
	const predict, colour, green, index = 0, 1, 2, 3
	switch kind {
	case predict, colour:
		size := int(r.bits(3)) + 2
		return w, r.picture(c, &pixels{w: parts(w, size), h: parts(h, size)})
	case green:
		return w, nil
	}
	c.Indexed = true
	colours := int(r.bits(8)) + 1
	packed := 0
	switch {
	case colours <= 2:
		packed = 3
	case colours <= 4:
		packed = 2
	case colours <= 16:
		packed = 1
	}
	return parts(w, packed), r.picture(c, &pixels{w: colours, h: 1})
}

// cacheSize reads how many colours the colour cache holds.
func (r *reader) cacheSize() (int, error) {
	if r.bits(1) == 0 {
		return 0, nil
	}
	n := r.bits(4)
	if n < 1 || 1<<n > maxCache {
		return 0, errCode
	}
	return 1 << n, nil
}

// maxCache is the largest number of colours in a cache.
const maxCache = 1 << 11

// picture reads one of the pictures that the main one is made with.
func (r *reader) picture(c *Cost, p *pixels) error {
	c.Extra += p.w * p.h
	cache, err := r.cacheSize()
	if err != nil {
		return err
	}
	codes, err := r.group(cache)
	if err != nil {
		return err
	}
	if p.kept {
		p.cache = make([]uint32, cache)
	}
	for p.n < p.w*p.h {
		if err := r.pixel(p, &codes); err != nil {
			return err
		}
		if r.short {
			return errShort
		}
	}
	return nil
}
