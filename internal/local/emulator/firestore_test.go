package emulator

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
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
			})
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
	resp, err := http.Get("http://" + s.hosts[Firestore] + UsedIndexesPath + "?project=demo-index")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var used []string
	if err := json.NewDecoder(resp.Body).Decode(&used); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"scans.uid_asc.createdAt_desc"}, used); diff != "" {
		t.Errorf("used (-want +got):\n%s", diff)
	}
}
