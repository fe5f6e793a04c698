package main

import (
	"slices"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/emulator/meter"
)

// noon is when trials begin.
var noon = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)

// clock is the clock of a trial. It stands still until it is moved on.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

// reach moves the clock on to the time, unless it is later already.
func (c *clock) reach(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.at) {
		c.at = t
	}
}

// fact is an event with what its deliveries cost. One worker at a time has it.
type fact struct {
	person
	id      string
	message event.Message
	// of is the number of events that a delivery is about: 1, or those of a digest.
	of         int
	due        time.Time
	deliveries int
	cost       meter.Cost
	// dearest is the number of reads of the delivery that had the most.
	dearest int64
}

// newFact returns the event of the fact, which the key distinguishes from others of its type.
func newFact(p person, data event.Payload, key string, at time.Time) (*fact, error) {
	e, err := event.New(event.ID(data.EventType(), key), at, "", data)
	if err != nil {
		return nil, err
	}
	body, err := event.Encode(e)
	if err != nil {
		return nil, err
	}
	return &fact{person: p, id: e.ID, of: 1, due: at, message: event.Message{ID: e.ID, Data: body}}, nil
}

// paces returns how often the deliveries may have written the pace, besides what belongs to the
// first attempts by the channels.
func (f *fact) paces() int64 {
	if f.of > 1 {
		return 1
	}
	return 0
}

// spend adds what a delivery has cost.
func (f *fact) spend(c meter.Cost) {
	f.deliveries++
	f.dearest = max(f.dearest, c.Reads())
	f.cost.Documents += c.Documents
	f.cost.Rows += c.Rows
	f.cost.CountReads += c.CountReads
	f.cost.Writes += c.Writes
	f.cost.Deletes += c.Deletes
}

// queue hands out events as Pub/Sub does: one that fails is delivered again after a while, which
// grows, and at most so many times.
type queue struct {
	clock    *clock
	attempts int

	mu      sync.Mutex
	changed *sync.Cond
	waiting []*fact
	busy    int
}

func newQueue(facts []*fact, c *clock, attempts int) *queue {
	q := &queue{clock: c, attempts: attempts, waiting: slices.Clone(facts)}
	q.changed = sync.NewCond(&q.mu)
	return q
}

// next returns the event that is due first, and moves the clock on to that time. It returns nil
// once all have been delivered, and until then waits for those under way, which may fail.
func (q *queue) next() *fact {
	q.mu.Lock()
	defer q.mu.Unlock()
	for len(q.waiting) == 0 {
		if q.busy == 0 {
			return nil
		}
		q.changed.Wait()
	}
	first := slices.MinFunc(q.waiting, func(a, b *fact) int { return a.due.Compare(b.due) })
	q.waiting = slices.DeleteFunc(q.waiting, func(f *fact) bool { return f == first })
	q.clock.reach(first.due)
	q.busy++
	return first
}

// done takes back an event that next returned, after a delivery.
func (q *queue) done(f *fact, failed bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.busy--
	if failed && f.deliveries < q.attempts {
		f.due = q.clock.now().Add(backoff(f.deliveries))
		q.waiting = append(q.waiting, f)
	}
	q.changed.Broadcast()
}

// backoff returns how long Pub/Sub waits after so many deliveries.
func backoff(deliveries int) time.Duration {
	return catalog.Backoff(catalog.MinBackoff, catalog.MaxBackoff, deliveries)
}
