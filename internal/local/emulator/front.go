package emulator

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
)

// maxStreams is for all the listeners of one client, which with an emulator has one connection
// only.
const maxStreams = 10_000

// front is a port before an emulator, which speaks gRPC and REST. It serves who asks for this
// machine only: see [ForThisMachine].
type front struct {
	of      Service
	server  *localServer
	handler http.Handler
	grpc    *httputil.ReverseProxy // HTTP/2, for the client libraries
	rest    *httputil.ReverseProxy // HTTP/1.1, for everybody else
}

// newFront takes the port, or a free one, for a front before the emulator at the host.
func newFront(ctx context.Context, of Service, emulator string, port int) (*front, error) {
	server, err := listen(ctx, "front of the "+string(of)+" emulator", port)
	if err != nil {
		return nil, err
	}
	server.server.Protocols = new(http.Protocols)
	server.server.Protocols.SetHTTP1(true)
	server.server.Protocols.SetUnencryptedHTTP2(true)
	server.server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxStreams}
	return &front{
		of: of, server: server,
		grpc: passTo(emulator, (*http.Protocols).SetUnencryptedHTTP2), rest: passTo(emulator, (*http.Protocols).SetHTTP1),
	}, nil
}

// newPubSubFront serves at the port before the Pub/Sub emulator at the host. It passes all on.
func newPubSubFront(ctx context.Context, emulator string, port int) (*front, error) {
	f, err := newFront(ctx, PubSub, emulator, port)
	if err != nil {
		return nil, err
	}
	f.serve(f)
	return f, nil
}

func (f *front) serve(handler http.Handler) {
	f.handler = handler
	f.server.serve(ForThisMachine(handler))
}

// ServeHTTP passes a request on.
func (f *front) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor < 2 {
		f.rest.ServeHTTP(w, r)
		return
	}
	f.grpc.ServeHTTP(w, r)
}

// thisMachine are the names of what listens at 127.0.0.1 only.
var thisMachine = []string{"127.0.0.1", "localhost"}

// ForThisMachine refuses requests for any host but 127.0.0.1 and localhost: see [ForNames].
func ForThisMachine(next http.Handler) http.Handler { return ForNames(thisMachine, next) }

// ForNames refuses requests for any host but the names, whatever the port. A page of the internet
// may have a name that it turns to 127.0.0.1 once it is loaded, and a browser of this machine then
// lets it read what it asks for by that name (DNS rebinding).
func ForNames(names []string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isFor(names, r) {
			http.Error(w, "ask for "+strings.Join(names, " or "), http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}

func isFor(names []string, r *http.Request) bool {
	name, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		name = r.Host
	}
	return slices.Contains(names, name)
}

// passTo returns a proxy that speaks one protocol with the host, and passes every message on as it
// comes.
func passTo(host string, protocol func(p *http.Protocols, on bool)) *httputil.ReverseProxy {
	transport := &http.Transport{Protocols: new(http.Protocols), DisableCompression: true}
	protocol(transport.Protocols, true)
	return &httputil.ReverseProxy{
		Rewrite:        func(r *httputil.ProxyRequest) { r.Out.URL.Scheme, r.Out.URL.Host = "http", host },
		Transport:      transport,
		FlushInterval:  -1,
		ModifyResponse: endWithStatus,
		ErrorLog:       slog.NewLogLogger(slog.DiscardHandler, slog.LevelError),
		ErrorHandler:   func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) },
	}
}

// endWithStatus moves a gRPC status that came without a message from the headers to the trailers,
// where clients look for it once the headers have been passed on alone.
func endWithStatus(r *http.Response) error {
	for name, values := range r.Header {
		if !strings.HasPrefix(name, "Grpc-") || name == "Grpc-Encoding" || name == "Grpc-Accept-Encoding" {
			continue
		}
		if r.Trailer == nil {
			r.Trailer = http.Header{}
		}
		r.Trailer[name] = values
		delete(r.Header, name)
	}
	return nil
}

// close cuts off what is under way: the emulator is gone by then.
func (f *front) close() {
	_ = f.server.server.Close()
	f.server.served.Wait()
	for _, proxy := range []*httputil.ReverseProxy{f.grpc, f.rest} {
		proxy.Transport.(*http.Transport).CloseIdleConnections()
	}
}
