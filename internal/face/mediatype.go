package face

import (
	"bytes"
	"net/http"
)

// MediaType returns the media type of a file by its first bytes, of which 512 are enough:
// net/http's answer, and image/heic, image/avif and image/tiff, which net/http does not know.
func MediaType(head []byte) string {
	switch {
	case isHEIF(head) && bytes.HasPrefix(head[8:], []byte("avi")):
		return "image/avif"
	case isHEIF(head):
		return "image/heic"
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		return "image/tiff"
	}
	return http.DetectContentType(head)
}
