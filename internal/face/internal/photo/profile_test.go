package photo

import (
	"bytes"
	"errors"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The wanted colours are those of lcms2 2.14 (transicc -t1 -n to its built-in sRGB), cut off at 0
// and 255.
func TestColours_areConvertedAsLittleCMSDoes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		profile facetest.ICCFile
		want    [3][3]float64 // of 200 120 90, 30 60 220 and 20 15 12
	}{
		{
			"Display P3", facetest.ProfileP3,
			[3][3]float64{{212.98, 115.00, 82.85}, {17.29, 60.92, 228.83}, {20.99, 14.76, 11.55}},
		},
		{"Adobe RGB", facetest.ProfileAdobe, [3][3]float64{{223.77, 120.81, 87.92}, {0, 57.43, 224.88}, {14.01, 6.48, 3.86}}},
		{
			"ProPhoto", facetest.ProfileProPhoto,
			[3][3]float64{{255, 114.17, 102.09}, {0, 81.77, 240.94}, {32.86, 15.91, 12.10}},
		},
		{"parametric 0", facetest.RGBProfile(4, "", facetest.PrimariesP3, facetest.ParametricTag(0, 1.6)),
			[3][3]float64{{226.33, 145.08, 114.75}, {36.05, 89.71, 238.47}, {36.93, 26.25, 20.17}}},
		{"parametric 1", facetest.RGBProfile(4, "", facetest.PrimariesP3, facetest.ParametricTag(1, 2, 0.9, 0.1)),
			[3][3]float64{{222.46, 139.03, 110.44}, {48.43, 88.84, 235.56}, {48.72, 42.00, 38.52}}},
		{"parametric 2", facetest.RGBProfile(4, "", facetest.PrimariesP3, facetest.ParametricTag(2, 2, 0.8, 0.1, 0.05)),
			[3][3]float64{{210.39, 140.51, 118.35}, {78.64, 102.77, 221.74}, {78.70, 75.56, 74.06}}},
		{"parametric 4",
			facetest.RGBProfile(4, "", facetest.PrimariesP3, facetest.ParametricTag(4, 2.2, 0.9, 0.05, 0.1, 0.2, 0.01, 0.002)),
			[3][3]float64{{207.64, 120.20, 91.46}, {9.28, 71.81, 221.66}, {25.93, 21.58, 19.08}}},
		{"no samples", facetest.RGBProfile(2, "", facetest.PrimariesSRGB, facetest.CurveTag()),
			[3][3]float64{{229.12, 182.48, 160.31}, {96.27, 133.18, 238.98}, {79.13, 68.59, 61.27}}},
		{"five samples", facetest.RGBProfile(2, "", facetest.PrimariesAdobe, facetest.CurveTag(0, 3000, 12000, 30000, 65535)),
			[3][3]float64{{214.74, 113.58, 88.85}, {29.96, 58.56, 222.02}, {33.74, 26.71, 22.93}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := converterOf(t, tt.profile)
			for i, from := range [...][3]uint8{{200, 120, 90}, {30, 60, 220}, {20, 15, 12}} {
				r, g, b := c.colour(encodings(), from[0], from[1], from[2])
				for k, got := range [...]uint8{r, g, b} {
					if math.Abs(float64(got)-tt.want[i][k]) > 0.8 {
						t.Errorf("%v gives %d %d %d, want %v", from, r, g, b, tt.want[i])
						break
					}
				}
			}
		})
	}
	for _, tt := range []struct {
		name    string
		profile facetest.ICCFile
		want    [4]float64 // of 10, 60, 128 and 200
	}{
		{"grey gamma 1.8", facetest.ProfileGrey18, [4]float64{9.66, 76.82, 146.37, 210.17}},
		{"grey gamma 2.2", facetest.ProfileGrey22, [4]float64{2.65, 57.39, 129.00, 201.29}},
		{"grey by lightness", facetest.ProfileGreyLab, [4]float64{13.87, 56.02, 119.41, 194.00}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := converterOf(t, tt.profile)
			for i, from := range [...]uint8{10, 60, 128, 200} {
				if got := c.grey[from]; math.Abs(float64(got)-tt.want[i]) > 0.6 {
					t.Errorf("%d gives %d, want %v", from, got, tt.want[i])
				}
			}
		})
	}
}

