package face

import (
	"bytes"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/gen2brain/jpegn"
	"github.com/google/go-cmp/cmp"
)

// storedIn gives the photo's colours as they are stored by a profile.
func storedIn(tb testing.TB, src *image.RGBA, f facetest.ICCFile) *image.RGBA {
	tb.Helper()
	p, err := photo.ReadProfile(f.Bytes())
	if err != nil {
		tb.Fatal(err)
	}
	var levels [3][photo.LightSteps + 1]uint8 // by linear light of the profile's channels
	for k := range levels {
		if p.Grey && k > 0 {
			break
		}
		v := 0
		for i := range levels[k] {
			light := float64(i) / photo.LightSteps
			for v < 255 && math.Abs(p.Tones[k](float64(v+1)/255)-light) <= math.Abs(p.Tones[k](float64(v)/255)-light) {
				v++
			}
			levels[k][i] = uint8(v)
		}
	}
	toChannels := inverseOf(
		[3]facetest.Column{facetest.Column(p.Columns[0]), facetest.Column(p.Columns[1]), facetest.Column(p.Columns[2])},
	)
	dst := image.NewRGBA(src.Rect)
	copy(dst.Pix, src.Pix)
	for i := 0; i < len(dst.Pix); i += 4 {
		var at facetest.Column
		for k, primary := range facetest.PrimariesSRGB {
			light := facetest.LinearOfSRGB(float64(dst.Pix[i+k]) / 255)
			at = facetest.Column{X: at.X + light*primary.X, Y: at.Y + light*primary.Y, Z: at.Z + light*primary.Z}
		}
		for k := range 3 {
			if p.Grey {
				dst.Pix[i+k] = levels[0][int(math.Round(photo.Within01(at.Y)*photo.LightSteps))]
				continue
			}
			row := toChannels[k]
			dst.Pix[i+k] = levels[k][int(math.Round(photo.Within01(row.X*at.X+row.Y*at.Y+row.Z*at.Z)*photo.LightSteps))]
		}
	}
	return dst
}

// inverseOf gives the rows of the inverse of a matrix of columns.
func inverseOf(c [3]facetest.Column) (rows [3]facetest.Column) {
	cross := func(a, b facetest.Column) facetest.Column {
		return facetest.Column{X: a.Y*b.Z - a.Z*b.Y, Y: a.Z*b.X - a.X*b.Z, Z: a.X*b.Y - a.Y*b.X}
	}
	det := c[0].X*cross(c[1], c[2]).X + c[0].Y*cross(c[1], c[2]).Y + c[0].Z*cross(c[1], c[2]).Z
	for k := range rows {
		r := cross(c[(k+1)%3], c[(k+2)%3])
		rows[k] = facetest.Column{X: r.X / det, Y: r.Y / det, Z: r.Z / det}
	}
	return rows
}

// greyOf gives the grey image of the brightness in sRGB.
func greyOf(src *image.RGBA) *image.RGBA {
	return remappedColours(src, func(c color.RGBA) color.RGBA {
		v := raster.LumaOf(&image.RGBA{Pix: []uint8{c.R, c.G, c.B, 255}, Stride: 4, Rect: image.Rect(0, 0, 1, 1)}).Pix[0]
		return color.RGBA{v, v, v, 255}
	})
}

func remappedColours(src *image.RGBA, f func(color.RGBA) color.RGBA) *image.RGBA {
	dst := image.NewRGBA(src.Rect)
	for y := range src.Rect.Dy() {
		for x := range src.Rect.Dx() {
			dst.SetRGBA(x, y, f(src.RGBAAt(x, y)))
		}
	}
	return dst
}

