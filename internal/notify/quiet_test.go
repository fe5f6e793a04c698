package notify

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
)

// quietUser returns a user with quiet hours.
func quietUser(from, to, zone string) account.User {
	return account.User{
		State: account.Active,
		Notifications: &account.Notifications{
			Push: true, Email: true, Quiet: &account.QuietHours{From: from, To: to, Zone: zone},
		},
	}
}

func TestQuietUntil(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		from, to, zone string
		now, want      string // in UTC; no quiet hours are ""
	}{
		"at night":            {"22:00", "07:00", "Europe/Berlin", "2026-11-29T22:30:00Z", "2026-11-30T06:00:00Z"},
		"after midnight":      {"22:00", "07:00", "Europe/Berlin", "2026-11-30T01:00:00Z", "2026-11-30T06:00:00Z"},
		"in summer":           {"22:00", "07:00", "Europe/Berlin", "2026-07-01T21:30:00Z", "2026-07-02T05:00:00Z"},
		"the first moment":    {"22:00", "07:00", "Europe/Berlin", "2026-11-29T21:00:00Z", "2026-11-30T06:00:00Z"},
		"just before":         {"22:00", "07:00", "Europe/Berlin", "2026-11-29T20:59:59Z", ""},
		"the last moment":     {"22:00", "07:00", "Europe/Berlin", "2026-11-30T05:59:59Z", "2026-11-30T06:00:00Z"},
		"the end":             {"22:00", "07:00", "Europe/Berlin", "2026-11-30T06:00:00Z", ""},
		"at day":              {"12:00", "14:00", "Europe/Berlin", "2026-11-29T11:30:00.5Z", "2026-11-29T13:00:00Z"},
		"to midnight":         {"22:00", "00:00", "", "2026-11-29T23:59:00Z", "2026-11-30T00:00:00Z"},
		"no zone":             {"22:00", "07:00", "", "2026-11-29T22:30:00Z", "2026-11-30T07:00:00Z"},
		"an unknown zone":     {"22:00", "07:00", "Mars/Olympus", "2026-11-29T22:30:00Z", "2026-11-30T07:00:00Z"},
		"the machine's zone":  {"22:00", "07:00", "Local", "2026-11-29T22:30:00Z", "2026-11-30T07:00:00Z"},
		"start is end":        {"22:00", "22:00", "Europe/Berlin", "2026-11-29T22:30:00Z", ""},
		"no times":            {"", "x", "Europe/Berlin", "2026-11-29T22:30:00Z", ""},
		"an odd end":          {"22:00", "7:00", "Europe/Berlin", "2026-11-29T22:30:00Z", ""},
		"half an hour off":    {"22:00", "07:00", "Asia/Kolkata", "2026-11-29T18:00:00Z", "2026-11-30T01:30:00Z"},
		"a quarter off":       {"22:00", "07:00", "Asia/Kathmandu", "2026-11-29T18:00:00Z", "2026-11-30T01:15:00Z"},
		"a day ahead":         {"22:00", "07:00", "Pacific/Kiritimati", "2026-11-29T09:00:00Z", "2026-11-29T17:00:00Z"},
		"southern summer":     {"22:00", "07:00", "America/Santiago", "2026-12-01T02:00:00Z", "2026-12-01T10:00:00Z"},
		"southern winter":     {"22:00", "07:00", "America/Santiago", "2026-07-01T03:00:00Z", "2026-07-01T11:00:00Z"},
		"over midnight there": {"22:00", "07:00", "Australia/Sydney", "2026-11-29T13:00:00Z", "2026-11-29T20:00:00Z"},
		// Berlin's clock goes forward on 2026-03-29 at 02:00, and back on 2026-10-25 at 03:00.
		"forward, with the end in the gap": {
			"22:00", "02:30", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:00:00Z",
		},
		"forward, with the end after it": {
			"22:00", "07:00", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T05:00:00Z",
		},
		"forward, begin in the gap": {
			"02:30", "07:00", "Europe/Berlin", "2026-03-29T01:00:00Z", "2026-03-29T05:00:00Z",
		},
		"forward, all in the gap": {"02:10", "02:50", "Europe/Berlin", "2026-03-29T01:00:00Z", ""},
		"back, the first 02:30": {
			"22:00", "02:30", "Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25T00:30:00Z",
		},
		"back, after the first 02:30": {"22:00", "02:30", "Europe/Berlin", "2026-10-25T00:30:00Z", ""},
		"back, the second 02:10": {
			"22:00", "02:30", "Europe/Berlin", "2026-10-25T01:10:00Z", "2026-10-25T01:30:00Z",
		},
		"back, with the end after it": {
			"22:00", "07:00", "Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25T06:00:00Z",
		},
		// Lord Howe's goes forward by half an hour on 2026-10-04 at 02:00.
		"forward by half an hour": {"22:00", "02:15", "Australia/Lord_Howe", "2026-10-03T15:00:00Z", "2026-10-03T15:30:00Z"},
		// The one minute that is not quiet is in the gap, so the next one is a day later.
		"forward over the only minute": {"02:31", "02:30", "Europe/Berlin", "2026-03-28T12:00:00Z", "2026-03-30T00:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339Nano, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			got := ""
			if end := quietUntil(quietUser(tt.from, tt.to, tt.zone), now); !end.IsZero() {
				got = end.UTC().Format(time.RFC3339Nano)
			}
			if got != tt.want {
				t.Errorf("from %s to %s in %q at %s they end at %q, want %q", tt.from, tt.to, tt.zone, tt.now, got, tt.want)
			}
		})
	}
}

