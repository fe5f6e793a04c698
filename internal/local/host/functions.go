package host

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/consume"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/outbox"
)

// serveHere runs the functions in this process.
func (h *Host) serveHere(ctx context.Context, opts Options) error {
	process, err := ownProcess(opts.Logs)
	if err != nil {
		return err
	}
	wrap := telling(h.published)
	if outer := opts.WrapPublisher; outer != nil {
		wrap = func(next outbox.Publisher) outbox.Publisher { return outer(telling(h.published)(next)) }
	}
	if err := bus.Wrap(process, wrap); err != nil {
		return err
	}
	h.Process = process
	found, err := handlers(opts.WrapEvent)
	if err != nil {
		return err
	}
	if err := h.servePrivate(eventRoutes(found)); err != nil {
		return err
	}
	public := publicRoutes(found)
	if !opts.Balancer {
		public = balanced(public)
	}
	h.servePublic(public)
	return h.awaitHealth(ctx, nil)
}

// telling has published told the topic of each event that a publisher has published.
func telling(published func(topic string)) func(outbox.Publisher) outbox.Publisher {
	return func(next outbox.Publisher) outbox.Publisher { return teller{next, published} }
}

type teller struct {
	outbox.Publisher
	published func(topic string)
}

// Publish implements outbox.Publisher.
func (t teller) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	err := t.Publisher.Publish(ctx, topic, data, attributes)
	if err == nil {
		t.published(topic)
	}
	return err
}

// ownProcess makes this process the functions'.
func ownProcess(logs io.Writer) (*boot.Process, error) {
	boot.LogTo(logs)
	return boot.Current()
}

// handlers returns the registered functions by name, the event functions wrapped by wrapEvent
// unless it is nil. Each must be what its row of the catalog says.
func handlers(wrapEvent func(string, http.Handler) http.Handler) (map[string]http.Handler, error) {
	found := map[string]http.Handler{}
	for _, f := range catalog.Functions() {
		handler, ok := boot.Function(f.Name)
		if !ok {
			return nil, fmt.Errorf("function %q of the catalog is not registered", f.Name)
		}
		if takes := consume.Topics(f.Name); !slices.Equal(takes, slices.Sorted(slices.Values(f.Takes))) {
			return nil, fmt.Errorf("function %q takes %q, the catalog has it take %q", f.Name, takes, f.Takes)
		}
		found[f.Name] = within(f.Timeout, handler)
		if f.Trigger != catalog.HTTP && wrapEvent != nil {
			found[f.Name] = wrapEvent(f.Name, found[f.Name])
		}
	}
	return found, nil
}

// within limits each request to the function's time limit, as the framework does in production.
func within(limit time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), limit)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// publicRoutes hands a request to the function that owns its path.
func publicRoutes(found map[string]http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		found[catalog.Owner(r.URL.Path).Name].ServeHTTP(w, r)
	})
}

// eventRoutes hands a delivery to the event function that its path names.
func eventRoutes(found map[string]http.Handler) http.Handler {
	mux := http.NewServeMux()
	for _, f := range catalog.Functions() {
		if f.Trigger != catalog.HTTP {
			mux.Handle(eventPath+f.Name, found[f.Name])
		}
	}
	return mux
}
