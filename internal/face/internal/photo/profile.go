package photo

import (
	"encoding/binary"
	"errors"
	"math"
	"strings"
	"unicode"
	"unicode/utf16"
)

// ICC colour profiles (ICC.1:2022) are read as far as photos need it: three channels by a matrix
// and tone curves, and grey by one tone curve. These are the profiles that phones, cameras and
// editors embed: Display P3, Adobe RGB, ProPhoto, gamma 2.2. Those that go by tables of colours, as
// scanners and printers have, are not read: their photos are taken for sRGB, and the report names
// the profile.
//
// No library does it. Of those for Go the one that is kept up
// (github.com/kovidgoyal/imaging/prism/meta/icc v1.9.0) allocates by counts in the file, to tens of
// gigabytes, spends a time on curves that grows with the square of their length, and computes in
// floating point to the last pixel. Making hostile profiles safe for it takes reading the same tags
// first; what is left after that are these curves and a matrix.

var (
	// ErrProfile means that a profile cannot be read.
	ErrProfile = errors.New("the colour profile is malformed")
	// ErrProfileKind means that a profile is well-formed and not of a kind that is read.
	ErrProfileKind = errors.New("the colour profile is of a kind that is not read")
)

// profile is what an ICC profile says of its colours, relative to its white.
type profile struct {
	Grey bool
	// Tones gives linear light, 0 to 1, for a value of 0 to 1: of red, green and blue, or of grey
	// alone.
	Tones [3]tone
	// Columns are the colours of full red, green and blue, in XYZ adapted to D50.
	Columns [3]xyz
}

type xyz struct{ X, Y, Z float64 }

type tone func(v float64) float64

const (
	profileHeader  = 128
	profileTags    = 100 // at most; real profiles have 9 to 20
	profileTag     = 12  // bytes of an entry in the table of tags
	profileNameLen = 64  // runes of a name that are shown
)

// ReadProfile reads a profile. Its errors are ErrProfile and ErrProfileKind.
func ReadProfile(icc []byte) (profile, error) {
	tags, err := tagsOf(icc)
	if err != nil {
		return profile{}, err
	}
	var p profile
	connection := string(icc[20:24])
	switch string(icc[16:20]) {
	case "GRAY":
		p.Grey = true
		err = p.readGrey(tags, connection)
	case "RGB ":
		err = p.readColours(tags, connection)
	default:
		err = ErrProfileKind
	}
	if err == nil && !p.sound() {
		err = ErrProfile
	}
	return p, err
}

// tagsOf returns the data of each tag by its signature. None reaches beyond the profile.
func tagsOf(icc []byte) (map[string][]byte, error) {
	if len(icc) < profileHeader+4 || string(icc[36:40]) != "acsp" {
		return nil, ErrProfile
	}
	count := binary.BigEndian.Uint32(icc[profileHeader:])
	table := icc[profileHeader+4:]
	if count > profileTags || len(table) < profileTag*int(count) {
		return nil, ErrProfile
	}
	tags := make(map[string][]byte, count)
	for i := range int(count) {
		entry := table[profileTag*i:][:profileTag]
		start, size := uint64(binary.BigEndian.Uint32(entry[4:])), uint64(binary.BigEndian.Uint32(entry[8:]))
		if start+size > uint64(len(icc)) {
			return nil, ErrProfile
		}
		tags[string(entry[:4])] = icc[start : start+size]
	}
	return tags, nil
}

func (p *profile) readGrey(tags map[string][]byte, connection string) error {
	of, err := toneOf(tags["kTRC"])
	switch {
	case err != nil:
		return err
	case connection == "XYZ ":
		p.Tones[0] = of
	case connection == "Lab ":
		p.Tones[0] = func(v float64) float64 { return luminance(100 * of(v)) }
	default:
		return ErrProfileKind
	}
	return nil
}

// luminance returns the luminance of a lightness L*, 0 to 100, relative to white (CIE 15).
func luminance(lightness float64) float64 {
	if lightness <= 8 {
		return lightness * 27 / 24389
	}
	root := (lightness + 16) / 116
	return root * root * root
}

func (p *profile) readColours(tags map[string][]byte, connection string) error {
	if connection != "XYZ " || tags["rXYZ"] == nil {
		return ErrProfileKind
	}
	for i, channel := range [...]string{"r", "g", "b"} {
		var err error
		if p.Columns[i], err = xyzOf(tags[channel+"XYZ"]); err != nil {
			return err
		}
		if p.Tones[i], err = toneOf(tags[channel+"TRC"]); err != nil {
			return err
		}
	}
	return nil
}

