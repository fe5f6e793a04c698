package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
)

const (
	longestLine = 1 << 20 // bytes of a line of reports; a usual one has 5,000
	shownDiffs  = 5       // differences that are listed for one file
)

// expected are the lines of a file of reports.
type expected struct {
	order []string          // the files, as they come
	lines map[string][]byte // what was said of each
	seen  map[string]bool   // those that were measured again
}

func readExpected(name string) (*expected, error) {
	f, err := os.Open(name) //nolint:gosec // reading the file that is named is the purpose
	if err != nil {
		return nil, fmt.Errorf("opening the reports: %w", err)
	}
	defer func() { _ = f.Close() }() // read only
	e := &expected{lines: map[string][]byte{}, seen: map[string]bool{}}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, longestLine)
	for n := 1; lines.Scan(); n++ {
		if err := e.add(lines.Bytes()); err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", name, n, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("reading the reports: %w", err)
	}
	return e, nil
}

func (e *expected) add(line []byte) error {
	if len(line) == 0 {
		return nil
	}
	var r struct {
		File *string `json:"file"`
	}
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	if r.File == nil {
		return errors.New("it names no file")
	}
	if old, ok := e.lines[*r.File]; ok && !bytes.Equal(old, line) {
		return fmt.Errorf("%s was reported differently before", *r.File)
	} else if !ok {
		e.order = append(e.order, *r.File)
		e.lines[*r.File] = bytes.Clone(line)
	}
	return nil
}

// compare lists what is not as it was.
func (s *session) compare(file string, got []byte) error {
	want, ok := s.expected.lines[file]
	s.expected.seen[file] = true
	if ok && bytes.Equal(want, got) {
		return nil
	}
	s.counts.different++
	if !ok {
		_, err := fmt.Fprintf(s.stdout, "%s: not in the reports\n", file)
		return err
	}
	diffs := differences(want, got)
	for i, d := range diffs {
		if i == shownDiffs {
			_, err := fmt.Fprintf(s.stdout, "%s: and %d more\n", file, len(diffs)-shownDiffs)
			return err
		}
		if _, err := fmt.Fprintf(s.stdout, "%s: %s\n", file, d); err != nil {
			return err
		}
	}
	return nil
}

// reportMissing lists the reports of files that were not measured again.
func (s *session) reportMissing() {
	for _, file := range s.expected.order {
		if !s.expected.seen[file] {
			s.counts.different++
			fmt.Fprintf(s.stdout, "%s: only in the reports\n", file)
		}
	}
}

// differences compares two lines of JSON member by member.
func differences(want, got []byte) []string {
	a, errA := decoded(want)
	b, errB := decoded(got)
	if err := errors.Join(errA, errB); err != nil {
		return []string{err.Error()}
	}
	list := differ("", a, b)
	if len(list) == 0 {
		return []string{"the same values, written differently"}
	}
	return list
}

// decoded keeps numbers as they are written.
func decoded(line []byte) (v any, err error) {
	d := json.NewDecoder(bytes.NewReader(line))
	d.UseNumber()
	err = d.Decode(&v)
	return v, err
}

func differ(path string, a, b any) []string {
	switch a := a.(type) {
	case map[string]any:
		if b, ok := b.(map[string]any); ok {
			return differMembers(path, a, b)
		}
	case []any:
		if b, ok := b.([]any); ok && len(a) == len(b) {
			var list []string
			for i := range a {
				list = append(list, differ(path+"["+strconv.Itoa(i)+"]", a[i], b[i])...)
			}
			return list
		}
	default:
		if a == b {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s was %s, is %s", strings.TrimPrefix(path, "."), written(a), written(b))}
}

func differMembers(path string, a, b map[string]any) []string {
	names := slices.Collect(maps.Keys(a))
	for name := range b {
		if _, ok := a[name]; !ok {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var list []string
	for _, name := range names {
		va, inA := a[name]
		vb, inB := b[name]
		at := path + "." + name
		switch {
		case !inA:
			list = append(list, strings.TrimPrefix(at, ".")+" was not there")
		case !inB:
			list = append(list, strings.TrimPrefix(at, ".")+" is gone")
		default:
			list = append(list, differ(at, va, vb)...)
		}
	}
	return list
}

func written(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	const most = 80 // bytes
	if len(text) > most {
		text = append(text[:most], "..."...)
	}
	return string(text)
}
