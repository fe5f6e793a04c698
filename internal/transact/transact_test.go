package transact_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/transact"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

// clients are of one database; each stands for a process.
func clients(t *testing.T, n int) []*firestore.Client {
	t.Helper()
	project := emulatortest.UniqueProject(t)
	all := make([]*firestore.Client, n)
	for i := range all {
		all[i] = emulatortest.Firestore(t, project)
	}
	return all
}

func number(snap *firestore.DocumentSnapshot, err error) (int64, error) {
	if status.Code(err) == codes.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	value, err := snap.DataAt("n")
	n, _ := value.(int64)
	return n, err
}

// oneMore adds 1 to the document, whose condition the writer keeps.
var oneMore = map[string]func(ctx context.Context, fs *firestore.Client, doc *firestore.DocumentRef) error{
	"in transactions that read it": func(ctx context.Context, fs *firestore.Client, doc *firestore.DocumentRef) error {
		return transact.Run(ctx, fs, doc, func(_ context.Context, tx *firestore.Transaction) error {
			n, err := number(tx.Get(doc))
			if err != nil {
				return err
			}
			return tx.Set(doc, map[string]any{"n": n + 1})
		})
	},
	"in transactions that read it outside": func(
		ctx context.Context, fs *firestore.Client, doc *firestore.DocumentRef,
	) error {
		return transact.Run(ctx, fs, doc, func(ctx context.Context, tx *firestore.Transaction) error {
			snap, err := doc.Get(ctx)
			n, err := number(snap, err)
			if err != nil {
				return err
			}
			if !snap.Exists() {
				return tx.Create(doc, map[string]any{"n": n + 1})
			}
			return tx.Update(doc, []firestore.Update{{Path: "n", Value: n + 1}}, firestore.LastUpdateTime(snap.UpdateTime))
		})
	},
	"without a transaction": func(ctx context.Context, fs *firestore.Client, doc *firestore.DocumentRef) error {
		return transact.Do(ctx, fs, doc, func(ctx context.Context) error {
			snap, err := doc.Get(ctx)
			n, err := number(snap, err)
			if err != nil {
				return err
			}
			if !snap.Exists() {
				_, err = doc.Create(ctx, map[string]any{"n": n + 1})
				return err
			}
			_, err = doc.Update(ctx, []firestore.Update{{Path: "n", Value: n + 1}}, firestore.LastUpdateTime(snap.UpdateTime))
			return err
		})
	},
}

// Twenty at once in each of two processes all come through, and none is lost.
func TestContended(t *testing.T) {
	t.Parallel()
	for how, add := range oneMore {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			const each = 20
			processes := clients(t, 2)
			var all sync.WaitGroup
			for _, fs := range processes {
				for range each {
					all.Go(func() {
						if err := add(t.Context(), fs, fs.Doc("counts/one")); err != nil {
							t.Error(err)
						}
					})
				}
			}
			all.Wait()
			n, err := number(processes[0].Doc("counts/one").Get(t.Context()))
			if n != int64(len(processes)*each) || err != nil {
				t.Errorf("%d of %d were counted: %v", n, len(processes)*each, err)
			}
		})
	}
}

func TestRun_error(t *testing.T) {
	t.Parallel()
	fs := clients(t, 1)[0]
	doc := fs.Doc("counts/one")
	for name, want := range map[string]error{
		"of the caller":                         errors.New("refused"),
		"of the caller in the words of a write": status.Error(codes.AlreadyExists, "the caller's own"),
	} {
		t.Run(name+" is returned at once", func(t *testing.T) {
			t.Parallel()
			attempts := 0
			err := transact.Run(t.Context(), fs, doc, func(context.Context, *firestore.Transaction) error {
				attempts++
				return want
			})
			if !errors.Is(err, want) || attempts != 1 {
				t.Errorf("err = %v after %d attempts", err, attempts)
			}
		})
	}
}
