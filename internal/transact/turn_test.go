package transact

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/facescan/facescan/internal/fault"
)

var (
	here  = slot{path: "users/ada"}
	other = slot{path: "users/bob"}
)

func newLines() *lines { return &lines{open: map[slot]*line{}} }

// enter takes a turn that must come.
func enter(t *testing.T, l *lines, s slot) (leave func()) {
	t.Helper()
	leave, err := l.enter(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return leave
}

func TestLines(t *testing.T) {
	t.Parallel()
	t.Run("admit one at a time in the order they came", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := newLines()
			leave := enter(t, l, here)
			var order []int
			for i := range 5 {
				go func() {
					next := enter(t, l, here)
					time.Sleep(time.Second)
					order = append(order, i) // the race detector sees two at a time
					next()
				}()
				synctest.Wait()
			}
			leave()
			time.Sleep(10 * time.Second)
			synctest.Wait()
			for i, got := range order {
				if got != i {
					t.Fatalf("order %v", order)
				}
			}
			if len(order) != 5 || len(l.open) != 0 {
				t.Errorf("%d had their turn, %d lines are left", len(order), len(l.open))
			}
		})
	})
	t.Run("do not wait for another document", func(t *testing.T) {
		t.Parallel()
		l := newLines()
		defer enter(t, l, here)()
		defer enter(t, l, other)()
	})
	t.Run("are left by those who are cancelled", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := newLines()
			leave := enter(t, l, here)
			gone := errors.New("the client is gone")
			ctx, cancel := context.WithCancelCause(t.Context())
			go func() {
				if _, err := l.enter(ctx, here); !errors.Is(err, context.Canceled) {
					t.Errorf("err = %v", err)
				}
			}()
			synctest.Wait()
			cancel(gone)
			synctest.Wait()
			leave()
			enter(t, l, here)()
			if len(l.open) != 0 {
				t.Errorf("%d lines are left", len(l.open))
			}
		})
	})
	t.Run("are unavailable to those whose turn does not come", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			l := newLines()
			defer enter(t, l, here)()
			begin := time.Now()
			_, err := l.enter(t.Context(), here)
			if !fault.Is(err, fault.CodeUnavailable) || fault.From(err).RetryAfter != soon || time.Since(begin) != patience {
				t.Errorf("err = %v after %v", err, time.Since(begin))
			}
		})
	})
}

func TestRun_givesUp(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		overtaken time.Duration // for how long every attempt is
		fails     bool
	}{
		"not while another transaction's lock times out": {10 * time.Second, false},
		"once it has been overtaken for its patience":    {time.Hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				err := newLines().run(t.Context(), here, func(context.Context) (bool, error) {
					if time.Since(begin) < tt.overtaken {
						return true, errors.New("overtaken")
					}
					return false, nil
				})
				if !tt.fails {
					if err != nil {
						t.Errorf("err = %v after %v", err, time.Since(begin))
					}
					return
				}
				if !fault.Is(err, fault.CodeUnavailable) || !fault.Expected(err) || fault.From(err).RetryAfter != soon {
					t.Errorf("err = %v", err)
				}
				if took := time.Since(begin); took < patience || took > patience+longest {
					t.Errorf("gave up after %v", took)
				}
			})
		})
	}
}
