package emulatortest

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"
)

// Mentions is every document of the database whose path or fields contain the text, whatever
// collection it is in, and every generation of the buckets' objects whose name or metadata does. It
// is how a test proves that nothing is left of a user.
func Mentions(tb testing.TB, fs *firestore.Client, text string, buckets ...*storage.BucketHandle) []string {
	tb.Helper()
	m := mentions{tb: tb, text: text}
	m.collections(fs.Collections(tb.Context()))
	for _, b := range buckets {
		m.objects(b)
	}
	return m.found
}

type mentions struct {
	tb    testing.TB
	text  string
	found []string
}

func (m *mentions) collections(all *firestore.CollectionIterator) {
	m.tb.Helper()
	found, err := all.GetAll()
	if err != nil {
		m.tb.Fatal(err)
	}
	for _, c := range found {
		refs, err := c.DocumentRefs(m.tb.Context()).GetAll() // those too that only have others below them
		if err != nil {
			m.tb.Fatal(err)
		}
		for _, ref := range refs {
			m.document(ref)
			m.collections(ref.Collections(m.tb.Context()))
		}
	}
}

func (m *mentions) document(ref *firestore.DocumentRef) {
	m.tb.Helper()
	snap, err := ref.Get(m.tb.Context())
	if snap == nil {
		m.tb.Fatal(err)
	}
	_, path, _ := strings.Cut(ref.Path, "/documents/")
	if snap.Exists() && (strings.Contains(path, m.text) || m.in(snap.Data())) {
		m.found = append(m.found, path)
	}
}

// in reports whether the value contains the text, at whatever depth.
func (m *mentions) in(value any) bool {
	switch v := value.(type) {
	case map[string]any:
		for name, inner := range v {
			if strings.Contains(name, m.text) || m.in(inner) {
				return true
			}
		}
		return false
	case []any:
		for _, inner := range v {
			if m.in(inner) {
				return true
			}
		}
		return false
	case []byte:
		return strings.Contains(string(v), m.text)
	case *firestore.DocumentRef:
		return strings.Contains(v.Path, m.text)
	default:
		return strings.Contains(fmt.Sprint(v), m.text)
	}
}

func (m *mentions) objects(b *storage.BucketHandle) {
	m.tb.Helper()
	all := b.Objects(m.tb.Context(), &storage.Query{Versions: true})
	for {
		o, err := all.Next()
		if errors.Is(err, iterator.Done) {
			return
		}
		if err != nil {
			m.tb.Fatal(err)
		}
		if strings.Contains(o.Name, m.text) || strings.Contains(fmt.Sprint(o.Metadata), m.text) {
			m.found = append(m.found, fmt.Sprintf("gs://%s/%s#%d", o.Bucket, o.Name, o.Generation))
		}
	}
}
