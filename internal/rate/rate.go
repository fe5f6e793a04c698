// Package rate shows what quotas leave to the caller in the headers of an answer, RateLimit and
// RateLimit-Policy of the IETF's draft-ietf-httpapi-ratelimit-headers-10. Package httpapi makes the
// [Headers] of a request, and package quota reports to them.
package rate

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// The names of the headers.
const (
	Limit  = "RateLimit"
	Policy = "RateLimit-Policy"
)

// Rate is what one quota leaves to the caller.
type Rate struct {
	// Name identifies the quota; the contract lists it. It has printable ASCII without quotes and
	// backslashes.
	Name string
	// Max is the number of requests that the quota allows in a window.
	Max    int
	Window time.Duration
	// Left is how many of them are left, 0 or more, and Reset the time until the window ends.
	Left  int
	Reset time.Duration
}

// Headers has the rates that a request was counted by in the headers of its answer. A nil Headers
// reports nothing. It is safe for concurrent use.
type Headers struct {
	mu     sync.Mutex
	header http.Header
	all    []Rate
}

type key struct{}

// With returns a context whose rates are shown in the header of an answer.
func With(ctx context.Context, header http.Header) context.Context {
	return context.WithValue(ctx, key{}, &Headers{header: header})
}

// Of returns the headers of the request that the context is of, or nil outside of one.
func Of(ctx context.Context) *Headers {
	h, _ := ctx.Value(key{}).(*Headers)
	return h
}

// Report adds a rate to the answer, in place of an earlier one of the same name. It must be called
// before the answer is written.
func (h *Headers) Report(one Rate) {
	if h == nil {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if i := slices.IndexFunc(h.all, func(r Rate) bool { return r.Name == one.Name }); i >= 0 {
		h.all[i] = one
	} else {
		h.all = append(h.all, one)
	}
	var policies, left []string
	for _, r := range h.all {
		policies = append(policies, fmt.Sprintf(`"%s";q=%d;w=%d`, r.Name, r.Max, seconds(r.Window)))
		left = append(left, fmt.Sprintf(`"%s";r=%d;t=%d`, r.Name, r.Left, seconds(r.Reset)))
	}
	h.header.Set(Policy, strings.Join(policies, ", "))
	h.header.Set(Limit, strings.Join(left, ", "))
}

// seconds returns d in whole seconds, rounded up, as headers have it.
func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
