package seams_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/faults/seams"
)

// service answers each call with an empty message, or a listener with nothing until it ends, and
// keeps the methods of what it did.
type service struct {
	mu   sync.Mutex
	done []string
}

// calls returns what was done.
func (s *service) calls() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.done)
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasSuffix(r.URL.Path, "/Listen") {
		w.Header().Set("Content-Type", "application/grpc")
		_ = http.NewResponseController(w).Flush()
		<-r.Context().Done()
		panic(http.ErrAbortHandler)
	}
	_, _ = io.Copy(io.Discard, r.Body)
	s.mu.Lock()
	s.done = append(s.done, path.Base(r.URL.Path))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/grpc")
	w.Header().Set("Trailer", "Grpc-Status")
	_, _ = w.Write(make([]byte, 5)) // a message without fields
	w.Header().Set("Grpc-Status", "0")
}

// dial serves h over HTTP/2 and returns a connection to it, which repeats nothing.
func dial(t *testing.T, h http.Handler) *grpc.ClientConn {
	t.Helper()
	server := httptest.NewUnstartedServer(h)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	conn, err := grpc.NewClient(
		"passthrough:///"+server.Listener.Addr().String(), grpc.WithTransportCredentials(insecure.NewCredentials()),
	)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}

var firestoreCalls = map[string]proto.Message{
	"Commit": &firestorepb.CommitRequest{Writes: []*firestorepb.Write{
		{Operation: &firestorepb.Write_Delete{Delete: "projects/p/databases/d/documents/users/u"}},
	}},
	"BeginTransaction": &firestorepb.BeginTransactionRequest{},
	"Rollback":         &firestorepb.RollbackRequest{},
}

func TestFirestore(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		method string
		rates  faults.Rates
		codes  []codes.Code
		done   bool
	}{
		"no fault":             {"Commit", faults.Rates{}, []codes.Code{codes.OK}, true},
		"late":                 {"Commit", faults.Rates{Slow: time.Millisecond}, []codes.Code{codes.OK}, true},
		"a commit refused":     {"Commit", faults.Rates{Fail: 1}, []codes.Code{codes.Aborted, codes.Unavailable}, false},
		"a commit done":        {"Commit", faults.Rates{Drop: 1}, []codes.Code{codes.Unavailable}, true},
		"a process killed":     {"Commit", faults.Rates{Crash: 1}, []codes.Code{codes.Unavailable}, true},
		"a transaction":        {"BeginTransaction", faults.Rates{Fail: 1}, []codes.Code{codes.Unavailable}, false},
		"a rollback is needed": {"Rollback", faults.Rates{Fail: 1, Drop: 1}, []codes.Code{codes.OK}, true},
		"away":                 {"Rollback", faults.Rates{Away: time.Hour}, []codes.Code{codes.Unavailable}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found service
			i, killed := faults.New(faults.Spec{faults.Firestore: c.rates}, 1), atomic.Int32{}
			i.OnCrash(func() { killed.Add(1) })
			conn := dial(t, seams.Firestore(i, &found))
			seen := map[codes.Code]bool{}
			for range 16 {
				err := conn.Invoke(
					t.Context(), "/google.firestore.v1.Firestore/"+c.method, firestoreCalls[c.method], &firestorepb.CommitResponse{},
				)
				seen[status.Code(err)] = true
			}
			for _, code := range c.codes {
				if !seen[code] || len(seen) != len(c.codes) {
					t.Errorf("codes %v, want %v", seen, c.codes)
				}
			}
			if done := len(found.calls()); c.done != (done == 16) || !c.done && done > 0 {
				t.Errorf("%d of 16 calls were done", done)
			}
			if (killed.Load() == 16) != (c.rates.Crash == 1) {
				t.Errorf("killed %d times", killed.Load())
			}
		})
	}
}

func TestFirestore_breaksAListenerOff(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	conn := dial(t, seams.Firestore(faults.New(faults.Spec{faults.Firestore: {Drop: 1}}, 1), &service{}))
	stream, err := firestorepb.NewFirestoreClient(conn).Listen(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if err := stream.Send(&firestorepb.ListenRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := stream.Recv(); err == nil || ctx.Err() != nil {
		t.Errorf("the listener ended by %v, want an end of its own", err)
	}
}

// TestFirestore_drawsByNames has commits of two users come in two orders.
func TestFirestore_drawsByNames(t *testing.T) {
	t.Parallel()
	answers := func(order ...int) map[int]codes.Code {
		conn := dial(t, seams.Firestore(faults.New(faults.Spec{faults.Firestore: {Fail: .5}}, 1), &service{}))
		all := map[int]codes.Code{}
		for _, n := range order {
			write := &firestorepb.Write{Operation: &firestorepb.Write_Update{
				Update: &firestorepb.Document{Name: fmt.Sprintf("projects/p/databases/d/documents/users/%d", n)},
			}}
			_, err := firestorepb.NewFirestoreClient(conn).Commit(
				t.Context(), &firestorepb.CommitRequest{Writes: []*firestorepb.Write{write}},
			)
			all[n] = status.Code(err)
		}
		return all
	}
	forth, back := make([]int, 32), make([]int, 32)
	for n := range forth {
		forth[n], back[n] = n, len(back)-1-n
	}
	if diff := cmp.Diff(answers(forth...), answers(back...)); diff != "" {
		t.Error(diff)
	}
}

func TestPubSub(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rates faults.Rates
		code  codes.Code
		times int
	}{
		"no fault":        {faults.Rates{}, codes.OK, 1},
		"published twice": {faults.Rates{Dup: 1}, codes.OK, 2},
		"not published":   {faults.Rates{Fail: 1}, codes.Unavailable, 0},
		"an answer lost":  {faults.Rates{Drop: 1}, codes.Unavailable, 1},
		"away":            {faults.Rates{Away: time.Hour}, codes.Unavailable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var found service
			conn := dial(t, seams.PubSub(faults.New(faults.Spec{faults.PubSub: c.rates}, 1), &found))
			_, err := pubsubpb.NewPublisherClient(conn).Publish(t.Context(), &pubsubpb.PublishRequest{
				Topic: "projects/p/topics/t", Messages: []*pubsubpb.PubsubMessage{{Attributes: map[string]string{"id": "a"}}},
			})
			if status.Code(err) != c.code || !slices.Equal(found.calls(), slices.Repeat([]string{"Publish"}, c.times)) {
				t.Errorf("%v after %q, want %v after %d", err, found.calls(), c.code, c.times)
			}
		})
	}
}

func TestStorage(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		rates  faults.Rates
		status int // 0 is a broken connection
		done   bool
	}{
		"no fault":       {faults.Rates{}, 200, true},
		"refused":        {faults.Rates{Fail: 1}, 503, false},
		"away":           {faults.Rates{Away: time.Hour}, 503, false},
		"an answer lost": {faults.Rates{Drop: 1}, 0, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var done atomic.Bool
			next := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { done.Store(true) })
			server := httptest.NewServer(seams.Storage(faults.New(faults.Spec{faults.Storage: c.rates}, 1), next))
			defer server.Close()
			// A post is not repeated by the transport.
			req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL+"/upload/b/o?name=x", http.NoBody)
			if err != nil {
				t.Fatal(err)
			}
			got := 0
			if resp, err := server.Client().Do(req); err == nil {
				got = resp.StatusCode
				_ = resp.Body.Close()
			}
			if got != c.status || done.Load() != c.done {
				t.Errorf("%d, done %t, want %d, %t", got, done.Load(), c.status, c.done)
			}
		})
	}
}
