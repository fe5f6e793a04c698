package deliver

import (
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

const recordSchema = 2

// record is users/{uid}/deliveries/{eventID}: how far an event is delivered by each channel. It
// outlives the inbox item, so that an event that comes again does not bring back what its user has
// deleted.
type record struct {
	Schema int `firestore:"schema"`
	// ConsentEpoch is the epoch of the inbox item.
	ConsentEpoch int64       `firestore:"consentEpoch,omitempty"`
	EventID      string      `firestore:"eventId"`
	Kind         notify.Kind `firestore:"kind"`
	// ScanID or SeriesID is what the event is about, if anything.
	ScanID   string `firestore:"scanId,omitempty"`
	SeriesID string `firestore:"seriesId,omitempty"`
	// Event is the event itself, as long as a channel may need it.
	Event []byte `firestore:"event,omitempty"`
	// Legs are the ways by the channels.
	Legs map[string]leg `firestore:"legs"`
	// DueAt is when the sweep has the event delivered on, absent if no leg waits for it.
	DueAt     time.Time `firestore:"dueAt,omitzero"`
	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	ExpireAt  time.Time `firestore:"expireAt"`
}

// newRecord returns the record of a message that nothing was done about.
func newRecord(msg notify.Message, now time.Time) record {
	r := record{
		Schema: recordSchema, ConsentEpoch: msg.ConsentEpoch, EventID: msg.ID, Kind: msg.Rule.Kind,
		ScanID: msg.Data["scanId"], SeriesID: msg.Data["seriesId"],
		Legs: map[string]leg{}, CreatedAt: now, UpdatedAt: now, ExpireAt: now.Add(schema.DeliveryLife),
	}
	for _, c := range msg.Channels() {
		r.Legs[string(c)] = leg{State: pending}
	}
	return r
}

// open reports whether a leg has something left to do, or to be done by an operator.
func (r *record) open() bool {
	for _, l := range r.Legs {
		if !l.done() {
			return true
		}
	}
	return false
}

// put changes one leg, and with it when the record is due and whether the event is still needed.
func (r *record) put(c notify.Channel, l leg, now time.Time) {
	if r.Legs == nil {
		r.Legs = map[string]leg{}
	}
	r.Legs[string(c)] = l
	r.DueAt, r.UpdatedAt = time.Time{}, now
	for _, l := range r.Legs {
		if at := l.wakes(); r.DueAt.IsZero() || !at.IsZero() && at.Before(r.DueAt) {
			r.DueAt = at
		}
	}
	if !r.open() {
		r.Event = nil
	}
}

// updates returns what a leg's end changes in the document.
func (r *record) updates() []firestore.Update {
	changed := []firestore.Update{{Path: "legs", Value: r.Legs}, {Path: "updatedAt", Value: r.UpdatedAt}}
	if r.DueAt.IsZero() {
		changed = append(changed, firestore.Update{Path: "dueAt", Value: firestore.Delete})
	} else {
		changed = append(changed, firestore.Update{Path: "dueAt", Value: r.DueAt})
	}
	if r.Event == nil {
		changed = append(changed, firestore.Update{Path: "event", Value: firestore.Delete})
	}
	return changed
}

// state is the state of a leg; see the diagram of the package.
type state string

const (
	pending    state = "pending"
	deferred   state = "deferred"
	claimed    state = "claimed"
	sent       state = "sent"
	failed     state = "failed"
	skipped    state = "skipped"
	suppressed state = "suppressed"
)

// leg is the way of an event by one channel.
type leg struct {
	State state `firestore:"state"`
	// Attempts counts the claims. It also distinguishes them.
	Attempts int64 `firestore:"attempts"`
	// LeaseUntil is when a claim expires.
	LeaseUntil time.Time `firestore:"leaseUntil,omitzero"`
	// NextAt is the time before which there is no attempt: a deferred leg is due then, and a failed
	// one was told so by the provider.
	NextAt time.Time `firestore:"nextAt,omitzero"`
	// Batch is the id of the message that the sweep's delivery sends it in: a digest's, or the
	// event's own. It is "" for what the event's own delivery sends.
	Batch string `firestore:"batch,omitempty"`
	// Served are the ids of the devices that need no further push.
	Served []string `firestore:"served,omitempty"`
	// Reason is why it was skipped or suppressed, and Fault the class of the last failure.
	Reason string `firestore:"reason,omitempty"`
	Fault  string `firestore:"fault,omitempty"`
}

const (
	// tries is the number of attempts at a leg that was deferred, like the deliveries of an event (see
	// package catalog).
	tries = 20
	// shortestPause and longestPause bound the pauses between them, which double.
	shortestPause = time.Minute
	longestPause  = time.Hour
	// patience is the longest time that the event's own delivery waits for a provider that says when
	// to come again: Pub/Sub delivers again after 10 s to 600 s. A leg that must wait longer is
	// deferred.
	patience = time.Minute
	// longestWait bounds what a provider asks for.
	longestWait = 6 * time.Hour
)

// done reports whether nothing remains to be done.
func (l leg) done() bool { return l.State == sent || l.State == skipped || l.State == suppressed }

// leased reports whether a claim is in force.
func (l leg) leased(now time.Time) bool { return l.State == claimed && l.LeaseUntil.After(now) }

// wakes returns when the sweep must have the leg delivered on, zero for never. The claim of a
// process that died is found again when its lease is over.
func (l leg) wakes() time.Time {
	switch {
	case l.State == deferred:
		return l.NextAt
	case l.State == claimed && l.Batch != "":
		return l.LeaseUntil
	}
	return time.Time{}
}

// due reports whether the sweep's delivery takes the leg.
func (l leg) due(now time.Time) bool {
	at := l.wakes()
	return !at.IsZero() && !at.After(now)
}

// decide follows the verdict: the leg is claimed for the batch, deferred, or ends.
func (l leg) decide(v notify.Verdict, batch string, now time.Time) leg {
	switch {
	case v.Never != "":
		return l.end(v.Never)
	case !v.Later.IsZero():
		l.State, l.NextAt, l.LeaseUntil = deferred, v.Later, time.Time{}
		return l
	}
	l.State, l.Batch, l.NextAt = claimed, batch, time.Time{}
	l.Attempts++
	l.LeaseUntil = now.Add(work.LeaseTime)
	return l
}

// end ends a leg without sending. What was put off before is suppressed, and else it is skipped.
func (l leg) end(reason string) leg {
	if l.State == deferred || l.Batch != "" {
		l.State = suppressed
	} else {
		l.State = skipped
	}
	l.Reason, l.LeaseUntil, l.NextAt = reason, time.Time{}, time.Time{}
	return l
}

// outcome is the outcome of sending.
type outcome struct {
	// served are the devices that need no further push, even if others failed.
	served []string
	// skipped is why there was no recipient, "" otherwise.
	skipped string
	// err is why it failed, and fault its class. wait is the time that the provider wants to be left
	// alone for, and final is set if no repetition can help.
	err   error
	fault string
	wait  time.Duration
	final bool
}

// finish records the outcome of the attempt. A failure releases the claim at once, unless another
// process has taken it over; a late success counts, since it was sent.
func (l leg) finish(attempt int64, o outcome, now time.Time) leg {
	l.Served = union(l.Served, o.served)
	switch {
	case l.done() || o.err != nil && (l.State != claimed || l.Attempts != attempt):
		return l
	case o.skipped != "":
		l.State, l.Reason = skipped, o.skipped
	case o.err == nil:
		l.State = sent
	default:
		return l.fail(o, now)
	}
	l.LeaseUntil, l.NextAt = time.Time{}, time.Time{}
	return l
}

// fail records a failure. A leg of the sweep's delivery is deferred again, with growing pauses; one
// of the event's own delivery fails, and is attempted again when that is repeated.
func (l leg) fail(o outcome, now time.Time) leg {
	l.Fault, l.LeaseUntil, l.NextAt = o.fault, time.Time{}, time.Time{}
	wait := min(o.wait, longestWait)
	bySweep := l.Batch != "" || wait > patience
	if o.final || bySweep && l.Attempts >= tries {
		l.State = failed
		return l
	}
	if bySweep {
		pause := shortestPause << min(max(l.Attempts-1, 0), 10)
		l.State, l.NextAt = deferred, now.Add(max(wait, min(pause, longestPause)))
		return l
	}
	l.State = failed
	if wait > 0 {
		l.NextAt = now.Add(wait)
	}
	return l
}

func union(a, b []string) []string {
	if len(b) == 0 {
		return a
	}
	all := append(slices.Clone(a), b...)
	slices.Sort(all)
	return slices.Compact(all)
}
