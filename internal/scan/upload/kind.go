package upload

import (
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/scan"
)

// notTaken returns the error about a file whose media type is not one of ContentTypes.
func notTaken(code fault.Code, kind string) *fault.Error {
	name := scan.TypeName(kind)
	switch name {
	case "":
		return fault.New(code, "Photos are taken as JPEG, PNG or WebP.")
	case "HEIC", "HEIF", "AVIF":
		return fault.New(code, "Photos are taken as JPEG, PNG or WebP, not as %s. Convert it on the device.", name)
	}
	return fault.New(code, "Photos are taken as JPEG, PNG or WebP, not as %s.", name)
}
