package emulator

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/local/emulator/meter"
)

// TestFirestore_refusesWhatHasNoIndex: what the emulator itself would answer.
func TestFirestore_refusesWhatHasNoIndex(t *testing.T) {
	ctx := t.Context()
	s, err := start(ctx, freshMachine(), Options{}, Firestore)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Setenv("FIRESTORE_EMULATOR_HOST", s.hosts[Firestore])
	fs, err := firestore.NewClient(ctx, "demo-index")
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()
	mine := fs.Collection("scans").Where("uid", "==", "ada")
	indexed, unindexed := mine.OrderBy("createdAt", firestore.Desc), mine.OrderBy("colour", firestore.Desc)

	for name, call := range map[string]func() error{
		"a query": func() error { _, err := unindexed.Documents(ctx).GetAll(); return err },
		"a count": func() error { _, err := unindexed.NewAggregationQuery().WithCount("n").Get(ctx); return err },
		"a sum":   func() error { _, err := mine.NewAggregationQuery().WithSum("size", "n").Get(ctx); return err },
		"a query in a transaction": func() error {
			return fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				_, err := tx.Documents(unindexed).GetAll()
				return err
			}, firestore.ReadOnly)
		},
		"a listener": func() error {
			snapshots := unindexed.Snapshots(ctx)
			defer snapshots.Stop()
			_, err := snapshots.Next()
			return err
		},
	} {
		if err := call(); status.Code(err) != codes.FailedPrecondition || !strings.Contains(err.Error(), "index") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := indexed.Documents(ctx).GetAll(); err != nil {
		t.Error(err)
	}
	if _, err := fs.Doc("scans/none").Get(ctx); status.Code(err) != codes.NotFound {
		t.Errorf("an error of the emulator's own: %v", err)
	}
	used := told[[]string](t, s, UsedIndexesPath+"?project=demo-index")
	if diff := cmp.Diff([]string{"scans.uid_asc.createdAt_desc"}, used); diff != "" {
		t.Errorf("used (-want +got):\n%s", diff)
	}
}

// told is what the front tells.
func told[T any](t *testing.T, s *Stack, path string) T {
	t.Helper()
	resp, err := http.Get("http://" + s.hosts[Firestore] + path)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var is T
	if err := json.NewDecoder(resp.Body).Decode(&is); err != nil {
		t.Fatal(err)
	}
	return is
}

// TestFirestore_countsWhatPasses: what production charges for, and how often it is asked.
func TestFirestore_countsWhatPasses(t *testing.T) {
	ctx := t.Context()
	s, err := start(ctx, freshMachine(), Options{}, Firestore)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	t.Setenv("FIRESTORE_EMULATOR_HOST", s.hosts[Firestore])
	fs, err := firestore.NewClient(ctx, "demo-traffic")
	if err != nil {
		t.Fatal(err)
	}
	defer fs.Close()
	traffic := func() meter.Traffic { return told[meter.Traffic](t, s, TrafficPath+"?project=demo-traffic") }
	users := fs.Collection("users")
	ada := users.Doc("ada")
	for _, tt := range []struct {
		name string
		do   func() error
		want meter.Traffic
	}{
		{"a document is written", func() error { _, err := ada.Set(ctx, map[string]any{"uid": "ada"}); return err },
			meter.Traffic{Cost: meter.Cost{Writes: 1}, RPCs: 1}},
		{"documents are read, one that is not there among them", func() error {
			_, err := fs.GetAll(ctx, []*firestore.DocumentRef{ada, users.Doc("none")})
			return err
		}, meter.Traffic{Cost: meter.Cost{Documents: 2}, RPCs: 1}},
		{"a query finds one", func() error { _, err := users.Limit(5).Documents(ctx).GetAll(); return err },
			meter.Traffic{Cost: meter.Cost{Rows: 1}, RPCs: 1}},
		{"a query finds nothing, which is charged as one", func() error {
			_, err := fs.Collection("scans").Limit(5).Documents(ctx).GetAll()
			return err
		}, meter.Traffic{Cost: meter.Cost{Rows: 1}, RPCs: 1}},
		{"documents are counted", func() error { _, err := users.NewAggregationQuery().WithCount("n").Get(ctx); return err },
			meter.Traffic{Cost: meter.Cost{Counts: 1, Counted: 1, CountReads: 1}, RPCs: 1}},
		{"a listener is told", func() error {
			snapshots := ada.Snapshots(ctx)
			defer snapshots.Stop()
			_, err := snapshots.Next()
			return err
		}, meter.Traffic{Listened: 1, RPCs: 1}},
		{"a transaction reads, writes and deletes", func() error {
			return fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				_, err := tx.Get(ada)
				return errors.Join(err, tx.Set(users.Doc("bob"), map[string]any{}), tx.Delete(ada))
			})
		}, meter.Traffic{Cost: meter.Cost{Documents: 1, Writes: 1, Deletes: 1}, RPCs: 3, Attempts: 1, Transactions: 1}},
		{"a transaction is given up", func() error {
			err := fs.RunTransaction(ctx, func(context.Context, *firestore.Transaction) error { return errGivenUp })
			if !errors.Is(err, errGivenUp) {
				return fmt.Errorf("given up: %w", err)
			}
			return nil
		}, meter.Traffic{RPCs: 2, Attempts: 1}},
		{"a transaction that only reads", func() error {
			return fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
				_, err := tx.Documents(users.Limit(5)).GetAll()
				return err
			}, firestore.ReadOnly)
		}, meter.Traffic{Cost: meter.Cost{Rows: 1}, RPCs: 3}},
		{"a commit is refused", func() error {
			if _, err := users.Doc("bob").Create(ctx, map[string]any{}); status.Code(err) != codes.AlreadyExists {
				return fmt.Errorf("created twice: %w", err)
			}
			return nil
		}, meter.Traffic{RPCs: 1}},
	} {
		before := traffic()
		if err := tt.do(); err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		if diff := cmp.Diff(tt.want, traffic().Minus(before)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tt.name, diff)
		}
	}
	if other := told[meter.Traffic](t, s, TrafficPath+"?project=other"); other != (meter.Traffic{}) {
		t.Errorf("of another project it counted %+v", other)
	}
}

var errGivenUp = errors.New("given up")