func converterOf(tb testing.TB, f facetest.ICCFile) *toSRGB {
	tb.Helper()
	p, err := ReadProfile(f.Bytes())
	if err != nil {
		tb.Fatal(err)
	}
	c := p.converter()
	if c == nil {
		tb.Fatal("it is taken for sRGB")
	}
	return c
}

func TestSRGB_isRecognised(t *testing.T) {
	t.Parallel()
	for name, f := range facetest.ProfilesOfSRGB() {
		p, err := ReadProfile(f.Bytes())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if p.converter() != nil {
			t.Errorf("%s: it is converted", name)
		}
	}
}

func TestProfilesThatAreNotRead(t *testing.T) {
	t.Parallel()
	huge := binaryCount(facetest.CurveTag(1, 2, 3), 8, 1<<32-1)
	p3 := facetest.ProfileP3
	for name, tt := range map[string]struct {
		icc  []byte
		want error
	}{
		"nothing":                      {nil, ErrProfile},
		"a header alone":               {p3.Bytes()[:profileHeader], ErrProfile},
		"another file":                 {facetest.SampleJPEG(t)[:4000], ErrProfile},
		"its first half":               {p3.Bytes()[:len(p3.Bytes())/2], ErrProfile},
		"4 billion tags":               {binaryCount(p3.Bytes(), profileHeader, 1<<32-1), ErrProfile},
		"a tag beyond the end":         {binaryCount(p3.Bytes(), profileHeader+4+8, 1<<31), ErrProfile},
		"a tag of wrapping size":       {binaryCount(p3.Bytes(), profileHeader+4+8, 1<<32-1), ErrProfile},
		"a curve of 4 billion samples": {p3.With("gTRC", huge).Bytes(), ErrProfile},
		"a curve that is cut":          {p3.With("gTRC", facetest.CurveTag(1, 2, 3)[:16]).Bytes(), ErrProfile},
		"a curve without a type":       {p3.With("gTRC", nil).Bytes(), ErrProfile},
		"a curve of a table":           {p3.With("gTRC", []byte("mft2\x00\x00\x00\x00and so on")).Bytes(), ErrProfileKind},
		"parameters that are cut":      {p3.With("bTRC", facetest.ParametricSRGB[:20]).Bytes(), ErrProfile},
		"parameters of kind 5": {
			p3.With("bTRC", facetest.ParametricTag(5, 1, 1, 1, 1, 1, 1, 1, 1)).Bytes(), ErrProfileKind,
		},
		"a column that is cut": {p3.With("bXYZ", facetest.XYZTag(facetest.Column{})[:16]).Bytes(), ErrProfile},
		"a matrix of zeros": {
			facetest.RGBProfile(4, "", [3]facetest.Column{}, facetest.ParametricSRGB).Bytes(), ErrProfile,
		},
		"a matrix of enormous numbers": {
			facetest.RGBProfile(
				4, "",
				[3]facetest.Column{{X: 32000, Y: 32000, Z: 32000}, {X: -31999, Y: -31999, Z: -31999}, {X: -0.1, Y: 0, Z: -0.2}},
				facetest.ParametricSRGB,
			).Bytes(),
			ErrProfile,
		},
		"black for everything": {
			facetest.RGBProfile(2, "", facetest.PrimariesSRGB, facetest.CurveTag(0, 0)).Bytes(), ErrProfile,
		},
		"a negative": {
			facetest.RGBProfile(2, "", facetest.PrimariesSRGB, facetest.CurveTag(65535, 0)).Bytes(), ErrProfile,
		},
		"gamma 0": {
			facetest.RGBProfile(2, "", facetest.PrimariesSRGB, facetest.CurveTag(0)).Bytes(), ErrProfile,
		},
		"no number for anything": {
			facetest.RGBProfile(4, "", facetest.PrimariesSRGB, facetest.ParametricTag(4, 0.5, -1, -1, 0, 0, 0, 0)).Bytes(),
			ErrProfile,
		},
		"division by zero": {
			facetest.RGBProfile(4, "", facetest.PrimariesSRGB, facetest.ParametricTag(1, 2, 0, 0)).Bytes(), ErrProfile,
		},
		"white for all grey": {
			facetest.GreyProfile(4, "", "XYZ ", facetest.ParametricTag(2, 1, 0, 1, 1)).Bytes(), ErrProfile,
		},
		"colours for printing": {facetest.ICCFile{Version: 2, Space: "CMYK", Connection: "Lab "}.Bytes(), ErrProfileKind},
		"colours by tables alone": {
			facetest.ICCFile{Version: 2, Space: "RGB ", Connection: "Lab "}.With("A2B0", []byte("mft2 and so on")).Bytes(),
			ErrProfileKind,
		},
		"a matrix to Lab": {
			facetest.ICCFile{Version: 2, Space: "RGB ", Connection: "Lab ", Tags: p3.Tags}.Bytes(), ErrProfileKind,
		},
		"grey to nowhere":      {facetest.GreyProfile(2, "", "Luv ", facetest.CurveTag()).Bytes(), ErrProfileKind},
		"grey without a curve": {facetest.ICCFile{Version: 2, Space: "GRAY", Connection: "XYZ "}.Bytes(), ErrProfile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := ReadProfile(tt.icc); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

// binaryCount writes a number of 32 bits over what stands at a place.
func binaryCount(data []byte, at int, n uint32) []byte {
	data = bytes.Clone(data)
	copy(data[at:], []byte{byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)})
	return data
}

func TestNamesOfProfiles(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("long ", 40)
	for name, tt := range map[string]struct {
		icc  []byte
		want string
	}{
		"version 2":       {facetest.ProfileAdobe.Bytes(), "Adobe RGB (1998)"},
		"version 4":       {facetest.ProfileP3.Bytes(), "Display P3"},
		"without":         {facetest.ICCFile{Version: 4}.Bytes(), ""},
		"malformed":       {nil, ""},
		"of another type": {facetest.ProfileP3.With("desc", []byte("text\x00\x00\x00\x00hello")).Bytes(), ""},
		"that cannot be shown": {
			facetest.ProfileP3.With("desc", facetest.NameTag(2, "a\x1b[31mred\x00\r\nb\xff")).Bytes(), "a[31mredb\ufffd",
		},
		"that is long": {
			facetest.ProfileP3.With("desc", facetest.NameTag(4, long)).Bytes(), strings.TrimSpace(long[:profileNameLen]),
		},
		"that claims more": {
			facetest.ProfileP3.With("desc", binaryCount(facetest.NameTag(2, "short"), 8, 1<<31)).Bytes(), "short",
		},
		"that lies beyond": {
			facetest.ProfileP3.With("desc", binaryCount(facetest.NameTag(4, "short"), 24, 1<<31)).Bytes(), "",
		},
		"that is hardly a name": {facetest.ProfileP3.With("desc", []byte("mluc")).Bytes(), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := profileName(tt.icc); got != tt.want {
				t.Errorf("%q, want %q", got, tt.want)
			}
		})
	}
}

// Whatever a profile says, white stays lighter than black.
func FuzzProfile(f *testing.F) {
	for _, p := range []facetest.ICCFile{
		facetest.ProfileP3, facetest.ProfileAdobe, facetest.ProfileProPhoto, facetest.ProfileGrey22, facetest.ProfileGreyLab,
	} {
		f.Add(p.Bytes())
	}
	for _, p := range facetest.ProfilesOfSRGB() {
		f.Add(p.Bytes())
	}
	f.Add(
		facetest.RGBProfile(
			4, "x", facetest.PrimariesP3, facetest.ParametricTag(4, 2.2, 0.9, 0.05, 0.1, 0.2, 0.01, 0.002),
		).Bytes(),
	)
	f.Fuzz(func(t *testing.T, icc []byte) {
		profileName(icc)
		p, err := ReadProfile(icc)
		if err != nil {
			return
		}
		c := p.converter()
		if c == nil || c.grey != nil {
			return
		}
		pix := []uint8{0, 0, 0, 255, 255, 255, 255, 255}
		c.pixels(pix, 1)
		if pix[1] >= pix[5] {
			t.Errorf("black becomes %v and white %v", pix[:3], pix[4:7])
		}
		c.planes(raster.Planes{Y: raster.Filled(3, 3, 200), Cb: raster.Filled(2, 2, 3), Cr: raster.Filled(2, 2, 250)})
	})
}

func TestPlanesOfAMirrorImage_areConvertedToItsMirrorImage(t *testing.T) {
	t.Parallel()
	c := converterOf(t, facetest.ProfileProPhoto)
	rapid.Check(t, func(t *rapid.T) {
		w, h := 2*rapid.IntRange(1, 6).Draw(t, "half the width"), rapid.IntRange(1, 9).Draw(t, "height")
		p := raster.Planes{Y: raster.NewPlane(w, h), Cb: raster.NewPlane(w/2, (h+1)/2), Cr: raster.NewPlane(w/2, (h+1)/2)}
		for _, q := range [...]*raster.Plane{p.Y, p.Cb, p.Cr} {
			copy(q.Pix, rapid.SliceOfN(rapid.Byte(), len(q.Pix), len(q.Pix)).Draw(t, "pixels"))
		}
		turned := p.Clone()
		turned.Mirror()
		c.planes(p)
		c.planes(turned)
		turned.Mirror()
		if !cmp.Equal([]*raster.Plane{p.Y, p.Cb, p.Cr}, []*raster.Plane{turned.Y, turned.Cb, turned.Cr}) {
			t.Fatalf("%v, and in a mirror %v", p, turned)
		}
	})
}

func TestGrey_staysGrey(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]facetest.ICCFile{
		"Display P3": facetest.ProfileP3, "Adobe RGB": facetest.ProfileAdobe, "ProPhoto": facetest.ProfileProPhoto,
	} {
		c := converterOf(t, f)
		for v := range 256 {
			r, g, b := c.colour(encodings(), uint8(v), uint8(v), uint8(v))
			if facetest.Diff8(r, g) > 1 || facetest.Diff8(g, b) > 1 {
				t.Fatalf("%s: grey of %d becomes %d, %d, %d", name, v, r, g, b)
			}
			p := raster.Planes{Y: raster.Filled(2, 2, uint8(v)), Cb: raster.Filled(1, 1, 128), Cr: raster.Filled(1, 1, 128)}
			c.planes(p)
			if want := raster.Filled(2, 2, g); facetest.Diff8(p.Y.Pix[3], g) > 1 || facetest.Diff8(p.Cb.Pix[0], 128) > 1 ||
				facetest.Diff8(p.Cr.Pix[0], 128) > 1 {
				t.Fatalf(
					"%s: planes of grey %d become %v, %v, %v, want %v", name, v, p.Y.Pix, p.Cb.Pix, p.Cr.Pix, cmp.Diff(want, p.Y),
				)
			}
		}
	}
}

