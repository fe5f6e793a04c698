package emulator

import (
	"context"
	"net"
	"slices"
	"sync"
	"time"
)

// script has the answers that a sink was told to give, by the one that a message is for.
type script[A any] struct {
	mu      sync.Mutex
	answers map[string][]A
	clock   func() time.Time
	fault   func(to string) A
}

// SetFault has fault asked about each message that no script is for. If it names no refusal and no
// break, the answer is the usual one, after its wait.
func (s *script[A]) SetFault(fault func(to string) A) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = fault
}

// faulty returns the fault of a message.
func (s *script[A]) faulty(to string) (answer A) {
	s.mu.Lock()
	fault := s.fault
	s.mu.Unlock()
	if fault == nil {
		return answer
	}
	return fault(to)
}

// SetClock replaces the clock of the attempts. It is safe to call while the sink serves.
func (s *script[A]) SetClock(now func() time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = now
}

// now returns the time of an attempt.
func (s *script[A]) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.clock == nil {
		return time.Now()
	}
	return s.clock()
}

// set sets the answers to the next messages for a token or address, in their order. They replace
// those of an earlier script. After them the sink answers as without a script.
func (s *script[A]) set(to string, answers []A) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.answers == nil {
		s.answers = map[string][]A{}
	}
	s.answers[to] = slices.Clone(answers)
}

// next takes the next answer from the script, or reports that there is none.
func (s *script[A]) next(to string) (answer A, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	left := s.answers[to]
	if len(left) == 0 {
		return answer, false
	}
	s.answers[to] = left[1:]
	return left[0], true
}

// drip writes to the connection byte by byte, one at each interval, until ctx ends.
func drip(ctx context.Context, conn net.Conn, data []byte, interval time.Duration) (int, error) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for i := range data {
		if i > 0 {
			select {
			case <-tick.C:
			case <-ctx.Done():
				return i, context.Cause(ctx)
			}
		}
		if _, err := conn.Write(data[i : i+1]); err != nil {
			return i, err
		}
	}
	return len(data), nil
}

// reset closes a connection so that the peer sees a reset and not an end.
func reset(conn net.Conn) {
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // without it, the peer sees an end
	}
	_ = conn.Close()
}
