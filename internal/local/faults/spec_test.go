package faults_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/local/faults"
)

func TestParse(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text string
		want faults.Spec
		err  string
	}{
		"none": {want: faults.Spec{}},
		"all that have no seam": {
			text: "dup=.2,reorder, drop=.05,slow=200ms,5xx=1,crash=.02",
			want: faults.Spec{
				faults.Events:    {Dup: .2, Reorder: .5, Drop: .05, Slow: 200 * time.Millisecond, Fail: 1, Crash: .02},
				faults.PubSub:    {Dup: .2, Drop: .05, Slow: 200 * time.Millisecond, Fail: 1},
				faults.Firestore: {Drop: .05, Slow: 200 * time.Millisecond, Fail: 1},
				faults.Storage:   {Drop: .05, Slow: 200 * time.Millisecond, Fail: 1},
				faults.FCM:       {Drop: .05, Slow: 200 * time.Millisecond, Fail: 1},
				faults.Mail:      {Drop: .05, Slow: 200 * time.Millisecond, Fail: 1},
			},
		},
		"one seam": {
			text: "mail.drop=.2,firestore.away=60s,storage.crash=.5",
			want: faults.Spec{faults.Mail: {Drop: .2}, faults.Firestore: {Away: time.Minute}, faults.Storage: {Crash: .5}},
		},
		"one seam in place of all": {
			text: "events.dup=0,dup=.2", want: faults.Spec{faults.PubSub: {Dup: .2}},
		},
		"an unknown name": {
			text: "dupe=.2", err: `no fault "dupe", only dup, drop, 5xx, reorder, crash, slow and away`,
		},
		"an empty field": {text: "dup=.2,", err: `no fault ""`},
		"an unknown seam": {
			text: "auth.drop=.2", err: `no seam "auth", only events, pubsub, firestore, storage, fcm and mail`,
		},
		"a fault of other seams": {text: "mail.dup=.2", err: `the seam mail has no fault dup, only drop`},
		"no fault of a seam":     {text: "mail.dupe=.2", err: `no fault "dupe"`},
		"all away":               {text: "away=60s", err: `away needs a seam`},
		"a name twice":           {text: "dup=.2,dup=.3", err: `"dup" is given twice`},
		"no value":               {text: "drop", err: `fault drop: "" is no share`},
		"above one":              {text: "5xx=5", err: `fault 5xx: "5" is no share`},
		"below zero":             {text: "dup=-.1", err: `fault dup: "-.1" is no share`},
		"not a number":           {text: "dup=NaN", err: `fault dup: "NaN" is no share`},
		"no unit":                {text: "slow=200", err: `fault slow: "200" is no duration`},
		"too slow":               {text: "slow=11s", err: `fault slow: "11s" is no duration`},
		"a negative delay":       {text: "slow=-1s", err: `fault slow: "-1s" is no duration`},
		"away for ever":          {text: "fcm.away=61m", err: `fault fcm.away: "61m" is no duration from 0 to 1h0m0s`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := faults.Parse(c.text)
			if (err == nil) != (c.err == "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Fatalf("Parse(%q): %v, want an error with %q", c.text, err, c.err)
			}
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestSpec_isReadAsItIsWritten writes any specification and reads it again.
func TestSpec_isReadAsItIsWritten(t *testing.T) {
	t.Parallel()
	fields := []string{"reorder"}
	for _, kind := range faults.Kinds() {
		value := map[faults.Kind]string{faults.Slow: "200ms", faults.Away: "1m0s"}[kind]
		if value == "" {
			value = "0.25"
		}
		if kind != faults.Away {
			fields = append(fields, string(kind)+"="+value)
		}
		for _, seam := range faults.Seams() {
			field := string(seam) + "." + string(kind) + "=" + value
			if _, err := faults.Parse(field); err == nil {
				fields = append(fields, field)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		chosen := rapid.SliceOfNDistinct(rapid.SampledFrom(fields), 0, 8, func(field string) string {
			name, _, _ := strings.Cut(field, "=")
			return name
		}).Draw(t, "fields")
		spec, err := faults.Parse(strings.Join(chosen, ","))
		if err != nil {
			t.Fatal(err)
		}
		again, err := faults.Parse(spec.String())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(spec, again); diff != "" {
			t.Errorf("%q: %s", spec, diff)
		}
	})
}
