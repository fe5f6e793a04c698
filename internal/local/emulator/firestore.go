package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"

	"github.com/facescan/facescan/internal/local/emulator/index"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/rpc"
)

const (
	// UsedIndexesPath is where the Firestore emulator tells, as a JSON array of names, which composite
	// indexes the queries of the project in the URL's query were answered by, such as
	// "?project=demo-facescan".
	UsedIndexesPath = "/used-indexes"
	// TrafficPath is where the front tells, as a [meter.Traffic] in JSON, what has passed of the
	// project in the URL's query.
	TrafficPath = "/traffic"
)

// firestoreFront stands before the Firestore emulator and counts what passes. It refuses two kinds
// of queries that the emulator answers:
//
//   - One that has no index, as production does. If one was forgotten, it would fail in production
//     only.
//   - One in a transaction that may write. It would lock what it looks through: all documents of
//     the collection in the emulator, ranges of its indexes in production, so that users wait for
//     each other who have nothing in common. Read a document by its name instead, or query outside
//     of the transaction and write on a condition (see package transact).
type firestoreFront struct {
	*front
	indexes index.Set
	tally   meter.Tally

	mu   sync.Mutex
	used map[string]map[string]bool // of each project
}

// newFirestoreFront serves at the port before the Firestore emulator at the host.
func newFirestoreFront(ctx context.Context, emulator string, port int) (*front, error) {
	known, err := index.Production()
	if err != nil {
		return nil, err
	}
	f, err := newFront(ctx, Firestore, emulator, port)
	if err != nil {
		return nil, err
	}
	f.serve(&firestoreFront{front: f, indexes: known, used: map[string]map[string]bool{}})
	return f, nil
}

func (f *firestoreFront) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.URL.Path == UsedIndexesPath:
		f.tellUsed(w, r)
	case r.URL.Path == TrafficPath:
		tell(w, f.tally.Of(r.URL.Query().Get("project")))
	case r.ProtoMajor < 2:
		f.rest.ServeHTTP(w, r)
	default:
		f.pass(w, r)
	}
}

// pass passes a call on unless it is refused, and counts it. The call's body stays as it is.
func (f *firestoreFront) pass(w http.ResponseWriter, r *http.Request) {
	if !meter.Counted(r.URL.Path) {
		f.grpc.ServeHTTP(w, r)
		return
	}
	message, err := rpc.FirstMessage(r)
	if err == nil {
		err = f.admit(r.URL.Path, message)
	}
	if err != nil {
		rpc.Refuse(w, codes.FailedPrecondition, err.Error())
		return
	}
	call := f.tally.Begin(r.URL.Path, message)
	defer func() { _ = call.Close() }() // it never fails
	f.grpc.ServeHTTP(&counted{ResponseWriter: w, call: call}, r)
}

// counted counts an answer that passes.
type counted struct {
	http.ResponseWriter
	call *meter.Call
}

// Write counts before the client has the answer, and may ask what was counted.
func (c *counted) Write(p []byte) (int, error) {
	_, _ = c.call.Write(p) // it never fails
	return c.ResponseWriter.Write(p)
}

// Unwrap lets the proxy flush.
func (c *counted) Unwrap() http.ResponseWriter { return c.ResponseWriter }

// admit returns why a call with the first message is refused.
func (f *firestoreFront) admit(path string, message []byte) error {
	var parse func(message []byte) (asked, error)
	switch strings.TrimPrefix(path, "/google.firestore.v1.Firestore/") {
	case "RunQuery":
		parse = runQuery
	case "RunAggregationQuery":
		parse = runAggregation
	case "Listen":
		parse = listenQuery
	default:
		return nil
	}
	asked, err := parse(message)
	if err != nil || asked.query == nil {
		return err
	}
	if f.tally.MayWrite(asked.resource, asked.transaction) {
		return errLocks
	}
	s, err := index.ShapeOf(asked.query)
	if err != nil {
		return fmt.Errorf("%w: %v", err, asked.query.GetFrom())
	}
	used, ok := f.indexes.Serve(s)
	if !ok {
		return fmt.Errorf( //nolint:staticcheck // production's words
			"The query requires an index: %s. Enter it into internal/schema, and go generate ./internal/catalog", s,
		)
	}
	f.record(asked.resource, used)
	return nil
}

// errLocks is the refusal of a query that locks.
var errLocks = errors.New("a query in a transaction that may write locks what it looks through")

// asked is a query, nil for a call without one, of a resource and in a transaction, if any.
type asked struct {
	resource    string
	transaction []byte
	query       *firestorepb.StructuredQuery
}

func runQuery(message []byte) (asked, error) {
	var in firestorepb.RunQueryRequest
	err := proto.Unmarshal(message, &in)
	return asked{in.GetParent(), in.GetTransaction(), in.GetStructuredQuery()}, err
}

// runAggregation is for counts, which need the query's index; sums and averages need their field in
// it as well.
func runAggregation(message []byte) (asked, error) {
	var in firestorepb.RunAggregationQueryRequest
	if err := proto.Unmarshal(message, &in); err != nil {
		return asked{}, err
	}
	for _, a := range in.GetStructuredAggregationQuery().GetAggregations() {
		if a.GetCount() == nil {
			return asked{}, index.ErrNoRule
		}
	}
	return asked{in.GetParent(), in.GetTransaction(), in.GetStructuredAggregationQuery().GetStructuredQuery()}, nil
}

func listenQuery(message []byte) (asked, error) {
	var in firestorepb.ListenRequest
	err := proto.Unmarshal(message, &in)
	return asked{resource: in.GetDatabase(), query: in.GetAddTarget().GetQuery().GetStructuredQuery()}, err
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

// TrafficOf returns what has passed of the project before the Firestore emulator that Start started
// at the host.
func TrafficOf(ctx context.Context, host, project string) (meter.Traffic, error) {
	var passed meter.Traffic
	target := "http://" + host + TrafficPath + "?project=" + url.QueryEscape(project)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, target, http.NoBody)
	if err != nil {
		return passed, fmt.Errorf("ask for the traffic: %w", err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return passed, fmt.Errorf("ask for the traffic: %w", err)
	}
	err = json.NewDecoder(resp.Body).Decode(&passed)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return passed, fmt.Errorf("read the traffic: %w", err)
	}
	return passed, nil
}

func (f *firestoreFront) tellUsed(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	names := slices.AppendSeq([]string{}, maps.Keys(f.used[r.URL.Query().Get("project")]))
	f.mu.Unlock()
	slices.Sort(names)
	tell(w, names)
}

func tell(w http.ResponseWriter, what any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(what) // a client that has gone
}
