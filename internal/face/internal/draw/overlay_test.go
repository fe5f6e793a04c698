package draw

import (
	"fmt"
	"image"
	"image/color"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/measure"
	"github.com/facescan/facescan/internal/face/internal/photo"
	"github.com/facescan/facescan/internal/face/internal/raster"
	"golang.org/x/image/draw"
)

func TestOverlay_changesThePhotoOnlyWhereItDraws(t *testing.T) {
	t.Parallel()
	m := looked(t, facetest.SampleJPEG(t))
	c := canvasOf(m)
	v := viewOf(m, c.Y)
	w, h := v.w, v.h
	plain, d := sceneOf(m, c)
	drawn, toPixel, unit := overlayOf(m, c), d.toPixel, d.unit
	middle := middleLine(&m.Asym)
	f := raster.Frame{Origin: v.at, Axis: raster.Vec{X: v.scale(), Y: 0}}
	near := func(at raster.Vec) bool {
		iod := m.Pts.Frame.Inner(f.Outer(at))
		if off := middle.Inner(iod); math.Abs(off.X)*unit < 5 && off.Y > middleTop-0.1 && off.Y < middleBottom+0.1 {
			return true
		}
		for k := range landmark.Marks {
			reach := ringOfErrors*measure.MarkError(&m.Pts, k) + arrowMost + 20/unit
			if iod.Minus(d.at(k)).Length() < reach {
				return true
			}
		}
		return false
	}
	changed, stray := 0, 0
	for i, v := range drawn.Y.Pix {
		if v == plain.Y.Pix[i] {
			continue
		}
		changed++
		if !near(raster.Vec{X: float64(i % w), Y: float64(i / w)}) {
			stray++
		}
	}
	if stray > 0 {
		t.Errorf("%d of %d changed pixels are far from all that is drawn", stray, changed)
	}
	for k, name := range landmark.Names {
		if name == "" {
			continue
		}
		at := toPixel(d.at(landmark.Mark(k)))
		if v := drawn.Y.Row(int(math.Round(at.Y)))[int(math.Round(at.X))]; v < 250 {
			t.Errorf("%s is not drawn: brightness %d", name, v)
		}
	}
	if share := float64(changed) / float64(w*h); share > 0.05 {
		t.Errorf("%.0f %% of the photo is drawn over", 100*share)
	}
}

func TestBrowPoints_areDrawnOnTheBrows(t *testing.T) {
	t.Parallel()
	m := looked(t, facetest.SampleJPEG(t))
	plain, d := sceneOf(m, canvasOf(m))
	level := func(at raster.Vec) float64 {
		crop := plain.Y.Crop(
			raster.Frame{Origin: d.toPixel(at).Minus(raster.Vec{X: 3, Y: 3}), Axis: raster.Vec{X: 1, Y: 0}}, 7, 7,
		)
		return float64(crop.Mean())
	}
	for _, k := range [...]landmark.Mark{
		landmark.MarkBrowInnerL, landmark.MarkBrowInnerR, landmark.MarkBrowOuterL, landmark.MarkBrowOuterR,
	} {
		at := d.at(k)
		brow, above, measured := level(at), level(at.Plus(raster.Vec{X: 0, Y: -0.15})), level(m.Pts.At[k])
		if brow > above-30 || brow > measured-15 {
			t.Errorf("%s: %.0f, the skin above %.0f and where it was measured %.0f", landmark.Names[k], brow, above, measured)
		}
	}
}

// uneven is a face whose right mouth corner hangs.
func uneven(sag float64) *measure.Measurement {
	m := &measure.Measurement{Photo: &photo.Photo{}, Grey: raster.NewPlane(800, 1000)}
	at := [landmark.Marks]raster.Vec{
		landmark.MarkPupilL: {X: -0.5, Y: 0}, landmark.MarkEyeOuterL: {X: -0.7, Y: 0.03},
		landmark.MarkEyeInnerL: {X: -0.3, Y: 0.05}, landmark.MarkBrowInnerL: {X: -0.25, Y: -0.2},
		landmark.MarkBrowMiddleL: {X: -0.5, Y: -0.3}, landmark.MarkBrowOuterL: {X: -0.85, Y: -0.2},
		landmark.MarkMouthL: {X: -0.4, Y: 1.1},
		landmark.MarkLipTop: {X: 0, Y: 1}, landmark.MarkLipBottom: {X: 0, Y: 1.3}, landmark.MarkNoseTip: {X: 0, Y: 0.6},
	}
	for k := landmark.MarkPupilL; k < landmark.MarkLipTop; k += 2 {
		at[k+1] = raster.Vec{X: -at[k].X, Y: at[k].Y}
	}
	at[landmark.MarkMouthR].Y += sag
	m.Pts = landmark.Points{
		At: at, Spread: measure.Fitted.Spreads,
		Frame: raster.Frame{Origin: raster.Vec{X: 400, Y: 400}, Axis: raster.Vec{X: 200, Y: 0}},
	}
	m.Asym = landmark.AsymmetryOf(&m.Pts)
	return m
}

