// Package draw draws the pictures of a measured photo for people: the photo with the measurement
// drawn on it, the aligned face, its halves beside their mirror images, and the thumbnail.
package draw
