package facetest

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

// ICCFile is an ICC profile to be written (ICC.1:2022, clause 7).
type ICCFile struct {
	Version           byte
	Space, Connection string
	Tags              []iccTag
}

type iccTag struct {
	name string
	data []byte
}

// Bytes returns the profile as a file.
func (f ICCFile) Bytes() []byte {
	const head, entry = 128, 12 // bytes, of the header and of an entry in the table of tags
	out := make([]byte, head)
	out[8] = f.Version
	copy(out[12:], "mntr"+f.Space+f.Connection)
	copy(out[36:], "acsp")
	out = binary.BigEndian.AppendUint32(out, uint32(len(f.Tags)))
	at := len(out) + entry*len(f.Tags)
	var data []byte
	for _, t := range f.Tags {
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

// With returns the profile with the tag of a name replaced.
func (f ICCFile) With(name string, data []byte) ICCFile {
	f.Tags = slices.Clone(f.Tags)
	for i := range f.Tags {
		if f.Tags[i].name == name {
			f.Tags[i].data = data
			return f
		}
	}
	f.Tags = append(f.Tags, iccTag{name, data})
	return f
}

// Column is a colour in the connection space of profiles, XYZ.
type Column struct{ X, Y, Z float64 }

// RGBProfile returns a matrix profile with the columns of red, green and blue and one tone curve.
func RGBProfile(version byte, name string, columns [3]Column, curve []byte) ICCFile {
	f := ICCFile{Version: version, Space: "RGB ", Connection: "XYZ "}
	f = f.With("desc", NameTag(version, name))
	for i, channel := range [...]string{"r", "g", "b"} {
		f = f.With(channel+"XYZ", XYZTag(columns[i])).With(channel+"TRC", curve)
	}
	return f
}

// GreyProfile returns a profile of grey with the tone curve.
func GreyProfile(version byte, name, connection string, curve []byte) ICCFile {
	return ICCFile{
		Version: version, Space: "GRAY", Connection: connection,
	}.With("desc", NameTag(version, name)).With("kTRC", curve)
}

func appendFixed(b []byte, v float64) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(int32(math.Round(v*65536))))
}

// XYZTag returns the content of a tag with a colour.
func XYZTag(v Column) []byte {
	return appendFixed(appendFixed(appendFixed([]byte("XYZ \x00\x00\x00\x00"), v.X), v.Y), v.Z)
}

// CurveTag returns a curveType: nothing, one gamma in 1/256, or samples.
func CurveTag(samples ...uint16) []byte {
	b := binary.BigEndian.AppendUint32([]byte("curv\x00\x00\x00\x00"), uint32(len(samples)))
	for _, v := range samples {
		b = binary.BigEndian.AppendUint16(b, v)
	}
	return b
}

// ParametricTag returns the content of a tag with a parametric curve.
func ParametricTag(kind uint16, numbers ...float64) []byte {
	b := append(binary.BigEndian.AppendUint16([]byte("para\x00\x00\x00\x00"), kind), 0, 0)
	for _, v := range numbers {
		b = appendFixed(b, v)
	}
	return b
}

// NameTag returns the content of the tag with the profile's name.
func NameTag(version byte, name string) []byte {
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

// sampledCurve returns the curveType of n samples of a function.
func sampledCurve(n int, of func(float64) float64) []byte {
	samples := make([]uint16, n)
	for i := range samples {
		samples[i] = uint16(math.Round(65535 * of(float64(i)/float64(n-1))))
	}
	return CurveTag(samples...)
}

// LinearOfSRGB returns the tone curve of sRGB.
func LinearOfSRGB(v float64) float64 {
	if v <= 0.04045 {
		return v / 12.92
	}
	return math.Pow((v+0.055)/1.055, 2.4)
}

// The primaries of colour spaces, adapted to D50, as their owners publish them.
var (
	PrimariesSRGB     = [3]Column{{0.43607, 0.22249, 0.01392}, {0.38515, 0.71687, 0.09708}, {0.14307, 0.06061, 0.71410}}
	PrimariesP3       = [3]Column{{0.51512, 0.24120, -0.00105}, {0.29198, 0.69225, 0.04189}, {0.15710, 0.06657, 0.78407}}
	PrimariesAdobe    = [3]Column{{0.60974, 0.31111, 0.01947}, {0.20528, 0.62567, 0.06087}, {0.14919, 0.06322, 0.74457}}
	primariesProPhoto = [3]Column{{0.79767, 0.28804, 0}, {0.13519, 0.71188, 0}, {0.03134, 0.00009, 0.82491}}
)

// ParametricSRGB is the tone curve of sRGB.
var ParametricSRGB = ParametricTag(3, 2.4, 1/1.055, 0.055/1.055, 1/12.92, 0.04045)

// Profiles as files carry them.
var (
	ProfileP3       = RGBProfile(4, "Display P3", PrimariesP3, ParametricSRGB)
	ProfileAdobe    = RGBProfile(2, "Adobe RGB (1998)", PrimariesAdobe, CurveTag(0x0233))
	ProfileProPhoto = RGBProfile(2, "ProPhoto RGB", primariesProPhoto, CurveTag(0x01cd))
	ProfileGrey18   = GreyProfile(2, "Gray Gamma 1.8", "XYZ ", CurveTag(0x01cd))
	ProfileGrey22   = GreyProfile(4, "Gray Gamma 2.2", "XYZ ", ParametricTag(0, 2.2))
	ProfileGreyLab  = GreyProfile(2, "Gray L*", "Lab ", CurveTag())
)

// ProfilesOfSRGB returns the ways in which files declare the colours of sRGB.
func ProfilesOfSRGB() map[string]ICCFile {
	list := map[string]ICCFile{
		"by a formula": RGBProfile(4, "sRGB", PrimariesSRGB, ParametricSRGB),
		"grey":         GreyProfile(4, "sRGB grey", "XYZ ", ParametricSRGB),
	}
	for _, samples := range []int{26, 42, 1024, 4096} {
		list[fmt.Sprintf("by %d samples", samples)] = RGBProfile(
			2, "sRGB", PrimariesSRGB, sampledCurve(samples, LinearOfSRGB),
		)
	}
	return list
}
