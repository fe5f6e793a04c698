package operator

import (
	"bytes"
	"cmp"
	"encoding/json"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	// keptLines is how many lines of the logs are kept: those of some hundred scans.
	keptLines = 5000
	// maxLine is the longest line that is kept whole, in bytes.
	maxLine = 16 << 10
	// shownLines is how many lines an answer has at most.
	shownLines = 100
)

// Line is a line of the functions' logs.
type Line struct {
	Number   int64     `json:"number"`
	Time     time.Time `json:"time"`
	Severity string    `json:"severity"`
	Function string    `json:"function,omitempty"`
	Message  string    `json:"message"`
	// Trace is the id of the trace, "" if the line has none.
	Trace string `json:"trace,omitempty"`
	// Fields are all others, nil for what is no JSON, as the report of a crash.
	Fields map[string]any `json:"fields,omitempty"`

	// text is the line in small letters, for the search.
	text string
}

// Logs returns a writer that keeps the functions' logs and passes them on to next, unless that is
// nil.
func (d *Desk) Logs(next io.Writer) io.Writer {
	if next == nil {
		next = io.Discard
	}
	return io.MultiWriter(next, &liner{keep: func(line []byte) {
		d.logs.add(func(number int64) Line { return parseLine(number, line) })
	}})
}

// liner cuts what is written into lines.
type liner struct {
	keep func(line []byte)

	mu   sync.Mutex
	rest []byte
}

// Write implements io.Writer.
func (l *liner) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.rest = append(l.rest, p...)
	for {
		line, rest, whole := bytes.Cut(l.rest, []byte("\n"))
		if !whole && len(l.rest) < maxLine {
			return len(p), nil
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			l.keep(line)
		}
		l.rest = bytes.Clone(rest)
	}
}

// parseLine reads a line of package telemetry's.
func parseLine(number int64, raw []byte) Line {
	raw = raw[:min(len(raw), maxLine)]
	line := Line{Number: number, text: strings.ToLower(string(raw))}
	if err := json.Unmarshal(raw, &line.Fields); err != nil {
		line.Fields, line.Time, line.Severity, line.Message = nil, time.Now(), "DEFAULT", string(raw)
		return line
	}
	take := func(name string) string {
		text, _ := line.Fields[name].(string)
		delete(line.Fields, name)
		return text
	}
	line.Time, _ = time.Parse(time.RFC3339Nano, take("time")) // the zero time is shown as it is
	line.Severity, line.Message = cmp.Or(take("severity"), "DEFAULT"), take("message")
	line.Function = take("function")
	if trace := take("logging.googleapis.com/trace"); trace != "" {
		line.Trace = path.Base(trace)
	}
	return line
}

// severities are those of the logs, the least first.
var severities = []string{"DEFAULT", "DEBUG", "INFO", "WARNING", "ERROR"}

// searchLogs answers with the lines that have every word of "q", are of the "function" and of the
// "severity" or a higher one, the last ones first.
func (d *Desk) searchLogs(r *http.Request) (any, error) {
	query := r.URL.Query()
	since, _ := strconv.ParseInt(query.Get("since"), 10, 64) // 0, all, for what is no number
	words := strings.Fields(strings.ToLower(query.Get("q")))
	function, least := query.Get("function"), slices.Index(severities, query.Get("severity"))
	lines, last := d.logs.since(since)
	found := []Line{}
	matching := 0
	for _, line := range slices.Backward(lines) {
		if function != "" && line.Function != function || slices.Index(severities, line.Severity) < least ||
			slices.ContainsFunc(words, func(word string) bool { return !strings.Contains(line.text, word) }) {
			continue
		}
		if matching++; matching <= shownLines {
			found = append(found, line)
		}
	}
	return struct {
		Lines    []Line `json:"lines"`
		Matching int    `json:"matching"`
		Last     int64  `json:"last"`
	}{found, matching, last}, nil
}
