package boot

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"time"

	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/throttle"
)

// throttledBuild makes the handler that build makes a throttled one.
func throttledBuild(
	build func(context.Context, *Process) (http.Handler, error),
) func(context.Context, *Process) (http.Handler, error) {
	return func(ctx context.Context, p *Process) (http.Handler, error) {
		next, err := build(ctx, p)
		if err != nil {
			return nil, err
		}
		return throttled{next, throttle.New(throttle.Places, throttle.Line, throttle.Wait)}, nil
	}
}

// arrival is how long the beginning of a body may take.
const arrival = 10 * time.Second

// throttled bounds the requests that next works on at a time: what is beyond the places and the
// line of package throttle gets 503 with Retry-After at once. Cloud Run's own bound is for requests
// that wait, too, and not as low as an instance needs.
//
// A request takes its place once its body is there, and gives it up once its answer begins, so that
// slow clients take none. A body that is longer than JSON may be is a photo, which takes none at
// all: package upload bounds those.
type throttled struct {
	next   http.Handler
	places *throttle.Throttle
}

// Unwrap returns the handler whose requests are bounded.
func (t throttled) Unwrap() http.Handler { return t.next }

// ServeHTTP implements http.Handler.
func (t throttled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !arrived(w, r) {
		t.next.ServeHTTP(w, r)
		return
	}
	if r.Context().Err() != nil {
		// The server cancels a request whose body breaks off or does not end in time. What is wrong
		// with the body is for the handler to say.
		r = r.WithContext(context.WithoutCancel(r.Context()))
	}
	ctx, leave, err := t.places.Enter(r.Context())
	if err != nil {
		httpapi.WriteProblem(w, r, err)
		return
	}
	defer leave()
	t.next.ServeHTTP(placed{w, leave}, r.WithContext(ctx))
}

// placed gives the place of its request up when it begins: the work is done, and the client may be
// slow to read.
type placed struct {
	http.ResponseWriter

	leave func()
}

// WriteHeader implements http.ResponseWriter.
func (a placed) WriteHeader(status int) {
	if status >= http.StatusOK {
		a.leave()
	}
	a.ResponseWriter.WriteHeader(status)
}

// Write implements http.ResponseWriter.
func (a placed) Write(p []byte) (int, error) {
	a.leave()
	return a.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (a placed) Unwrap() http.ResponseWriter { return a.ResponseWriter }

// arrived reads the body of a request and keeps it for the handler, with the error that ended it,
// if any. It reports false if the body is longer than a handler takes as JSON; the rest is then
// still to be read.
func arrived(w http.ResponseWriter, r *http.Request) bool {
	if r.Body == nil || r.Body == http.NoBody || r.ContentLength == 0 {
		return true
	}
	if r.ContentLength > httpapi.MaxBody {
		return false
	}
	httpapi.BodyWithin(w, arrival)
	begun, err := io.ReadAll(io.LimitReader(r.Body, httpapi.MaxBody+1))
	rest := r.Body
	var end io.Reader = rest
	whole := err != nil || len(begun) <= httpapi.MaxBody
	switch {
	case err != nil:
		end = failing{err}
	case whole:
		httpapi.BodyWithin(w, 0)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(bytes.NewReader(begun), end), rest}
	return whole
}

// failing is a reader that fails.
type failing struct{ err error }

// Read implements io.Reader.
func (f failing) Read([]byte) (int, error) { return 0, f.err }
