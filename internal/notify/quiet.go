package notify

import (
	"context"
	"fmt"
	"log/slog"
	"regexp"
	"time"
	_ "time/tzdata" // Cloud Functions' image is not promised to have the zones.

	"github.com/facescan/facescan/internal/account"
)

// minutesOf returns the minutes since midnight of a time such as "22:00", 0 to 1439.
func minutesOf(clock string) (int, error) {
	t, err := time.Parse("15:04", clock)
	if err != nil || len(clock) != len("15:04") {
		return 0, fmt.Errorf("%q is not a time such as 22:00", clock)
	}
	return t.Hour()*60 + t.Minute(), nil
}

// ParseClock returns an error unless the text is a time of the day such as "22:00".
func ParseClock(text string) error {
	_, err := minutesOf(text)
	return err
}

// zoneName matches the names of zones. Other files that a machine has beside them, such as
// right/UTC and localtime, are not on every machine.
var zoneName = regexp.MustCompile(`^[A-Z][A-Za-z0-9_+-]*(/[A-Za-z0-9_+-]+)*$`)

// ParseZone returns the zone of the IANA name, such as "Europe/Berlin". "" is UTC. The machine's
// own zone, which Go calls Local and some systems localtime, is none.
func ParseZone(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	if !zoneName.MatchString(name) || name == "Local" || name == "Factory" {
		return nil, fmt.Errorf("%q is not the name of a zone", name)
	}
	return time.LoadLocation(name)
}

// zoneOf returns the zone of the user's quiet hours, which is the user's zone. A name that is not
// known, as an earlier version or another release of the zones may have stored, is UTC.
func zoneOf(u account.User) *time.Location {
	if u.Notifications == nil || u.Notifications.Quiet == nil {
		return time.UTC
	}
	zone, err := ParseZone(u.Notifications.Quiet.Zone)
	if err != nil {
		slog.ErrorContext(context.Background(), "a user's zone is not known: UTC is used", "error", err)
		return time.UTC
	}
	return zone
}

// longestQuiet bounds quiet hours, in minutes: if the one minute of a day outside of them is
// skipped by the clock, they go on until the next day's.
const longestQuiet = 50 * 60

// quietUntil returns when the user's quiet hours that the time is in are over, or zero if it is in
// none. That is the first whole minute whose time on the user's clock is outside of them. So hours
// that end at a time which a clock set forward skips are over when it is set, and hours that end at
// one which comes twice are over at the first.
func quietUntil(u account.User, now time.Time) time.Time {
	if u.Notifications == nil || u.Notifications.Quiet == nil {
		return time.Time{}
	}
	from, fromErr := minutesOf(u.Notifications.Quiet.From)
	to, toErr := minutesOf(u.Notifications.Quiet.To)
	if fromErr != nil || toErr != nil || from == to {
		return time.Time{}
	}
	zone := zoneOf(u)
	quiet := func(t time.Time) bool {
		local := t.In(zone)
		at := local.Hour()*60 + local.Minute()
		if from < to {
			return from <= at && at < to
		}
		return at >= from || at < to
	}
	if !quiet(now) {
		return time.Time{}
	}
	end := now.UTC().Truncate(time.Minute)
	for range longestQuiet {
		if end = end.Add(time.Minute); !quiet(end) {
			return end
		}
	}
	return time.Time{} // no clock gets here
}

// nextDay returns when the day after the time's begins in the user's zone.
func nextDay(u account.User, now time.Time) time.Time {
	zone := zoneOf(u)
	today := dayOf(u, now)
	next := now.UTC().Truncate(time.Minute)
	for range longestQuiet {
		if next = next.Add(time.Minute); next.In(zone).Format(time.DateOnly) != today {
			return next
		}
	}
	return now.Add(day) // no clock gets here
}

// dayOf returns the day of the time in the user's zone, such as "2026-11-29".
func dayOf(u account.User, now time.Time) string { return now.In(zoneOf(u)).Format(time.DateOnly) }
