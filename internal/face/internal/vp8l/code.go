package vp8l

// reader reads bits, the lowest first.
type reader struct {
	data  []byte
	acc   uint64
	have  int
	short bool // whether bits were read that are not there

	scratch [literals + lengths + maxCache]uint8
}

// bits reads up to 24 bits. Those behind the end of the data are 0.
func (r *reader) bits(n int) uint32 {
	for r.have < n {
		if len(r.data) == 0 {
			r.short = true
			r.have += 64 // enough for this one and more
			break
		}
		r.acc |= uint64(r.data[0]) << r.have
		r.data, r.have = r.data[1:], r.have+8
	}
	v := uint32(r.acc) & (1<<n - 1)
	r.acc >>= n
	r.have -= n
	return v
}

const maxLength = 15 // bits of a code

// code is a Huffman code: how many codes there are of each length, and the symbols in their order.
type code struct {
	counts  [maxLength + 1]int
	symbols []uint16
}

// codeOf returns the code with these lengths of its symbols' codes, 0 for symbols without.
func codeOf(lengths []uint8) code {
	var c code
	for _, n := range lengths {
		c.counts[n]++
	}
	c.counts[0] = 0
	var next [maxLength + 2]int
	for n, count := range c.counts {
		next[n+1] = next[n] + count
	}
	c.symbols = make([]uint16, next[maxLength+1])
	for symbol, n := range lengths {
		if n > 0 {
			c.symbols[next[n]] = uint16(symbol)
			next[n]++
		}
	}
	return c
}

// symbol reads a symbol. A code of one symbol has no bits.
func (r *reader) symbol(c *code) (int, error) {
	if len(c.symbols) == 1 {
		return int(c.symbols[0]), nil
	}
	value, first, at := 0, 0, 0
	for n := 1; n <= maxLength; n++ {
		value |= int(r.bits(1))
		count := c.counts[n]
		if value-first < count {
			return int(c.symbols[at+value-first]), nil
		}
		at += count
		first = (first + count) << 1
		value <<= 1
	}
	return 0, errCode
}

// codeLengths reads the lengths of a code over an alphabet. They are good until the next call.
func (r *reader) codeLengths(alphabet int) ([]uint8, error) {
	if r.short {
		return nil, errShort
	}
	lengths := r.scratch[:alphabet]
	clear(lengths)
	if r.bits(1) == 1 {
		return lengths, r.simple(lengths)
	}
	return lengths, r.lengths(lengths)
}

// simple reads a code of one or two symbols.
func (r *reader) simple(lengths []uint8) error {
	two := r.bits(1) == 1
	width := 1
	if r.bits(1) == 1 {
		width = 8
	}
	first, second := int(r.bits(width)), 0
	if two {
		second = int(r.bits(8))
	}
	if max(first, second) >= len(lengths) {
		return errCode
	}
	lengths[first] = 1
	if two {
		lengths[second] = 1
	}
	return nil
}

// lengths reads the lengths of a code, which are written in a code of their own.
func (r *reader) lengths(lengths []uint8) error {
	order := [...]uint8{17, 18, 0, 1, 2, 3, 4, 5, 16, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}
	var own [len(order)]uint8
	n := int(r.bits(4)) + 4
	for _, i := range order[:min(n, len(order))] {
		own[i] = uint8(r.bits(3))
	}
	c := codeOf(own[:])
	if n > len(order) || len(c.symbols) == 0 {
		return errCode
	}
	most := len(lengths) // symbols of the code of lengths
	if r.bits(1) == 1 {
		most = 2 + int(r.bits(2+2*int(r.bits(3))))
	}
	const repeat, zeros, manyZeros = 16, 17, 18
	last := uint8(8)
	for at := 0; at < len(lengths) && most > 0; most-- {
		symbol, err := r.symbol(&c)
		if err != nil {
			return err
		}
		times, value := 1, uint8(symbol)
		switch symbol {
		case repeat:
			times, value = 3+int(r.bits(2)), last
		case zeros:
			times, value = 3+int(r.bits(3)), 0
		case manyZeros:
			times, value = 11+int(r.bits(7)), 0
		}
		if at+times > len(lengths) {
			return errCode
		}
		for range times {
			lengths[at] = value
			at++
		}
		if value > 0 {
			last = value
		}
	}
	return nil
}
