package main

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/notify/deliver"
)

// testdata/deliveries.json is what the consumer wrote at 0154b31 for the events of a user: a
// welcome, a scan and a personal best, which were sent; a failure, of which no mail was wanted; the
// scan s2, whose push the tablet did not get; and the scan s4, whose process died.
func TestDeliveries(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "deliveries.json")
	migrated(t, project, fs, deliveries)
	type leg struct {
		State    string
		Attempts int64
		Served   []string
		Reason   string
	}
	type record struct {
		Kind   string
		ScanID string `firestore:"scanId"`
		Legs   map[string]leg
	}
	got := map[string]record{}
	snaps, err := notify.Deliveries(account.Ref(fs, "u")).Documents(t.Context()).GetAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, snap := range snaps {
		var r record
		if err := snap.DataTo(&r); err != nil {
			t.Fatal(err)
		}
		got[r.Kind+" "+r.ScanID] = r
	}
	want := map[string]record{
		"welcome ": {Kind: "welcome", Legs: map[string]leg{
			"push": {"sent", 1, []string{"phone"}, ""}, "email": {"sent", 1, nil, ""},
		}},
		"scan_completed s": {Kind: "scan_completed", ScanID: "s", Legs: map[string]leg{
			"push": {"sent", 1, []string{"phone"}, ""}, "email": {"sent", 1, nil, ""},
		}},
		"scan_completed s2": {Kind: "scan_completed", ScanID: "s2", Legs: map[string]leg{
			"push": {"failed", 1, []string{"phone"}, ""}, "email": {"sent", 1, nil, ""},
		}},
		"personal_best s": {Kind: "personal_best", ScanID: "s", Legs: map[string]leg{
			"push": {"sent", 1, []string{"phone", "tablet"}, ""},
		}},
		"scan_failed s3": {Kind: "scan_failed", ScanID: "s3", Legs: map[string]leg{
			"push": {"sent", 1, []string{"phone", "tablet"}, ""}, "email": {"skipped", 0, nil, "preference"},
		}},
		"scan_completed s4": {Kind: "scan_completed", ScanID: "s4", Legs: map[string]leg{
			"push": {"claimed", 1, nil, ""}, "email": {"skipped", 0, nil, "preference"},
		}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("records (-want +got):\n%s", diff)
	}
}

// Before the step as after it, an event that was delivered has no effect when it comes again, and
// after it, the others are delivered on.
func TestDeliveries_areNotRepeated(t *testing.T) {
	t.Parallel()
	project, fs := database(t, "deliveries.json")
	push, err := emulator.NewFCM()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = push.Close() })
	sender, err := fcm.New(fcm.Config{Project: project, Endpoint: push.URL()})
	if err != nil {
		t.Fatal(err)
	}
	c := &deliver.Consumer{Firestore: fs, FCM: sender, Now: func() time.Time { return today }}
	comeAgain := func(when string, want ...string) {
		t.Helper()
		before := len(push.Messages())
		for _, id := range []string{"s", "s2", "s4"} {
			if err := c.Handle(t.Context(), scanned(t, id)); err != nil {
				t.Fatalf("%s: %v", when, err)
			}
		}
		var got []string
		for _, p := range push.Messages()[before:] {
			got = append(got, p.Data["scanId"]+" to "+p.Token)
		}
		if diff := cmp.Diff(want, got, cmp.Transformer("set", func(all []string) map[string]int {
			n := map[string]int{}
			for _, one := range all {
				n[one]++
			}
			return n
		})); diff != "" {
			t.Errorf("%s, pushes (-want +got):\n%s", when, diff)
		}
	}
	comeAgain("before")
	migrated(t, project, fs, deliveries)
	comeAgain("after", "s2 to token-2", "s4 to token-1", "s4 to token-2")
	comeAgain("once more")
}

// scanned is the event of a completed scan, as the fixture's.
func scanned(t *testing.T, scanID string) event.Message {
	t.Helper()
	at := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	e, err := event.New(event.ID("scan.completed.v1", scanID), at, "", event.ScanCompletedV1{
		UID: "u", ScanID: scanID, ConsentEpoch: 1, Engine: "facescan-1.0.0", EngineMajor: 1, Score: 71.24,
		Interval: event.Around(41.8, 93.1), CompletedAt: at,
	})
	if err != nil {
		t.Fatal(err)
	}
	data, err := event.Encode(e)
	if err != nil {
		t.Fatal(err)
	}
	return event.Message{ID: "1", Data: data}
}
