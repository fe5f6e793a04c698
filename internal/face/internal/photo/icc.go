package photo

import (
	"bytes"
	"compress/zlib"
	"io"
)

// MaxICC bounds an embedded colour profile in bytes. Profiles of cameras and displays have 0.5 to
// 60 KB.
const MaxICC = 1 << 20

const iccPrefix = "ICC_PROFILE\x00"

// iccChunks collects a profile from the APP2 segments of a JPEG (ICC.1:2022, annex B.4). Each
// carries its number, counted from 1, and the number of segments.
type iccChunks struct {
	parts  [256][]byte // by number
	count  byte        // of segments, as the first of them has it
	seen   int
	broken bool
}

// add takes the body of an APP2 segment. A body of another kind is passed over.
func (c *iccChunks) add(body []byte) {
	rest, ok := bytes.CutPrefix(body, []byte(iccPrefix))
	if !ok {
		return
	}
	if len(rest) < 2 || rest[0] == 0 || rest[0] > rest[1] || c.count != 0 && c.count != rest[1] ||
		c.parts[rest[0]] != nil {
		c.broken = true
		return
	}
	c.count = rest[1]
	c.parts[rest[0]] = rest[2:]
	c.seen++
}

// profile returns the profile, or nil if there is none, a part is missing or twice there, or it is
// too large.
func (c *iccChunks) profile() []byte {
	if c.broken || c.seen == 0 || c.seen != int(c.count) {
		return nil
	}
	parts, size := c.parts[1:int(c.count)+1], 0
	for _, part := range parts {
		size += len(part)
	}
	if size > MaxICC {
		return nil
	}
	return bytes.Join(parts, nil)
}

// iccFromPNG returns the profile in the body of an iCCP chunk: a name of 1 to 79 bytes, a zero, the
// method 0 and the profile, deflated (ISO/IEC 15948, 11.3.3.3). It returns nil for a body that is
// malformed.
func iccFromPNG(body []byte) []byte {
	const maxName = 79
	name := bytes.IndexByte(body, 0)
	if name < 1 || name > maxName || len(body) < name+2 || body[name+1] != 0 {
		return nil
	}
	z, err := zlib.NewReader(bytes.NewReader(body[name+2:]))
	if err != nil {
		return nil
	}
	profile, err := io.ReadAll(io.LimitReader(z, MaxICC+1))
	if err != nil || len(profile) > MaxICC {
		return nil
	}
	return profile
}

// iccFromWebP returns the profile in the body of an ICCP chunk, nil if it is too large.
func iccFromWebP(body []byte) []byte {
	if len(body) > MaxICC {
		return nil
	}
	return body
}