func TestArrows_pointWherePointsWouldHaveToMove(t *testing.T) {
	t.Parallel()
	arrowsOf := func(sag float64) (unsure, sure []stroke) {
		m := uneven(sag)
		d := diagram{m: m, toPixel: m.Pts.Frame.Outer, unit: m.Pts.IOD()}
		return d.arrows()
	}
	if unsure, sure := arrowsOf(0); len(unsure)+len(sure) > 0 {
		t.Errorf("an even face has %d strokes of arrows", len(unsure)+len(sure))
	}
	_, sure := arrowsOf(0.12)
	var up, down bool
	for i := 0; i < len(sure); i += 3 {
		shaft := sure[i]
		if d := shaft.b.Minus(shaft.a); math.Abs(d.X) > math.Abs(d.Y) {
			continue
		}
		switch {
		case shaft.a.X > 440 && shaft.a.Y > 500 && shaft.b.Y < shaft.a.Y:
			up = true
		case shaft.a.X < 360 && shaft.a.Y > 500 && shaft.b.Y > shaft.a.Y:
			down = true
		}
	}
	if !up || !down {
		t.Errorf("the hanging corner's arrow points up: %v, its partner's down: %v", up, down)
	}
}

func TestMiddleLine_followsTheFace(t *testing.T) {
	t.Parallel()
	m := uneven(0)
	if f := middleLine(&m.Asym); f.Origin.Length() > 1e-9 || math.Abs(f.Axis.Y) > 1e-9 {
		t.Errorf("the middle line of an even face is %+v", f)
	}
	// Everything below the eyes turned about the middle between them by 0.1 radians.
	for k := range landmark.Marks {
		if m.Pts.At[k].Y > 0.4 {
			m.Pts.At[k] = m.Pts.At[k].Times(raster.Vec{X: math.Cos(0.1), Y: math.Sin(0.1)})
		}
	}
	m.Asym = landmark.AsymmetryOf(&m.Pts)
	f := middleLine(&m.Asym)
	if down := f.Outer(raster.Vec{X: 0, Y: 1}); down.X > -0.02 || down.X < -0.12 {
		t.Errorf("one IOD down, the line of a face that leans to the left is at %v", down)
	}
	if math.Abs(f.Scale()-1) > 1e-9 {
		t.Errorf("its scale is %v", f.Scale())
	}
}

func TestOverlay_showsTheFaceLargeEnough(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name          string
		w, h          int
		face          raster.Vec
		iod           float64
		width, height int
		zoomed        bool
	}{
		{"a selfie at arm's length", 756, 1008, raster.Vec{X: 378, Y: 450}, 145, 756, 1008, false},
		{"a selfie", 756, 1008, raster.Vec{X: 378, Y: 450}, 180, 756, 1008, false},
		{"a small file is enlarged", 320, 400, raster.Vec{X: 160, Y: 180}, 88, 800, 1000, false},
		{"a large picture is shrunk", 1999, 1499, raster.Vec{X: 1000, Y: 600}, 400, 1000, 748, false},
		{"a small face is cut out", 3024, 4032, raster.Vec{X: 1500, Y: 2000}, 62, 750, 1000, true},
		{"a small face in a corner", 1000, 1000, raster.Vec{X: 990, Y: 5}, 62, 1000, 1000, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := &measure.Measurement{
				Pts: landmark.Points{Frame: raster.Frame{Origin: tt.face, Axis: raster.Vec{X: tt.iod, Y: 0}}},
			}
			v := viewOf(m, &raster.Plane{W: tt.w, H: tt.h})
			if v.w != tt.width || v.h != tt.height {
				t.Errorf("%d x %d, want %d x %d", v.w, v.h, tt.width, tt.height)
			}
			if share := tt.iod / v.scale() / float64(max(v.w, v.h)); share < overlaySmall-0.001 {
				t.Errorf("the pupils are %.3f of the longer side apart", share)
			}
			for _, corner := range [...]raster.Vec{{X: 0, Y: 0}, {X: float64(tt.w - 1), Y: float64(tt.h - 1)}} {
				at := v.pixel(corner)
				inside := at.X > -1 && at.Y > -1 && at.X < float64(v.w)+1 && at.Y < float64(v.h)+1
				if inside == tt.zoomed {
					t.Errorf("the photo's corner %v is at %v of %d x %d", corner, at, v.w, v.h)
				}
			}
			if face := v.pixel(tt.face); face.X < 0 || face.Y < 0 || face.X >= float64(v.w) || face.Y >= float64(v.h) {
				t.Errorf("the face is at %v of %d x %d", face, v.w, v.h)
			}
		})
	}
}

