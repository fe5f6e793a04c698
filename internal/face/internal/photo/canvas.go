package photo

import "github.com/facescan/facescan/internal/face/internal/raster"

// Canvas is what pictures are cut from: the plane that was looked at, and its colours at half the
// size.
type Canvas struct{ Y, Cb, Cr *raster.Plane }
