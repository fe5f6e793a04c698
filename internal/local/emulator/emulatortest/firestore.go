package emulatortest

import (
	"context"
	"slices"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/local/emulator/meter"
)

// Firestore returns a client of the project's database on the emulator, closed when the test ends.
// The client refuses a query in a transaction that may write. The query would lock what it looks
// through: all documents of the collection on the emulator, ranges of its indexes in production, so
// that users wait for each other who have nothing in common. Read a document by its name instead,
// or query outside of the transaction and write on a condition (see package transact). The options
// may add interceptors. [firestore.NewClient] leaves a connection of its own open beside the given
// one, so a test that counts goroutines needs another client.
func Firestore(tb testing.TB, project string, opts ...grpc.DialOption) *firestore.Client {
	tb.Helper()
	var locking transactions
	fs, err := meter.Connect(tb.Context(), project, append(opts,
		grpc.WithChainUnaryInterceptor(locking.begin), grpc.WithChainStreamInterceptor(locking.refuse))...)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = fs.Close() }) // a test may have closed it
	return fs
}

// Document returns the document, nil if there is none.
func Document[T any](tb testing.TB, ref *firestore.DocumentRef) *T {
	tb.Helper()
	snap, err := ref.Get(tb.Context())
	if status.Code(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		tb.Fatal(err)
	}
	doc := new(T)
	if err := snap.DataTo(doc); err != nil {
		tb.Fatal(err)
	}
	return doc
}

// transactions are the ids of those that may write.
type transactions struct {
	mu  sync.Mutex
	ids []string
}

// begin notes a transaction that may write.
func (t *transactions) begin(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker,
	opts ...grpc.CallOption,
) error {
	err := next(ctx, method, req, reply, cc, opts...)
	begun, ok := reply.(*firestorepb.BeginTransactionResponse)
	if asked, _ := req.(*firestorepb.BeginTransactionRequest); ok && err == nil &&
		asked.GetOptions().GetReadOnly() == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.ids = append(t.ids, string(begun.GetTransaction()))
	}
	return err
}

// refuse refuses queries in the noted transactions.
func (t *transactions) refuse(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer,
	opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := next(ctx, desc, cc, method, opts...)
	return &queryStream{ClientStream: stream, locking: t}, err
}

func (t *transactions) has(id []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Contains(t.ids, string(id))
}

type queryStream struct {
	grpc.ClientStream
	locking *transactions
}

// SendMsg sends the request unless it is a query that would lock.
func (s *queryStream) SendMsg(m any) error {
	var in []byte
	switch q := m.(type) {
	case *firestorepb.RunQueryRequest:
		in = q.GetTransaction()
	case *firestorepb.RunAggregationQueryRequest:
		in = q.GetTransaction()
	}
	if in != nil && s.locking.has(in) {
		return status.Error(codes.FailedPrecondition, "a query in a transaction that may write locks what it looks through")
	}
	return s.ClientStream.SendMsg(m)
}
