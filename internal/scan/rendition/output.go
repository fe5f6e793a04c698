package rendition

// pieceSize is the size of a piece, bytes.
const pieceSize = 256 << 10

// pieces gathers what an encoder writes. A buffer that grows would hold up to three times as much.
type pieces struct {
	list [][]byte
	size int
}

// Write takes a copy of b and does not fail.
func (p *pieces) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		last := len(p.list) - 1
		if last < 0 || len(p.list[last]) == pieceSize {
			p.list = append(p.list, make([]byte, 0, pieceSize))
			last++
		}
		n := min(len(rest), pieceSize-len(p.list[last]))
		p.list[last] = append(p.list[last], rest[:n]...)
		rest = rest[n:]
	}
	p.size += len(b)
	return len(b), nil
}

// joined returns all that was written.
func (p *pieces) joined() []byte {
	data := make([]byte, 0, p.size)
	for _, piece := range p.list {
		data = append(data, piece...)
	}
	return data
}