func TestStrokes_areSmooth(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		stroke stroke
		area   float64
	}{
		"disc":  {disc(raster.Vec{X: 20.3, Y: 19.6}, 6), math.Pi * 36},
		"ring":  {ring(raster.Vec{X: 20, Y: 20.5}, 12, 3), 2 * math.Pi * 12 * 3},
		"line":  {line(raster.Vec{X: 8.2, Y: 9}, raster.Vec{X: 30, Y: 25.7}, 4), math.Hypot(21.8, 16.7)*4 + math.Pi*4},
		"point": {line(raster.Vec{X: 20, Y: 20}, raster.Vec{X: 20, Y: 20}, 4), math.Pi * 4},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			mask := raster.NewPlane(40, 40)
			area := coverage(mask, []stroke{tt.stroke})
			sum, edge := 0.0, 0
			for i, v := range mask.Pix {
				sum += float64(v) / 255
				if v > 0 && v < 255 {
					edge++
				}
				if v > 0 && !(image.Pt(i%40, i/40)).In(area) {
					t.Errorf("pixel %d, %d is outside of %v", i%40, i/40, area)
				}
			}
			if math.Abs(sum-tt.area) > 0.05*tt.area {
				t.Errorf("it covers %.1f pixels, want %.1f", sum, tt.area)
			}
			if edge == 0 {
				t.Error("no pixel is half covered")
			}
		})
	}
	t.Run("beyond the border", func(t *testing.T) {
		t.Parallel()
		mask := raster.NewPlane(8, 8)
		coverage(
			mask, []stroke{line(raster.Vec{X: -50, Y: 4}, raster.Vec{X: 60, Y: 4}, 2), disc(raster.Vec{X: -90, Y: -90}, 3)},
		)
		if mask.Row(4)[0] != 255 || mask.Row(4)[7] != 255 || mask.Row(0)[0] != 0 {
			t.Errorf("mask %v", mask.Pix)
		}
	})
}

func TestInk_showsOnLightAndDark(t *testing.T) {
	t.Parallel()
	for _, skin := range []uint8{25, 90, 160, 240} {
		for name, i := range map[string]ink{
			"middle": inkMiddle, "ring": inkRing, "point": inkPoint, "unsure": inkUnsure, "sure": inkSure,
		} {
			p := raster.Planes{Y: raster.NewPlane(40, 40), Cb: raster.NewPlane(20, 20), Cr: raster.NewPlane(20, 20)}
			for k := range p.Y.Pix {
				p.Y.Pix[k] = skin
			}
			drawOn(p, seamWidth, inkSeam, drawing{i, []stroke{line(raster.Vec{X: 10, Y: 20}, raster.Vec{X: 30, Y: 20}, 4)}})
			stroke, seam := int(p.Y.Row(20)[20]), int(p.Y.Row(23)[20])
			if stroke-seam < 60 {
				t.Errorf("%s on skin of %d: stroke %d, seam %d", name, skin, stroke, seam)
			}
		}
	}
}

func TestColours_areThoseOfTheUprightPhoto(t *testing.T) {
	t.Parallel()
	src := image.NewRGBA(image.Rect(0, 0, 9, 7))
	for i := range src.Pix {
		src.Pix[i] = uint8(i * 37)
		if i%4 == 3 {
			src.Pix[i] = 255
		}
	}
	for o := 1; o <= 8; o++ {
		for _, turnedOver := range []bool{false, true} {
			p := &photo.Photo{
				Header: photo.Header{Orientation: o, Format: photo.FormatPNG}, Decoded: facetest.Stored(src, o),
				Mirrored: turnedOver,
			}
			want := &photo.Photo{Header: photo.Header{Orientation: 1, Format: photo.FormatPNG}, Decoded: src}
			if turnedOver {
				want.Decoded = facetest.MirrorOf(src)
			}
			cb, cr := p.Colours(raster.NewPlane(9, 7))
			wantCb, wantCr := want.Colours(raster.NewPlane(9, 7))
			samePicture(t, "orientation", raster.Planes{Y: cb, Cb: wantCb, Cr: wantCr}, raster.Planes{Y: cb, Cb: cb, Cr: cr})
		}
	}
}

