package catalog_test

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/work"
)

func TestOwner(t *testing.T) {
	t.Parallel()
	for path, want := range map[string]string{
		"/v1/me":                  "profile",
		"/v1/me/consent":          "profile",
		"/v1/mean":                "health",
		"/v1/uploads":             "upload",
		"/v1/uploads/direct":      "upload",
		"/v1/series":              "upload",
		"/v1/series/abc/images":   "upload",
		"/v1/scans/abc":           "scans",
		"/v1/auth/register":       "register",
		"/v1/auth/register/more":  "health",
		"/v1/inbox":               "inbox",
		"/v1/devices/d1":          "inbox",
		"/v1/leaderboards/x/top":  "leaderboard",
		"/health":                 "health",
		"/":                       "health",
		"/wp-admin/../v1/scans/x": "health",
	} {
		t.Run(path, func(t *testing.T) {
			if got := catalog.Owner(path).Name; got != want {
				t.Errorf("Owner = %q, want %q", got, want)
			}
		})
	}
}

func TestTable(t *testing.T) {
	t.Parallel()
	all := catalog.Functions()
	if !slices.IsSortedFunc(all, func(a, b catalog.Function) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	}) {
		t.Error("not sorted by name")
	}
	owned := map[string]string{}
	for _, f := range all {
		isHTTP := f.Trigger == catalog.HTTP
		if isHTTP != (len(f.Paths) > 0) || isHTTP != (len(f.Takes) == 0) {
			t.Errorf("%s: trigger %s with %d paths and %d topics", f.Name, f.Trigger, len(f.Paths), len(f.Takes))
		}
		if f.Concurrency < 1 || f.Concurrency > 1000 || f.Timeout <= 0 || f.MemoryMiB == 0 || f.CPU == 0 || f.Purpose == "" {
			t.Errorf("%s: a limit is missing or out of range: %+v", f.Name, f)
		}
		for _, p := range f.Paths {
			if other, taken := owned[p]; taken {
				t.Errorf("%s and %s both own %s", other, f.Name, p)
			}
			owned[p] = f.Name
		}
		if !isHTTP {
			checkDelivery(t, f)
		}
	}
}

// checkDelivery holds the limits of Pub/Sub, and that a dead holder's lease ends before the last
// attempt: else the event would go to the dead-letter topic with its work undone.
func checkDelivery(t *testing.T, f catalog.Function) {
	t.Helper()
	if f.AckDeadline < f.Timeout || f.AckDeadline > 600*time.Second {
		t.Errorf("%s: ack deadline %s does not fit the timeout %s", f.Name, f.AckDeadline, f.Timeout)
	}
	if f.MaxAttempts < 5 || f.MaxAttempts > 100 {
		t.Errorf("%s: %d attempts, Pub/Sub takes 5 to 100", f.Name, f.MaxAttempts)
	}
	var last time.Duration
	for i := range f.MaxAttempts - 1 {
		last += catalog.Backoff(catalog.MinBackoff, catalog.MaxBackoff, i+1)
	}
	if work.LeaseTime >= last {
		t.Errorf("%s: the lease of %s outlasts the last attempt at %s", f.Name, work.LeaseTime, last)
	}
}

func TestSubscriptions(t *testing.T) {
	t.Parallel()
	topics := catalog.Topics()
	names := map[string]bool{}
	for _, s := range catalog.Subscriptions() {
		if names[s.Name] {
			t.Errorf("subscription %s twice", s.Name)
		}
		names[s.Name] = true
		if !slices.Contains(topics, s.Topic) {
			t.Errorf("topic %s of %s is not in Topics", s.Topic, s.Name)
		}
	}
	if !slices.Contains(topics, catalog.DeadLetterTopic) {
		t.Error("no dead-letter topic")
	}
}

// maxFunctionLines keeps functions to registration and wiring. Imports do not count: they grow with
// the number of packages that are wired, not with what is done.
const maxFunctionLines = 40

func TestEveryFunction_hasItsFolder(t *testing.T) {
	t.Parallel()
	root := filepath.Join("..", "..", "functions")
	entries, err := os.ReadDir(root)
	if err != nil {
		t.Fatal(err)
	}
	folders := map[string]bool{}
	for _, e := range entries {
		if e.IsDir() {
			folders[e.Name()] = true
		}
	}
	for _, f := range catalog.Functions() {
		if !folders[f.Name] {
			t.Errorf("functions/%s is missing", f.Name)
			continue
		}
		delete(folders, f.Name)
		source, err := os.ReadFile(filepath.Join(root, f.Name, "function.go"))
		if err != nil {
			t.Error(err)
		}
		_, wiring, _ := bytes.Cut(source, []byte("\n)\n"))
		if n := bytes.Count(wiring, []byte("\n")); n > maxFunctionLines {
			t.Errorf(
				"functions/%s/function.go has %d lines after its imports, at most %d are wiring", f.Name, n, maxFunctionLines,
			)
		}
	}
	for name := range folders {
		t.Errorf("functions/%s is not in the catalog", name)
	}
}
