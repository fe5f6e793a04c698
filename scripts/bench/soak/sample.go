package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime/metrics"
	"time"

	"github.com/prometheus/procfs"
)

// meterVariable names the file in which the functions' process, which is this program again, keeps
// what only it knows of itself.
const meterVariable = "FACESCAN_SOAK_METER"

// inside is what the process tells of itself.
type inside struct {
	Heap       uint64 `json:"heap"` // bytes that the last collection found in use
	Goroutines uint64 `json:"goroutines"`
}

// meter writes to the file every second, until the process ends.
func meter(file string) {
	for range time.Tick(time.Second) {
		samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/sched/goroutines:goroutines"}}
		metrics.Read(samples)
		if err := keep(file, inside{Heap: samples[0].Value.Uint64(), Goroutines: samples[1].Value.Uint64()}); err != nil {
			fmt.Fprintln(os.Stderr, "meter:", err)
		}
	}
}

// keep replaces the file at once, so that its reader never finds half of it.
func keep(file string, now inside) error {
	body, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("marshal: %w", err)
	}
	if err := os.WriteFile(file+".new", body, 0o600); err != nil { //nolint:gosec // the measurement's own file
		return fmt.Errorf("write: %w", err)
	}
	return os.Rename(file+".new", file) //nolint:gosec // as above
}

// errReplaced is returned when the functions' process is not the one that was measured before.
var errReplaced = errors.New("the functions' process ended and was started again")

// names are the measured quantities, in the order of the tables.
var names = []string{"RSS, bytes", "live heap, bytes", "goroutines", "descriptors"}

// sampler measures a process.
type sampler struct {
	pid  int
	file string
	from time.Time
	of   map[string][]point
}

func newSampler(pid int, dir string) *sampler {
	return &sampler{pid: pid, file: filepath.Join(dir, "meter"), from: time.Now(), of: map[string][]point{}}
}

// sample adds the values of now.
func (s *sampler) sample(now time.Time) error {
	p, err := procfs.NewProc(s.pid)
	if err != nil {
		return fmt.Errorf("%w: %w", errReplaced, err)
	}
	stat, err := p.Stat()
	if err != nil {
		return fmt.Errorf("read the process's memory: %w", err)
	}
	open, err := p.FileDescriptorsLen()
	if err != nil {
		return fmt.Errorf("count the process's descriptors: %w", err)
	}
	body, err := os.ReadFile(s.file)
	if err != nil {
		return fmt.Errorf("read what the process tells of itself: %w", err)
	}
	var in inside
	if err := json.Unmarshal(body, &in); err != nil {
		return fmt.Errorf("read what the process tells of itself: %w", err)
	}
	at := now.Sub(s.from).Hours()
	for i, value := range []float64{
		float64(stat.ResidentMemory()), float64(in.Heap), float64(in.Goroutines), float64(open),
	} {
		s.of[names[i]] = append(s.of[names[i]], point{at, value})
	}
	return nil
}
