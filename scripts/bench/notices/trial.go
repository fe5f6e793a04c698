package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fcm"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/mail"
	"github.com/facescan/facescan/internal/notify/deliver"
)

// load is what a trial delivers: messages to users with so many devices, where the share faults of
// the provider calls fails.
type load struct {
	devices int
	faults  float64
	// night is set if the events come in the user's quiet hours, so that they become one message.
	night bool
}

func (l load) String() string {
	devices := "devices"
	if l.devices == 1 {
		devices = "device"
	}
	return fmt.Sprintf("%d %s, %.0f %% faults", l.devices, devices, 100*l.faults)
}

// trial is users of a load with providers, a consumer and a clock of their own.
type trial struct {
	*world
	load
	clock    clock
	fcm      *emulator.FCM
	smtp     *emulator.SMTP
	consumer *deliver.Consumer
	people   []person
	injected int

	mu         sync.Mutex
	facts      []*fact
	deliveries []time.Duration
	took       time.Duration // of all deliveries, from the first to the last
}

// newTrial registers n users. Each of their devices and mailboxes is to get so many messages, and
// the providers fail before them.
func (w *world) newTrial(
	ctx context.Context, l load, n, messages int, quiet *account.QuietHours,
) (t *trial, err error) {
	t = &trial{world: w, load: l, clock: clock{at: noon}}
	defer func() {
		if err != nil {
			err = errors.Join(err, t.close())
		}
	}()
	if t.fcm, err = emulator.NewFCM(); err != nil {
		return t, err
	}
	if t.smtp, err = emulator.NewSMTP(); err != nil {
		return t, err
	}
	pushes, err := fcm.New(fcm.Config{Project: w.project, Endpoint: t.fcm.URL()})
	if err != nil {
		return t, err
	}
	mailer, err := mail.New(mail.Config{Addr: t.smtp.Host(), From: "FaceScan <hello@facescan.example>", Plain: true})
	if err != nil {
		return t, err
	}
	t.consumer = &deliver.Consumer{
		Firestore: w.fs, FCM: pushes, Mailer: mailer, Unsubscriber: w.unsubscriber, Users: w.auth, Now: t.clock.now,
	}
	if t.people, err = w.register(ctx, n, l.devices, quiet); err != nil {
		return t, err
	}
	t.script(messages)
	return t, nil
}

func (t *trial) close() (err error) {
	if t.fcm != nil {
		err = t.fcm.Close()
	}
	if t.smtp != nil {
		err = errors.Join(err, t.smtp.Close())
	}
	return err
}

// script has the providers fail, in the same way in every run.
func (t *trial) script(messages int) {
	random := rand.New(rand.NewPCG(uint64(t.world.people), 1)) //nolint:gosec // no secret
	for _, p := range t.people {
		for _, token := range p.tokens {
			answers, injected := script(random, messages, t.faults, emulator.PushAnswer{}, pushFaults)
			t.fcm.Script(token, answers...)
			t.injected += injected
		}
		taken := emulator.MailAnswer{At: emulator.Content}
		answers, injected := script(random, messages, t.faults, taken, mailFaults)
		t.smtp.Script(p.address(), answers...)
		t.injected += injected
	}
}

// deliver delivers the events until none of them fails, as many at a time as the function does.
func (t *trial) deliver(ctx context.Context, facts []*fact) error {
	q := newQueue(facts, &t.clock, t.function.MaxAttempts)
	begun := time.Now()
	var workers errgroup.Group
	for range t.function.Concurrency {
		workers.Go(func() error { return t.work(ctx, q) })
	}
	err := workers.Wait()
	t.took += time.Since(begun)
	t.facts = append(t.facts, facts...)
	return err
}

func (t *trial) work(ctx context.Context, q *queue) error {
	for f := q.next(); f != nil; f = q.next() {
		var m meter.Meter
		begun := time.Now()
		err := t.consumer.Handle(m.With(ctx), f.message)
		took := time.Since(begun)
		f.spend(m.Take())
		q.done(f, err != nil)
		t.mu.Lock()
		t.deliveries = append(t.deliveries, took)
		t.mu.Unlock()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if errors.Is(err, event.ErrMalformed) {
			return fmt.Errorf("deliver event %s: %w", f.id, err)
		}
	}
	return nil
}
