package face

import (
	"fmt"
	"math"
	"testing"

	"github.com/facescan/facescan/internal/face/internal/facetest"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

func TestLegendFitsItsWidth(t *testing.T) {
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

// TestLegendCanBeReadOnAPhone shrinks overlays to the width of a phone and looks for the letters,
// as they were drawn, in the legend.
func TestLegendCanBeReadOnAPhone(t *testing.T) {
	t.Parallel()
	for _, size := range [...][2]int{{562, 1000}, {800, 1000}, {1000, 748}, {1280, 960}, {600, 1280}} {
		t.Run(fmt.Sprint(size), func(t *testing.T) {
			t.Parallel()
			w, h := size[0], size[1]
			photo := picture{filled(w, h, 90), filled(w/2, h/2, 120), filled(w/2, h/2, 140)}
			p := photo.withLegend()
			if p.y.W != w || p.y.H <= h || p.y.H%2 != 0 || p.cb.H != p.y.H/2 || len(p.cr.Pix) != p.cr.W*p.cr.H {
				t.Fatalf("%d x %d and %d x %d", p.y.W, p.y.H, p.cb.W, p.cb.H)
			}
			for i, v := range p.y.Pix[:w*h] {
				if v != 90 {
					t.Fatalf("the photo is drawn over at %d, %d", i%w, i/w)
				}
			}
			below := &raster.Plane{W: w, H: p.y.H - h, Pix: p.y.Pix[w*h:]}
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
func TestLegendShowsASampleOfEachLine(t *testing.T) {
	t.Parallel()
	const w = 800
	p := picture{filled(w, 2, 0), filled(w/2, 1, 128), filled(w/2, 1, 128)}.withLegend()
	for i, want := range [legendLines]ink{legendCircle: inkPoint, legendMiddle: inkMiddle, legendArrow: inkUnsure, legendSure: inkSure} {
		found := false
		for y := 2 + (legendMargin+i*legendLine)*w/legendWidth; y < 2+(legendMargin+(i+1)*legendLine)*w/legendWidth; y++ {
			for x := range legendText * w / legendWidth {
				at := y/2*(w/2) + x/2
				found = found || facetest.Diff8(p.y.Row(y)[x], want.y) < 40 && facetest.Diff8(p.cb.Pix[at], want.cb) < 40 && facetest.Diff8(p.cr.Pix[at], want.cr) < 40
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