func TestColoursThatTheFileKeepsAreTakenAsTheyAre(t *testing.T) {
	t.Parallel()
	taken := 0
	for _, size := range []image.Point{{16, 24}, {64, 32}, {18, 20}, {17, 24}, {16, 23}} {
		img := image.NewYCbCr(image.Rectangle{Max: size}, image.YCbCrSubsampleRatio420)
		for i := range img.Cb {
			img.Cb[i], img.Cr[i] = uint8(i*37), uint8(i*91)
		}
		for k := range 32 {
			o, scale := k%8+1, k/8%2+1
			p := &photo.Photo{
				Header: photo.Header{Orientation: o, Format: photo.FormatJPEG, Width: size.X, Height: size.Y}, Decoded: img,
				Mirrored: k >= 16,
			}
			w, h := p.Size()
			grey := raster.NewPlane(w/scale, h/scale)
			cb, cr, ok := p.OwnColours(grey)
			if !ok {
				continue
			}
			taken++
			wantCb, wantCr := p.MeanColours(grey)
			// Of an odd number the last is a mean with its neighbour, or is not.
			right, low := max(0, w%2*cb.W-1), max(0, h%2*cb.H-1)
			for i := range cb.Pix {
				if right > 0 && i%cb.W == right || low > 0 && i/cb.W == low {
					wantCb.Pix[i], wantCr.Pix[i] = cb.Pix[i], cr.Pix[i]
				}
			}
			samePicture(
				t, fmt.Sprintf("%v at 1/%d, orientation %d", size, scale, o), raster.Planes{Y: cb, Cb: wantCb, Cr: wantCr},
				raster.Planes{Y: wantCb, Cb: cb, Cr: cr},
			)
		}
	}
	// two even sizes and one that has a left over at half the size, and half of the ways of two odd
	// ones
	if taken != 16*4+16+2*8 {
		t.Errorf("%d were taken", taken)
	}
}

func TestColoursOfEveryKindOfImage(t *testing.T) {
	t.Parallel()
	skin := color.RGBA{R: 200, G: 120, B: 90, A: 255}
	_, wantCb, wantCr := color.RGBToYCbCr(skin.R, skin.G, skin.B)
	area := image.Rect(3, 5, 23, 25)
	fill := func(dst draw.Image) image.Image {
		draw.Draw(dst, area, image.NewUniform(skin), image.Point{}, draw.Src)
		return dst
	}
	ycc := image.NewYCbCr(area, image.YCbCrSubsampleRatio420)
	withAlpha := image.NewNYCbCrA(area, image.YCbCrSubsampleRatio444)
	for _, p := range [...][2][]uint8{{ycc.Cb, ycc.Cr}, {withAlpha.Cb, withAlpha.Cr}} {
		for i := range p[0] {
			p[0][i], p[1][i] = wantCb, wantCr
		}
	}
	clearGlass := image.NewNRGBA(area)
	tests := map[string]struct {
		img    image.Image
		format photo.Format
		cb, cr uint8
	}{
		"YCbCr": {ycc, photo.FormatJPEG, wantCb, wantCr},
		"YCbCr of a video": {
			ycc, photo.FormatWebP, uint8((int(wantCb)-128)*255/224 + 128), uint8((int(wantCr)-128)*255/224 + 128),
		},
		"YCbCr with transparency": {withAlpha, photo.FormatJPEG, wantCb, wantCr},
		"RGBA":                    {fill(image.NewRGBA(area)), photo.FormatPNG, wantCb, wantCr},
		"NRGBA":                   {fill(image.NewNRGBA(area)), photo.FormatPNG, wantCb, wantCr},
		"RGBA of 16 bits":         {fill(image.NewRGBA64(area)), photo.FormatPNG, wantCb, wantCr},
		"a palette":               {fill(image.NewPaletted(area, color.Palette{skin})), photo.FormatPNG, wantCb, wantCr},
		"grey":                    {fill(image.NewGray(area)), photo.FormatPNG, 128, 128},
		"nothing to see":          {clearGlass, photo.FormatPNG, 128, 128},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &photo.Photo{Header: photo.Header{Format: tt.format, Orientation: 1}, Decoded: tt.img}
			cb, cr := p.Colours(raster.NewPlane(10, 10)) // at half the size
			if cb.W != 5 || cb.H != 5 {
				t.Errorf("%d x %d", cb.W, cb.H)
			}
			for i := range cb.Pix {
				if d := max(facetest.Diff8(cb.Pix[i], tt.cb), facetest.Diff8(cr.Pix[i], tt.cr)); d > 2 {
					t.Fatalf("pixel %d has %d, %d; want %d, %d", i, cb.Pix[i], cr.Pix[i], tt.cb, tt.cr)
				}
			}
		})
	}
}
