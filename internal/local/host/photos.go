package host

import "github.com/facescan/facescan/internal/local/photos"

// PhotosURL returns where the test photos are listed, one for each outcome of a scan, below the
// API's base.
func (h *Host) PhotosURL() string { return h.URL + photos.Path }
