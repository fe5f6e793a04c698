package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/testkit"
)

// passes is how many times each row is measured, in turn with the others, so that what else the
// machine does, and how warm the emulators are, is the same for all of them.
const passes = 4

const (
	faults = 0.2
	// aNight is the number of results in a night.
	aNight = 12
	// sweeps bounds how often what is due is looked for.
	sweeps = 120
)

// loads are the rows.
var loads = []load{
	{devices: 1}, {devices: 5}, {devices: 20},
	{devices: 1, faults: faults}, {devices: 5, faults: faults}, {devices: 20, faults: faults},
}

// nights are the rows of digests.
var nights = []load{{devices: 5, night: true}, {devices: 5, faults: faults, night: true}}

// report is all that was measured.
type report struct {
	options
	concurrency int
	rows        []tally // of loads
	nights      []tally // of nights
}

func (w *world) measure(ctx context.Context) (report, error) {
	r := report{options: w.options, concurrency: w.function.Concurrency, rows: make([]tally, len(loads))}
	bar := terminal.Bar(w.progress, 1+passes*len(loads)+len(nights), "trials")
	warm := load{devices: 5, faults: faults}
	if _, err := w.byDay(ctx, warm, max(w.events/portion, 5)); err != nil {
		return r, fmt.Errorf("warm up: %w", err)
	}
	for pass := range passes {
		for i := range loads {
			if pass%2 == 1 {
				i = len(loads) - 1 - i
			}
			y, err := w.byDay(ctx, loads[i], w.events/portion)
			if err != nil {
				return r, fmt.Errorf("%s: %w", loads[i], err)
			}
			r.rows[i].add(y)
			if err := bar.Add(1); err != nil {
				return r, err
			}
		}
	}
	for _, l := range nights {
		y, err := w.byNight(ctx, l, max(1, w.events/portion/2))
		if err != nil {
			return r, fmt.Errorf("a night, %s: %w", l, err)
		}
		r.nights = append(r.nights, y)
	}
	return r, bar.Finish()
}

// byDay measures events of users who are told at once.
func (w *world) byDay(ctx context.Context, l load, users int) (y tally, err error) {
	t, err := w.newTrial(ctx, l, users, kinds, nil)
	if err != nil {
		return y, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	// The events of a user are far from each other.
	facts := make([]*fact, kinds*users)
	for i, p := range t.people {
		all, err := w.everyKind(ctx, p)
		if err != nil {
			return y, err
		}
		for k, f := range all {
			facts[k*users+i] = f
		}
	}
	if err := t.deliver(ctx, facts); err != nil {
		return y, err
	}
	return t.outcome(ctx)
}

// byNight measures results in the quiet hours of users, of whom each is told by one message in the
// morning.
func (w *world) byNight(ctx context.Context, l load, users int) (y tally, err error) {
	quiet := &account.QuietHours{From: "22:00", To: "07:00", Zone: "Europe/Berlin"}
	t, err := w.newTrial(ctx, l, users, 1, quiet)
	if err != nil {
		return y, err
	}
	defer func() { err = errors.Join(err, t.close()) }()
	evening := noon.Add(9*time.Hour + 30*time.Minute) // 22:30 in Berlin
	for i := range aNight {
		var facts []*fact
		for _, p := range t.people {
			f, err := w.result(ctx, p, strconv.Itoa(i), evening.Add(time.Duration(i)*30*time.Minute))
			if err != nil {
				return y, err
			}
			facts = append(facts, f)
		}
		if err := t.deliver(ctx, facts); err != nil {
			return y, err
		}
	}
	if n := len(t.fcm.Attempts()) + len(t.smtp.Attempts()); n > 0 {
		return y, fmt.Errorf("%d provider calls in the quiet hours", n)
	}
	if err := t.morning(ctx, noon.Add(18*time.Hour)); err != nil { // 07:00 in Berlin
		return y, err
	}
	return t.outcome(ctx)
}

// morning sweeps each minute from the time on, and delivers what is due, until nothing is open.
func (t *trial) morning(ctx context.Context, at time.Time) error {
	var found published
	sweeper := &notify.Sweeper{
		Firestore: t.fs, Outbox: outbox.New(t.fs, &found, testkit.Writer("test"), t.clock.now), Now: t.clock.now,
	}
	t.deliveries, t.took = nil, 0 // those of the digests are measured
	for range sweeps {
		t.clock.reach(at)
		if _, err := sweeper.Sweep(ctx); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		facts, err := t.due(found.take())
		if err != nil {
			return err
		}
		if err := t.deliver(ctx, facts); err != nil {
			return err
		}
		y, err := t.outcome(ctx)
		if err != nil || y.ended == y.events {
			return err
		}
		at = at.Add(catalog.SweepEvery)
	}
	return nil
}

// due returns the events of the sweep.
func (t *trial) due(messages [][]byte) ([]*fact, error) {
	facts := make([]*fact, len(messages))
	for i, data := range messages {
		e, err := event.Decode(data)
		if err != nil {
			return nil, err
		}
		due, err := event.As[event.DeliveryDueV1](e)
		if err != nil {
			return nil, err
		}
		of := t.people[slices.IndexFunc(t.people, func(p person) bool { return string(p.uid) == due.UID })]
		facts[i] = &fact{
			person: of, id: e.ID, of: aNight, due: t.clock.now(), message: event.Message{ID: e.ID, Data: data},
		}
	}
	return facts, nil
}

// published are the events that the sweep has published.
type published struct {
	mu   sync.Mutex
	data [][]byte
}

// Publish implements [outbox.Publisher].
func (p *published) Publish(_ context.Context, _ string, data []byte, _ map[string]string) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.data = append(p.data, data)
	return nil
}

// take returns the events since the last call.
func (p *published) take() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	data := p.data
	p.data = nil
	return data
}
