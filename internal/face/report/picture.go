package report

import "image"

// The names of the pictures, in the order in which face.Scan returns them.
const (
	PictureOverlay    = "overlay"     // the photo with the points, the middle line and the asymmetry drawn on it
	PictureCrop       = "crop"        // the face alone, pupils level and 200 pixels apart
	PictureLeftLeft   = "left-left"   // the image's left half of the face, and its mirror image
	PictureRightRight = "right-right" // the image's right half of the face, and its mirror image
	PictureThumbnail  = "thumbnail"   // the photo, small
)

// PictureNames lists the names, in the order in which face.Scan returns the pictures.
func PictureNames() []string {
	return []string{PictureOverlay, PictureCrop, PictureLeftLeft, PictureRightRight, PictureThumbnail}
}

// Picture is a picture of a photo for people. It is upright and carries no metadata of the photo.
type Picture struct {
	Name string // one of PictureNames
	JPEG []byte
	// Image holds the pixels before compression, which JPEG stores with loss.
	Image *image.YCbCr
}
