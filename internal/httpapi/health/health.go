// Package health answers whether a process is up, and whether its database is.
package health

import (
	"cmp"
	"context"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

const (
	// readyTimeout bounds the readiness probe.
	readyTimeout = 3 * time.Second
	// readyLife is how long an answer of the store is repeated, and unreadyLife how long its failure
	// is. Without them, anybody could have the store read as often as they ask.
	readyLife   = 5 * time.Second
	unreadyLife = time.Second
)

// UnknownRelease is the release of a process that was not told one.
const UnknownRelease = "unknown"

// UnknownClient is what /health answers where there is no telling the client's address.
const UnknownClient = "unknown"

// Routes adds /health, which reports that the process answers, its release, and the address
// that it takes the client's for, and /ready, which answers by the error of ready. ready is called
// by one request at a time, and its answer serves all that come meanwhile and in the next seconds.
// Neither path ends in z: Cloud Run reserves some of those, and /healthz may never arrive
// (https://cloud.google.com/run/docs/known-issues).
func Routes(api *httpapi.API, release string, ready func(context.Context) error) {
	ok := map[string]string{"status": "ok"}
	probe := &readiness{ready: ready}
	release = cmp.Or(release, UnknownRelease)
	api.Handle("GET /health", httpapi.Open, func(w http.ResponseWriter, r *http.Request) error {
		client := UnknownClient
		if addr := httpapi.ClientIP(r); addr.IsValid() {
			client = addr.String()
		}
		return httpapi.Write(w, http.StatusOK, map[string]string{"status": "ok", "release": release, "client": client})
	})
	api.Handle("GET /ready", httpapi.Open, func(w http.ResponseWriter, r *http.Request) error {
		if err := probe.look(r.Context()); err != nil {
			return fault.Wrap(err, fault.CodeUnavailable, "A store does not answer.").WithRetryAfter(readyTimeout)
		}
		return httpapi.Write(w, http.StatusOK, ok)
	})
}

// readiness shares the answer of ready among requests.
type readiness struct {
	ready  func(context.Context) error
	flight singleflight.Group
	last   atomic.Pointer[readyAnswer]
}

// readyAnswer is what ready answered, which holds until a time.
type readyAnswer struct {
	err   error
	until time.Time
}

// look returns the latest answer of ready, which it calls if that is too old and no other request
// does. It returns earlier if ctx is done.
func (p *readiness) look(ctx context.Context) error {
	if last := p.last.Load(); last != nil && time.Now().Before(last.until) {
		return last.err
	}
	answered := p.flight.DoChan("", func() (any, error) {
		// The request that began may be gone long before those that wait with it.
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readyTimeout)
		defer cancel()
		now := &readyAnswer{err: p.ready(ctx)}
		life := readyLife
		if now.err != nil {
			life = unreadyLife
		}
		now.until = time.Now().Add(life)
		p.last.Store(now)
		return nil, now.err
	})
	select {
	case answer := <-answered:
		return answer.Err
	case <-ctx.Done():
		return ctx.Err()
	}
}
