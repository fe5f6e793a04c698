package emulatortest_test

import (
	"context"
	"os"
	"testing"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/store"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

func TestFirestore(t *testing.T) {
	t.Parallel()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	things := fs.Collection("things")
	if _, err := things.Doc("a").Set(t.Context(), map[string]any{"n": 1}); err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func(context.Context, *firestore.Transaction) error{
		"a query": func(_ context.Context, tx *firestore.Transaction) error {
			_, err := tx.Documents(things.Where("n", "==", 1)).GetAll()
			return err
		},
		"a count": func(ctx context.Context, tx *firestore.Transaction) error {
			_, err := store.Count(ctx, tx, things.Query)
			return err
		},
	} {
		t.Run(name+" is refused in a transaction that may write", func(t *testing.T) {
			t.Parallel()
			if err := fs.RunTransaction(t.Context(), run); status.Code(err) != codes.FailedPrecondition {
				t.Errorf("err = %v", err)
			}
		})
		t.Run(name+" is answered in a transaction that only reads", func(t *testing.T) {
			t.Parallel()
			if err := fs.RunTransaction(t.Context(), run, firestore.ReadOnly); err != nil {
				t.Error(err)
			}
		})
	}
	t.Run("a document is read and written in a transaction", func(t *testing.T) {
		t.Parallel()
		err := fs.RunTransaction(t.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
			if _, err := things.Where("n", "==", 1).Documents(ctx).GetAll(); err != nil { // outside
				return err
			}
			if _, err := tx.Get(things.Doc("a")); err != nil {
				return err
			}
			return tx.Set(things.Doc("b"), map[string]any{"n": 2})
		})
		if err != nil {
			t.Error(err)
		}
	})
}
