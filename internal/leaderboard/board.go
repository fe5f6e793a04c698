package leaderboard

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/account"
)

// Overall is the division of the boards that everybody is on. The others are those that users
// declare (see [account.Division]).
const Overall account.Division = "overall"

const (
	// Grace is how long after its end a period still counts scans whose photos were taken in it: an
	// event can be late by a retry, a sweep or a redrive of dead letters.
	Grace = 48 * time.Hour
	// weeksKept and daysKept are how long an ended period's boards can be read.
	weeksKept = 53 * week
	daysKept  = 35 * day

	day  = 24 * time.Hour
	week = 7 * day
)

// Board is a leaderboard. Scores of different major versions of the engine never meet.
type Board struct {
	Division account.Division
	Period   Period
	// Major is the engine's major version.
	Major int
}

// AllTime returns the board of all users and all times, on which is decided who is public.
func AllTime(major int) Board { return Board{Overall, Period{}, major} }

// ID returns the board's id, such as "symmetry_overall_2026-W48_v2".
func (b Board) ID() string {
	return fmt.Sprintf("symmetry_%s_%s_v%d", b.Division, b.Period, b.Major)
}

var boardID = regexp.MustCompile(`^symmetry_(overall|women|men)_(all|\d{4}-W\d{2}|\d{4}-\d{2}-\d{2})_v([1-9]\d{0,3})$`)

// ParseBoard returns the board with the id. It reports false for a text that is no id.
func ParseBoard(id string) (Board, bool) {
	parts := boardID.FindStringSubmatch(id)
	if parts == nil {
		return Board{}, false
	}
	period, ok := parsePeriod(parts[2])
	major, err := strconv.Atoi(parts[3])
	return Board{account.Division(parts[1]), period, major}, ok && err == nil
}

// length is the kind of a period.
type length int

const (
	forever length = iota
	aWeek
	aDay
)

// Period is the time whose scans a board counts: an ISO week or a day, both in UTC, or, for the
// zero Period, all time.
type Period struct {
	length length
	begin  time.Time
}

// Week returns the ISO week that has the time.
func Week(at time.Time) Period {
	midnight := at.UTC().Truncate(day)
	return Period{aWeek, midnight.AddDate(0, 0, -(int(midnight.Weekday())+6)%7)}
}

// Day returns the day that has the time.
func Day(at time.Time) Period { return Period{aDay, at.UTC().Truncate(day)} }

// String returns "all", the week as 2026-W48, or the day as 2026-11-28.
func (p Period) String() string {
	switch p.length {
	case aWeek:
		year, n := p.begin.ISOWeek()
		return fmt.Sprintf("%04d-W%02d", year, n)
	case aDay:
		return p.begin.Format(time.DateOnly)
	default:
		return "all"
	}
}

func parsePeriod(text string) (Period, bool) {
	if text == "all" {
		return Period{}, true
	}
	if at, err := time.Parse(time.DateOnly, text); err == nil {
		return Day(at), true
	}
	var year, n int
	if _, err := fmt.Sscanf(text, "%d-W%d", &year, &n); err != nil {
		return Period{}, false
	}
	// The fourth of January is always in the first week.
	p := Week(time.Date(year, 1, 4, 0, 0, 0, 0, time.UTC).AddDate(0, 0, 7*(n-1)))
	return p, p.String() == text
}

// Always reports whether the period is all time, which neither ends nor expires.
func (p Period) Always() bool { return p.length == forever }

// Begin returns the first moment of the period, the zero time for all time.
func (p Period) Begin() time.Time { return p.begin }

// End returns the first moment after the period, the zero time for all time.
func (p Period) End() time.Time {
	switch p.length {
	case aWeek:
		return p.begin.Add(week)
	case aDay:
		return p.begin.Add(day)
	default:
		return time.Time{}
	}
}

// Closes returns when the period counts no late scans any more, the zero time for all time.
func (p Period) Closes() time.Time {
	if p.Always() {
		return time.Time{}
	}
	return p.End().Add(Grace)
}

// Expires returns when the period's boards are gone, the zero time for all time.
func (p Period) Expires() time.Time {
	switch p.length {
	case aWeek:
		return p.End().Add(weeksKept)
	case aDay:
		return p.End().Add(daysKept)
	default:
		return time.Time{}
	}
}

// Open reports whether scans still count in the period. After that its boards are written only
// when a user leaves or comes back.
func (p Period) Open(now time.Time) bool { return p.Always() || now.Before(p.Closes()) }

// Gone reports whether the period's boards have expired.
func (p Period) Gone(now time.Time) bool { return !p.Always() && !now.Before(p.Expires()) }

// Current returns the periods that have the time.
func Current(at time.Time) []Period { return []Period{{}, Week(at), Day(at)} }
