package jpeg

import (
	"bytes"
	"errors"
	"image"
	stdjpeg "image/jpeg"
	"sync"
)

var errTable = errors.New("jpeg: Huffman table is malformed, or missing")

// lookBits is how many bits of a scan are looked up at once. Longer codes are rare in photos.
const lookBits = 10

// huffman is a Huffman table of a JPEG (ITU T.81, annex C).
type huffman struct {
	counts  []byte // of codes of 1 to 16 bits
	symbols []byte // in the order of their codes
	// look maps the next lookBits bits to symbol<<8 | length of the code, 0 where it is longer.
	look [1 << lookBits]uint16
	// Codes of n bits, moved to the top of 16, are below ends[n]; shift[n] leads from a code to its
	// place in symbols.
	ends  [17]int
	shift [17]int
	// values is look for AC coefficients of sequential scans; see withValues.
	values *[1 << lookBits]acValue
}

// readHuffman takes the first table of a DHT segment's body.
func readHuffman(body []byte) (counts, symbols []byte, class, id int, err error) {
	const head = 1 + 16
	if len(body) < head {
		return nil, nil, 0, 0, errTable
	}
	class, id = int(body[0]>>4), int(body[0]&15)
	n := 0
	for _, count := range body[1:head] {
		n += int(count)
	}
	if class > 1 || id > 3 || n > 256 || len(body) < head+n {
		return nil, nil, 0, 0, errTable
	}
	return body[1:head], body[head : head+n], class, id, nil
}

// readTables takes the body of a DHT segment. A table that no scan has used yet is overwritten in
// place: a file of 25 MB may define a million of them.
func readTables(body []byte, tables *[2][4]*huffman) error {
	for len(body) > 0 {
		counts, symbols, class, id, err := readHuffman(body)
		if err != nil {
			return err
		}
		t := &tables[class][id]
		if *t == nil || (*t).ends[16] != 0 {
			*t = new(huffman)
		}
		(*t).counts, (*t).symbols = counts, symbols
		body = body[1+len(counts)+len(symbols):]
	}
	return nil
}

// build fills look. It is called for the tables that a scan uses: a file may hold any
// number of others.
func (t *huffman) build() error {
	if t.ends[16] != 0 {
		return nil
	}
	code, k := 0, 0
	for n := 1; n <= 16; n++ {
		count := int(t.counts[n-1])
		if code+count > 1<<n {
			return errTable
		}
		t.shift[n] = k - code
		for range count {
			if n <= lookBits {
				for i := range 1 << (lookBits - n) {
					t.look[code<<(lookBits-n)+i] = uint16(t.symbols[k])<<8 | uint16(n)
				}
			}
			code++
			k++
		}
		t.ends[n] = code << (16 - n)
		code <<= 1
	}
	if k == 0 {
		return errTable
	}
	return nil
}

// long finds the code, longer than lookBits, at the top of 64 bits. Its length is 0 if there is
// none.
func (t *huffman) long(acc uint64) (symbol byte, length int) {
	top := int(acc >> 48)
	for n := lookBits + 1; n <= 16; n++ {
		if top < t.ends[n] {
			return t.symbols[top>>(16-n)+t.shift[n]], n
		}
	}
	return 0, 0
}

// acValue is what a code means among the AC coefficients of a sequential scan, in parts: how many
// bits it has, with those of the value if they were seen; how many bits of the value are still to
// be read; how many coefficients it takes; the value if it was seen.
type acValue int32

const (
	stepShift  = 10
	valueShift = 18
	// endOfBlock is the number of coefficients that the code for the end of a block takes: more
	// than there are.
	endOfBlock = 128
)

func (v acValue) bits() int   { return int(v & 31) }
func (v acValue) size() int   { return int(v >> 5 & 31) }
func (v acValue) step() int   { return int(v >> stepShift & 255) }
func (v acValue) seen() int32 { return int32(v >> valueShift) }

// acValueOf returns the value of a code with so many bits, 0 if it means nothing.
func acValueOf(symbol byte, length int) acValue {
	run, size := int(symbol>>4), int(symbol&15)
	switch {
	case symbol == 0:
		return acValue(length | endOfBlock<<stepShift)
	case size == 0 && run != 15:
		return 0
	}
	return acValue(length | size<<5 | (run+1)<<stepShift)
}

// withValues fills values as well.
func (t *huffman) withValues() {
	if t.values != nil {
		return
	}
	t.values = new([1 << lookBits]acValue)
	for i, e := range t.look {
		if e == 0 {
			continue
		}
		v := acValueOf(byte(e>>8), int(e&255))
		if length := v.bits() + v.size(); v.size() > 0 && length <= lookBits {
			value := extended(i>>(lookBits-length)&(1<<v.size()-1), v.size())
			v = acValue(length | v.step()<<stepShift | value<<valueShift)
		}
		t.values[i] = v
	}
}

// extended returns the signed value of bits (T.81, figure F.12).
func extended(v, size int) int {
	if v < 1<<size>>1 {
		v -= 1<<size - 1
	}
	return v
}

// usualTables are the tables of T.81, annex K.3, by class and number, for files that bring none,
// such as frames of films. The encoder of image/jpeg knows no others.
var usualTables = sync.OnceValue(func() (tables [2][4]*huffman) {
	var file bytes.Buffer
	if err := stdjpeg.Encode(&file, image.NewRGBA(image.Rect(0, 0, 1, 1)), nil); err != nil {
		panic(err)
	}
	for pos := 2; ; {
		s, err := readSegment(file.Bytes(), pos)
		if err != nil || s.marker == markerSOS {
			break
		}
		if pos = s.end; s.marker == markerDHT {
			_ = readTables(s.body, &tables)
		}
	}
	return tables
})

// longValue returns the value of a code longer than lookBits at the top of 64 bits, 0 if it has
// none.
func (t *huffman) longValue(acc uint64) acValue {
	if t.look[acc>>(64-lookBits)] != 0 {
		return 0
	}
	symbol, n := t.long(acc)
	if n == 0 {
		return 0
	}
	return acValueOf(symbol, n)
}
