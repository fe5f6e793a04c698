package main

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	vegeta "github.com/tsenart/vegeta/v12/lib"
)

func TestHitOf(t *testing.T) {
	t.Parallel()
	later := http.Header{"Retry-After": {"2"}}
	for name, tt := range map[string]struct {
		result vegeta.Result
		want   hit
	}{
		"accepted": {
			vegeta.Result{Code: 201, Body: []byte(`{"scan":{"id":"a"}}`)}, hit{status: 201, id: "a"},
		},
		"refused": {
			vegeta.Result{Code: 503, Error: "503", Headers: later, Body: []byte(`{"code":"unavailable"}`)},
			hit{status: 503, code: "unavailable", comeAgain: true},
		},
		"refused by a proxy": {vegeta.Result{Code: 502, Body: []byte(`<html>`)}, hit{status: 502}},
		"reset":              {vegeta.Result{Error: "connection reset"}, hit{err: "connection reset"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, hitOf(&tt.result), cmp.AllowUnexported(hit{})); diff != "" {
				t.Errorf("the hit (-want +got):\n%s", diff)
			}
		})
	}
	if h := hitOf(&vegeta.Result{Code: 200, Body: []byte(`{`)}); h.err == "" || h.id != "" {
		t.Errorf("half an answer: %+v", h)
	}
}

// stood is an overload that was stood: of 100 requests a second, 10 of 10 are accepted.
type stood struct {
	attacks []attack
	samples []sample
}

func newStood() *stood {
	s := &stood{}
	at := time.Now()
	for _, p := range []struct {
		part              part
		accepted, refused int
		took              time.Duration
	}{
		{closedLoop, 10, 0, 100 * time.Millisecond}, {half, 5, 0, 50 * time.Millisecond},
		{over, 9, 91, 500 * time.Millisecond}, {recovery, 5, 0, 60 * time.Millisecond},
	} {
		const seconds = 4
		a := attack{part: p.part, began: at, ended: at.Add(seconds * time.Second)}
		a.answered = a.ended
		for second := range seconds {
			sent := at.Add(time.Duration(second)*time.Second + time.Millisecond)
			s.samples = append(s.samples, sample{at: sent, rss: 100 << 20, open: 50, pid: 7})
			for range p.accepted {
				a.hits = append(a.hits, hit{sent: sent, took: p.took, status: http.StatusCreated, id: "x"})
			}
			for range p.refused {
				a.hits = append(a.hits, hit{
					sent: sent, took: time.Millisecond, status: http.StatusServiceUnavailable, code: "unavailable", comeAgain: true,
				})
			}
		}
		s.attacks = append(s.attacks, a)
		at = a.ended
	}
	return s
}

func (s *stood) report() *overload {
	r := &overload{Command: program + " -overload", Seconds: 4, Account: account{Accepted: 3, Completed: 3}}
	r.fill(s.attacks, s.samples, func(from, to time.Time) float64 { return to.Sub(from).Seconds() / 2 })
	return r
}

func TestOverload_stood(t *testing.T) {
	t.Parallel()
	r := newStood().report()
	if broken := r.judge(); len(broken) > 0 {
		t.Errorf("it is said to have broken: %q", broken)
	}
	want := partFigures{
		Part: over, Seconds: 4, Offered: 100, Accepted: 9, Refused: 91, P50: 500, P99: 500, RefusedP99: 1,
		RSS: 100 << 20, Open: 50, CPU: 2, Each: 18,
	}
	if diff := cmp.Diff(want, r.of(over)); diff != "" {
		t.Errorf("the overload (-want +got):\n%s", diff)
	}
	last := second{
		Part: recovery, At: 15, Offered: 5, Accepted: 5, Refused: map[string]int{}, Failed: map[string]int{},
		P50: 60, P99: 60, RSS: 100 << 20, Open: 50,
	}
	if diff := cmp.Diff(last, r.EachSecond[len(r.EachSecond)-1]); diff != "" || len(r.EachSecond) != 16 {
		t.Errorf("the last of %d seconds (-want +got):\n%s", len(r.EachSecond), diff)
	}
	if diff := cmp.Diff(map[string]int{"503 unavailable": 364}, r.Refused); diff != "" {
		t.Errorf("the refusals (-want +got):\n%s", diff)
	}
	if r.Accepted != 4*(10+5+9+5) {
		t.Errorf("%d accepted", r.Accepted)
	}
}

