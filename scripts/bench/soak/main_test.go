package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
)

func TestJudge(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		bar, perHour float64
		want         bool
	}{
		"level":                        {.05, 0, false},
		"a leak of 20 % an hour":       {.05, 20, true},
		"20 % an hour, in a short run": {2, 20, false},
		"a leak of 4 levels an hour":   {2, 400, true},
		"what shrinks":                 {.05, -50, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			of := map[string][]point{}
			for _, n := range names {
				of[n] = line(1, 300, 100, 0, .01)
			}
			of[names[1]] = line(1, 300, 100, tt.perHour, .01)
			rows, err := judge(of, tt.bar)
			if err != nil {
				t.Fatal(err)
			}
			for i, r := range rows {
				if want := i == 1 && tt.want; r.grows != want {
					t.Errorf("%s grows: %t, want %t (%+v)", r.name, r.grows, want, r)
				}
			}
			r := result{rows: rows}
			if got := strings.Contains(string(r.markdown()), "| GROWS |"); got != tt.want {
				t.Errorf("the report tells of growth: %t, want %t\n%s", got, tt.want, r.markdown())
			}
		})
	}
}

func TestParse(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]error{
		"": nil, "-help": flag.ErrHelp, "-minutes 2": nil, "-minutes 1.9": errUsage, "-minutes NaN": errUsage,
		"-warm -1": errUsage, "-every 99ms": errUsage, "more": errUsage,
	} {
		if _, err := parse(strings.Fields(args), io.Discard); !errors.Is(err, want) {
			t.Errorf("%q: error %v, want %v", args, err, want)
		}
	}
}

func TestBar(t *testing.T) {
	t.Parallel()
	for minutes, want := range map[float64]float64{2: 2, 9.9: 2, 10: .05, 30: .05} {
		if got := (options{minutes: minutes}).bar(); got != want {
			t.Errorf("%g minutes: %g, want %g", minutes, got, want)
		}
	}
}
