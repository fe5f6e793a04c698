package report

import (
	"bytes"
	"net/http"
)

// MediaType returns the media type of a file by its first bytes, of which 512 are enough. It is
// that of net/http, or image/heic, image/avif or image/tiff, which net/http does not detect.
func MediaType(head []byte) string {
	switch {
	case IsHEIF(head) && bytes.HasPrefix(head[8:], []byte("avi")):
		return "image/avif"
	case IsHEIF(head):
		return "image/heic"
	case bytes.HasPrefix(head, []byte("II*\x00")), bytes.HasPrefix(head, []byte("MM\x00*")):
		return "image/tiff"
	}
	return http.DetectContentType(head)
}

// IsHEIF reports whether data begins with a file type box that has a brand of HEIC or AVIF (ISO/IEC
// 23008-12).
func IsHEIF(data []byte) bool {
	if len(data) < 12 || string(data[4:8]) != "ftyp" {
		return false
	}
	switch string(data[8:12]) {
	case "heic", "heix", "heim", "heis", "hevc", "hevx", "hevm", "hevs", "mif1", "msf1", "avif", "avis":
		return true
	}
	return false
}
