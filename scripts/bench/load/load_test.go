package main

import (
	"encoding/json"
	"errors"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestEveryOperation_isMeasuredOrExcused(t *testing.T) {
	t.Parallel()
	left, err := contractOperations()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range routes {
		if _, ok := left[r.operation]; !ok {
			t.Errorf("%s is measured twice, or the contract has it no more", r.operation)
		}
		delete(left, r.operation)
	}
	for operation, why := range excused {
		if _, ok := left[operation]; !ok || why == "" {
			t.Errorf("%s is excused (%q), but measured, or the contract has it no more", operation, why)
		}
		delete(left, operation)
	}
	for operation := range left {
		t.Errorf(
			"the contract has %s: add it to routes, or say in excused why it cannot be asked for again and again", operation,
		)
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		args string
		want error
	}{
		"nothing":              {"", nil},
		"help":                 {"-help", flag.ErrHelp},
		"half a second":        {"-seconds .5 -clients 1", nil},
		"no time":              {"-seconds 0", errUsage},
		"no clients":           {"-clients 0", errUsage},
		"more than may wait":   {"-waiters 1001", errUsage},
		"scans without waiter": {"-waiters 10 -scans 11", errUsage},
		"scans over the quota": {"-users 1 -scans 61", errUsage},
		"a word too many":      {"now", errUsage},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := parse(strings.Fields(tt.args), io.Discard); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
	if _, err := parse([]string{"-routes", "("}, io.Discard); err == nil {
		t.Error("a faulty expression was taken")
	}
}

// The emulators are its own: it runs as the same project as systest, whose events and boards it
// would mix with its own.
func TestMeasuresEverything(t *testing.T) {
	t.Setenv("FIRESTORE_EMULATOR_HOST", "")
	t.Setenv("PUBSUB_EMULATOR_HOST", "")
	t.Setenv("FIREBASE_AUTH_EMULATOR_HOST", "")
	file := filepath.Join(t.TempDir(), "API.md")
	args := []string{
		"-seconds", "0.01", "-clients", "2", "-users", "2", "-waiters", "20", "-scans", "10", "-json", "-logs", "-o", file,
	}
	var out, progress strings.Builder
	if err := run(t.Context(), args, &out, &progress); err != nil {
		t.Fatalf("%v\n%s", err, &progress)
	}
	var r report
	if err := json.Unmarshal([]byte(out.String()), &r); err != nil {
		t.Fatal(err)
	}
	if len(r.Routes) != len(routes) {
		t.Errorf("%d routes measured, want %d", len(r.Routes), len(routes))
	}
	for _, f := range r.Routes {
		if f.Requests == 0 || f.PerSecond <= 0 || f.P50 <= 0 || f.P99 < f.P50 || f.Allocs == 0 || f.AllocBytes == 0 {
			t.Errorf("figures are missing: %+v", f)
		}
	}
	if len(r.AtOnce) != len(contended) {
		t.Errorf("%d routes measured at once, want %d", len(r.AtOnce), len(contended))
	}
	for _, a := range r.AtOnce {
		if a.Requests != burst*bursts || a.P50 <= 0 || a.Max < a.P95 || a.P95 < a.P50 {
			t.Errorf("figures are missing: %+v", a)
		}
	}
	if w := r.LongPolls; w == nil || w.Answered != 20 || w.Polls < 20 || w.P50 <= 0 || w.During < w.Before+20*perWaiter {
		t.Errorf("long polls: %+v", w)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		r.Command, r.Machine.Processor, "| getScan |", "withdrawConsent", "| openScan | one user |", "goroutines",
	} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%q is not in the file", want)
		}
	}
}
