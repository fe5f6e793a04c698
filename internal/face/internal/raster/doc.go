// Package raster holds planes of grey levels and the geometry on them: places, frames that lead
// from one picture to another, crops resampled along a frame, shrunk and turned copies, and areas.
//
// Everything is computed such that the mirror image of a picture gives the mirror image of the
// result to the bit, and no compiler can give other last bits: products are rounded before they are
// added.
package raster
