package emulator

import (
	"context"
	"errors"
	"testing"
)

func TestRecorderWait(t *testing.T) {
	var r Recorder[int]
	r.add(1)
	r.add(2)
	if got, err := r.Wait(t.Context(), func(n int) bool { return n == 2 }); got != 2 || err != nil {
		t.Errorf("one that is there: %d, %v", got, err)
	}

	found := make(chan int)
	for want := 3; want <= 4; want++ {
		go func() {
			n, err := r.Wait(t.Context(), func(n int) bool { return n == want })
			if err != nil {
				t.Error(err)
			}
			found <- n
		}()
	}
	r.add(3)
	r.add(4)
	if sum := <-found + <-found; sum != 7 {
		t.Errorf("those that come later sum up to %d", sum)
	}

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := r.Wait(ctx, func(int) bool { return false }); !errors.Is(err, context.Canceled) {
		t.Errorf("one that never comes: %v", err)
	}

	copied := r.Messages()
	copied[0] = 99
	if got := r.Messages(); len(got) != 4 || got[0] != 1 {
		t.Errorf("Messages gives its own slice away: %v", got)
	}
}
