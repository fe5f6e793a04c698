package main

import "testing"

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
		})
	}
}
