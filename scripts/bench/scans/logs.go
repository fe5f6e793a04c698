package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"sync"
	"time"
)

// line is what is read of a line of the functions' logs.
type line struct {
	Severity string `json:"severity"`
	Message  string `json:"message"`
	Function string `json:"function"`
	Outcome  string `json:"outcome"`
	Attempt  int    `json:"attempt"`
	Duration int64  `json:"duration_ms"`
	ScanID   string `json:"scan_id"`
	Error    any    `json:"error"`
}

// deliveries are those of the events of one function, as it logs them. What ended a process is not
// in it.
type deliveries struct {
	Done   int `json:"done"`
	Retry  int `json:"retry"`
	Parked int `json:"parked"`
	// Again is how many were not the first attempt, and Most the number of the last.
	Again int `json:"again"`
	Most  int `json:"most"`
}

// logs reads the functions' logs while they are written.
type logs struct {
	mu     sync.Mutex
	rest   []byte
	counts tallies
}

// tallies are what was read.
type tallies struct {
	of       map[string]deliveries
	analyze  []time.Duration // of the deliveries that were done
	ends     map[string]int  // of each scan
	warnings map[string]int
	errors   map[string]int // those of the warnings that are errors
	// driven is how often the sweep published the photo of each scan again, and left those that it
	// left in the backlog.
	driven, left map[string]int
}

func newTallies() tallies {
	return tallies{
		of: map[string]deliveries{}, ends: map[string]int{}, warnings: map[string]int{}, errors: map[string]int{},
		driven: map[string]int{}, left: map[string]int{},
	}
}

// Write takes the logs as they come.
func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		text, after, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole {
			return len(p), nil
		}
		var read line
		if json.Unmarshal(text, &read) == nil { // a crash is not in JSON
			l.counts.add(read)
		}
		l.rest = append([]byte(nil), after...)
	}
}

func (t *tallies) add(read line) {
	switch read.Message {
	case "event":
		d := t.of[read.Function]
		switch read.Outcome {
		case "done":
			d.Done++
			if read.Function == "analyze" {
				t.analyze = append(t.analyze, time.Duration(read.Duration)*time.Millisecond)
			}
		case "retry":
			d.Retry++
		case "parked":
			d.Parked++
		}
		if read.Attempt > 1 {
			d.Again++
		}
		d.Most = max(d.Most, read.Attempt)
		t.of[read.Function] = d
	case "scan finished":
		t.ends[read.ScanID]++
	case "stuck scan published again":
		t.driven[read.ScanID]++
	case "scan waits in a backlog":
		t.left[read.ScanID]++
	}
	if read.Severity == "WARNING" || read.Severity == "ERROR" {
		t.warnings[read.Message]++
	}
	if read.Severity == "ERROR" {
		t.errors[read.named()]++
	}
}

// maxNamed bounds what is kept of an error's text, whose end tells of one request.
const maxNamed = 60

// named returns the message with the beginning of the error.
func (l line) named() string {
	if l.Error == nil {
		return l.Message
	}
	text := fmt.Sprint(l.Error)
	return l.Message + ": " + text[:min(len(text), maxNamed)]
}

// still waits until no delivery has been logged for a while: what follows from the last scan's end
// is over.
func (l *logs) still(ctx context.Context) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for before := -1; ; {
		now := 0
		for _, d := range l.read().of {
			now += d.Done + d.Retry + d.Parked
		}
		if now == before {
			return
		}
		before = now
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// take returns what was read since the last call.
func (l *logs) take() tallies {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.counts
	l.counts = newTallies()
	return t
}

// read returns what was read since take.
func (l *logs) read() tallies {
	l.mu.Lock()
	defer l.mu.Unlock()
	t := l.counts
	t.of, t.ends = maps.Clone(t.of), maps.Clone(t.ends)
	t.warnings, t.errors = maps.Clone(t.warnings), maps.Clone(t.errors)
	t.driven, t.left = maps.Clone(t.driven), maps.Clone(t.left)
	return t
}