// sound reports whether white is light, black is dark, and white is about as white as the
// connection space wants it. A profile that fails would show what was not photographed.
func (p *profile) sound() bool {
	const apart, off, most = 0.5, 0.3, 3
	light, dark := 0.0, 0.0
	if p.Grey {
		light, dark = p.Tones[0](1), p.Tones[0](0)
		return light-dark > apart
	}
	var white xyz
	for i, c := range p.Columns {
		if max(math.Abs(c.X), math.Abs(c.Y), math.Abs(c.Z)) > most {
			return false
		}
		white = xyz{white.X + c.X, white.Y + c.Y, white.Z + c.Z}
		light += float64(c.Y * p.Tones[i](1))
		dark += float64(c.Y * p.Tones[i](0))
	}
	near := func(v, want float64) bool { return math.Abs(v-want) < off }
	return light-dark > apart && near(white.X, 0.9642) && near(white.Y, 1) && near(white.Z, 0.8249)
}

// xyzOf reads an XYZType with one value.
func xyzOf(tag []byte) (xyz, error) {
	if len(tag) < 20 || string(tag[:4]) != "XYZ " {
		return xyz{}, ErrProfile
	}
	return xyz{fixed16(tag[8:]), fixed16(tag[12:]), fixed16(tag[16:])}, nil
}

// fixed16 reads an s15Fixed16Number.
func fixed16(b []byte) float64 { return float64(int32(binary.BigEndian.Uint32(b))) / (1 << 16) }

// toneOf reads a curveType or a parametricCurveType.
func toneOf(tag []byte) (tone, error) {
	if len(tag) < 12 {
		return nil, ErrProfile
	}
	switch string(tag[:4]) {
	case "curv":
		return sampledTone(tag[12:], binary.BigEndian.Uint32(tag[8:]))
	case "para":
		return parametricTone(tag[12:], binary.BigEndian.Uint16(tag[8:]))
	}
	return nil, ErrProfileKind
}

// sampledTone returns the identity without samples, with one a power, else a line through the
// samples.
func sampledTone(samples []byte, count uint32) (tone, error) {
	if uint64(len(samples)) < 2*uint64(count) {
		return nil, ErrProfile
	}
	at := func(i int) float64 { return float64(binary.BigEndian.Uint16(samples[2*i:])) }
	switch count {
	case 0:
		return func(v float64) float64 { return v }, nil
	case 1:
		gamma := at(0) / 256
		return func(v float64) float64 { return math.Pow(v, gamma) }, nil
	}
	last := int(count) - 1
	return func(v float64) float64 {
		place := float64(v * float64(last))
		i := min(int(place), last-1)
		share := place - float64(i)
		return (float64(at(i)*(1-share)) + float64(at(i+1)*share)) / 65535
	}, nil
}

// parametricTone reads the functions 0 to 4 of ICC.1:2022, table 68.
func parametricTone(numbers []byte, kind uint16) (tone, error) {
	params := [...]int{1, 3, 4, 5, 7}
	if int(kind) >= len(params) {
		return nil, ErrProfileKind
	}
	if len(numbers) < 4*params[kind] {
		return nil, ErrProfile
	}
	var n [7]float64
	for i := range params[kind] {
		n[i] = fixed16(numbers[4*i:])
	}
	g, a, b, c, d, e, f := n[0], n[1], n[2], n[3], n[4], n[5], n[6]
	switch kind {
	case 0: // v^g
		a, b, c, d = 1, 0, 0, 0
	case 1: // (av+b)^g, 0 below the zero of the base
		c, d = 0, -b/a
	case 2: // (av+b)^g + c, c below the zero of the base
		c, d, e, f = 0, -b/a, c, c
	}
	return func(v float64) float64 {
		if v >= d {
			return Within01(math.Pow(float64(a*v)+b, g) + e)
		}
		return Within01(float64(c*v) + f)
	}, nil
}

// Within01 bounds a value; what is not a number counts as 0.
func Within01(v float64) float64 {
	if v > 0 {
		return min(v, 1)
	}
	return 0
}

// profileName returns what a profile calls itself, "" if it does not. It comes from a stranger, and
// is shortened and freed of what cannot be printed.
func profileName(icc []byte) string {
	tags, err := tagsOf(icc)
	if err != nil {
		return ""
	}
	shown := 0
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		if shown == profileNameLen || !unicode.IsPrint(r) {
			return -1
		}
		shown++
		return r
	}, textOf(tags["desc"])))
}

// textOf reads a textDescriptionType (version 2) or the first text of a multiLocalizedUnicodeType
// (version 4).
func textOf(tag []byte) string {
	const firstRecord, recordSize = 16, 12
	switch {
	case len(tag) >= 12 && string(tag[:4]) == "desc":
		text := tag[12:]
		return string(text[:min(uint64(binary.BigEndian.Uint32(tag[8:])), uint64(len(text)))])
	case len(tag) >= firstRecord+recordSize && string(tag[:4]) == "mluc":
		size, start := uint64(
			binary.BigEndian.Uint32(tag[firstRecord+4:]),
		), uint64(binary.BigEndian.Uint32(tag[firstRecord+8:]))
		if start+size > uint64(len(tag)) {
			return ""
		}
		text := tag[start : start+size]
		units := make([]uint16, min(len(text)/2, 2*profileNameLen))
		for i := range units {
			units[i] = binary.BigEndian.Uint16(text[2*i:])
		}
		return string(utf16.Decode(units))
	}
	return ""
}
