package systest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"testing"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/schema"
)

// TestEveryIndex_isUsed asks all that needs a composite index: one that answers no query costs
// money and time with every write. That a query has the index which it needs, every test on the
// local Firestore shows.
func TestEveryIndex_isUsed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	app := s.app("index")
	s.enrol(ctx, t, app, "systest_index")
	s.scan(ctx, t, app, "a", byScore(ctx, t)[0])
	for _, path := range []string{
		"/v1/scans?order=newest", "/v1/scans?order=oldest",
		"/v1/scans?order=newest&state=completed", "/v1/scans?order=oldest&state=completed",
		"/v1/scans?order=newest&rankable=true", "/v1/scans?order=oldest&rankable=true",
		"/v1/me/summary", "/v1/leaderboards/symmetry/top",
		"/v1/inbox?unread=true", "/v1/inbox?kind=welcome", "/v1/inbox?kind=welcome&unread=true",
	} {
		if err := app.Do(ctx, http.MethodGet, path); err != nil {
			t.Fatal(err)
		}
	}
	s.staff(ctx, t, "index-admin", "admin").want(ctx, t, http.StatusOK, http.MethodGet, "/v1/admin/reports", "")
	if err := app.Do(ctx, http.MethodDelete, "/v1/me/consent"); err != nil {
		t.Fatal(err)
	}
	for _, c := range schema.Collections {
		for _, i := range c.Indexes {
			name := c.IndexName(i)
			answered := func() bool { return slices.Contains(usedIndexes(ctx, t), name) }
			s.await(ctx, t, "a query that is answered by "+name, answered)
		}
	}
}

func usedIndexes(ctx context.Context, t *testing.T) []string {
	t.Helper()
	url := "http://" + os.Getenv("FIRESTORE_EMULATOR_HOST") + emulator.UsedIndexesPath + "?project=" + host.Project
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var names []string
	if err := json.NewDecoder(resp.Body).Decode(&names); err != nil {
		t.Fatal(err)
	}
	return names
}
