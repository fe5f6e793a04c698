package main

import (
	"errors"
	"flag"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/scripts/bench/single"
)

func TestParse(t *testing.T) {
	t.Parallel()
	command := func(flags string) single.Output { return single.Output{Command: flags} }
	for args, want := range map[string]options{
		"": {scans: 100, users: 100},
		"-scans 20 -users 2 -corrupt .1 -o X -json": {
			scans: 20, users: 2, corrupt: .1, json: true,
			Output: single.Output{Into: "X", Command: " -corrupt 0.1 -scans 20 -users 2"},
		},
		"-rate 2.5 -processes 2": {
			scans: 100, users: 100, rate: 2.5, processes: 2, Output: command(" -processes 2 -rate 2.5"),
		},
		"-slow 8s": {scans: 100, users: 100, slow: 8 * time.Second, Output: command(" -slow 8s")},
		"-kill":    {scans: 100, users: 100, kill: true, Output: command(" -kill")},
		"-away firestore,pubsub -for 5s -by refuse": {
			scans: 100, users: 100, away: []emulator.Service{"firestore", "pubsub"}, lasting: 5 * time.Second, refuse: true,
			Output: command(" -away firestore,pubsub -by refuse -for 5s"),
		},
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			got, err := parse(strings.Fields(args), io.Discard)
			if err != nil {
				t.Fatal(err)
			}
			want.Command = "go run ./scripts/bench load" + want.Command
			want.patience, want.seconds = 5*time.Minute, 60
			if want.lasting == 0 {
				want.lasting = 30 * time.Second
			}
			want.processes = max(1, want.processes)
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(options{})); diff != "" {
				t.Errorf("options (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParse_refuses(t *testing.T) {
	t.Parallel()
	for args, want := range map[string]string{
		"-scans 0":           "-scans",
		"-scans 100001":      "-scans",
		"-scans 5 -users 6":  "-users",
		"-scans 5 -users -1": "-users",
		"-scans 61 -users 1": "at least 2",
		"-corrupt 1.1":       "-corrupt",
		"-corrupt -0.1":      "-corrupt",
		"-corrupt NaN":       "-corrupt",
		"-rate -1":           "-rate",
		"-rate NaN":          "-rate",
		"-rate Inf":          "-rate",
		"-for 0s":            "-for",
		"-patience -1s":      "-patience",
		"-slow 11s":          "-slow",
		"-away redis":        "redis",
		"-away firestore,":   `""`,
		"-by magic":          "magic",
		"-processes 0":       "-processes",
		"now":                "now",
	} {
		t.Run(args, func(t *testing.T) {
			t.Parallel()
			_, err := parse(strings.Fields(args), io.Discard)
			if !errors.Is(err, errUsage) || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v", err)
			}
		})
	}
	if _, err := parse([]string{"-help"}, io.Discard); !errors.Is(err, flag.ErrHelp) {
		t.Errorf("help: %v", err)
	}
}

func TestWithSection(t *testing.T) {
	t.Parallel()
	file := intro + withSection("", program+" -x 1", "\none\n")
	file = intro + withSection(file, program, "\ntwo\n\n### Three\n\n```text\n## `no title\n```\n")
	file = intro + withSection(file, program+" -x 1", "\nfour\n")
	want := intro + "## `" + program + " -x 1`\n\nfour\n\n## `" + program +
		"`\n\ntwo\n\n### Three\n\n```text\n## `no title\n```\n"
	if diff := cmp.Diff(want, file); diff != "" {
		t.Errorf("the file (-want +got):\n%s", diff)
	}
}

func TestPlot(t *testing.T) {
	t.Parallel()
	began := time.Now()
	at := func(seconds float64) time.Time { return began.Add(time.Duration(seconds * float64(time.Second))) }
	ends := eachSecond([]time.Time{at(-1), at(.5), at(2), at(13.9)}, began)
	r := &figures{Began: began, Ends: ends, Outages: []outage{{What: "x", Began: at(2.5), Ended: at(3.5)}}}
	want := "   0 s   " + strings.Repeat("#", 60) + " 2\n" +
		"   1 s   0\n" +
		"   2 s ! " + strings.Repeat("#", 30) + " 1\n" +
		"   3 s ! 0\n" +
		"   4 s   0, until 13 s\n" +
		"  13 s   " + strings.Repeat("#", 30) + " 1\n" +
		"! x: from 2.5 s to 3.5 s\n"
	if diff := cmp.Diff(want, r.plot()); diff != "" {
		t.Errorf("the plot (-want +got):\n%s", diff)
	}
	if got := (&figures{}).plot(); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
