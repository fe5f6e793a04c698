package main

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/scan"
)

// walked returns a journey, and the documents that belong to it.
func walked(k kind, state scan.State) (*journey, stored, tallies) {
	now := time.Now()
	j := &journey{
		n: 7, id: "a", kind: k, state: api.ScanState(state), due: now, began: now, opened: now, put: now, ended: now,
	}
	doc := scan.Scan{ID: "a", State: state, Claims: 1, Version: 4}
	if state == scan.Failed {
		doc.Failure = &scan.Failure{Code: "corrupt"}
	}
	s := stored{scans: map[string]scan.Scan{"a": doc}, notices: map[string]int{"a": 1}}
	t := newTallies()
	t.ends["a"] = 1
	return j, s, t
}

func TestAccountFor(t *testing.T) {
	t.Parallel()
	one := account{Scans: 1, Accepted: 1, Completed: 1, Claims: 1, Versions: 4}
	failed := account{Scans: 1, Accepted: 1, Failed: 1, Claims: 1, Versions: 4, Reasons: map[string]int{"corrupt": 1}}
	with := func(a account, change func(*account)) account { change(&a); return a }
	for name, tt := range map[string]struct {
		kind   kind
		state  scan.State
		change func(*journey, *stored, *tallies)
		want   account
		whole  bool
	}{
		"a good photo":   {kind: good, state: scan.Completed, want: one, whole: true},
		"a corrupt one":  {kind: tiny, state: scan.Failed, want: failed, whole: true},
		"not yet ended":  {kind: good, state: scan.Processing, want: account{Scans: 1, Accepted: 1, Lost: 1, Open: 1}},
		"expired":        {kind: good, state: scan.Expired, want: account{Scans: 1, Accepted: 1, Lost: 1, Open: 1}},
		"completed with": {kind: tiny, state: scan.Completed, want: with(one, func(a *account) { a.Wrong = 1 })},
		"refused by the engine": {
			kind: good, state: scan.Failed, want: with(failed, func(a *account) { a.Wrong = 1 }),
		},
		"no document": {
			kind: good, state: scan.Completed, want: account{Scans: 1, Accepted: 1, Lost: 1},
			change: func(_ *journey, s *stored, _ *tallies) { clear(s.scans) },
		},
		"two notices": {
			kind: good, state: scan.Completed, want: with(one, func(a *account) { a.Doubled = 1 }),
			change: func(_ *journey, s *stored, _ *tallies) { s.notices["a"] = 2 },
		},
		"two ends": {
			kind: good, state: scan.Completed, want: with(one, func(a *account) { a.Doubled = 1 }),
			change: func(_ *journey, _ *stored, t *tallies) { t.ends["a"] = 2 },
		},
		"published again by the sweep": {
			kind: good, state: scan.Completed, want: with(one, func(a *account) { a.Driven, a.Left = 1, 1 }), whole: true,
			change: func(_ *journey, _ *stored, t *tallies) { t.driven["a"], t.left["a"] = 2, 3 },
		},
		"no notice": {
			kind: good, state: scan.Completed, want: with(one, func(a *account) { a.Unnoticed = 1 }),
			change: func(_ *journey, s *stored, _ *tallies) { clear(s.notices) },
		},
		"no reason": {
			kind: tiny, state: scan.Failed,
			want: with(failed, func(a *account) { a.Untyped, a.Reasons = 1, map[string]int{"": 1} }),
			change: func(_ *journey, s *stored, _ *tallies) {
				doc := s.scans["a"]
				doc.Failure = nil
				s.scans["a"] = doc
			},
		},
		"the poll told another end": {
			kind: good, state: scan.Completed, whole: true, want: with(one, func(a *account) { a.Unseen = 1 }),
			change: func(j *journey, _ *stored, _ *tallies) { j.state = api.ScanStateFailed },
		},
		"not accepted": {
			kind: good, state: scan.AwaitingUpload, want: account{Scans: 1, Refused: 1, Again: 3},
			change: func(j *journey, _ *stored, _ *tallies) {
				j.put, j.ended, j.err, j.again = time.Time{}, time.Time{}, errors.New("503"), 3
			},
		},
		"left over": {
			kind: good, state: scan.Completed,
			want:   with(one, func(a *account) { a.Owed, a.Parked, a.DeadLetters = 1, 2, 3 }),
			change: func(_ *journey, s *stored, _ *tallies) { s.owed, s.parked, s.deadLetters = 1, 2, 3 },
		},
		"ended with only a dead letter left": {
			kind: good, state: scan.Completed, want: with(one, func(a *account) { a.DeadLetters = 1 }),
			change: func(_ *journey, s *stored, _ *tallies) { s.deadLetters = 1 },
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, s, logged := walked(tt.kind, tt.state)
			if tt.change != nil {
				tt.change(j, &s, &logged)
			}
			got := accountFor([]*journey{j}, s, logged)
			if diff := cmp.Diff(
				tt.want, got, cmpopts.IgnoreFields(account{}, "Examples"), cmpopts.EquateEmpty(),
			); diff != "" {
				t.Errorf("account (-want +got):\n%s", diff)
			}
			if got.broken() == tt.whole {
				t.Errorf("a guarantee is said to be broken: %t", got.broken())
			}
		})
	}
}

