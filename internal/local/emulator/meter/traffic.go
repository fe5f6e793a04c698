package meter

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"

	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"google.golang.org/protobuf/proto"
)

// Traffic is what passed between clients and the database of one project.
type Traffic struct {
	Cost
	// Listened is the number of documents that listeners were told of, which are charged as read.
	Listened int64
	// RPCs is the number of calls, those that stay open among them.
	RPCs int64
	// Attempts is the number of transactions that were begun and may write, Transactions the number of
	// those that were committed.
	Attempts, Transactions int64
}

// Minus returns what passed since the earlier time.
func (t Traffic) Minus(earlier Traffic) Traffic {
	return Traffic{
		Cost: Cost{
			Documents: t.Documents - earlier.Documents, Rows: t.Rows - earlier.Rows, Counts: t.Counts - earlier.Counts,
			Counted: t.Counted - earlier.Counted, CountReads: t.CountReads - earlier.CountReads,
			Writes: t.Writes - earlier.Writes, Deletes: t.Deletes - earlier.Deletes,
		},
		Listened: t.Listened - earlier.Listened, RPCs: t.RPCs - earlier.RPCs,
		Attempts: t.Attempts - earlier.Attempts, Transactions: t.Transactions - earlier.Transactions,
	}
}

// Tally counts the calls that pass a proxy, by project. The zero Tally is ready; it is safe for
// concurrent use.
type Tally struct {
	mu       sync.Mutex
	projects map[string]*Traffic
	// writing are the transactions that may write and have not ended.
	writing map[transaction]bool
}

// Of returns what has passed for the project.
func (t *Tally) Of(project string) Traffic {
	t.mu.Lock()
	defer t.mu.Unlock()
	if of := t.projects[project]; of != nil {
		return *of
	}
	return Traffic{}
}

// transaction names a transaction. The emulator counts those of each project from 1.
type transaction struct{ project, id string }

// MayWrite reports whether the transaction on the resource was begun, may write, and has not ended.
func (t *Tally) MayWrite(resource string, id []byte) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.writing[transaction{projectOf(resource), string(id)}]
}

// projectOf returns the project of a resource's name, "projects/PROJECT/...".
func projectOf(resource string) string {
	project, _, _ := strings.Cut(strings.TrimPrefix(resource, "projects/"), "/")
	return project
}

// Call is one call on its way. Its answer is written to it as it comes.
type Call struct {
	tally   *Tally
	project string
	// answer returns an empty message of the call's answers, nil if they are not counted.
	answer func() proto.Message
	commit *firestorepb.CommitRequest
	batch  *firestorepb.BatchWriteRequest
	// locks is set for the beginning of a transaction that may write, ends for a call that ends one.
	locks bool
	ends  []byte
	// found is set once a query has found something, and query for a query.
	query, found bool
	kept         []byte
}

// prefix is the beginning of the paths of Firestore's calls.
const prefix = "/google.firestore.v1.Firestore/"

// Counted reports whether calls of the path have a request that [Tally.Begin] reads.
func Counted(path string) bool {
	switch strings.TrimPrefix(path, prefix) {
	case "BatchGetDocuments", "RunQuery", "RunAggregationQuery", "Listen", "BeginTransaction", "Commit", "Rollback",
		"BatchWrite":
		return true
	}
	return false
}

