package transact

import (
	"context"
	"sync"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/semaphore"
)

// turns are the process's turns. All packages share them, since contention is about the document
// and not about who changes it.
var turns = lines{open: map[slot]*line{}}

// slot is a document of a client. The client is part of it so that two clients in a test stand for
// two processes.
type slot struct {
	fs   *firestore.Client
	path string
}

// lines has a line for each document that is being changed. It is as large as the work under way.
type lines struct {
	mu   sync.Mutex
	open map[slot]*line
}

// line is the queue of a document's changes. The holder of the semaphore changes it; the others
// wait in order.
type line struct {
	semaphore *semaphore.Weighted
	members   int
}

// enter waits for the turn, at most for patience. leave ends the turn.
func (l *lines) enter(ctx context.Context, s slot) (leave func(), err error) {
	mine := l.join(s)
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if err := mine.semaphore.Acquire(waiting, 1); err != nil {
		l.part(s, mine)
		if ctx.Err() != nil {
			return nil, ctx.Err()
		}
		return nil, busy()
	}
	return func() {
		mine.semaphore.Release(1)
		l.part(s, mine)
	}, nil
}

func (l *lines) join(s slot) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine, ok := l.open[s]
	if !ok {
		mine = &line{semaphore: semaphore.NewWeighted(1)}
		l.open[s] = mine
	}
	mine.members++
	return mine
}

// part removes a change from the line. The last one removes the line.
func (l *lines) part(s slot, mine *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	mine.members--
	if mine.members == 0 {
		delete(l.open, s)
	}
}
