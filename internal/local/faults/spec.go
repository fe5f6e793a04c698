// Package faults lets the local stack fail on purpose: late, repeated and lost, by a seed.
// Production has no part in it.
package faults

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MaxSlow is the longest that a specification may slow a request, well below the 60 s that a
// function has for it.
const MaxSlow = 10 * time.Second

// Spec says how often requests fail, and how. The zero value is none.
type Spec struct {
	Dup  float64       // share of requests that are handled twice, 0 to 1
	Drop float64       // share of requests that are handled, but whose answer is lost, 0 to 1
	Fail float64       // share of requests that are refused unseen by 503, 0 to 1
	Slow time.Duration // the longest that a request waits before it is handled
	// Crash is the share of requests during which the process that handles them is killed, 0 to 1.
	Crash float64
}

// String returns the specification in the form that Parse reads.
func (s Spec) String() string {
	var fields []string
	for _, f := range []struct {
		name  string
		share float64
	}{{"dup", s.Dup}, {"drop", s.Drop}, {"5xx", s.Fail}, {"crash", s.Crash}} {
		if f.share > 0 {
			fields = append(fields, f.name+"="+strconv.FormatFloat(f.share, 'g', -1, 64))
		}
	}
	if s.Slow > 0 {
		fields = append(fields, "slow="+s.Slow.String())
	}
	return strings.Join(fields, ",")
}

// Parse reads a specification: names and values joined by commas, such as
// "dup=.2,drop=.05,5xx=.1,slow=200ms", each name once. An empty one is none.
func Parse(text string) (Spec, error) {
	var s Spec
	if strings.TrimSpace(text) == "" {
		return s, nil
	}
	seen := map[string]bool{}
	for field := range strings.SplitSeq(text, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(field), "=")
		if seen[name] {
			return Spec{}, fmt.Errorf("fault %q is given twice", name)
		}
		seen[name] = true
		if err := s.set(name, value); err != nil {
			return Spec{}, err
		}
	}
	return s, nil
}

// set reads the value of one name.
func (s *Spec) set(name, value string) (err error) {
	switch name {
	case "dup":
		s.Dup, err = share(value)
	case "drop":
		s.Drop, err = share(value)
	case "5xx":
		s.Fail, err = share(value)
	case "crash":
		s.Crash, err = share(value)
	case "slow":
		s.Slow, err = wait(value)
	default:
		return fmt.Errorf("there is no fault %q, only dup, drop, 5xx, slow and crash", name)
	}
	if err != nil {
		return fmt.Errorf("fault %s: %w", name, err)
	}
	return nil
}

// share reads a share from 0 to 1.
func share(value string) (float64, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !(f >= 0 && f <= 1) { // not a number is outside too
		return 0, fmt.Errorf("%q is no share from 0 to 1", value)
	}
	return f, nil
}

// wait reads a duration from 0 to [MaxSlow].
func wait(value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > MaxSlow {
		return 0, fmt.Errorf("%q is no duration from 0 to %s, such as 200ms", value, MaxSlow)
	}
	return d, nil
}