// TestPhotosOfOtherColours_areMeasuredAndShownInSRGB stores one photo by several profiles and in
// all kinds of files, and wants the light checks and the pictures of the same photo in sRGB.
func TestPhotosOfOtherColours_areMeasuredAndShownInSRGB(t *testing.T) {
	t.Parallel()
	photo := facetest.DecodeSample(t)
	area := photo.Rect
	profiles := map[string]facetest.ICCFile{
		"Display P3": facetest.ProfileP3, "Adobe RGB (1998)": facetest.ProfileAdobe, "ProPhoto RGB": facetest.ProfileProPhoto,
	}
	files := map[string]func(img *image.RGBA, icc []byte) []byte{
		"JPEG 4:2:0": func(m *image.RGBA, icc []byte) []byte {
			return facetest.WithJPEGProfile(facetest.EncodeJPEG(t, m, 97), icc)
		},
		"JPEG 4:4:4": func(m *image.RGBA, icc []byte) []byte {
			return facetest.WithJPEGProfile(facetest.EncodeJPEGAs(t, m, jpegn.Subsample444, 0), icc)
		},
		"PNG": func(m *image.RGBA, icc []byte) []byte { return facetest.WithPNGProfile(facetest.EncodePNG(t, m), icc) },
		"PNG, alpha": func(m *image.RGBA, icc []byte) []byte {
			return facetest.WithPNGProfile(facetest.EncodePNG(t, facetest.As(m, withAlpha(area))), icc)
		},
		"PNG, 16 bit": func(m *image.RGBA, icc []byte) []byte {
			return facetest.WithPNGProfile(facetest.EncodePNG(t, facetest.As(m, image.NewRGBA64(area))), icc)
		},
		"WebP": func(m *image.RGBA, icc []byte) []byte {
			return facetest.WithWebPProfile(facetest.EncodeWebP(m), area.Dx(), area.Dy(), icc)
		},
	}
	plain := facetest.ProfilesOfSRGB()["by a formula"].Bytes()
	for profile, f := range profiles {
		stored := storedIn(t, photo, f)
		for kind, file := range files {
			t.Run(profile+" in a "+kind, func(t *testing.T) {
				t.Parallel()
				wantSRGB(t, file(photo, plain), file(stored, f.Bytes()), report.ColorProfile{Name: profile, Converted: true})
			})
		}
	}
	grey := greyOf(photo)
	for profile, f := range map[string]facetest.ICCFile{
		"Gray Gamma 1.8": facetest.ProfileGrey18, "Gray Gamma 2.2": facetest.ProfileGrey22,
		"Gray L*": facetest.ProfileGreyLab,
	} {
		stored := storedIn(t, grey, f)
		for kind, file := range map[string]func(img *image.RGBA, icc []byte) []byte{
			"JPEG": func(m *image.RGBA, icc []byte) []byte {
				return facetest.WithJPEGProfile(facetest.EncodeJPEG(t, facetest.As(m, image.NewGray(area)), 97), icc)
			},
			"PNG": func(m *image.RGBA, icc []byte) []byte {
				return facetest.WithPNGProfile(facetest.EncodePNG(t, facetest.As(m, image.NewGray(area))), icc)
			},
			"PNG, 16 bit": func(m *image.RGBA, icc []byte) []byte {
				return facetest.WithPNGProfile(facetest.EncodePNG(t, facetest.As(m, image.NewGray16(area))), icc)
			},
		} {
			t.Run(profile+" in a "+kind, func(t *testing.T) {
				t.Parallel()
				wantSRGB(
					t, file(grey, facetest.ProfilesOfSRGB()["grey"].Bytes()), file(stored, f.Bytes()),
					report.ColorProfile{Name: profile, Converted: true},
				)
			})
		}
	}
}

// withAlpha is an image that is transparent in one corner, once it is drawn on.
func withAlpha(area image.Rectangle) *cornered { return &cornered{image.NewNRGBA(area)} }

type cornered struct{ *image.NRGBA }

func (c *cornered) Set(x, y int, v color.Color) {
	n := color.NRGBAModel.Convert(v).(color.NRGBA)
	if x == 0 && y == 0 {
		n.A = 254
	}
	c.SetNRGBA(x, y, n)
}

