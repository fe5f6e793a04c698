package client

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"
)

// Pauses before a request that failed by no fault of the client is sent again.
const (
	firstPause = 250 * time.Millisecond
	lastPause  = 2 * time.Second
)

// Persist does it until it succeeds, fails by a fault of the client, or ctx ends, with a pause
// before each repetition that doubles up to 2 s. It returns the number of repetitions.
func Persist(ctx context.Context, do func() error) (again int, err error) {
	for pause := firstPause; ; pause = min(2*pause, lastPause) {
		if err = do(); err == nil || ctx.Err() != nil || !passing(err) {
			return again, err
		}
		again++
		select {
		case <-ctx.Done():
			return again, fmt.Errorf("%w, after: %w", context.Cause(ctx), err)
		case <-time.After(pause):
		}
	}
}

// passing reports whether the request may be sent again: the service was at fault, or asked for
// patience, or the connection broke.
func passing(err error) bool {
	status := StatusOf(err)
	return status == 0 || status == http.StatusTooManyRequests || status >= http.StatusInternalServerError
}

// StatusOf returns the status of an error answer, 0 if there was no answer.
func StatusOf(err error) int {
	var p *Problem
	if errors.As(err, &p) {
		return p.Status
	}
	return 0
}
