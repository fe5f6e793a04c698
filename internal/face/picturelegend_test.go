package face

import (
	"fmt"
	"math"
	"testing"
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
			if p.y.w != w || p.y.h <= h || p.y.h%2 != 0 || p.cb.h != p.y.h/2 || len(p.cr.pix) != p.cr.w*p.cr.h {
				t.Fatalf("%d x %d and %d x %d", p.y.w, p.y.h, p.cb.w, p.cb.h)
			}
			for i, v := range p.y.pix[:w*h] {
				if v != 90 {
					t.Fatalf("the photo is drawn over at %d, %d", i%w, i/w)
				}
			}
			below := &plane{w: w, h: p.y.h - h, pix: p.y.pix[w*h:]}
			words := below.resized(legendWidth, legendHeight)
			if likeness := textLikeness(words, legendMask()); likeness < 0.85 {
				t.Errorf("the text correlates with the letters by %.2f", likeness)
			}
			if darkest, lightest := words.span(); lightest-darkest < 150 {
				t.Errorf("brightness %d to %d", darkest, lightest)
			}
		})
	}
}

// textLikeness is the correlation of two planes right of the legend's samples.
func textLikeness(p, q *plane) float64 {
	var n, sp, sq, spp, sqq, spq float64
	for y := range p.h {
		for x := legendText; x < p.w; x++ {
			a, b := float64(p.row(y)[x]), float64(q.row(y)[x])
			n, sp, sq, spp, sqq, spq = n+1, sp+a, sq+b, spp+a*a, sqq+b*b, spq+a*b
		}
	}
	return (n*spq - sp*sq) / math.Sqrt((n*spp-sp*sp)*(n*sqq-sq*sq))
}

func (p *plane) span() (darkest, lightest int) {
	darkest = 255
	for _, v := range p.pix {
		darkest, lightest = min(darkest, int(v)), max(lightest, int(v))
	}
	return darkest, lightest
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
				found = found || diff8(p.y.row(y)[x], want.y) < 40 && diff8(p.cb.pix[at], want.cb) < 40 && diff8(p.cr.pix[at], want.cr) < 40
			}
		}
		if !found {
			t.Errorf("no sample beside %q", legendWords[i])
		}
	}
}