// wantSRGB compares what is measured of a file, and shown, with the same of the photo in sRGB.
func wantSRGB(t *testing.T, plain, data []byte, profile report.ColorProfile) {
	t.Helper()
	const levels = 3
	want, wantPictures, err := Scan(bytes.NewReader(plain), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, pictures, err := Scan(bytes.NewReader(data), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(&profile, got.Image.ColorProfile); diff != "" {
		t.Errorf("profile (-want +got):\n%s", diff)
	}
	for i, c := range got.Quality {
		switch c.Check {
		case report.CheckBrightness, report.CheckGlare, report.CheckContrast:
			if math.Abs(c.Value-want.Quality[i].Value) > levels {
				t.Errorf("%s %v, want about %v", c.Check, c.Value, want.Quality[i].Value)
			}
		}
	}
	if diff := cmp.Diff(got, analyze(t, data)); diff != "" {
		t.Errorf("report (-Scan +Analyze):\n%s", diff)
	}
	for _, name := range [...]string{report.PictureCrop, report.PictureThumbnail} {
		if far := colourDifference(pictureOf(t, wantPictures, name), pictureOf(t, pictures, name)); far > levels {
			t.Errorf("the %s differs by %.1f levels", name, far)
		}
	}
	straight, err := photo.Upright(bytes.NewReader(plain), report.Options{}, 4096)
	if err != nil {
		t.Fatal(err)
	}
	upright, err := photo.Upright(bytes.NewReader(data), report.Options{}, 4096)
	if err != nil {
		t.Fatal(err)
	}
	if far := colourDifference(straight, upright); far > levels {
		t.Errorf("the upright photo differs by %.1f levels", far)
	}
}

func pictureOf(t *testing.T, pictures []report.Picture, name string) image.Image {
	t.Helper()
	for _, p := range pictures {
		if p.Name == name {
			return p.Image
		}
	}
	t.Fatalf("no %s", name)
	return nil
}

// colourDifference is the mean over 16 x 16 parts of how far the mean colours of two pictures are
// apart there.
func colourDifference(a, b image.Image) float64 {
	const parts = 16
	sum := 0.0
	for y := range parts {
		for x := range parts {
			p, q := meanColour(a, x, y, parts), meanColour(b, x, y, parts)
			sum += max(math.Abs(p[0]-q[0]), math.Abs(p[1]-q[1]), math.Abs(p[2]-q[2]))
		}
	}
	return sum / (parts * parts)
}

func meanColour(img image.Image, x, y, parts int) (mean [3]float64) {
	b := img.Bounds()
	n := 0.0
	for v := y * b.Dy() / parts; v < (y+1)*b.Dy()/parts; v += 2 {
		for u := x * b.Dx() / parts; u < (x+1)*b.Dx()/parts; u += 2 {
			r, g, bl, _ := img.At(b.Min.X+u, b.Min.Y+v).RGBA()
			mean = [3]float64{mean[0] + float64(r)/257, mean[1] + float64(g)/257, mean[2] + float64(bl)/257}
			n++
		}
	}
	return [3]float64{mean[0] / n, mean[1] / n, mean[2] / n}
}

func TestColoursOfAPalette_areConverted(t *testing.T) {
	t.Parallel()
	img := image.NewPaletted(
		image.Rect(0, 0, 4, 4), color.Palette{color.NRGBA{200, 120, 90, 255}, color.NRGBA{200, 120, 90, 0}},
	)
	got, err := photo.Upright(
		bytes.NewReader(facetest.WithPNGProfile(facetest.EncodePNG(t, img), facetest.ProfileAdobe.Bytes())), report.Options{},
		16,
	)
	if err != nil {
		t.Fatal(err)
	}
	if c := got.(*image.RGBA).RGBAAt(1, 1); facetest.Diff8(c.R, 224) > 1 || facetest.Diff8(c.G, 121) > 1 ||
		facetest.Diff8(c.B, 88) > 1 {
		t.Errorf("%v", c)
	}
}

// TestProfilesOfSRGBChangeNothing holds reports and pictures to those of the file without a
// profile.
func TestProfilesOfSRGBChangeNothing(t *testing.T) {
	t.Parallel()
	plain := facetest.EncodeJPEG(t, facetest.DecodeSample(t), 95)
	want, wantPictures, err := Scan(bytes.NewReader(plain), report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for name, f := range facetest.ProfilesOfSRGB() {
		if f.Space == "GRAY" {
			continue
		}
		got, pictures, err := Scan(bytes.NewReader(facetest.WithJPEGProfile(plain, f.Bytes())), report.Options{})
		if err != nil || facetest.AsJSON(t, got) != facetest.AsJSON(t, want) || !sameFiles(wantPictures, pictures) {
			t.Errorf("%s: another report or other pictures, or %v", name, err)
		}
	}
}

func TestProfilesThatAreNotReadAreNamed(t *testing.T) {
	t.Parallel()
	plain := facetest.EncodePNG(t, facetest.DecodeSample(t))
	byTables := facetest.ICCFile{
		Version: 2, Space: "RGB ", Connection: "Lab ",
	}.With("desc", facetest.NameTag(2, "A scanner")).With("A2B0", []byte("mft2"))
	for name, tt := range map[string]struct {
		icc  []byte
		want report.ColorProfile
	}{
		"by tables": {byTables.Bytes(), report.ColorProfile{Name: "A scanner", Reason: photo.ErrProfileKind.Error()}},
		"of grey": {
			facetest.ProfileGrey22.Bytes(), report.ColorProfile{Name: "Gray Gamma 2.2", Reason: photo.ErrProfileKind.Error()},
		},
		"without a sense": {[]byte("no profile"), report.ColorProfile{Reason: photo.ErrProfile.Error()}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, got := analyze(t, plain), analyze(t, facetest.WithPNGProfile(plain, tt.icc))
			if diff := cmp.Diff(&tt.want, got.Image.ColorProfile); diff != "" {
				t.Errorf("profile (-want +got):\n%s", diff)
			}
			got.Image.ColorProfile = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("report (-without +with):\n%s", diff)
			}
		})
	}
	t.Run("of colours, in grey", func(t *testing.T) {
		t.Parallel()
		img := facetest.As(facetest.DecodeSample(t), image.NewGray(image.Rect(0, 0, 320, 400)))
		got := analyze(t, facetest.WithPNGProfile(facetest.EncodePNG(t, img), facetest.ProfileAdobe.Bytes()))
		if p := got.Image.ColorProfile; p == nil || p.Converted || p.Reason == "" {
			t.Errorf("%+v", p)
		}
	})
}
