package gcp

import (
	"context"
	"sync"
	"time"
)

// Clock tells the time and waits.
type Clock interface {
	Now() time.Time
	// Sleep waits, or returns the error of the context that ends before.
	Sleep(context.Context, time.Duration) error
}

// Wall is the machine's clock.
type Wall struct{}

// Now returns the time.
func (Wall) Now() time.Time { return time.Now() }

// Sleep waits for the duration.
func (Wall) Sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// Leaps is a clock that goes like the machine's, but leaps over what it is asked to sleep.
type Leaps struct {
	mu     sync.Mutex
	leaped time.Duration
}

// Now returns the time, later by all that was slept.
func (l *Leaps) Now() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return time.Now().Add(l.leaped)
}

// Leaped returns how long it slept in all.
func (l *Leaps) Leaped() time.Duration {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.leaped
}

// Sleep returns at once.
func (l *Leaps) Sleep(ctx context.Context, d time.Duration) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaped += d
	return ctx.Err()
}