// Begin counts a call of the path with its first message. A message that cannot be read is counted
// for no project.
func (t *Tally) Begin(path string, message []byte) *Call {
	c := &Call{tally: t}
	var resource string
	switch strings.TrimPrefix(path, prefix) {
	case "BatchGetDocuments":
		resource = read(message, new(firestorepb.BatchGetDocumentsRequest)).GetDatabase()
		c.answer = func() proto.Message { return new(firestorepb.BatchGetDocumentsResponse) }
	case "RunQuery":
		resource = read(message, new(firestorepb.RunQueryRequest)).GetParent()
		c.answer, c.query = func() proto.Message { return new(firestorepb.RunQueryResponse) }, true
	case "RunAggregationQuery":
		resource = read(message, new(firestorepb.RunAggregationQueryRequest)).GetParent()
		c.answer = func() proto.Message { return new(firestorepb.RunAggregationQueryResponse) }
	case "Listen":
		resource = read(message, new(firestorepb.ListenRequest)).GetDatabase()
		c.answer = func() proto.Message { return new(firestorepb.ListenResponse) }
	case "BeginTransaction":
		in := read(message, new(firestorepb.BeginTransactionRequest))
		resource, c.locks = in.GetDatabase(), in.GetOptions().GetReadOnly() == nil
		c.answer = func() proto.Message { return new(firestorepb.BeginTransactionResponse) }
	case "Commit":
		c.commit = read(message, new(firestorepb.CommitRequest))
		resource, c.ends = c.commit.GetDatabase(), c.commit.GetTransaction()
		c.answer = func() proto.Message { return new(firestorepb.CommitResponse) }
	case "Rollback":
		in := read(message, new(firestorepb.RollbackRequest))
		resource, c.ends = in.GetDatabase(), in.GetTransaction()
	case "BatchWrite":
		c.batch = read(message, new(firestorepb.BatchWriteRequest))
		resource = c.batch.GetDatabase()
		c.answer = func() proto.Message { return new(firestorepb.BatchWriteResponse) }
	}
	c.project = projectOf(resource)
	c.change(func(of *Traffic) { of.RPCs++ })
	return c
}

func read[M proto.Message](from []byte, into M) M {
	_ = proto.Unmarshal(from, into) // what it is not is counted for no project
	return into
}

func (c *Call) change(change func(*Traffic)) {
	c.tally.mu.Lock()
	defer c.tally.mu.Unlock()
	if c.tally.projects == nil {
		c.tally.projects, c.tally.writing = map[string]*Traffic{}, map[transaction]bool{}
	}
	of := c.tally.projects[c.project]
	if of == nil {
		of = new(Traffic)
		c.tally.projects[c.project] = of
	}
	change(of)
}

// headerBytes is the length of what comes before each message of gRPC: a byte that is 1 if it is
// compressed, and its length.
const headerBytes = 5

// Write counts the messages of the answer. It takes them in pieces of any length, and never fails.
func (c *Call) Write(p []byte) (int, error) {
	if c.answer == nil {
		return len(p), nil
	}
	c.kept = append(c.kept, p...)
	for len(c.kept) >= headerBytes {
		end := headerBytes + int(binary.BigEndian.Uint32(c.kept[1:]))
		if len(c.kept) < end {
			break
		}
		if message := c.answer(); c.kept[0] == 0 && proto.Unmarshal(c.kept[headerBytes:end], message) == nil {
			c.count(message)
		}
		c.kept = slices.Delete(c.kept, 0, end)
	}
	return len(p), nil
}

func (c *Call) count(message proto.Message) {
	if begun, ok := message.(*firestorepb.BeginTransactionResponse); ok && c.locks {
		c.change(func(of *Traffic) {
			of.Attempts++
			c.tally.writing[transaction{c.project, string(begun.GetTransaction())}] = true
		})
		return
	}
	c.change(func(of *Traffic) {
		switch got := message.(type) {
		case *firestorepb.CommitResponse:
			of.writes(c.commit.GetWrites())
			if c.tally.writing[transaction{c.project, string(c.ends)}] {
				of.Transactions++
			}
		case *firestorepb.BatchWriteResponse:
			of.writes(c.batch.GetWrites())
		case *firestorepb.ListenResponse:
			if got.GetDocumentChange() != nil {
				of.Listened++
			}
		default:
			c.found = of.read(message) || c.found
		}
	})
}

// Close ends the call. A query that found nothing is charged as a document.
func (c *Call) Close() error {
	c.change(func(of *Traffic) {
		if c.query && !c.found {
			of.Rows++
		}
		if len(c.ends) > 0 {
			delete(c.tally.writing, transaction{c.project, string(c.ends)})
		}
	})
	return nil
}
