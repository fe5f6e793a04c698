package work_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/work"
)

func TestLease(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 11, 29, 12, 0, 0, 0, time.UTC)
	held := work.Lease{Token: "first", Until: begin.Add(work.LeaseTime)}
	for name, tt := range map[string]struct {
		lease work.Lease
		now   time.Time
		want  error
	}{
		"one that is free is taken":       {work.Lease{}, begin, nil},
		"one that is held is not":         {held, held.Until.Add(-time.Microsecond), work.ErrLeased},
		"one that ends now is taken over": {held, held.Until, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := tt.lease
			if err := got.Take("second", tt.now, time.Second); !errors.Is(err, tt.want) {
				t.Fatalf("Take = %v, want %v", err, tt.want)
			}
			want := tt.lease
			if tt.want == nil {
				want = work.Lease{Token: "second", Until: tt.now.Add(time.Second)}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("lease (-want +got):\n%s", diff)
			}
			if lost := errors.Is(got.Check("second"), work.ErrLost); lost != (tt.want != nil) {
				t.Errorf("the second is told that it lost the lease: %v", lost)
			}
		})
	}
	t.Run("its holder may finish late, and renew it", func(t *testing.T) {
		t.Parallel()
		late := held
		if err := late.Check("first"); err != nil {
			t.Error(err)
		}
		late.Renew(held.Until)
		if want := held.Until.Add(work.LeaseTime); !late.Until.Equal(want) || late.Token != "first" {
			t.Errorf("renewed to %+v, want until %v", late, want)
		}
	})
}
