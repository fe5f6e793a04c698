package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/local/emulator/meter"
)

func TestMain(m *testing.M) {
	logErrors(os.Stderr)
	os.Exit(emulatortest.Main(m, emulator.Firestore, emulator.Auth))
}

// The figures without faults are the same in every run, and no bar is missed.
func TestRun(t *testing.T) {
	file := filepath.Join(t.TempDir(), "report.md")
	var out bytes.Buffer
	if err := run(t.Context(), []string{"-events", "20", "-o", file}, &out, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, &out)
	}
	written, err := os.ReadFile(file)
	if err != nil || !bytes.Equal(written, out.Bytes()) {
		t.Errorf("the file is not what was printed: %v", err)
	}
	for _, want := range []string{
		"| 1 device, 0 % faults | 20 | 20 | 40 | 0 | 2.00 | 2.00 | 3.80 | 4.40 |",
		"| 5 devices, 0 % faults | 20 | 20 | 120 | 0 | 6.00 | 6.00 | 7.80 | 4.40 |",
		"| 20 devices, 0 % faults | 20 | 20 | 420 | 0 | 21.00 | 21.00 | 22.80 | 4.40 |",
		"| 5 devices, 0 % faults | 12 | 13 | 6 | 0 | 0.50 | 0.50 | 8.58 | 5.08 |",
		"| 20 devices, 20 % faults | 20 devices, 0 % faults |",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing in:\n%s", want, &out)
		}
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]error{
		"": nil, "-help": flag.ErrHelp, "-events 20": nil, "-events 0": errUsage, "-events 30": errUsage,
		"-events -20": errUsage, "more": errUsage,
	} {
		if _, err := parse(strings.Fields(args), io.Discard); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", args, err, want)
		}
	}
}

func TestScript(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		good, share := rapid.IntRange(1, 20).Draw(t, "good"), rapid.Float64Range(0, 0.9).Draw(t, "share")
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		answers, injected := script(random, good, share, "good", []string{"bad", "worse"})
		n := 0
		for _, a := range answers {
			if a == "good" {
				n++
			}
		}
		if n != good || len(answers) != good+injected || answers[len(answers)-1] != "good" {
			t.Fatalf("%d faults in %v, want %d good ones and one at the end", injected, answers, good)
		}
	})
	t.Run("has the share of faults", func(t *testing.T) {
		t.Parallel()
		random := rand.New(rand.NewPCG(1, 1))
		answers, injected := script(random, 10_000, 0.2, 0, []int{1})
		if got := float64(injected) / float64(len(answers)); got < 0.19 || got > 0.21 {
			t.Errorf("%.3f of the calls fail, want 0.2", got)
		}
	})
	t.Run("has none without", func(t *testing.T) {
		t.Parallel()
		if answers, injected := script(rand.New(rand.NewPCG(1, 1)), 3, 0, 0, []int{1}); injected != 0 || len(answers) != 3 {
			t.Errorf("%d faults in %v", injected, answers)
		}
	})
}

