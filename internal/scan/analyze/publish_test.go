package analyze_test

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/scantest"
	"github.com/facescan/facescan/internal/scan"
)

// A process that dies between commit and publish leaves the event to the sweep.
func TestPublisherThatFails(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func(string) error{
		"with an error": func(string) error { return errors.New("Pub/Sub is away") },
		"by dying":      func(string) error { panic("killed") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := scantest.New(t)
			s := e.NewScan(t)
			generation := e.Upload(t, s, []byte("photo"))
			m := scantest.Finalized(t, s, generation)
			e.Bus.Fail = fail
			func() {
				defer func() { _ = recover() }()
				if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
					t.Errorf("the scan is done, but: %v", err)
				}
			}()
			if got := e.Load(t, s.ID); got.State != scan.Completed {
				t.Fatalf("scan is %s", got.State)
			}
			want := []string{event.ID("scan.completed.v1", string(s.ID))}
			if diff := cmp.Diff(want, e.Owed(t)); diff != "" {
				t.Fatalf("outbox (-want +got):\n%s", diff)
			}
			e.Bus.Fail = nil
			if err := e.Analyzer(scantest.Measure).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if _, err := e.Outbox.Sweep(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			if got := scantest.Published[event.ScanCompletedV1](t, e.Bus); len(got) != 1 || got[0].ScanID != string(s.ID) {
				t.Errorf("published %v", got)
			}
			scantest.WantNoMore(t, e, 1)
		})
	}
}