// Each bar is broken by what it is for, and by nothing else.
func TestOverload_broken(t *testing.T) {
	t.Parallel()
	inOver := func(change func(*hit)) func(*stood) {
		return func(s *stood) { change(&s.attacks[2].hits[len(s.attacks[2].hits)-1]) }
	}
	inReport := func(change func(*overload)) func(*overload) { return change }
	for want, change := range map[string]struct {
		stood  func(*stood)
		report func(*overload)
	}{
		"of the capacity are accepted": {stood: func(s *stood) {
			s.attacks[2].hits = slices.DeleteFunc(s.attacks[2].hits, func(h hit) bool {
				return h.id != "" && h.sent.Sub(s.attacks[2].began) > time.Second
			})
		}},
		"no overload": {stood: func(s *stood) {
			s.attacks[2].hits = slices.DeleteFunc(s.attacks[2].hits, func(h hit) bool { return h.id == "" })
		}},
		"neither 429 nor 503 with Retry-After: [503 unavailable without Retry-After: 1]": {
			stood: inOver(func(h *hit) { h.comeAgain = false }),
		},
		"[500 internal: 1]":          {stood: inOver(func(h *hit) { h.status, h.code = 500, "internal" })},
		"no answer: [reset: 1]":      {stood: inOver(func(h *hit) { *h = hit{sent: h.sent, err: "reset"} })},
		"MB more than before":        {stood: func(s *stood) { s.samples[10].rss = 500 << 20 }},
		"process ended 2 times":      {stood: func(s *stood) { s.samples[10].pid = 8 }},
		"2 accepted scans are not":   {report: inReport(func(r *overload) { r.Missing = 2 })},
		"of the scans that went all": {report: inReport(func(r *overload) { r.Account.Lost = 1 })},
		"log errors: [x: 1]":         {report: inReport(func(r *overload) { r.Errors = map[string]int{"x": 1} })},
		"not recovered": {stood: func(s *stood) {
			for i := range s.attacks[3].hits {
				s.attacks[3].hits[i].took = 400 * time.Millisecond
			}
		}},
	} {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			s := newStood()
			if change.stood != nil {
				change.stood(s)
			}
			r := s.report()
			if change.report != nil {
				change.report(r)
			}
			if broken := r.judge(); len(broken) != 1 || !strings.Contains(broken[0], want) {
				t.Errorf("what is broken: %q", broken)
			}
		})
	}
}

func TestRecovered_waitsForTheLevelOfBefore(t *testing.T) {
	t.Parallel()
	s := newStood()
	last := &s.attacks[3]
	for i := range last.hits {
		if last.hits[i].sent.Sub(last.began) < 2*time.Second {
			last.hits[i].took = time.Second
		}
	}
	if got := s.report().Recovery; got != 2 {
		t.Errorf("recovered in second %d", got)
	}
	of := &last.hits[len(last.hits)/2]
	*of = hit{sent: of.sent, status: http.StatusServiceUnavailable, code: "unavailable", comeAgain: true}
	if got := s.report().Recovery; got != 3 {
		t.Errorf("with a refusal in the second that was fast enough: recovered in second %d", got)
	}
}

func TestOverload_isShown(t *testing.T) {
	t.Parallel()
	r := newStood().report()
	var text, markdown, encoded strings.Builder
	if err := r.show(&text, false); err != nil {
		t.Fatal(err)
	}
	r.markdown(&markdown)
	want := "   8 s     9 of   100  p50   500 p99   500 ms  105 MB ######" + strings.Repeat(".", 55) + "\n"
	for name, shown := range map[string]string{"text": text.String(), "Markdown": markdown.String()} {
		if !strings.Contains(shown, want) {
			t.Errorf("%s without %q:\n%s", name, want, shown)
		}
	}
	if err := r.show(&encoded, true); err != nil {
		t.Fatal(err)
	}
	var read overload
	if err := json.Unmarshal([]byte(encoded.String()), &read); err != nil || !maps.Equal(read.Refused, r.Refused) {
		t.Errorf("%v: %v", err, read.Refused)
	}
}

func TestParse_overload(t *testing.T) {
	t.Parallel()
	o, err := parse(strings.Fields("-overload -seconds 10 -o X"), io.Discard)
	if err != nil || !o.overload || o.seconds != 10 || o.Command != program+" -overload -seconds 10" {
		t.Errorf("%v: %+v", err, o)
	}
	for args, want := range map[string]string{
		"-overload -seconds 4": "-seconds", "-overload -scans 3 -kill": "-kill, -scans", "-overload now": "now",
		"-overload -patience 0s": "-patience",
	} {
		if _, err := parse(strings.Fields(args), io.Discard); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", args, err)
		}
	}
}
