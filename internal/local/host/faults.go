package host

import (
	"fmt"
	"io"
	"net/http"
	"os"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/faults"
)

// maxFaults bounds a posted specification, in bytes.
const maxFaults = 1024

// getFaults answers with the specification in force.
func (h *Host) getFaults(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = fmt.Fprintln(w, h.faults.Spec()) // a reader who is gone misses nothing
}

// setFaults replaces the specification by that of the body; an empty one ends the faults.
func (h *Host) setFaults(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxFaults))
	if err != nil {
		http.Error(w, "the body could not be read: "+err.Error(), http.StatusBadRequest)
		return
	}
	spec, err := faults.Parse(string(text))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	h.faults.Set(spec)
	h.getFaults(w, r)
}

// crash kills the functions' processes that serve. Each is started again by its child.
func (h *Host) crash() {
	for _, pid := range h.PIDs() {
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill() // one that has ended meanwhile needs no more
		}
	}
}

// FaultsURL returns where the faults in force are read and set, http://127.0.0.1:port/dev/faults.
func (h *Host) FaultsURL() string { return h.private.url(address.Loopback) + faultsPath }
