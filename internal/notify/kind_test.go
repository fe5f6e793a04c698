package notify

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
)

func TestRules(t *testing.T) {
	t.Parallel()
	// FCM does not keep a message longer
	// (https://firebase.google.com/docs/cloud-messaging/customize-messages/setting-message-lifespan).
	const longest = 28 * day
	kinds, events, groups := map[Kind]bool{}, map[string]bool{}, map[string]bool{}
	for _, r := range Rules {
		if kinds[r.Kind] {
			t.Errorf("%s is there twice", r.Kind)
		}
		kinds[r.Kind], groups[r.Group] = true, true
		if len(r.Events) == 0 || len(r.Defaults) == 0 || r.Group == "" {
			t.Errorf("%s has no events, channels or group", r.Kind)
		}
		for _, e := range r.Events {
			if events[e] {
				t.Errorf("%s is told of twice", e)
			}
			events[e] = true
			if KindOf(e) != r.Kind {
				t.Errorf("the kind of %s is %q", e, KindOf(e))
			}
		}
		if r.Has(Push) && (r.Life <= 0 || r.Life > longest) {
			t.Errorf("pushes of %s live for %v", r.Kind, r.Life)
		}
		for c, on := range r.Defaults {
			if !slices.Contains(Channels, c) {
				t.Errorf("%s has a channel %q", r.Kind, c)
			}
			if r.Critical && !on {
				t.Errorf("%s is critical and off by %s", r.Kind, c)
			}
		}
		if r.Critical && (r.Paced || r.Daily) {
			t.Errorf("%s is critical and waits", r.Kind)
		}
	}
	if len(groups) > 4 {
		t.Errorf("%d groups of pushes, and FCM keeps 4", len(groups))
	}
}

func TestRules_lastMail(t *testing.T) {
	t.Parallel()
	r, ok := RuleOf(AccountErased)
	if !ok || !slices.Equal(r.channels(), []Channel{Email}) || !r.Critical {
		t.Errorf("%+v", r)
	}
	e, err := event.New("e", start, "", event.AccountErasureRequestedV1{UID: "u"})
	if err != nil {
		t.Fatal(err)
	}
	if m, err := NewMessage(e); err == nil {
		t.Errorf("it has the message %+v", m)
	}
}

func TestRuleOf_unknown(t *testing.T) {
	t.Parallel()
	if r, ok := RuleOf("horoscope"); ok {
		t.Errorf("%+v", r)
	}
	if k := KindOf("scan.rescored.v1"); k != "" {
		t.Errorf("kind %q", k)
	}
}

func TestMatrix(t *testing.T) {
	t.Parallel()
	all := func(push, email bool) map[Channel]bool { return map[Channel]bool{Push: push, Email: email} }
	defaults := map[Kind]map[Channel]bool{
		Welcome: all(true, true), ScanCompleted: all(true, true), ScanFailed: all(true, true),
		PersonalBest: {Push: true}, RankChanged: all(true, false), ExportReady: all(true, true),
		AccountErased: {Email: true}, Security: all(true, true),
	}
	changed := map[Kind]map[Channel]bool{}
	for k, row := range defaults {
		changed[k] = row
	}
	changed[ScanCompleted] = all(true, false)
	for name, tt := range map[string]struct {
		set  account.Notifications
		want map[Kind]map[Channel]bool
	}{
		"nothing set":           {account.Notifications{}, defaults},
		"one cell":              {account.Notifications{Cells: cells(ScanCompleted, Email, false)}, changed},
		"critical":              {account.Notifications{Cells: cells(Security, Push, false)}, defaults},
		"a kind that is gone":   {account.Notifications{Cells: cells("horoscope", Push, false)}, defaults},
		"a channel it has not":  {account.Notifications{Cells: cells(PersonalBest, Email, true)}, defaults},
		"a channel that is not": {account.Notifications{Cells: cells(ScanCompleted, "pigeon", false)}, defaults},
	} {
		if diff := cmp.Diff(tt.want, Matrix(tt.set)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}
