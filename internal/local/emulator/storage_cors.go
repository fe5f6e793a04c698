package emulator

import (
	"net/http"
	"strings"

	"github.com/rs/cors"

	"github.com/facescan/facescan/internal/crossorigin"
)

// Admit lets web pages of the origins do with a bucket's objects what the rules allow. No page has
// access to a bucket by default, as in production. An origin may have a "*" in it, for the ports of
// this machine; production's buckets take whole origins only.
func (s *Storage) Admit(bucket string, origins []string, rules crossorigin.Rules) {
	if len(origins) == 0 { // of which package cors makes all
		return
	}
	s.rules.Store(bucket, cors.New(cors.Options{
		AllowedOrigins: origins, AllowedMethods: rules.Methods, AllowedHeaders: rules.Headers,
		ExposedHeaders: rules.Exposed, MaxAge: int(rules.MaxAge.Seconds()), OptionsSuccessStatus: http.StatusOK,
	}))
}

// acrossOrigins answers a preflight by the bucket's rules, and has any other request answered by
// next, with the headers by which a page of an admitted origin may read the answer.
func (s *Storage) acrossOrigins(bucket string, w http.ResponseWriter, r *http.Request, next http.HandlerFunc) {
	rules, ok := s.rules.Load(bucket)
	if !ok {
		next(w, r)
		return
	}
	rules.(*cors.Cors).ServeHTTP(w, r, next)
}

// corsOf returns those of an answer's headers by which a browser lets a page read it.
func corsOf(all http.Header) http.Header {
	found := http.Header{}
	for name, values := range all {
		if strings.HasPrefix(name, "Access-Control-") {
			found[name] = values
		}
	}
	return found
}
