package notify

import (
	"maps"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
)

// cells are choices of one kind and channel.
func cells(k Kind, c Channel, on bool) map[string]map[string]bool {
	return map[string]map[string]bool{string(k): {string(c): on}}
}

func TestVerdict(t *testing.T) {
	t.Parallel()
	// A Sunday, 23:30 in Berlin.
	night := time.Date(2026, 11, 29, 22, 30, 0, 0, time.UTC)
	noon := time.Date(2026, 11, 29, 11, 0, 0, 0, time.UTC)
	morning := time.Date(2026, 11, 30, 6, 0, 0, 0, time.UTC)
	quiet := &account.QuietHours{From: "22:00", To: "07:00", Zone: "Europe/Berlin"}
	no := false
	scored := func(ago time.Duration) Pace { return Pace{Scored: map[string]time.Time{"push": noon.Add(-ago)}} }
	alarmed := func(ago time.Duration) Pace { return Pace{Alarmed: map[string]time.Time{"push": noon.Add(-ago)}} }
	daily := func(day string) Pace { return Pace{Days: map[string]string{"push": day}} }
	for name, tt := range map[string]struct {
		kind    Kind
		channel Channel
		set     *account.Notifications
		pace    Pace
		now     time.Time
		want    Verdict
	}{
		"never set":          {ScanCompleted, Push, nil, Pace{}, noon, Verdict{}},
		"never set, at 3 am": {ScanCompleted, Push, nil, Pace{}, night.Add(4 * time.Hour), Verdict{}},
		"off by default":     {RankChanged, Email, nil, Pace{}, noon, Verdict{Never: ByPreference}},
		"on against the default": {
			RankChanged, Email, &account.Notifications{Push: true, Email: true, Cells: cells(RankChanged, Email, true)},
			Pace{}, noon, Verdict{},
		},
		"one cell off": {
			ScanCompleted, Push, &account.Notifications{Push: true, Email: true, Cells: cells(ScanCompleted, Push, false)},
			Pace{}, noon, Verdict{Never: ByPreference},
		},
		"another channel's cell off": {
			ScanCompleted, Email, &account.Notifications{Push: true, Email: true, Cells: cells(ScanCompleted, Push, false)},
			Pace{}, noon, Verdict{},
		},
		"the channel off, the cell on": {
			ScanCompleted, Push, &account.Notifications{Email: true, Cells: cells(ScanCompleted, Push, true)},
			Pace{}, noon, Verdict{Never: ByPreference},
		},
		"a kind that came after the choices": {
			ExportReady, Push, &account.Notifications{Push: true, Email: true, Cells: cells(ScanCompleted, Push, false)},
			Pace{}, noon, Verdict{},
		},
		"a choice of a kind that is gone": {
			ScanFailed, Push, &account.Notifications{Push: true, Email: true, Cells: cells("horoscope", Push, false)},
			Pace{}, noon, Verdict{},
		},
		"a channel that the kind does not have": {
			PersonalBest, Email, &account.Notifications{Push: true, Email: true}, Pace{}, noon, Verdict{Never: ByPreference},
		},
		"critical, all off, at night": {
			Security, Push, &account.Notifications{Cells: cells(Security, Push, false), Quiet: quiet},
			Pace{}, night, Verdict{},
		},
		"critical, by mail": {
			Security, Email, &account.Notifications{Quiet: quiet}, Pace{}, night, Verdict{},
		},
		"at night": {
			ScanCompleted, Push, &account.Notifications{Push: true, Quiet: quiet}, Pace{}, night, Verdict{Later: morning},
		},
		"at night, by mail": {
			ScanFailed, Email, &account.Notifications{Email: true, Quiet: quiet}, Pace{}, night, Verdict{Later: morning},
		},
		"at night, not wanted": {
			ScanCompleted, Push, &account.Notifications{Quiet: quiet}, Pace{}, night, Verdict{Never: ByPreference},
		},
		"a score soon after another": {
			ScanCompleted, Push, nil, scored(time.Minute), noon, Verdict{Later: noon.Add(9 * time.Minute)},
		},
		"a best soon after a scan": {
			PersonalBest, Push, nil, scored(0), noon, Verdict{Later: noon.Add(10 * time.Minute)},
		},
		"a score at the end of the wait": {ScanCompleted, Push, nil, scored(10 * time.Minute), noon, Verdict{}},
		"a score by another channel":     {ScanCompleted, Email, nil, scored(time.Minute), noon, Verdict{}},
		"a failure soon after a score":   {ScanFailed, Push, nil, scored(time.Minute), noon, Verdict{}},
		"an alarm soon after a score":    {Security, Push, nil, scored(time.Minute), noon, Verdict{}},
		"a score without digests": {
			ScanCompleted, Push, &account.Notifications{Push: true, Digest: &no}, scored(time.Minute), noon, Verdict{},
		},
		"an alarm within the hour":          {Security, Push, nil, alarmed(59 * time.Minute), noon, Verdict{Never: ByPace}},
		"an alarm after the hour":           {Security, Push, nil, alarmed(time.Hour), noon, Verdict{}},
		"an alarm within the hour, by mail": {Security, Email, nil, alarmed(time.Minute), noon, Verdict{}},
		"a second rank of the day": {
			RankChanged, Push, nil, daily("2026-11-29"), noon, Verdict{Later: time.Date(2026, 11, 30, 0, 0, 0, 0, time.UTC)},
		},
		"a second rank of the day in Kiritimati": {
			RankChanged, Push,
			quietUser("12:00", "12:01", "Pacific/Kiritimati").Notifications,
			daily("2026-11-30"), noon, Verdict{Later: time.Date(2026, 11, 30, 10, 0, 0, 0, time.UTC)},
		},
		"a rank the day after": {RankChanged, Push, nil, daily("2026-11-28"), noon, Verdict{}},
		"the last mail, with all off": {
			AccountErased, Email, &account.Notifications{Quiet: quiet}, Pace{}, night, Verdict{},
		},
		"a welcome soon after something": {Welcome, Push, nil, scored(time.Minute), noon, Verdict{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			rule, ok := RuleOf(tt.kind)
			if !ok {
				t.Fatalf("no kind %s", tt.kind)
			}
			got := rule.Verdict(account.User{State: account.Active, Notifications: tt.set}, tt.channel, tt.pace, tt.now)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A notice that was put off is on time when its time comes, by the same preferences.
func TestVerdict_later(t *testing.T) {
	t.Parallel()
	u := quietUser("22:00", "07:00", "Europe/Berlin")
	for _, r := range Rules {
		for _, c := range r.channels() {
			now := time.Date(2026, 11, 29, 20, 59, 0, 0, time.UTC) // a minute before the quiet hours
			var pace Pace
			pace.Sent(r, u, c, now)
			now = now.Add(time.Minute)
			for n := 0; ; n++ {
				v := r.Verdict(u, c, pace, now)
				if v.Later.IsZero() {
					break
				}
				if n > 2 || !v.Later.After(now) {
					t.Fatalf("%s by %s is put off from %v to %v", r.Kind, c, now, v.Later)
				}
				now = v.Later
			}
		}
	}
}

// Quiet hours are for every kind that is not critical, however urgent.
func TestVerdict_atNight(t *testing.T) {
	t.Parallel()
	u := quietUser("22:00", "07:00", "")
	u.Notifications.Cells = cells(RankChanged, Email, true)
	night, morning := time.Date(2026, 11, 29, 22, 30, 0, 0, time.UTC), time.Date(2026, 11, 30, 7, 0, 0, 0, time.UTC)
	for _, r := range Rules {
		for _, c := range r.channels() {
			want := Verdict{Later: morning}
			if r.Critical {
				want = Verdict{}
			}
			if diff := cmp.Diff(want, r.Verdict(u, c, Pace{}, night)); diff != "" {
				t.Errorf("%s by %s (-want +got):\n%s", r.Kind, c, diff)
			}
		}
	}
}

func TestPace(t *testing.T) {
	t.Parallel()
	before := Pace{
		Scored: map[string]time.Time{"email": start}, Alarmed: map[string]time.Time{"email": start},
		Days: map[string]string{"email": "2026-11-20"},
	}
	for kind, want := range map[Kind]Pace{
		ScanCompleted: {
			Scored: map[string]time.Time{"email": start, "push": start}, Alarmed: before.Alarmed, Days: before.Days,
		},
		Security: {
			Scored: before.Scored, Alarmed: map[string]time.Time{"email": start, "push": start}, Days: before.Days,
		},
		RankChanged: {
			Scored: before.Scored, Alarmed: before.Alarmed, Days: map[string]string{"email": "2026-11-20", "push": "2026-11-21"},
		},
		Welcome: before,
	} {
		rule, _ := RuleOf(kind)
		got := before
		got.Sent(rule, account.User{}, Push, start)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after %s (-want +got):\n%s", kind, diff)
		}
		if rule.Delays() == cmp.Equal(before, got) {
			t.Errorf("%s delays = %v", kind, rule.Delays())
		}
	}
	if !maps.Equal(before.Scored, map[string]time.Time{"email": start}) {
		t.Errorf("what was sent before has changed: %v", before)
	}
}

func TestDigests(t *testing.T) {
	t.Parallel()
	yes, no := true, false
	for name, tt := range map[string]struct {
		set  *account.Notifications
		want bool
	}{
		"nothing set": {nil, true}, "not chosen": {&account.Notifications{}, true},
		"on": {&account.Notifications{Digest: &yes}, true}, "off": {&account.Notifications{Digest: &no}, false},
	} {
		if got := Digests(account.User{Notifications: tt.set}); got != tt.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}
