package photos

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// Path is where the photos are listed; each has its code as the next segment.
const Path = "/dev/photos"

// Before returns a handler that serves the photos, and passes every other path on to next.
//
// GET Path lists them as {"photos":[...],"withoutPhoto":[...]}, with URLs of the host that the
// client asked for. Pages of any origin may read both: they are the same for everybody.
func Before(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		code, below := strings.CutPrefix(r.URL.Path, Path+"/")
		if !below && r.URL.Path != Path {
			next.ServeHTTP(w, r)
			return
		}
		r = httpapi.Begin(w, r)
		w.Header().Set("Access-Control-Allow-Origin", "*")
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			httpapi.WriteProblem(w, r, fault.New(fault.CodeMethodNotAllowed, "Only GET and HEAD are served here."))
			return
		}
		if below {
			servePhoto(w, r, code)
			return
		}
		list(w, r)
	})
}

func list(w http.ResponseWriter, r *http.Request) {
	all := slices.Clone(All())
	for i := range all {
		all[i].URL = "http://" + r.Host + Path + "/" + all[i].Code
	}
	w.Header().Set("Content-Type", "application/json")
	to := json.NewEncoder(w)
	to.SetEscapeHTML(false)
	to.SetIndent("", "  ")
	_ = to.Encode(struct { // a reader who is gone misses nothing
		Photos       []Photo  `json:"photos"`
		WithoutPhoto []Absent `json:"withoutPhoto"`
	}{all, WithoutPhoto()})
}

func servePhoto(w http.ResponseWriter, r *http.Request, code string) {
	i := slices.IndexFunc(All(), func(p Photo) bool { return p.Code == code })
	if i < 0 {
		httpapi.WriteProblem(w, r, fault.New(fault.CodeNotFound, "There is no such photo: %s lists them.", Path))
		return
	}
	data, err := All()[i].File()
	if err != nil {
		httpapi.WriteProblem(w, r, err)
		return
	}
	kind, _ := All()[i].MediaType() // the file is there
	w.Header().Set("Content-Type", kind)
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	if r.Method == http.MethodGet {
		_, _ = w.Write(data) // a reader who is gone misses nothing
	}
}
