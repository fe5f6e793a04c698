package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/notify"
)

// tally is what one or more trials of a load came to.
type tally struct {
	load
	// events is the number of events, and deliveries that of their deliveries and of those of what was
	// put off.
	events, deliveries int
	// messages is the number of those that each device and each mailbox is to get: one for each event,
	// or for the events of a night.
	messages int
	// calls is the number of requests to the providers, injected that of the faults among them, and
	// sent that of the pushes and mails that were taken.
	calls, injected, sent int
	// wrong is the number of pushes and mails that a recipient did not get, or got too often.
	wrong int
	// items is the number of inbox items, and ended that of the events that both channels have sent.
	items, ended           int
	reads, writes, deletes int64
	// dearest is the largest number of reads of a delivery for each event in it.
	dearest float64
	// allowed is the number of writes that the events may cost, and over how many more some of them
	// did.
	allowed, over int64
	took          []time.Duration // of each delivery
	// passes are how long each trial has taken.
	passes []time.Duration
}

// add adds another trial of the same load.
func (y *tally) add(o tally) {
	y.load = o.load
	y.events, y.deliveries = y.events+o.events, y.deliveries+o.deliveries
	y.messages, y.wrong = y.messages+o.messages, y.wrong+o.wrong
	y.calls, y.injected, y.sent = y.calls+o.calls, y.injected+o.injected, y.sent+o.sent
	y.items, y.ended = y.items+o.items, y.ended+o.ended
	y.reads, y.writes, y.deletes = y.reads+o.reads, y.writes+o.writes, y.deletes+o.deletes
	y.dearest, y.allowed, y.over = max(y.dearest, o.dearest), y.allowed+o.allowed, y.over+o.over
	y.took, y.passes = append(y.took, o.took...), append(y.passes, o.passes...)
}

// outcome returns what the trial has come to.
func (t *trial) outcome(ctx context.Context) (tally, error) {
	y := tally{
		load: t.load, injected: t.injected, calls: len(t.fcm.Attempts()) + len(t.smtp.Attempts()),
		took: t.deliveries, passes: []time.Duration{t.took},
	}
	want, allowed, spent := map[recipient]int{}, map[string]int64{}, map[string]int64{}
	for _, f := range t.facts {
		group := t.group(f.id, f.uid)
		spent[group] += f.cost.Writes
		y.deliveries += f.deliveries
		y.reads += f.cost.Reads()
		y.writes += f.cost.Writes
		y.deletes += f.cost.Deletes
		y.dearest = max(y.dearest, float64(f.dearest)/float64(f.of))
		allowed[group] += f.paces()
		if f.of > 1 {
			continue
		}
		y.events++
		for _, to := range append(slices.Clone(f.tokens), f.address()) {
			want[recipient{group, to}] = 1
		}
	}
	y.messages = len(want) / (t.devices + 1)
	got := t.received()
	for _, n := range got {
		y.sent += n
	}
	y.wrong = difference(want, got)
	if err := t.look(ctx, &y, allowed); err != nil {
		return y, err
	}
	for group, n := range spent {
		y.allowed += allowed[group]
		y.over += max(0, n-allowed[group])
	}
	return y, nil
}

// recipient is a token or an address, with the group of events that it is told of by one message.
type recipient struct{ group, to string }

// group returns what has one message in common: the event, or the user's events of a night.
func (t *trial) group(event string, uid account.UID) string {
	if t.night {
		return string(uid)
	}
	return event
}

// received counts the messages that the providers took.
func (t *trial) received() map[recipient]int {
	owners := map[string]account.UID{}
	for _, p := range t.people {
		for _, to := range append(slices.Clone(p.tokens), p.address()) {
			owners[to] = p.uid
		}
	}
	got := map[recipient]int{}
	for _, p := range t.fcm.Messages() {
		got[recipient{t.group(p.Data["eventId"], owners[p.Token]), p.Token}]++
	}
	const domain = "@facescan.example>"
	for _, m := range t.smtp.Messages() {
		event := m.MessageID[1 : len(m.MessageID)-len(domain)]
		got[recipient{t.group(event, owners[m.To[0]]), m.To[0]}]++
	}
	return got
}

// difference returns by how much the counts differ in all.
func difference(want, got map[recipient]int) (n int) {
	for key, count := range got {
		n += max(count-want[key], want[key]-count)
	}
	for key, count := range want {
		if _, ok := got[key]; !ok {
			n += count
		}
	}
	return n
}

// record is the part of users/{uid}/deliveries/{eventID} that shows how far the event is (see
// package deliver).
type record struct {
	Legs map[string]struct {
		State    string `firestore:"state"`
		Attempts int64  `firestore:"attempts"`
	} `firestore:"legs"`
}

// ended reports whether the event was sent by every channel.
func (r record) ended() bool {
	for _, l := range r.Legs {
		if l.State != "sent" {
			return false
		}
	}
	return len(r.Legs) == len(notify.Channels)
}

// writes returns the number of writes that the event may cost: the inbox item, and for each attempt
// by a channel its claim and its end.
func (r record) writes() int64 {
	n := int64(1)
	for _, l := range r.Legs {
		n += 2 * l.Attempts
	}
	return n
}

// look counts the inbox items and the events that have ended, and adds the writes that they may
// cost to allowed.
func (t *trial) look(ctx context.Context, y *tally, allowed map[string]int64) error {
	for _, p := range t.people {
		user := account.Ref(t.fs, p.uid)
		items, err := notify.Inbox(user).Documents(ctx).GetAll()
		if err != nil {
			return fmt.Errorf("look at an inbox: %w", err)
		}
		records, err := notify.Deliveries(user).Documents(ctx).GetAll()
		if err != nil {
			return fmt.Errorf("look at the deliveries: %w", err)
		}
		y.items += len(items)
		for _, snap := range records {
			var r record
			if err := snap.DataTo(&r); err != nil {
				return fmt.Errorf("look at a delivery: %w", err)
			}
			allowed[t.group(snap.Ref.ID, p.uid)] += r.writes()
			if r.ended() {
				y.ended++
			}
		}
	}
	return nil
}
