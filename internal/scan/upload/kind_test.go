package upload_test

import (
	"testing"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/scan/upload"
)

func TestNotTaken(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]string{
		"image/heic":   "Photos are taken as JPEG, PNG or WebP, not as HEIC. Convert it on the device.",
		"image/gif":    "Photos are taken as JPEG, PNG or WebP, not as GIF.",
		"image/x-odd%": "Photos are taken as JPEG, PNG or WebP.",
	} {
		if got := upload.NotTaken(fault.CodeInvalidField, kind).Detail; got != want {
			t.Errorf("notTaken(%q) = %q", kind, got)
		}
	}
}
