package measure

import (
	"math"

	"github.com/facescan/facescan/internal/face/internal/landmark"
	"github.com/facescan/facescan/internal/face/internal/raster"
)

// light is how the face is lit and how sharp it is, on the face crop at 72 pixels between the
// pupils inside an ellipse about the face: the scale at which the limits were measured.
type light struct {
	brightness float64 // mean grey level, 0 to 255
	contrast   float64 // standard deviation, grey levels
	sidedness  float64 // natural logarithm of left over right brightness
	focus      float64 // variance of the Laplacian over the squared contrast; darkness alone does not lower it
	even       float64 // see evenness
}

// The crop for the light, pixels.
const (
	lightIOD           = 72
	lightW, lightH     = 216, 230
	ellipseY           = 0.55 // middle of the ellipse below the pupils, IOD
	ellipseRX          = 1.0  // IOD
	ellipseRY          = 1.3  // IOD
	lightEyeY, lightCX = 65, (lightW - 1) / 2.0
)

func lightFrame(q *landmark.Points) raster.Frame {
	inIOD := raster.FrameBetween(
		raster.Vec{X: lightCX - lightIOD/2, Y: lightEyeY}, raster.Vec{X: lightCX + lightIOD/2, Y: lightEyeY},
		raster.Vec{X: -0.5, Y: 0}, raster.Vec{X: 0.5, Y: 0},
	)
	return q.Frame.After(inIOD)
}

func lightOf(crop *raster.Plane) light {
	var n, sum, square, laplace, laplaceSquare int64
	var side, count [2]int64
	for y := 1; y < crop.H-1; y++ {
		for x := 1; x < crop.W-1; x++ {
			if !inEllipse(x, y) {
				continue
			}
			i := y*crop.W + x
			v := int64(crop.Pix[i])
			l := int64(crop.Pix[i-1]) + int64(crop.Pix[i+1]) + int64(crop.Pix[i-crop.W]) + int64(crop.Pix[i+crop.W]) - 4*v
			n, sum, square = n+1, sum+v, square+v*v
			laplace, laplaceSquare = laplace+l, laplaceSquare+l*l
			half := 0
			if 2*x > crop.W {
				half = 1
			}
			side[half], count[half] = side[half]+v, count[half]+1
		}
	}
	variance := func(s, s2 int64) float64 { return float64(n*s2-s*s) / (float64(n) * float64(n)) }
	left, right := float64(side[0])/float64(count[0]), float64(side[1])/float64(count[1])
	contrast := variance(sum, square)
	return light{
		brightness: float64(sum) / float64(n),
		contrast:   math.Sqrt(contrast),
		sidedness:  math.Log((left + 1) / (right + 1)),
		focus:      variance(laplace, laplaceSquare) / (contrast + 1),
		even:       evenness(crop),
	}
}

func inEllipse(x, y int) bool {
	dx := (float64(x) - lightCX) / (ellipseRX * lightIOD)
	dy := (float64(y) - lightEyeY - ellipseY*lightIOD) / (ellipseRY * lightIOD)
	return raster.Sq(dx)+raster.Sq(dy) <= 1
}

// beyondEdge returns the share, 0 to 1, of the ellipse about a face that lies beyond the edge of
// the plane.
func beyondEdge(p *raster.Plane, f raster.Frame) float64 {
	n, out := 0, 0
	for y := 0; y < lightH; y += 4 {
		for x := 0; x < lightW; x += 4 {
			if inEllipse(x, y) {
				n++
				if !p.Holds(f.Outer(raster.Vec{X: float64(x), Y: float64(y)})) {
					out++
				}
			}
		}
	}
	return float64(out) / float64(n)
}
