package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

// fakeProc is a /proc, in hundredths of a second.
type fakeProc struct {
	t   *testing.T
	dir string
}

func (f fakeProc) write(name, text string) {
	f.t.Helper()
	file := filepath.Join(f.dir, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
}

func (f fakeProc) machine(user, system, idle, iowait int) {
	f.t.Helper()
	f.write("stat", fmt.Sprintf("cpu  %d 0 %d %d %d 0 0 0 0 0\n", user, system, idle, iowait))
}

func (f fakeProc) process(pid, user, system, peakKB int) {
	f.t.Helper()
	dir := fmt.Sprint(pid)
	f.write(dir+"/stat", fmt.Sprintf("%d (a (b) c) S 1 1 1 0 -1 4194560 1 0 0 0 %d %d 7 9 20 0 1 0 5 6 7 8 9 1 1 1 1 1 "+
		"0 0 0 0 0 0 17 0 0 0 0 0 0 0 0 0 0 0 0 0 0\n", pid, user, system))
	f.write(dir+"/status", fmt.Sprintf("Name:\tx\nPid:\t%d\nVmPeak:\t 99999 kB\nVmHWM:\t %d kB\n", pid, peakKB))
}

func TestWatcher(t *testing.T) {
	t.Parallel()
	f := fakeProc{t: t, dir: t.TempDir()}
	f.machine(100, 50, 800, 50)
	f.process(10, 30, 10, 2000)
	f.process(20, 1, 1, 100)
	now := map[role][]int{functions: {10}, firestoreRole: {20, 404}}
	w, err := newWatcher(f.dir, func() map[role][]int { return now })
	if err != nil {
		t.Fatal(err)
	}
	first := w.samples[0].at
	f.machine(200, 150, 850, 50)
	f.process(10, 80, 20, 3000)
	if err := w.look(first.Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	// The functions' process was killed: what it had used stays, and the next one's is added.
	if err := os.RemoveAll(filepath.Join(f.dir, "10")); err != nil {
		t.Fatal(err)
	}
	f.process(11, 40, 0, 1000)
	now = map[role][]int{functions: {11}, firestoreRole: {20}}
	f.machine(240, 150, 850, 50)
	if err := w.look(first.Add(2 * time.Second)); err != nil {
		t.Fatal(err)
	}

	of := func(busy, idle, byFunctions float64) used {
		return used{busy: busy, idle: idle, of: map[role]float64{functions: byFunctions, firestoreRole: 0}}
	}
	for name, tt := range map[string]struct {
		from, to time.Duration
		want     used
	}{
		"between looks":   {0, time.Second, of(2, .5, .6)},
		"half of a look":  {0, time.Second / 2, of(1, .25, .3)},
		"over two":        {0, 2 * time.Second, of(2.4, .5, 1)},
		"before and long": {-time.Hour, time.Hour, of(2.4, .5, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := w.at(first.Add(tt.to)).minus(w.at(first.Add(tt.from)))
			if diff := cmp.Diff(
				tt.want, got, cmp.AllowUnexported(used{}), cmpopts.EquateApprox(0, 1e-9), cmpopts.IgnoreFields(used{}, "at"),
			); diff != "" {
				t.Errorf("used (-want +got):\n%s", diff)
			}
		})
	}
	all := w.at(first.Add(time.Hour)).minus(w.at(first))
	if got := all.share(all.idle); got < .172 || got > .173 { // .5 of 2.9
		t.Errorf("idle share %g", got)
	}
	if got := all.others(); got < 1.39 || got > 1.41 {
		t.Errorf("others used %g", got)
	}
	want := map[role]uint64{functions: 3000 << 10, firestoreRole: 100 << 10}
	if diff := cmp.Diff(want, w.peak()); diff != "" {
		t.Errorf("peaks (-want +got):\n%s", diff)
	}
}

func TestWatcher_withoutProc(t *testing.T) {
	t.Parallel()
	if _, err := newWatcher(filepath.Join(t.TempDir(), "none"), nil); err == nil {
		t.Error("a machine without /proc is taken")
	}
	if got := (used{}).share(1); got != 0 {
		t.Errorf("share of nothing: %g", got)
	}
}
