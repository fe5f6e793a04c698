package jpegtest

import (
	"cmp"
	"math/bits"
	"slices"
)

// symbol is what a scan writes: a code of a table, then bits. Table -1 stands for bits alone, table
// restart for the end of an interval.
type symbol struct {
	table, code int
	value, size int
}

const restart = -2

// scan writes a scan with tables made for it, as most programs do.
func (e *encoder) scan(s Scan) {
	w := scanWriter{encoder: e, Scan: s}
	w.mcus()
	var codes [4]map[int]code // DC and AC tables, of the first component and of the others
	for t := range codes {
		if counts := w.counts(t); len(counts) > 0 {
			var table []byte
			codes[t], table = huffman(counts)
			e.segment(0xc4, append([]byte{byte(t%2<<4 | t/2)}, table...)...)
		}
	}
	header := []byte{byte(len(s.Components))}
	for _, c := range s.Components {
		id := byte(min(c, 1))
		header = append(header, byte(c+1), id<<4|id)
	}
	e.segment(0xda, append(header, byte(s.From), byte(s.To), byte(s.High<<4|s.Low))...)
	e.out = write(e.out, w.symbols, codes)
}

// scanWriter collects the symbols of a scan.
type scanWriter struct {
	*encoder
	Scan
	symbols []symbol
	dc      [3]int
	// run counts the blocks without further coefficients, pending the bits of theirs that are
	// refined.
	run     int
	pending []symbol
	table   int // of the AC coefficients
}

func (w *scanWriter) counts(table int) map[int]int {
	counts := map[int]int{}
	for _, s := range w.symbols {
		if s.table == table {
			counts[s.code]++
		}
	}
	return counts
}

// mcus goes through the MCUs in their order.
func (w *scanWriter) mcus() {
	first := &w.planes[w.Components[0]]
	across, down := first.blocksX, first.blocksY
	if len(w.Components) > 1 {
		across, down = first.strideX/first.h, first.strideY/first.v
	}
	for n := range across * down {
		if w.Restart > 0 && n > 0 && n%w.Restart == 0 {
			w.endRun()
			w.symbols = append(w.symbols, symbol{table: restart})
			w.dc = [3]int{}
		}
		w.mcu(n%across, n/across)
	}
	w.endRun()
}

func (w *scanWriter) mcu(x, y int) {
	if len(w.Components) == 1 {
		p := &w.planes[w.Components[0]]
		w.block(w.Components[0], &p.blocks[y*p.strideX+x])
		return
	}
	for _, c := range w.Components {
		p := &w.planes[c]
		for v := range p.v {
			for h := range p.h {
				w.block(c, &p.blocks[(y*p.v+v)*p.strideX+x*p.h+h])
			}
		}
	}
}

// block writes a block by the kind of the scan.
func (w *scanWriter) block(c int, b *[64]int) {
	w.table = 2*min(c, 1) + 1
	switch {
	case w.Frame != 0xc2:
		w.difference(c, b[0])
		w.sequential(b)
	case w.From == 0 && w.High == 0:
		w.difference(c, b[0]>>w.Low)
	case w.From == 0:
		w.bits(b[0]>>w.Low&1, 1)
	case w.High == 0:
		w.first(b)
	default:
		w.next(b)
	}
}

func (w *scanWriter) bits(value, size int) {
	w.symbols = append(w.symbols, symbol{table: -1, value: value, size: size})
}

// valued returns the size of a value and its bits (T.81, F.1.2.1).
func valued(v int) (size, value int) {
	size = bits.Len(uint(max(v, -v)))
	if v < 0 {
		v += 1<<size - 1
	}
	return size, v
}

func (w *scanWriter) difference(c, dc int) {
	size, value := valued(dc - w.dc[c])
	w.dc[c] = dc
	w.symbols = append(w.symbols, symbol{2 * min(c, 1), size, value, size})
}

func (w *scanWriter) sequential(b *[64]int) {
	zeros := 0
	for _, v := range b[1:] {
		if v == 0 {
			zeros++
			continue
		}
		for ; zeros > 15; zeros -= 16 {
			w.symbols = append(w.symbols, symbol{table: w.table, code: 0xf0})
		}
		size, value := valued(v)
		w.symbols = append(w.symbols, symbol{w.table, zeros<<4 | size, value, size})
		zeros = 0
	}
	if zeros > 0 {
		w.symbols = append(w.symbols, symbol{table: w.table})
	}
}

// shifted drops bits of a coefficient towards zero (T.81, G.1.2.1).
func shifted(v, low int) int {
	if v < 0 {
		return -(-v >> low)
	}
	return v >> low
}

