// Package draw makes the pictures of a measured photo that people look at: the photo with what was
// measured drawn on it, the aligned face, its halves beside their mirror images, and the thumbnail.
package draw
