package notify

import (
	"time"

	"github.com/facescan/facescan/internal/account"
)

const (
	// pacing is how long after a notice with a score further ones wait, to be sent together. Three
	// photos in a row are common, and the app shows their results itself.
	pacing = 10 * time.Minute
	// alarmPause is how long after a push about the account's security there is no other one.
	alarmPause = time.Hour
)

// Pace is what was last sent to a user by each channel, as far as it delays what follows. It is
// kept in users/{uid}/pace/notices by package deliver.
type Pace struct {
	// Scored is when a notice with a score was last sent.
	Scored map[string]time.Time `firestore:"scored,omitempty"`
	// Alarmed is when one about the account's security was last sent.
	Alarmed map[string]time.Time `firestore:"alarmed,omitempty"`
	// Days are the days, in the zone that the user had then, of the last daily notices.
	Days map[string]string `firestore:"days,omitempty"`
}

// Reasons why a notice is not sent by a channel.
const (
	// ByPreference: the user does not want it.
	ByPreference = "preference"
	// ByPace: there was one like it within the hour.
	ByPace = "paced"
)

// Verdict is what to do with a notice: send it now, at a later time, or not at all.
type Verdict struct {
	// Later is when to decide again, zero to send it now.
	Later time.Time
	// Never is the reason why it is not sent, "" if it is.
	Never string
}

// Verdict decides, by what the user has set at the moment of sending.
func (r Rule) Verdict(u account.User, c Channel, p Pace, now time.Time) Verdict {
	switch {
	case !r.Wanted(u, c):
		return Verdict{Never: ByPreference}
	case r.Kind == Security && c == Push && p.Alarmed[string(c)].Add(alarmPause).After(now):
		return Verdict{Never: ByPace}
	case r.Critical:
		return Verdict{}
	}
	if end := quietUntil(u, now); !end.IsZero() {
		return Verdict{Later: end}
	}
	if r.Daily && p.Days[string(c)] == dayOf(u, now) {
		return Verdict{Later: nextDay(u, now)}
	}
	if next := p.Scored[string(c)].Add(pacing); r.Paced && Digests(u) && next.After(now) {
		return Verdict{Later: next}
	}
	return Verdict{}
}

// Delays reports whether sending a notice of the kind may delay or stop a later one, and so needs
// the user's pace.
func (r Rule) Delays() bool { return r.Paced || r.Daily || r.Kind == Security }

// Sent records in the pace that the notice is being sent.
func (p *Pace) Sent(r Rule, u account.User, c Channel, now time.Time) {
	switch {
	case r.Paced:
		p.Scored = with(p.Scored, c, now)
	case r.Kind == Security:
		p.Alarmed = with(p.Alarmed, c, now)
	case r.Daily:
		p.Days = with(p.Days, c, dayOf(u, now))
	}
}

// with returns the map with the channel's value, without changing the map.
func with[T any](of map[string]T, c Channel, value T) map[string]T {
	changed := map[string]T{string(c): value}
	for k, v := range of {
		if k != string(c) {
			changed[k] = v
		}
	}
	return changed
}
