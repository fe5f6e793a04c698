package faults

import (
	"bytes"
	"hash/fnv"
	"io"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"
)

// An Injector decides which requests fail. It may be used by many goroutines.
type Injector struct {
	seed uint64

	mu   sync.Mutex
	spec Spec
	kill func()
}

// New returns an injector of the specification, whose decisions follow from the seed.
func New(spec Spec, seed uint64) *Injector { return &Injector{seed: seed, spec: spec} }

// Set replaces the specification for the requests that are yet to come.
func (i *Injector) Set(spec Spec) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.spec = spec
}

// Spec returns the specification in force.
func (i *Injector) Spec() Spec {
	i.mu.Lock()
	defer i.mu.Unlock()
	return i.spec
}

// OnCrash sets what kills the process that handles requests. Without it none is killed.
func (i *Injector) OnCrash(kill func()) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.kill = kill
}

// maxCrashAfter bounds the time from a request's arrival to the crash that falls into it: an
// analysis takes some hundred milliseconds.
const maxCrashAfter = 300 * time.Millisecond

// fate is what becomes of one request.
type fate struct {
	dup, drop, fail bool
	slow            time.Duration
	kill            func() // nil unless the process is killed
	killAfter       time.Duration
}

// fates returns the source of the fates of a seam. Each seam has its own numbers, so that requests
// to one do not change what happens at another.
func (i *Injector) fates(seam string) func() fate {
	h := fnv.New64a()
	_, _ = io.WriteString(h, seam)
	//nolint:gosec // Faults are to be repeatable, not secret.
	random := rand.New(rand.NewPCG(i.seed, h.Sum64()))
	return func() fate {
		i.mu.Lock()
		defer i.mu.Unlock()
		// Always six numbers, so that the n-th request has the same ones under each specification.
		dup, drop, fail, slow := random.Float64(), random.Float64(), random.Float64(), random.Float64()
		crash, after := random.Float64(), random.Float64()
		f := fate{
			dup: dup < i.spec.Dup, drop: drop < i.spec.Drop, fail: fail < i.spec.Fail,
			slow: time.Duration(slow * float64(i.spec.Slow)), killAfter: time.Duration(after * float64(maxCrashAfter)),
		}
		if crash < i.spec.Crash {
			f.kill = i.kill
		}
		return f
	}
}

// Handler returns next behind the faults of a seam. It has the form of host.Options.WrapEvent.
func (i *Injector) Handler(seam string, next http.Handler) http.Handler {
	draw := i.fates(seam)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f := draw()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(f.slow):
		}
		if f.fail {
			unavailable(w)
			return
		}
		if f.kill != nil {
			// It may outlast the request: then it falls between two, as a crash may.
			time.AfterFunc(f.killAfter, f.kill)
		}
		if f.dup && !first(w, r, next) {
			return
		}
		if !f.drop {
			next.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(lost{http.Header{}}, r)
		unavailable(w)
	})
}

// first has next handle the request a first time, its answer lost, and leaves the body for the
// second time. It reports whether the body could be read.
func first(w http.ResponseWriter, r *http.Request, next http.Handler) bool {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, "the body could not be read", http.StatusBadRequest)
		return false
	}
	again := r.Clone(r.Context())
	again.Body = io.NopCloser(bytes.NewReader(body))
	next.ServeHTTP(lost{http.Header{}}, again)
	r.Body = io.NopCloser(bytes.NewReader(body))
	return true
}

func unavailable(w http.ResponseWriter) {
	http.Error(w, "a fault on purpose", http.StatusServiceUnavailable)
}

// lost is an answer that is thrown away.
type lost struct{ header http.Header }

func (l lost) Header() http.Header       { return l.header }
func (lost) Write(p []byte) (int, error) { return len(p), nil }
func (lost) WriteHeader(int)             {}
