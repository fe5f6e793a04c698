package upload

import "github.com/facescan/facescan/internal/scan"

// notTaken returns the sentence about a file whose media type is not one of ContentTypes.
func notTaken(kind string) string {
	name := scan.TypeName(kind)
	switch name {
	case "":
		return "Photos are taken as JPEG, PNG or WebP."
	case "HEIC", "HEIF", "AVIF":
		return "Photos are taken as JPEG, PNG or WebP, not as " + name + ". Convert it on the device."
	}
	return "Photos are taken as JPEG, PNG or WebP, not as " + name + "."
}
