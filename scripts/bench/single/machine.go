package single

import (
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
)

// Machine is what figures hold for.
type Machine struct {
	Processor string `json:"processor"`
	CPUs      int    `json:"cpus"`
	System    string `json:"system"`
	Go        string `json:"go"`
	// Load is the machine's average of the last minute before the start, "" where it cannot be told.
	Load string `json:"loadBefore,omitempty"`
}

// ThisMachine returns the machine that the program runs on.
func ThisMachine() Machine {
	m := Machine{
		Processor: "unknown processor", CPUs: runtime.NumCPU(), System: runtime.GOOS + "/" + runtime.GOARCH,
		Go: runtime.Version(),
	}
	info, _ := os.ReadFile("/proc/cpuinfo") // Linux only, and worth no failure
	for line := range strings.Lines(string(info)) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			m.Processor = strings.TrimSpace(value)
			break
		}
	}
	load, _ := os.ReadFile("/proc/loadavg")
	m.Load, _, _ = strings.Cut(string(load), " ")
	return m
}

// String describes the machine in a line, and whether it was busy.
func (m Machine) String() string {
	s := fmt.Sprintf("%s, %d CPUs, %s, %s", m.Processor, m.CPUs, m.System, m.Go)
	if m.Load != "" {
		s += "; load average before the start " + m.Load
	}
	if m.busy() {
		s += ": the machine was busy with other work, so all that is a time is provisional"
	}
	return s
}

// busy reports whether the machine had more to do than it has processors for, already before the
// start.
func (m Machine) busy() bool {
	load, err := strconv.ParseFloat(m.Load, 64)
	return err == nil && load > float64(m.CPUs)
}