func TestQueue(t *testing.T) {
	t.Parallel()
	t.Run("redelivers after what is new, ever later", func(t *testing.T) {
		t.Parallel()
		c := clock{at: noon}
		q := newQueue([]*fact{{id: "a", due: noon}, {id: "b", due: noon}}, &c, 4)
		var got []string
		for f := q.next(); f != nil; f = q.next() {
			got = append(got, f.id+" "+c.now().Sub(noon).String())
			f.spend(meter.Cost{})
			q.done(f, f.id == "a")
		}
		if diff := cmp.Diff([]string{"a 0s", "b 0s", "a 10s", "a 30s", "a 1m10s"}, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("waits for those under way", func(t *testing.T) {
		t.Parallel()
		synctest.Test(t, func(t *testing.T) {
			c := clock{at: noon}
			q := newQueue([]*fact{{due: noon}}, &c, 20)
			f := q.next()
			var again *fact
			go func() { again = q.next() }()
			synctest.Wait()
			f.spend(meter.Cost{})
			q.done(f, true)
			synctest.Wait()
			if again != f {
				t.Error("an event that failed is not delivered again")
			}
			q.done(f, false)
			if q.next() != nil {
				t.Error("an event that is done is delivered again")
			}
		})
	})
}

func TestBackoff(t *testing.T) {
	t.Parallel()
	for deliveries, want := range map[int]time.Duration{
		1: catalog.MinBackoff, 2: 2 * catalog.MinBackoff, 7: catalog.MaxBackoff, 100: catalog.MaxBackoff,
	} {
		if got := backoff(deliveries); got != want {
			t.Errorf("%v after %d deliveries, want %v", got, deliveries, want)
		}
	}
}

func TestDifference(t *testing.T) {
	t.Parallel()
	want := map[recipient]int{{"e", "a"}: 1, {"e", "b"}: 1}
	for name, tt := range map[string]struct {
		got  map[recipient]int
		want int
	}{
		"none":            {map[recipient]int{{"e", "a"}: 1, {"e", "b"}: 1}, 0},
		"one missing":     {map[recipient]int{{"e", "a"}: 1}, 1},
		"one twice":       {map[recipient]int{{"e", "a"}: 2, {"e", "b"}: 1}, 1},
		"one for another": {map[recipient]int{{"e", "a"}: 1, {"f", "b"}: 1}, 2},
		"nothing at all":  {nil, 2},
	} {
		if got := difference(want, tt.got); got != tt.want {
			t.Errorf("%s: %d, want %d", name, got, tt.want)
		}
	}
}

// good is a tally that keeps to all bars.
func good() tally {
	return tally{
		load: load{devices: 5}, events: 2, messages: 2, sent: 12, calls: 15, injected: 3, items: 2, ended: 2,
		dearest: 9, writes: 10, allowed: 10, took: []time.Duration{1}, passes: []time.Duration{time.Second},
	}
}

func TestBars(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		change func(*tally)
		missed []int
	}{
		"all are met":                  {func(*tally) {}, nil},
		"a push too many":              {func(y *tally) { y.sent, y.calls, y.wrong = 13, 16, 1 }, []int{0, 1}},
		"a push for another":           {func(y *tally) { y.wrong = 2 }, []int{0}},
		"a call that nobody asked for": {func(y *tally) { y.calls++ }, []int{1}},
		"a fault that was not reached": {func(y *tally) { y.calls-- }, []int{1}},
		"a read too many":              {func(y *tally) { y.dearest = 10 }, []int{2}},
		"a write too many":             {func(y *tally) { y.over = 1 }, []int{3}},
		"a delete":                     {func(y *tally) { y.deletes = 1 }, []int{4}},
		"an open event":                {func(y *tally) { y.ended = 1 }, []int{5}},
		"no inbox item":                {func(y *tally) { y.items = 1 }, []int{5}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			y := good()
			tt.change(&y)
			var missed []int
			for i, b := range y.bars() {
				if !b.met {
					missed = append(missed, i)
				}
			}
			if diff := cmp.Diff(tt.missed, missed); diff != "" {
				t.Error(diff)
			}
			r := report{rows: slices.Repeat([]tally{good()}, 6), nights: []tally{good(), y}}
			var text bytes.Buffer
			r.markdown(&text)
			if n := strings.Count(text.String(), "**missed**"); n != len(tt.missed) || r.missed() != (n > 0) {
				t.Errorf("%d bars are reported as missed, %v in all:\n%s", n, r.missed(), &text)
			}
		})
	}
}

func TestTally_adds(t *testing.T) {
	t.Parallel()
	var y tally
	y.add(good())
	y.add(good())
	want := tally{
		load: load{devices: 5}, events: 4, messages: 4, sent: 24, calls: 30, injected: 6, items: 4, ended: 4,
		dearest: 9, writes: 20, allowed: 20, took: []time.Duration{1, 1}, passes: []time.Duration{time.Second, time.Second},
	}
	if diff := cmp.Diff(want, y, cmp.AllowUnexported(tally{}, load{})); diff != "" {
		t.Error(diff)
	}
	if got := y.perSecond(); got != 2 {
		t.Errorf("%v events a second, want 2", got)
	}
}

func TestRatio(t *testing.T) {
	t.Parallel()
	slow, fast := good(), good()
	slow.passes, fast.passes = []time.Duration{2, 6}, []time.Duration{1, 4}
	r := ratioOf(slow, fast)
	if got, want := fmt.Sprintf("%.3f, %.3f to %.3f", r.all, r.low, r.top), "0.625, 0.500 to 0.667"; got != want {
		t.Errorf("%s, want %s", got, want)
	}
}

func TestRecord(t *testing.T) {
	t.Parallel()
	type leg = struct {
		State    string `firestore:"state"`
		Attempts int64  `firestore:"attempts"`
	}
	for name, tt := range map[string]struct {
		push, mail leg
		ended      bool
		writes     int64
	}{
		"sent":               {leg{"sent", 1}, leg{"sent", 1}, true, 5},
		"sent after a fault": {leg{"sent", 2}, leg{"sent", 1}, true, 7},
		"skipped":            {leg{"sent", 1}, leg{"skipped", 0}, false, 3},
		"failed":             {leg{"failed", 3}, leg{"sent", 1}, false, 9},
	} {
		r := record{Legs: map[string]leg{"push": tt.push, "email": tt.mail}}
		if r.ended() != tt.ended || r.writes() != tt.writes {
			t.Errorf("%s: ended %v, %d writes; want %v, %d", name, r.ended(), r.writes(), tt.ended, tt.writes)
		}
	}
	if (record{}).ended() {
		t.Error("a record without channels has ended")
	}
}