// first writes the high bits of the AC coefficients of a block.
func (w *scanWriter) first(b *[64]int) {
	zeros := 0
	for _, v := range b[w.From : w.To+1] {
		if v = shifted(v, w.Low); v == 0 {
			zeros++
			continue
		}
		w.endRun()
		for ; zeros > 15; zeros -= 16 {
			w.symbols = append(w.symbols, symbol{table: w.table, code: 0xf0})
		}
		size, value := valued(v)
		w.symbols = append(w.symbols, symbol{w.table, zeros<<4 | size, value, size})
		zeros = 0
	}
	if zeros > 0 {
		w.addToRun(nil)
	}
}

// next writes a further bit of the AC coefficients of a block.
func (w *scanWriter) next(b *[64]int) {
	last := 0 // the last coefficient that becomes other than zero
	for k := w.From; k <= w.To; k++ {
		if v := shifted(b[k], w.Low); v == 1 || v == -1 {
			last = k
		}
	}
	zeros, open := 0, []symbol(nil)
	for k := w.From; k <= w.To; k++ {
		v := shifted(b[k], w.Low)
		if v == 0 {
			zeros++
			continue
		}
		for ; zeros > 15 && k <= last; zeros -= 16 {
			w.endRun()
			w.symbols = append(append(w.symbols, symbol{table: w.table, code: 0xf0}), open...)
			open = nil
		}
		if v != 1 && v != -1 {
			open = append(open, symbol{table: -1, value: max(v, -v) & 1, size: 1})
			continue
		}
		w.endRun()
		w.symbols = append(append(w.symbols, symbol{w.table, zeros<<4 | 1, (v + 1) / 2, 1}), open...)
		zeros, open = 0, nil
	}
	if zeros > 0 || open != nil {
		w.addToRun(open)
	}
}

// addToRun counts a block without further coefficients.
func (w *scanWriter) addToRun(open []symbol) {
	w.pending = append(w.pending, open...)
	if w.run++; w.run == 0x7fff {
		w.endRun()
	}
}

// endRun writes how many blocks have no further coefficients.
func (w *scanWriter) endRun() {
	if w.run == 0 {
		return
	}
	size := bits.Len(uint(w.run)) - 1
	w.symbols = append(append(w.symbols, symbol{w.table, size << 4, w.run - 1<<size, size}), w.pending...)
	w.run, w.pending = 0, nil
}

type code struct{ bits, size int }

// huffman returns a table for symbols by how often they occur: the codes, and the table as DHT has
// it. No code consists of ones (T.81, K.2).
func huffman(counts map[int]int) (codes map[int]code, table []byte) {
	lengths := lengthsOf(counts)
	var symbols []int
	for s := range counts {
		symbols = append(symbols, s)
	}
	slices.SortFunc(symbols, func(a, b int) int { return cmp.Or(lengths[a]-lengths[b], a-b) })
	codes, table = map[int]code{}, make([]byte, 16)
	next, size := 0, 0
	for _, s := range symbols {
		next <<= lengths[s] - size
		size = lengths[s]
		codes[s] = code{next, size}
		next++
		table[size-1]++
		table = append(table, byte(s))
	}
	return codes, table
}

// lengthsOf returns the length of each symbol's code, at most 16. Counts are made more even until
// that holds.
func lengthsOf(counts map[int]int) map[int]int {
	type node struct {
		count   int
		symbols []int
	}
	nodes := []node{{0, []int{-1}}} // keeps the code of ones free
	for s, n := range counts {
		nodes = append(nodes, node{n, []int{s}})
	}
	lengths := map[int]int{}
	for len(nodes) > 1 {
		slices.SortFunc(nodes, func(a, b node) int {
			return cmp.Or(b.count-a.count, slices.Max(b.symbols)-slices.Max(a.symbols))
		})
		a, b := nodes[len(nodes)-2], nodes[len(nodes)-1]
		both := node{a.count + b.count, append(slices.Clone(a.symbols), b.symbols...)}
		for _, s := range both.symbols {
			lengths[s]++
		}
		nodes = append(nodes[:len(nodes)-2], both)
	}
	for _, length := range lengths {
		if length > 16 {
			flatter := map[int]int{}
			for s, n := range counts {
				flatter[s] = n/2 + 1
			}
			return lengthsOf(flatter)
		}
	}
	delete(lengths, -1)
	return lengths
}

// write appends the symbols of a scan.
func write(out []byte, symbols []symbol, codes [4]map[int]code) []byte {
	acc, have, turn := 0, 0, 0
	put := func(value, size int) {
		for i := size - 1; i >= 0; i-- {
			acc, have = acc<<1|value>>i&1, have+1
			if have == 8 {
				out = append(out, byte(acc))
				if acc == 0xff {
					out = append(out, 0)
				}
				acc, have = 0, 0
			}
		}
	}
	fill := func() { put(0xff, (8-have)%8) }
	for _, s := range symbols {
		if s.table == restart {
			fill()
			out = append(out, 0xff, 0xd0+byte(turn%8))
			turn++
			continue
		}
		if s.table >= 0 {
			c := codes[s.table][s.code]
			put(c.bits, c.size)
		}
		put(s.value, s.size)
	}
	fill()
	return out
}