func TestQuietUntil_ofNone(t *testing.T) {
	t.Parallel()
	for name, u := range map[string]account.User{
		"nothing set": {}, "no hours set": {Notifications: &account.Notifications{Push: true}},
	} {
		if end := quietUntil(u, start); !end.IsZero() {
			t.Errorf("with %s they end at %v", name, end)
		}
	}
}

// zones have clocks that are set at odd times and by odd steps, or never.
var zones = []string{
	"", "Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Kathmandu", "Antarctica/Troll",
	"America/St_Johns", "Pacific/Chatham", "Africa/Casablanca", "Asia/Tehran", "America/Nuuk",
}

// inside reports whether the clock of the zone is in the hours.
func inside(t time.Time, from, to string, zone *time.Location) bool {
	at := t.In(zone).Format("15:04")
	if from < to {
		return from <= at && at < to
	}
	return at >= from || at < to
}

func TestQuietUntil_isTheFirstMinuteOutside(t *testing.T) {
	t.Parallel()
	clock := rapid.Custom(func(t *rapid.T) string {
		return time.Time{}.Add(time.Duration(rapid.IntRange(0, 24*60-1).Draw(t, "minute")) * time.Minute).Format("15:04")
	})
	rapid.Check(t, func(t *rapid.T) {
		from, to := clock.Draw(t, "from"), clock.Draw(t, "to")
		name := rapid.SampledFrom(zones).Draw(t, "zone")
		zone, err := ParseZone(name)
		if err != nil {
			t.Fatal(err)
		}
		now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).
			Add(time.Duration(rapid.IntRange(0, 2*366*24*60*60).Draw(t, "second")) * time.Second)
		end := quietUntil(quietUser(from, to, name), now)
		if from == to || !inside(now, from, to, zone) {
			if !end.IsZero() {
				t.Fatalf("not in them, they end at %v", end)
			}
			return
		}
		if !end.After(now) || inside(end, from, to, zone) || !end.Equal(end.Truncate(time.Minute)) {
			t.Fatalf("%v is not the end of %s to %s for %v", end.In(zone), from, to, now.In(zone))
		}
		for at := now.Truncate(time.Minute).Add(time.Minute); at.Before(end); at = at.Add(time.Minute) {
			if !inside(at, from, to, zone) {
				t.Fatalf("they are over at %v, before %v", at.In(zone), end.In(zone))
			}
		}
	})
}

func TestNextDay(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ zone, now, want string }{
		"UTC":                 {"", "2026-11-29T22:30:00Z", "2026-11-30T00:00:00Z"},
		"at midnight":         {"", "2026-11-30T00:00:00Z", "2026-12-01T00:00:00Z"},
		"Berlin":              {"Europe/Berlin", "2026-11-29T22:30:00Z", "2026-11-29T23:00:00Z"},
		"a day of 23 hours":   {"Europe/Berlin", "2026-03-28T23:00:00Z", "2026-03-29T22:00:00Z"},
		"a day of 25 hours":   {"Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z"},
		"without a midnight":  {"America/Santiago", "2026-09-06T03:00:00Z", "2026-09-06T04:00:00Z"},
		"of an unknown clock": {"Mars/Olympus", "2026-11-29T22:30:00Z", "2026-11-30T00:00:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now, err := time.Parse(time.RFC3339, tt.now)
			if err != nil {
				t.Fatal(err)
			}
			if got := nextDay(quietUser("12:00", "12:01", tt.zone), now).UTC().Format(time.RFC3339); got != tt.want {
				t.Errorf("the day after %s begins at %s, want %s", tt.now, got, tt.want)
			}
		})
	}
}

func TestParseClock(t *testing.T) {
	t.Parallel()
	for text, ok := range map[string]bool{
		"00:00": true, "07:05": true, "23:59": true,
		"24:00": false, "12:60": false, "7:00": false, "07:0": false, "0700": false, "07:00:00": false, "": false,
		"-1:00": false, "07:000": false, "٠٧:٠٠": false, "07.00": false,
	} {
		if err := ParseClock(text); (err == nil) != ok {
			t.Errorf("ParseClock(%q) = %v", text, err)
		}
	}
}

func TestParseZone(t *testing.T) {
	t.Parallel()
	for name, ok := range map[string]bool{
		"": true, "UTC": true, "Europe/Berlin": true, "America/Argentina/Buenos_Aires": true, "Etc/GMT+5": true,
		"Local": false, "local": false, "localtime": false, "Europe": false, "Europe/": false, "Berlin": false,
		"+01:00": false, "/etc/localtime": false, "../zoneinfo/UTC": false, `Europe\Berlin`: false,
		"Europe/Berlin\x00": false, strings.Repeat("x", 1<<16): false,
	} {
		if _, err := ParseZone(name); (err == nil) != ok {
			t.Errorf("ParseZone(%q) = %v", name[:min(len(name), 40)], err)
		}
	}
}
