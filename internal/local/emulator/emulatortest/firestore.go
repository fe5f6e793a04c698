package emulatortest

import (
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/local/emulator/meter"
)

// Firestore returns a client of the project's database on the emulator, closed when the test ends.
// The options may add interceptors. [firestore.NewClient] leaves a connection of its own open
// beside the given one, so a test that counts goroutines needs another client.
func Firestore(tb testing.TB, project string, opts ...grpc.DialOption) *firestore.Client {
	tb.Helper()
	fs, err := meter.Connect(tb.Context(), project, opts...)
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
