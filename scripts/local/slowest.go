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

// packageTimes is an io.Writer that reads the packages' times in the output of go test, as text or
// as -json has it.
type packageTimes struct {
	line  []byte // the beginning of one, up to maxLine
	times []packageTime
}

// maxLine is more than a line has that names a package's time.
const maxLine = 4096

func (p *packageTimes) Write(b []byte) (int, error) {
	for rest := b; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		p.line = append(p.line, line[:min(len(line), maxLine-len(p.line))]...)
		if whole {
			if t, ok := parseTime(p.line); ok {
				p.times = append(p.times, t)
			}
			p.line = p.line[:0]
		}
		rest = after
	}
	return len(b), nil
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

// print writes the slowest packages, slowest first, unless there was one package only.
func (p *packageTimes) print(w io.Writer) {
	if len(p.times) < 2 {
		return
	}
	slices.SortFunc(p.times, func(a, b packageTime) int {
		return cmp.Or(cmp.Compare(b.seconds, a.seconds), cmp.Compare(a.name, b.name))
	})
	fmt.Fprintln(w, "the slowest packages:")
	for _, t := range p.times[:min(len(p.times), slowestShown)] {
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
