package work_test

import (
	"context"
	"errors"
	"os"
	"testing"
	"time"

	"cloud.google.com/go/firestore"
	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/work"
)

func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }

var errHandle = errors.New("cannot be handled")

// The first of three documents fails. The others are handled, at the latest by the sweep a second
// later, and the first again after the pause.
func TestSweep_putsOffWhatFails(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		// fail is what happens to the first document.
		fail func(end context.CancelFunc) error
		want [][]string
	}{
		"at once": {
			func(context.CancelFunc) error { return errHandle },
			[][]string{{"a", "b", "c"}, nil, {"a"}},
		},
		"by a panic": {
			func(context.CancelFunc) error { panic("cannot be handled") },
			[][]string{{"a", "b", "c"}, nil, {"a"}},
		},
		"when the sweep's time is up": {
			func(end context.CancelFunc) error { end(); return context.Canceled },
			[][]string{{"a"}, {"b", "c"}, {"a"}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
			due := newDue(t, &now)
			for i, want := range tt.want {
				now = now.Add(time.Duration(i) * time.Second)
				if i == len(tt.want)-1 {
					now = now.Add(due.Pause)
				}
				ctx, end := context.WithCancel(t.Context())
				var got []string
				_, err := work.Sweep(ctx, due, func(ctx context.Context, snap *firestore.DocumentSnapshot) error {
					got = append(got, snap.Ref.ID)
					if snap.Ref.ID == "a" {
						return tt.fail(end)
					}
					_, err := snap.Ref.Delete(ctx)
					return err
				})
				end()
				if diff := cmp.Diff(want, got); diff != "" {
					t.Errorf("sweep %d (-want +got):\n%s", i, diff)
				}
				if first := len(want) > 0 && want[0] == "a"; first != (err != nil) {
					t.Errorf("sweep %d: error %v", i, err)
				}
			}
		})
	}
}

// newDue returns the sweep of the documents a, b and c, which are due in that order.
func newDue(t *testing.T, now *time.Time) work.Due {
	t.Helper()
	outbox := emulatortest.Firestore(t, emulatortest.UniqueProject(t)).Collection("outbox")
	for i, id := range []string{"a", "b", "c"} {
		at := now.Add(time.Duration(i-3) * time.Minute)
		if _, err := outbox.Doc(id).Set(t.Context(), map[string]any{"dueAt": at}); err != nil {
			t.Fatal(err)
		}
	}
	return work.Due{
		Documents: outbox.Query, Field: "dueAt", Page: 10, Pause: time.Minute, Longest: time.Hour,
		Now: func() time.Time { return *now },
	}
}
