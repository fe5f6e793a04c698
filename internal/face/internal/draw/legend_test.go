package draw

import (
	"fmt"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

func TestLegend_fitsItsWidth(t *testing.T) {
	t.Parallel()
	for _, words := range legendWords {
		if wide := legendText + 8*len(words); words == "" || wide > legendWidth-legendMargin/2 {
			t.Errorf("%q ends at column %d of %d", words, wide, legendWidth)
		}
		for _, r := range words {
			if r < ' ' || r > '~' {
				t.Errorf("%q has %q, which the font may not have", words, r)
			}
		}
	}
}

// TestLegend_canBeReadOnAPhone shrinks overlays to the width of a phone and looks for the letters,
// as they were drawn, in the legend.
func TestLegend_canBeReadOnAPhone(t *testing.T) {
	t.Parallel()
	for _, size := range [...][2]int{{562, 1000}, {800, 1000}, {1000, 748}, {1280, 960}, {600, 1280}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			w, h := size[0], size[1]
			photo := raster.Planes{
				Y: raster.Filled(w, h, 90), Cb: raster.Filled(w/2, h/2, 120), Cr: raster.Filled(w/2, h/2, 140),
			}
			p := withLegend(photo)
			if p.Y.W != w || p.Y.H <= h || p.Y.H%2 != 0 || p.Cb.H != p.Y.H/2 || len(p.Cr.Pix) != p.Cr.W*p.Cr.H {
				t.Fatalf("%d x %d and %d x %d", p.Y.W, p.Y.H, p.Cb.W, p.Cb.H)
			}
			for i, v := range p.Y.Pix[:w*h] {
				if v != 90 {
					t.Fatalf("the photo is drawn over at %d, %d", i%w, i/w)
				}
			}
			below := &raster.Plane{W: w, H: p.Y.H - h, Pix: p.Y.Pix[w*h:]}
			words := below.Resized(legendWidth, legendHeight)
			if likeness := textLikeness(words, legendMask()); likeness < 0.85 {
				t.Errorf("the text correlates with the letters by %.2f", likeness)
			}
			if darkest, lightest := spanOf(words); lightest-darkest < 150 {
				t.Errorf("brightness %d to %d", darkest, lightest)
			}
		})
	}
}

// textLikeness is the correlation of two planes right of the legend's samples.
func textLikeness(p, q *raster.Plane) float64 {
	var n, sp, sq, spp, sqq, spq float64
	for y := range p.H {
		for x := legendText; x < p.W; x++ {
			a, b := float64(p.Row(y)[x]), float64(q.Row(y)[x])
			n, sp, sq, spp, sqq, spq = n+1, sp+a, sq+b, spp+a*a, sqq+b*b, spq+a*b
		}
	}
	return (n*spq - sp*sq) / math.Sqrt((n*spp-sp*sp)*(n*sqq-sq*sq))
}

// Each sample is drawn in the colour of what it explains.
func TestLegend_showsASampleOfEachLine(t *testing.T) {
	t.Parallel()
	const w = 800
	p := withLegend(
		raster.Planes{Y: raster.Filled(w, 2, 0), Cb: raster.Filled(w/2, 1, 128), Cr: raster.Filled(w/2, 1, 128)},
	)
	for i, want := range [legendLines]ink{
		legendCircle: inkPoint, legendMiddle: inkMiddle, legendArrow: inkUnsure, legendSure: inkSure,
	} {
		found := false
		for y := 2 + (legendMargin+i*legendLine)*w/legendWidth; y < 2+(legendMargin+(i+1)*legendLine)*w/legendWidth; y++ {
			for x := range legendText * w / legendWidth {
				at := y/2*(w/2) + x/2
				found = found || facetest.Diff8(p.Y.Row(y)[x], want.y) < 40 && facetest.Diff8(p.Cb.Pix[at], want.cb) < 40 &&
					facetest.Diff8(p.Cr.Pix[at], want.cr) < 40
			}
		}
		if !found {
			t.Errorf("no sample beside %q", legendWords[i])
		}
	}
}

func spanOf(p *raster.Plane) (darkest, lightest int) {
	darkest = 255
	for _, v := range p.Pix {
		darkest, lightest = min(darkest, int(v)), max(lightest, int(v))
	}
	return darkest, lightest
}
