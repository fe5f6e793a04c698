// Package meter counts what clients of Firestore ask for: a [Meter] those of one client, a [Tally]
// those that pass a proxy.
package meter

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/api/option"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// Dial returns a connection to the emulator that FIRESTORE_EMULATOR_HOST names, with the right to
// do everything. The options may add interceptors, such as those of a [Meter].
func Dial(opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	return dial(os.Getenv("FIRESTORE_EMULATOR_HOST"), opts...)
}

func dial(host string, opts ...grpc.DialOption) (*grpc.ClientConn, error) {
	conn, err := grpc.NewClient("passthrough:///"+host, append(opts,
		grpc.WithTransportCredentials(insecure.NewCredentials()), grpc.WithPerRPCCredentials(owner{}))...)
	if err != nil {
		return nil, fmt.Errorf("dial the Firestore emulator: %w", err)
	}
	return conn, nil
}

// Connect returns a client of the project's database over a connection of [Dial].
// [firestore.NewClient] leaves a connection of its own open beside that one.
func Connect(ctx context.Context, project string, opts ...grpc.DialOption) (*firestore.Client, error) {
	return ConnectTo(ctx, os.Getenv("FIRESTORE_EMULATOR_HOST"), project, opts...)
}

// ConnectTo is [Connect] for the emulator at the host, whatever the environment names.
func ConnectTo(ctx context.Context, host, project string, opts ...grpc.DialOption) (*firestore.Client, error) {
	conn, err := dial(host, opts...)
	if err != nil {
		return nil, err
	}
	fs, err := firestore.NewClient(ctx, project, option.WithGRPCConn(conn))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("connect to the Firestore emulator: %w", err), conn.Close())
	}
	return fs, nil
}

// owner may do all in the emulator.
type owner struct{}

func (owner) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer owner"}, nil
}

func (owner) RequireTransportSecurity() bool { return false }

// Cost is what Firestore charges for.
type Cost struct {
	// Documents is the number of documents that were read by name, those that do not exist among them.
	Documents int64
	// Rows is the number of documents that queries found, and one for each query that found none.
	Rows int64
	// Counts is the number of aggregations, Counted what all of them counted, and CountReads the
	// number of documents that they are charged as.
	Counts, Counted, CountReads int64
	// Writes and Deletes are the writes of all commits.
	Writes, Deletes int64
}

// indexEntriesPerRead is the number of index entries that an aggregation reads for the price of one
// document.
const indexEntriesPerRead = 1000

// Reads returns the number of documents that are charged as read.
func (c Cost) Reads() int64 { return c.Documents + c.Rows + c.CountReads }

// Meter counts what a client of Firestore asks for. It is safe for concurrent use.
type Meter struct {
	mu   sync.Mutex
	cost Cost
}

// Options are those of the client's connection.
func (m *Meter) Options() []grpc.DialOption {
	return []grpc.DialOption{grpc.WithChainUnaryInterceptor(m.unary), grpc.WithChainStreamInterceptor(m.stream)}
}

// Take returns what was counted since the last call.
func (m *Meter) Take() Cost {
	m.mu.Lock()
	defer m.mu.Unlock()
	cost := m.cost
	m.cost = Cost{}
	return cost
}

// key is that of the meter of a context.
type key struct{}

// With returns a context for requests that m counts in addition to the meter of the client that
// they are made with. So the costs of things done at the same time can be told apart.
func (m *Meter) With(ctx context.Context) context.Context { return context.WithValue(ctx, key{}, m) }

// add counts a request of the context.
func (m *Meter) add(ctx context.Context, change func(*Cost)) {
	m.change(change)
	if other, ok := ctx.Value(key{}).(*Meter); ok && other != m {
		other.change(change)
	}
}

func (m *Meter) change(change func(*Cost)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(&m.cost)
}

// writes counts the writes of a commit.
func (c *Cost) writes(all []*firestorepb.Write) {
	for _, w := range all {
		if w.GetDelete() != "" {
			c.Deletes++
		} else {
			c.Writes++
		}
	}
}

// read counts what a message of an answer has, and reports whether it has a document of a query.
func (c *Cost) read(message any) (row bool) {
	switch got := message.(type) {
	case *firestorepb.BatchGetDocumentsResponse:
		if got.GetResult() != nil {
			c.Documents++
		}
	case *firestorepb.RunQueryResponse:
		if got.GetDocument() != nil {
			c.Rows++
			return true
		}
	case *firestorepb.RunAggregationQueryResponse:
		for _, v := range got.GetResult().GetAggregateFields() {
			n := v.GetIntegerValue()
			c.Counts++
			c.Counted += n
			c.CountReads += max(1, (n+indexEntriesPerRead-1)/indexEntriesPerRead)
		}
	}
	return false
}

// unary counts the writes of commits that succeed.
func (m *Meter) unary(
	ctx context.Context, method string, req, reply any, cc *grpc.ClientConn, next grpc.UnaryInvoker,
	opts ...grpc.CallOption,
) error {
	err := next(ctx, method, req, reply, cc, opts...)
	if commit, ok := req.(*firestorepb.CommitRequest); ok && err == nil {
		m.add(ctx, func(c *Cost) { c.writes(commit.GetWrites()) })
	}
	return err
}

// stream counts what is read.
func (m *Meter) stream(
	ctx context.Context, desc *grpc.StreamDesc, cc *grpc.ClientConn, method string, next grpc.Streamer,
	opts ...grpc.CallOption,
) (grpc.ClientStream, error) {
	stream, err := next(ctx, desc, cc, method, opts...)
	return &readStream{ClientStream: stream, meter: m}, err
}

type readStream struct {
	grpc.ClientStream
	meter *Meter
	// query is set for a query that has found nothing so far.
	query bool
}

func (s *readStream) SendMsg(m any) error {
	_, s.query = m.(*firestorepb.RunQueryRequest)
	return s.ClientStream.SendMsg(m)
}

func (s *readStream) RecvMsg(m any) error {
	err := s.ClientStream.RecvMsg(m)
	if errors.Is(err, io.EOF) && s.query {
		s.meter.add(s.Context(), func(c *Cost) { c.Rows++ })
	}
	if err == nil {
		s.meter.add(s.Context(), func(c *Cost) {
			if c.read(m) {
				s.query = false
			}
		})
	}
	return err
}
