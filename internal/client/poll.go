package client

import (
	"context"
	"time"
)

// Poll asks, twenty times a second, until the answer is there, asking fails or ctx ends.
func Poll[T any](ctx context.Context, ask func() (answer T, there bool, err error)) (T, error) {
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		answer, there, err := ask()
		if there || err != nil {
			return answer, err
		}
		select {
		case <-ctx.Done():
			return answer, ctx.Err()
		case <-tick.C:
		}
	}
}
