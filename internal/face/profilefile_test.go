package face

import (
	"encoding/binary"
	"math"
	"slices"
)

// iccFile is an ICC profile in the making (ICC.1:2022, clause 7).
type iccFile struct {
	version           byte
	space, connection string
	tags              []iccTag
}

type iccTag struct {
	name string
	data []byte
}

func (f iccFile) bytes() []byte {
	out := make([]byte, profileHeader)
	out[8] = f.version
	copy(out[12:], "mntr"+f.space+f.connection)
	copy(out[36:], "acsp")
	out = binary.BigEndian.AppendUint32(out, uint32(len(f.tags)))
	at := len(out) + profileTag*len(f.tags)
	var data []byte
	for _, t := range f.tags {
		out = append(out, t.name...)
		out = binary.BigEndian.AppendUint32(out, uint32(at+len(data)))
		out = binary.BigEndian.AppendUint32(out, uint32(len(t.data)))
		data = append(data, t.data...)
		data = append(data, make([]byte, -len(data)&3)...)
	}
	out = append(out, data...)
	binary.BigEndian.PutUint32(out, uint32(len(out)))
	return out
}

// with gives the profile with a tag instead of the one of its name.
func (f iccFile) with(name string, data []byte) iccFile {
	f.tags = slices.Clone(f.tags)
	for i := range f.tags {
		if f.tags[i].name == name {
			f.tags[i].data = data
			return f
		}
	}
	f.tags = append(f.tags, iccTag{name, data})
	return f
}

// rgbProfile is one of a matrix, its columns red, green and blue, with one tone curve.
func rgbProfile(version byte, name string, columns [3]xyz, curve []byte) iccFile {
	f := iccFile{version: version, space: "RGB ", connection: "XYZ "}
	f = f.with("desc", nameTag(version, name))
	for i, channel := range [...]string{"r", "g", "b"} {
		f = f.with(channel+"XYZ", xyzTag(columns[i])).with(channel+"TRC", curve)
	}
	return f
}

func greyProfile(version byte, name, connection string, curve []byte) iccFile {
	return iccFile{version: version, space: "GRAY", connection: connection}.with("desc", nameTag(version, name)).with("kTRC", curve)
}

func appendFixed(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
}

func xyzTag(v xyz) []byte {
	return appendFixed(appendFixed(appendFixed([]byte("XYZ \x00\x00\x00\x00"), v.x), v.y), v.z)
}

// curveTag is a curveType: nothing, one gamma in 1/256, or samples.
func curveTag(samples ...uint16) []byte {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(samples)))
	for _, v := range samples {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

func parametricTag(kind uint16, numbers ...float64) []byte {
	b := append(binary.BigEndian.AppendUint16([]byte("para\x00\x00\x00\x00"), kind), 0, 0)
	for _, v := range numbers {
		b = appendFixed(b, v)
	}
	return b
}

func nameTag(version byte, name string) []byte {
	if version < 4 {
		b := binary.BigEndian.AppendUint32([]byte("desc\x00\x00\x00\x00"), uint32(len(name)+1))
		return append(append(b, name...), make([]byte, 1+4+4+2+1+67)...)
	}
	b := binary.BigEndian.AppendUint32([]byte("mluc\x00\x00\x00\x00"), 1)
	b = append(binary.BigEndian.AppendUint32(b, 12), "enUS"...)
	b = binary.BigEndian.AppendUint32(b, uint32(2*len(name)))
	b = binary.BigEndian.AppendUint32(b, 28)
	for _, r := range name {
		b = append(b, 0, byte(r))
	}
	return b
}

// sampled gives n samples of a function.
func sampledCurve(n int, of func(float64) float64) []byte {
	samples := make([]uint16, n)
	for i := range samples {
		samples[i] = uint16(math.Round(65535 * of(float64(i)/float64(n-1))))
	}
	return curveTag(samples...)
}

// linearOfSRGB is the tone curve of sRGB.
func linearOfSRGB(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// The primaries of colour spaces, adapted to D50, as their owners publish them.
var (
	primariesSRGB     = [3]xyz{{0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}}
	primariesP3       = [3]xyz{{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}}
	primariesAdobe    = [3]xyz{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}}
	primariesProPhoto = [3]xyz{{0.79767, 0.28804, 0}, {0.13519, 0.71188, 0}, {0.03134, 0.00009, 0.82491}}
)

var parametricSRGB = parametricTag(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)

// Profiles as files carry them.
var (
	profileP3       = rgbProfile(4, "Display P3", primariesP3, parametricSRGB)
	profileAdobe    = rgbProfile(2, "Adobe RGB (1998)", primariesAdobe, curveTag(0x0233))
	profileProPhoto = rgbProfile(2, "ProPhoto RGB", primariesProPhoto, curveTag(0x01cd))
	profileGrey18   = greyProfile(2, "Gray Gamma 1.8", "XYZ ", curveTag(0x01cd))
	profileGrey22   = greyProfile(4, "Gray Gamma 2.2", "XYZ ", parametricTag(0, 2.2))
	profileGreyLab  = greyProfile(2, "Gray L*", "Lab ", curveTag())
)
