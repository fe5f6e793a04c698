package scan

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/event"
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
			e := newEnv(t)
			s := e.newScan(t)
			generation := e.upload(t, s, []byte("photo"))
			m := finalized(t, s, generation)
			e.bus.fail = fail
			func() {
				defer func() { _ = recover() }()
				if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
					t.Errorf("the scan is done, but: %v", err)
				}
			}()
			if got := e.load(t, s.ID); got.State != Completed {
				t.Fatalf("scan is %s", got.State)
			}
			want := []string{event.ID("scan.completed.v1", string(s.ID))}
			if diff := cmp.Diff(want, e.owed(t)); diff != "" {
				t.Fatalf("outbox (-want +got):\n%s", diff)
			}
			e.bus.fail = nil
			if err := e.analyzer(measure).Handle(t.Context(), m); err != nil {
				t.Fatal(err)
			}
			if _, err := e.box.Sweep(t.Context(), 0); err != nil {
				t.Fatal(err)
			}
			if got := published[event.ScanCompletedV1](t, e.bus); len(got) != 1 || got[0].ScanID != string(s.ID) {
				t.Errorf("published %v", got)
			}
			wantNoMore(t, e, 1)
		})
	}
}