// Colours come out of planes as they do one by one, but for the step of the shades.
func TestPlanes_areConvertedAsColoursAre(t *testing.T) {
	t.Parallel()
	const side = 52 // colour differences from 102 to 153
	for name, f := range map[string]facetest.ICCFile{
		"Display P3": facetest.ProfileP3, "Adobe RGB": facetest.ProfileAdobe, "ProPhoto": facetest.ProfileProPhoto,
	} {
		c := converterOf(t, f)
		n, off := 0, 0
		for y := 20; y < 240; y += 5 {
			p := raster.Planes{
				Y: raster.Filled(2*side, 2*side, uint8(y)), Cb: raster.NewPlane(side, side), Cr: raster.NewPlane(side, side),
			}
			for i := range p.Cb.Pix {
				p.Cb.Pix[i], p.Cr.Pix[i] = uint8(128-side/2+i%side), uint8(128-side/2+i/side)
			}
			stored := p.Clone()
			c.planes(p)
			for i := range p.Cb.Pix {
				r, g, b := color.YCbCrToRGB(uint8(y), stored.Cb.Pix[i], stored.Cr.Pix[i])
				wantY, wantCb, wantCr := color.RGBToYCbCr(c.colour(encodings(), r, g, b))
				gotY := p.Y.Row(2 * (i / side))[2*(i%side)]
				if n++; facetest.Diff8(gotY, wantY) > 1 || facetest.Diff8(p.Cb.Pix[i], wantCb) > 2 ||
					facetest.Diff8(p.Cr.Pix[i], wantCr) > 2 {
					off++
				}
			}
		}
		if share := float64(off) / float64(n); share > 0.06 {
			t.Errorf("%s: %.1f %% of the colours are more than a level off", name, 100*share)
		}
	}
}
