package emulatortest_test

import (
	"context"
	"os"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
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

func TestMentions(t *testing.T) {
	t.Parallel()
	fs := emulatortest.Firestore(t, emulatortest.UniqueProject(t))
	for path, fields := range map[string]map[string]any{
		"plain/other":                   {"uid": "bob"},
		"plain/by-text":                 {"uid": "of ada's"},
		"plain/by-bytes":                {"data": []byte(`{"uid":"ada"}`)},
		"plain/by-reference":            {"user": fs.Doc("users/ada")},
		"plain/deep":                    {"all": []any{map[string]any{"a": map[string]any{"b": []any{"ada"}}}}},
		"plain/by-name-of-a-field":      {"counts": map[string]any{"ada": 1}},
		"users/ada":                     {"n": 1},
		"missing/ada/below/one":         {"n": 1},
		"missing/bob/below/one":         {"uid": "ada"},
		"missing/bob/below/one/under/1": {"uid": "bob"},
	} {
		if _, err := fs.Doc(path).Set(t.Context(), fields); err != nil {
			t.Fatal(err)
		}
	}
	want := []string{
		"missing/ada/below/one", "missing/bob/below/one",
		"plain/by-bytes", "plain/by-name-of-a-field", "plain/by-reference", "plain/by-text", "plain/deep", "users/ada",
	}
	if diff := cmp.Diff(want, emulatortest.Mentions(t, fs, "ada")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
