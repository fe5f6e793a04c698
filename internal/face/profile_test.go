package face

import (
	"bytes"
	"errors"
	"fmt"
	"image/color"
	"math"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// The wanted colours are those of lcms2 2.14 (transicc -t1 -n to its built-in sRGB), cut off at 0
// and 255.
func TestColoursAreConvertedAsLittleCMSDoes(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name    string
		profile iccFile
		want    [3][3]float64 // of 200 120 90, 30 60 220 and 20 15 12
	}{
		{"Display P3", profileP3, [3][3]float64{{212.98, 115.00, 82.85}, {17.29, 60.92, 228.83}, {20.99, 14.76, 11.55}}},
		{"Adobe RGB", profileAdobe, [3][3]float64{{223.77, 120.81, 87.92}, {0, 57.43, 224.88}, {14.01, 6.48, 3.86}}},
		{"ProPhoto", profileProPhoto, [3][3]float64{{255, 114.17, 102.09}, {0, 81.77, 240.94}, {32.86, 15.91, 12.10}}},
		{"parametric 0", rgbProfile(4, "", primariesP3, parametricTag(0, 1.6)),
			[3][3]float64{{226.33, 145.08, 114.75}, {36.05, 89.71, 238.47}, {36.93, 26.25, 20.17}}},
		{"parametric 1", rgbProfile(4, "", primariesP3, parametricTag(1, 2, 0.9, 0.1)),
			[3][3]float64{{222.46, 139.03, 110.44}, {48.43, 88.84, 235.56}, {48.72, 42.00, 38.52}}},
		{"parametric 2", rgbProfile(4, "", primariesP3, parametricTag(2, 2, 0.8, 0.1, 0.05)),
			[3][3]float64{{210.39, 140.51, 118.35}, {78.64, 102.77, 221.74}, {78.70, 75.56, 74.06}}},
		{"parametric 4", rgbProfile(4, "", primariesP3, parametricTag(4, 2.2, 0.9, 0.05, 0.1, 0.2, 0.01, 0.002)),
			[3][3]float64{{207.64, 120.20, 91.46}, {9.28, 71.81, 221.66}, {25.93, 21.58, 19.08}}},
		{"no samples", rgbProfile(2, "", primariesSRGB, curveTag()),
			[3][3]float64{{229.12, 182.48, 160.31}, {96.27, 133.18, 238.98}, {79.13, 68.59, 61.27}}},
		{"five samples", rgbProfile(2, "", primariesAdobe, curveTag(0, 3000, 12000, 30000, 65535)),
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
		profile iccFile
		want    [4]float64 // of 10, 60, 128 and 200
	}{
		{"grey gamma 1.8", profileGrey18, [4]float64{9.66, 76.82, 146.37, 210.17}},
		{"grey gamma 2.2", profileGrey22, [4]float64{2.65, 57.39, 129.00, 201.29}},
		{"grey by lightness", profileGreyLab, [4]float64{13.87, 56.02, 119.41, 194.00}},
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

func converterOf(tb testing.TB, f iccFile) *toSRGB {
	tb.Helper()
	p, err := readProfile(f.bytes())
	if err != nil {
		tb.Fatal(err)
	}
	c := p.converter()
	if c == nil {
		tb.Fatal("it is taken for sRGB")
	}
	return c
}

// profilesOfSRGB are the ways in which files say that their colours are those of sRGB.
func profilesOfSRGB() map[string]iccFile {
	list := map[string]iccFile{
		"by a formula": rgbProfile(4, "sRGB", primariesSRGB, parametricSRGB),
		"grey":         greyProfile(4, "sRGB grey", "XYZ ", parametricSRGB),
	}
	for _, samples := range []int{26, 42, 1024, 4096} {
		list[fmt.Sprintf("by %d samples", samples)] = rgbProfile(2, "sRGB", primariesSRGB, sampledCurve(samples, linearOfSRGB))
	}
	return list
}

func TestSRGBIsRecognised(t *testing.T) {
	t.Parallel()
	for name, f := range profilesOfSRGB() {
		p, err := readProfile(f.bytes())
		if err != nil {
			t.Errorf("%s: %v", name, err)
		} else if p.converter() != nil {
			t.Errorf("%s: it is converted", name)
		}
	}
}

func TestProfilesThatAreNotRead(t *testing.T) {
	t.Parallel()
	huge := binaryCount(curveTag(1, 2, 3), 8, 1<<32-1)
	p3 := profileP3
	for name, tt := range map[string]struct {
		icc  []byte
		want error
	}{
		"nothing":                      {nil, errProfile},
		"a header alone":               {p3.bytes()[:profileHeader], errProfile},
		"another file":                 {sampleJPEG(t)[:4000], errProfile},
		"its first half":               {p3.bytes()[:len(p3.bytes())/2], errProfile},
		"4 billion tags":               {binaryCount(p3.bytes(), profileHeader, 1<<32-1), errProfile},
		"a tag beyond the end":         {binaryCount(p3.bytes(), profileHeader+4+8, 1<<31), errProfile},
		"a tag of wrapping size":       {binaryCount(p3.bytes(), profileHeader+4+8, 1<<32-1), errProfile},
		"a curve of 4 billion samples": {p3.with("gTRC", huge).bytes(), errProfile},
		"a curve that is cut":          {p3.with("gTRC", curveTag(1, 2, 3)[:16]).bytes(), errProfile},
		"a curve without a type":       {p3.with("gTRC", nil).bytes(), errProfile},
		"a curve of a table":           {p3.with("gTRC", []byte("mft2\x00\x00\x00\x00and so on")).bytes(), errProfileKind},
		"parameters that are cut":      {p3.with("bTRC", parametricSRGB[:20]).bytes(), errProfile},
		"parameters of kind 5":         {p3.with("bTRC", parametricTag(5, 1, 1, 1, 1, 1, 1, 1, 1)).bytes(), errProfileKind},
		"a column that is cut":         {p3.with("bXYZ", xyzTag(xyz{})[:16]).bytes(), errProfile},
		"a matrix of zeros":            {rgbProfile(4, "", [3]xyz{}, parametricSRGB).bytes(), errProfile},
		"a matrix of enormous numbers": {rgbProfile(4, "", [3]xyz{{32000, 32000, 32000}, {-31999, -31999, -31999}, {-0.1, 0, -0.2}}, parametricSRGB).bytes(), errProfile},
		"black for everything":         {rgbProfile(2, "", primariesSRGB, curveTag(0, 0)).bytes(), errProfile},
		"a negative":                   {rgbProfile(2, "", primariesSRGB, curveTag(65535, 0)).bytes(), errProfile},
		"gamma 0":                      {rgbProfile(2, "", primariesSRGB, curveTag(0)).bytes(), errProfile},
		"no number for anything":       {rgbProfile(4, "", primariesSRGB, parametricTag(4, 0.5, -1, -1, 0, 0, 0, 0)).bytes(), errProfile},
		"division by zero":             {rgbProfile(4, "", primariesSRGB, parametricTag(1, 2, 0, 0)).bytes(), errProfile},
		"white for all grey":           {greyProfile(4, "", "XYZ ", parametricTag(2, 1, 0, 1, 1)).bytes(), errProfile},
		"colours for printing":         {iccFile{version: 2, space: "CMYK", connection: "Lab "}.bytes(), errProfileKind},
		"colours by tables alone":      {iccFile{version: 2, space: "RGB ", connection: "Lab "}.with("A2B0", []byte("mft2 and so on")).bytes(), errProfileKind},
		"a matrix to Lab":              {iccFile{version: 2, space: "RGB ", connection: "Lab ", tags: p3.tags}.bytes(), errProfileKind},
		"grey to nowhere":              {greyProfile(2, "", "Luv ", curveTag()).bytes(), errProfileKind},
		"grey without a curve":         {iccFile{version: 2, space: "GRAY", connection: "XYZ "}.bytes(), errProfile},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := readProfile(tt.icc); !errors.Is(err, tt.want) {
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
		"version 2":             {profileAdobe.bytes(), "Adobe RGB (1998)"},
		"version 4":             {profileP3.bytes(), "Display P3"},
		"without":               {iccFile{version: 4}.bytes(), ""},
		"malformed":             {nil, ""},
		"of another type":       {profileP3.with("desc", []byte("text\x00\x00\x00\x00hello")).bytes(), ""},
		"that cannot be shown":  {profileP3.with("desc", nameTag(2, "a\x1b[31mred\x00\r\nb\xff")).bytes(), "a[31mredb\ufffd"},
		"that is long":          {profileP3.with("desc", nameTag(4, long)).bytes(), strings.TrimSpace(long[:profileNameLen])},
		"that claims more":      {profileP3.with("desc", binaryCount(nameTag(2, "short"), 8, 1<<31)).bytes(), "short"},
		"that lies beyond":      {profileP3.with("desc", binaryCount(nameTag(4, "short"), 24, 1<<31)).bytes(), ""},
		"that is hardly a name": {profileP3.with("desc", []byte("mluc")).bytes(), ""},
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
	for _, p := range []iccFile{profileP3, profileAdobe, profileProPhoto, profileGrey22, profileGreyLab} {
		f.Add(p.bytes())
	}
	for _, p := range profilesOfSRGB() {
		f.Add(p.bytes())
	}
	f.Add(rgbProfile(4, "x", primariesP3, parametricTag(4, 2.2, 0.9, 0.05, 0.1, 0.2, 0.01, 0.002)).bytes())
	f.Fuzz(func(t *testing.T, icc []byte) {
		profileName(icc)
		p, err := readProfile(icc)
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
		c.planes(picture{filled(3, 3, 200), filled(2, 2, 3), filled(2, 2, 250)})
	})
}

func TestPlanesOfAMirrorImageAreConvertedToItsMirrorImage(t *testing.T) {
	t.Parallel()
	c := converterOf(t, profileProPhoto)
	rapid.Check(t, func(t *rapid.T) {
		w, h := 2*rapid.IntRange(1, 6).Draw(t, "half the width"), rapid.IntRange(1, 9).Draw(t, "height")
		p := picture{raster.NewPlane(w, h), raster.NewPlane(w/2, (h+1)/2), raster.NewPlane(w/2, (h+1)/2)}
		for _, q := range [...]*raster.Plane{p.y, p.cb, p.cr} {
			copy(q.Pix, rapid.SliceOfN(rapid.Byte(), len(q.Pix), len(q.Pix)).Draw(t, "pixels"))
		}
		turned := p.clone()
		turned.mirror()
		c.planes(p)
		c.planes(turned)
		turned.mirror()
		if !cmp.Equal([]*raster.Plane{p.y, p.cb, p.cr}, []*raster.Plane{turned.y, turned.cb, turned.cr}) {
			t.Fatalf("%v, and in a mirror %v", p, turned)
		}
	})
}

func TestGreyStaysGrey(t *testing.T) {
	t.Parallel()
	for name, f := range map[string]iccFile{"Display P3": profileP3, "Adobe RGB": profileAdobe, "ProPhoto": profileProPhoto} {
		c := converterOf(t, f)
		for v := range 256 {
			r, g, b := c.colour(encodings(), uint8(v), uint8(v), uint8(v))
			if diff8(r, g) > 1 || diff8(g, b) > 1 {
				t.Fatalf("%s: grey of %d becomes %d, %d, %d", name, v, r, g, b)
			}
			p := picture{filled(2, 2, uint8(v)), filled(1, 1, 128), filled(1, 1, 128)}
			c.planes(p)
			if want := filled(2, 2, g); diff8(p.y.Pix[3], g) > 1 || diff8(p.cb.Pix[0], 128) > 1 || diff8(p.cr.Pix[0], 128) > 1 {
				t.Fatalf("%s: planes of grey %d become %v, %v, %v, want %v", name, v, p.y.Pix, p.cb.Pix, p.cr.Pix, cmp.Diff(want, p.y))
			}
		}
	}
}

// Colours come out of planes as they do one by one, but for the step of the shades.
func TestPlanesAreConvertedAsColoursAre(t *testing.T) {
	t.Parallel()
	const side = 52 // colour differences from 102 to 153
	for name, f := range map[string]iccFile{"Display P3": profileP3, "Adobe RGB": profileAdobe, "ProPhoto": profileProPhoto} {
		c := converterOf(t, f)
		n, off := 0, 0
		for y := 20; y < 240; y += 5 {
			p := picture{filled(2*side, 2*side, uint8(y)), raster.NewPlane(side, side), raster.NewPlane(side, side)}
			for i := range p.cb.Pix {
				p.cb.Pix[i], p.cr.Pix[i] = uint8(128-side/2+i%side), uint8(128-side/2+i/side)
			}
			stored := p.clone()
			c.planes(p)
			for i := range p.cb.Pix {
				r, g, b := color.YCbCrToRGB(uint8(y), stored.cb.Pix[i], stored.cr.Pix[i])
				wantY, wantCb, wantCr := color.RGBToYCbCr(c.colour(encodings(), r, g, b))
				gotY := p.y.Row(2 * (i / side))[2*(i%side)]
				if n++; diff8(gotY, wantY) > 1 || diff8(p.cb.Pix[i], wantCb) > 2 || diff8(p.cr.Pix[i], wantCr) > 2 {
					off++
				}
			}
		}
		if share := float64(off) / float64(n); share > 0.06 {
			t.Errorf("%s: %.1f %% of the colours are more than a level off", name, 100*share)
		}
	}
}
