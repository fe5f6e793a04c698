package host

import (
	"net/http"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/photos"
)

// servePublic serves the API, with the test photos before it, to who asks for a name of the place.
func (h *Host) servePublic(api http.Handler) {
	h.public.serve(emulator.ForNames(h.place.Names(), photos.Before(h.desk.Requests(api))))
}

// PhotosURL returns where the test photos are listed, one for each outcome of a scan, below the
// API's base.
func (h *Host) PhotosURL() string { return h.URL + photos.Path }
