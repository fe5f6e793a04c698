// Package photo reads the file of a photo: what it says of itself, checked against the limits
// before anything is decoded, its pixels, upright and in sRGB, and the brightness that the engine
// looks at. A photo that is not whole, or of a kind that is not read, is refused.
package photo
