package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
)

// slowestShown is the number of packages that a test run names at its end.
const slowestShown = 10

// packageTime is how long the tests of a package took.
type packageTime struct {
	name    string
	seconds float64
}

// summary is an io.Writer that reads the output of go test, as text or as -json has it. It collects
// the packages' times and the lines that say what failed, which would otherwise stand far above
// the end, among the logs of the test that failed.
type summary struct {
	line     []byte // the beginning of one, up to maxLine
	times    []packageTime
	failures []string
}

const (
	// maxLine is more than a line has that names a package's time.
	maxLine = 4096
	// failuresShown is the number of lines about failures that a test run repeats at its end, and
	// failureWidth how much of each, in bytes.
	failuresShown = 60
	failureWidth  = 300
)

func (s *summary) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		s.line = append(s.line, line[:min(len(line), maxLine-len(s.line))]...)
		if whole {
			s.read(s.line)
			s.line = s.line[:0]
		}
		rest = after
	}
	return len(b), nil
}

func (s *summary) read(line []byte) {
	if t, ok := parseTime(line); ok {
		s.times = append(s.times, t)
	}
	text := textOf(line)
	if !aboutFailure.Match(text) || len(s.failures) == failuresShown {
		return
	}
	s.failures = append(s.failures, string(text[:min(len(text), failureWidth)]))
}

// aboutFailure matches the lines of a test that failed, of what it complained of, and of a process
// that died. go test prints what a test that passed says only with -v.
var aboutFailure = regexp.MustCompile(
	`^\s*--- FAIL: |^\s+\w+_test\.go:\d+: [^{]|^panic: |^WARNING: DATA RACE|^FAIL\t\S`,
)

// textOf returns the text of a line: of one of -json, its output.
func textOf(line []byte) []byte {
	var event struct{ Output string }
	if bytes.HasPrefix(line, []byte(`{"`)) && json.Unmarshal(line, &event) == nil {
		return bytes.TrimSuffix([]byte(event.Output), []byte("\n"))
	}
	return line
}

var timeOfPackage = regexp.MustCompile(`^(?:ok  |FAIL)\t(\S+)\t([0-9.]+)s`)

// parseTime reports whether the line is the end of a package that was not cached, and its time.
func parseTime(line []byte) (packageTime, bool) {
	if found := timeOfPackage.FindSubmatch(line); found != nil {
		seconds, err := strconv.ParseFloat(string(found[2]), 64)
		return packageTime{string(found[1]), seconds}, err == nil
	}
	var event struct {
		Action, Package, Test string
		Elapsed               float64
	}
	if !bytes.HasPrefix(line, []byte(`{"`)) || json.Unmarshal(line, &event) != nil {
		return packageTime{}, false
	}
	ended := event.Action == "pass" || event.Action == "fail"
	return packageTime{event.Package, event.Elapsed}, ended && event.Test == "" && event.Elapsed > 0
}

// print writes what failed, if the command did, and the slowest packages, slowest first, unless
// there was one package only.
func (s *summary) print(w io.Writer, failed bool) {
	if failed && len(s.failures) > 0 {
		fmt.Fprintf(w, "what failed:\n%s\n", strings.Join(s.failures, "\n"))
	}
	if len(s.times) < 2 {
		return
	}
	slices.SortFunc(s.times, func(a, b packageTime) int {
		return cmp.Or(cmp.Compare(b.seconds, a.seconds), cmp.Compare(a.name, b.name))
	})
	fmt.Fprintln(w, "the slowest packages:")
	for _, t := range s.times[:min(len(s.times), slowestShown)] {
		fmt.Fprintf(w, "%7.1f s  %s\n", t.seconds, t.name)
	}
}

// tee returns a file that copies what is written to it to both writers at once, and a function that
// ends this. A command that is given a file can be waited for without what it leaves behind, which
// may hold the file open.
func tee(to, and io.Writer) (file *os.File, end func(), err error) {
	pipe, file, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	r, copied := &lingerer{pipe: pipe}, make(chan struct{})
	go func() {
		defer close(copied)
		_, _ = io.Copy(io.MultiWriter(to, and), r)
		_ = pipe.Close() // where the reader has gone, the command's next write ends it, as without a pipe
	}()
	return file, func() {
		_ = file.Close()
		r.ended.Store(true)
		_ = pipe.SetReadDeadline(time.Now().Add(linger)) // for a read that is under way
		<-copied
	}, nil
}

// linger is how long an ended command's output may have a gap.
const linger = time.Second

// lingerer reads a pipe to its end, or, once the writer has ended, until nothing comes for a while.
type lingerer struct {
	pipe  *os.File
	ended atomic.Bool
}

func (l *lingerer) Read(b []byte) (int, error) {
	if l.ended.Load() {
		_ = l.pipe.SetReadDeadline(time.Now().Add(linger))
	}
	return l.pipe.Read(b)
}
