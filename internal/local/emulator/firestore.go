package emulator

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httputil"
	"slices"
	"strconv"
	"strings"
	"sync"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/facescan/facescan/internal/local/emulator/index"
)

const (
	// maxQueryBytes bounds the message that holds a query; Firestore's own limit of a request is 10
	// MiB.
	maxQueryBytes = 10 << 20
	// maxStreams is for all the listeners of one client, which with an emulator has one connection
	// only.
	maxStreams = 10_000
	// UsedIndexesPath is where the Firestore emulator tells, as a JSON array of names, which composite
	// indexes the queries of the project in the URL's query were answered by, such as
	// "?project=demo-facescan".
	UsedIndexesPath = "/used-indexes"
)

// firestoreFront stands before the Firestore emulator and refuses, as production does, a query that
// has no index: the emulator itself answers all of them, so that one that was forgotten would fail
// in production only.
type firestoreFront struct {
	server  *localServer
	indexes index.Set
	grpc    *httputil.ReverseProxy // HTTP/2, for the client libraries
	rest    *httputil.ReverseProxy // HTTP/1.1, for everybody else

	mu   sync.Mutex
	used map[string]map[string]bool // of each project
}

// newFirestoreFront serves on a port of its own before the emulator at the host.
func newFirestoreFront(ctx context.Context, emulator string) (*firestoreFront, error) {
	known, err := index.Production()
	if err != nil {
		return nil, err
	}
	server, err := listen(ctx, "front of the Firestore emulator", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server.server.Protocols = new(http.Protocols)
	server.server.Protocols.SetHTTP1(true)
	server.server.Protocols.SetUnencryptedHTTP2(true)
	server.server.HTTP2 = &http.HTTP2Config{MaxConcurrentStreams: maxStreams}
	f := &firestoreFront{
		server: server, indexes: known, used: map[string]map[string]bool{},
		grpc: passTo(emulator, (*http.Protocols).SetUnencryptedHTTP2), rest: passTo(emulator, (*http.Protocols).SetHTTP1),
	}
	server.serve(f)
	return f, nil
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
func (f *firestoreFront) close() {
	_ = f.server.server.Close()
	<-f.server.served
	for _, proxy := range []*httputil.ReverseProxy{f.grpc, f.rest} {
		proxy.Transport.(*http.Transport).CloseIdleConnections()
	}
}

func (f *firestoreFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == UsedIndexesPath:
		f.tellUsed(w, r)
	case r.ProtoMajor < 2:
		f.rest.ServeHTTP(w, r)
	default:
		if err := f.admit(r); err != nil {
			refuseRPC(w, err)
			return
		}
		f.grpc.ServeHTTP(w, r)
	}
}

// admit returns why the call is refused. It leaves the call's body as it was.
func (f *firestoreFront) admit(r *http.Request) error {
	var parse func(message []byte) (project string, q *firestorepb.StructuredQuery, err error)
	switch strings.TrimPrefix(r.URL.Path, "/google.firestore.v1.Firestore/") {
	case "RunQuery":
		parse = runQuery
	case "RunAggregationQuery":
		parse = runAggregation
	case "Listen":
		parse = listenQuery
	default:
		return nil
	}
	message, err := firstMessage(r)
	if err != nil {
		return err
	}
	parent, query, err := parse(message)
	if err != nil || query == nil {
		return err
	}
	s, err := index.ShapeOf(query)
	if err != nil {
		return fmt.Errorf("%w: %v", err, query.GetFrom())
	}
	used, ok := f.indexes.Serve(s)
	if !ok {
		return fmt.Errorf( //nolint:staticcheck // production's words
			"The query requires an index: %s. Enter it into internal/schema, and go generate ./internal/catalog", s,
		)
	}
	f.record(parent, used)
	return nil
}

func runQuery(message []byte) (string, *firestorepb.StructuredQuery, error) {
	var in firestorepb.RunQueryRequest
	err := proto.Unmarshal(message, &in)
	return in.GetParent(), in.GetStructuredQuery(), err
}

// runAggregation is for counts, which need the query's index; sums and averages need their field in
// it as well.
func runAggregation(message []byte) (string, *firestorepb.StructuredQuery, error) {
	var in firestorepb.RunAggregationQueryRequest
	if err := proto.Unmarshal(message, &in); err != nil {
		return "", nil, err
	}
	for _, a := range in.GetStructuredAggregationQuery().GetAggregations() {
		if a.GetCount() == nil {
			return "", nil, index.ErrNoRule
		}
	}
	return in.GetParent(), in.GetStructuredAggregationQuery().GetStructuredQuery(), nil
}

func listenQuery(message []byte) (string, *firestorepb.StructuredQuery, error) {
	var in firestorepb.ListenRequest
	err := proto.Unmarshal(message, &in)
	return in.GetDatabase(), in.GetAddTarget().GetQuery().GetStructuredQuery(), err
}

// firstMessage reads the first message of the call's body, and puts it back.
func firstMessage(r *http.Request) ([]byte, error) {
	var read bytes.Buffer
	body := io.TeeReader(r.Body, &read)
	var header struct {
		Compressed bool
		Size       uint32
	}
	if err := binary.Read(body, binary.BigEndian, &header); err != nil {
		return nil, fmt.Errorf("read the query: %w", err)
	}
	if header.Compressed || header.Size > maxQueryBytes {
		return nil, errors.New("read the query: it is compressed or too large")
	}
	message := make([]byte, header.Size)
	if _, err := io.ReadFull(body, message); err != nil {
		return nil, fmt.Errorf("read the query: %w", err)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(&read, r.Body), r.Body}
	return message, nil
}

// refuseRPC answers as a gRPC server does that has nothing to say but an error.
func refuseRPC(w http.ResponseWriter, err error) {
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(int(codes.FailedPrecondition)))
	h.Set("Grpc-Message", err.Error())
	w.WriteHeader(http.StatusOK)
}

// record keeps which indexes a project's query was answered by; its resource name begins with
// "projects/PROJECT/".
func (f *firestoreFront) record(resource string, names []string) {
	project, _, _ := strings.Cut(strings.TrimPrefix(resource, "projects/"), "/")
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, name := range names {
		if f.used[project] == nil {
			f.used[project] = map[string]bool{}
		}
		f.used[project][name] = true
	}
}

func (f *firestoreFront) tellUsed(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	names := slices.AppendSeq([]string{}, maps.Keys(f.used[r.URL.Query().Get("project")]))
	f.mu.Unlock()
	slices.Sort(names)
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(names)
}
