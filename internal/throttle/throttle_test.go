package throttle_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/throttle"
)

// occupy takes all places of a throttle.
func occupy(t *testing.T, of *throttle.Throttle, places int) (leave []func()) {
	t.Helper()
	for range places {
		_, one, err := of.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		leave = append(leave, one)
	}
	return leave
}

// checkRefusal checks that the error is an expected one that names a time to come again.
func checkRefusal(t *testing.T, err error) {
	t.Helper()
	if !fault.Is(err, fault.CodeUnavailable) || !fault.Expected(err) {
		t.Fatalf("error %v", err)
	}
	if wait := fault.From(err).RetryAfter; wait < time.Second || wait > 3*time.Second {
		t.Errorf("it is to come again after %s", wait)
	}
}

func TestEnter_lineIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		const places, line = 3, 2
		of := throttle.New(places, line, time.Second)
		leave := occupy(t, of, places)
		var in sync.WaitGroup
		for range line {
			in.Go(func() {
				_, out, err := of.Enter(t.Context())
				if err != nil {
					t.Errorf("one in line: %v", err)
					return
				}
				out()
			})
		}
		synctest.Wait()
		began := time.Now()
		_, _, err := of.Enter(t.Context())
		checkRefusal(t, err)
		if waited := time.Since(began); waited != 0 {
			t.Errorf("it is refused after %s", waited)
		}
		for _, out := range leave {
			out()
		}
		in.Wait()
		occupy(t, of, places) // all of them are free again, and the line is empty
	})
}

func TestEnter_waitsNoLongerThanSaid(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		of := throttle.New(1, 1, time.Second)
		occupy(t, of, 1)
		for range 2 { // one who was refused is out of the line
			began := time.Now()
			_, _, err := of.Enter(t.Context())
			checkRefusal(t, err)
			if waited := time.Since(began); waited != time.Second {
				t.Errorf("it waited for %s", waited)
			}
		}
	})
}

func TestEnter_callerIsGone(t *testing.T) {
	t.Parallel()
	of := throttle.New(1, 1, time.Minute)
	occupy(t, of, 1)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := of.Enter(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestRest(t *testing.T) {
	t.Parallel()
	throttle.Rest(t.Context()) // without a place it does nothing
	of := throttle.New(1, 0, time.Second)
	ctx, leave, err := of.Enter(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	throttle.Rest(ctx)
	other := occupy(t, of, 1)
	leave() // has none any more
	if _, _, err := of.Enter(t.Context()); err == nil {
		t.Error("a place was given up twice")
	}
	other[0]()
	occupy(t, of, 1)
}
