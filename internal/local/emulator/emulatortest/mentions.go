package emulatortest

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/firestore/apiv1/firestorepb"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
	"google.golang.org/grpc"

	"github.com/facescan/facescan/internal/local/emulator/meter"
)

// Mentions returns every document of the database whose path or fields contain the text, whatever
// collection it is in, and every generation of the buckets' objects whose name or metadata does. It
// is how a test proves that nothing is left of a user.
func Mentions(tb testing.TB, fs *firestore.Client, text string, buckets ...*storage.BucketHandle) []string {
	tb.Helper()
	var found []string
	for _, doc := range everything(tb, fs) {
		_, path, _ := strings.Cut(doc.GetName(), "/documents/")
		if strings.Contains(path, text) || inFields(doc.GetFields(), text) {
			found = append(found, path)
		}
	}
	for _, b := range buckets {
		found = append(found, objects(tb, b, text)...)
	}
	return found
}

// dial connects to the emulator, once for all tests of a package.
var dial = sync.OnceValues(func() (*grpc.ClientConn, error) { return meter.Dial() })

// everything returns all documents of the database by their paths, in the one query of all
// collections that there is, which Go's library cannot make: a walk through the collections takes a
// call for each document.
func everything(tb testing.TB, fs *firestore.Client) (all []*firestorepb.Document) {
	tb.Helper()
	conn, err := dial()
	if err != nil {
		tb.Fatal(err)
	}
	root := strings.TrimSuffix(fs.Collection("users").Path, "/users")
	answers, err := firestorepb.NewFirestoreClient(conn).RunQuery(tb.Context(), &firestorepb.RunQueryRequest{
		Parent: root,
		QueryType: &firestorepb.RunQueryRequest_StructuredQuery{StructuredQuery: &firestorepb.StructuredQuery{
			From: []*firestorepb.StructuredQuery_CollectionSelector{{AllDescendants: true}},
		}},
	})
	if err != nil {
		tb.Fatal(err)
	}
	for {
		answer, err := answers.Recv()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			tb.Fatal(err)
		}
		if answer.GetDocument() != nil {
			all = append(all, answer.GetDocument())
		}
	}
}

func inFields(fields map[string]*firestorepb.Value, text string) bool {
	for name, value := range fields {
		if strings.Contains(name, text) || inValue(value, text) {
			return true
		}
	}
	return false
}

// inValue reports whether the value contains the text, at whatever depth.
func inValue(value *firestorepb.Value, text string) bool {
	for _, inner := range value.GetArrayValue().GetValues() {
		if inValue(inner, text) {
			return true
		}
	}
	return inFields(value.GetMapValue().GetFields(), text) || strings.Contains(value.GetStringValue(), text) ||
		strings.Contains(string(value.GetBytesValue()), text) || strings.Contains(value.GetReferenceValue(), text)
}

func objects(tb testing.TB, b *storage.BucketHandle, text string) (found []string) {
	tb.Helper()
	all := b.Objects(tb.Context(), &storage.Query{Versions: true})
	for {
		o, err := all.Next()
		if errors.Is(err, iterator.Done) {
			return found
		}
		if err != nil {
			tb.Fatal(err)
		}
		if strings.Contains(o.Name, text) || strings.Contains(fmt.Sprint(o.Metadata), text) {
			found = append(found, fmt.Sprintf("gs://%s/%s#%d", o.Bucket, o.Name, o.Generation))
		}
	}
}