func TestSettled(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*journey, *stored)
		want   bool
	}{
		"all is there":      {func(*journey, *stored) {}, true},
		"a photo not taken": {func(j *journey, s *stored) { j.put = time.Time{}; clear(s.scans) }, true},
		"an event owed":     {func(_ *journey, s *stored) { s.owed = 1 }, false},
		"no notice":         {func(_ *journey, s *stored) { clear(s.notices) }, false},
		"no end":            {func(_ *journey, s *stored) { s.scans["a"] = scan.Scan{State: scan.Queued} }, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			j, s, _ := walked(good, scan.Completed)
			tt.change(j, &s)
			if got := s.settled([]*journey{j}); got != tt.want {
				t.Errorf("settled: %t", got)
			}
		})
	}
}

func TestLogs(t *testing.T) {
	t.Parallel()
	l := &logs{counts: newTallies()}
	write := func(parts ...string) {
		for _, part := range parts {
			if _, err := l.Write([]byte(part)); err != nil {
				t.Fatal(err)
			}
		}
	}
	write(`{"message":"event","function":"analyze","outcome":"done","attempt":1,"duration_ms":7}` + "\n")
	if got := l.take().of["analyze"].Done; got != 1 {
		t.Errorf("%d before", got)
	}
	write(
		`{"message":"event","function":"analyze","outcome":"done","attempt":3,"dura`, "tion_ms\":250}\n",
		"panic: not JSON\n"+`{"message":"event","function":"analyze","outcome":"retry","attempt":1}`+"\n",
		`{"message":"event","function":"rank","outcome":"parked"}`+"\n",
		`{"message":"scan finished","scan_id":"a"}`+"\n"+`{"message":"scan finished","scan_id":"a"}`+"\n",
		`{"message":"push refused","severity":"WARNING"}`+"\n"+`{"message":"x","severity":"ERROR","error":"y"}`+"\n",
		`{"message":"stuck scan published again","scan_id":"a"}`+"\n",
		`{"message":"scan waits in a backlog","scan_id":"b"}`+"\n",
		`{"message":"event"`,
	)
	got := l.read()
	want := tallies{
		of:      map[string]deliveries{"analyze": {Done: 1, Retry: 1, Again: 1, Most: 3}, "rank": {Parked: 1}},
		analyze: []time.Duration{250 * time.Millisecond}, ends: map[string]int{"a": 2},
		warnings: map[string]int{"push refused": 1, "x": 1}, errors: map[string]int{"x: y": 1},
		driven: map[string]int{"a": 1}, left: map[string]int{"b": 1},
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(tallies{})); diff != "" {
		t.Errorf("read (-want +got):\n%s", diff)
	}
}

func TestLegOf(t *testing.T) {
	t.Parallel()
	var took []time.Duration
	for i := range 100 {
		took = append(took, time.Duration(i+1)*time.Millisecond)
	}
	slices.Reverse(took)
	got := legOf("x", took)
	want := leg{Name: "x", Count: 100, P50: .05, P95: .095, P99: .099, Max: .1}
	if diff := cmp.Diff(want, got, cmpopts.EquateApprox(.002, 0)); diff != "" {
		t.Errorf("leg (-want +got):\n%s", diff)
	}
	if got := legOf("x", []time.Duration{0, 100 * time.Hour}); got.Count != 2 || got.Max < 3600 {
		t.Errorf("times out of bounds: %+v", got)
	}
	if got := legOf("x", nil); got != (leg{Name: "x"}) {
		t.Errorf("of nothing: %+v", got)
	}
}
