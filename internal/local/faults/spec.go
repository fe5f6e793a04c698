package faults

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Seam is a place where requests of the functions, or to them, can fail.
type Seam string

// The seams. See the package's documentation.
const (
	Events    Seam = "events"
	PubSub    Seam = "pubsub"
	Firestore Seam = "firestore"
	Storage   Seam = "storage"
	FCM       Seam = "fcm"
	Mail      Seam = "mail"
)

// Seams returns all seams.
func Seams() []Seam { return []Seam{Events, PubSub, Firestore, Storage, FCM, Mail} }

// Kind is a kind of fault.
type Kind string

// The kinds of faults. See the package's documentation.
const (
	Dup     Kind = "dup"
	Drop    Kind = "drop"
	Fail    Kind = "5xx"
	Reorder Kind = "reorder"
	Crash   Kind = "crash"
	Slow    Kind = "slow"
	Away    Kind = "away"
)

// Kinds returns all kinds.
func Kinds() []Kind { return []Kind{Dup, Drop, Fail, Reorder, Crash, Slow, Away} }

// known are the kinds that each seam has.
var known = map[Seam][]Kind{
	Events:    {Dup, Drop, Fail, Reorder, Crash, Slow},
	PubSub:    {Dup, Drop, Fail, Crash, Slow, Away},
	Firestore: {Drop, Fail, Crash, Slow, Away},
	Storage:   {Drop, Fail, Crash, Slow, Away},
	FCM:       {Drop, Fail, Crash, Slow, Away},
	Mail:      {Drop, Fail, Crash, Slow, Away},
}

// KindsOf returns the kinds of faults that a seam has.
func KindsOf(seam Seam) []Kind { return slices.Clone(known[seam]) }

const (
	// MaxSlow is the longest that a specification may slow a request, well below the 60 s that a
	// function has for it.
	MaxSlow = 10 * time.Second
	// MaxAway is the longest that a service may be away.
	MaxAway = time.Hour
	// reorderAlone is the share of reorder without a value.
	reorderAlone = "0.5"
)

// Rates say how often requests at a seam fail, and how. The zero value is never.
type Rates struct {
	Dup     float64       // share of requests that are handled twice, 0 to 1
	Drop    float64       // share of requests that are handled, but whose answer is lost, 0 to 1
	Fail    float64       // share of requests that are refused unseen, 0 to 1
	Reorder float64       // share of requests that a later one overtakes, 0 to 1
	Crash   float64       // share of requests during which the functions' process is killed, 0 to 1
	Slow    time.Duration // the longest that a request waits before it is handled
	Away    time.Duration // how long the service is away from when the specification is set
}

// Spec has the rates of each seam. Seams that are not in it have no faults; the zero value is none.
type Spec map[Seam]Rates

// Parse reads a specification: faults joined by commas, such as
// "dup=.2,reorder,slow=200ms,firestore.5xx=.1,pubsub.away=60s", each once. An empty one is none.
// See the package's documentation.
func Parse(text string) (Spec, error) {
	s := Spec{}
	if strings.TrimSpace(text) == "" {
		return s, nil
	}
	fields := strings.Split(text, ",")
	seen := map[string]bool{}
	for i, field := range fields {
		fields[i] = strings.TrimSpace(field)
		name, _, _ := strings.Cut(fields[i], "=")
		if seen[name] {
			return nil, fmt.Errorf("fault %q is given twice", name)
		}
		seen[name] = true
	}
	// What is said of one seam replaces what is said of all, wherever it stands.
	slices.SortStableFunc(fields, func(a, b string) int { return prefixed(a) - prefixed(b) })
	for _, field := range fields {
		if err := s.read(field); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// prefixed returns 1 for a field with a seam, and 0 for one without.
func prefixed(field string) int {
	name, _, _ := strings.Cut(field, "=")
	return min(1, strings.Count(name, "."))
}

// read reads one field.
func (s Spec) read(field string) error {
	name, value, given := strings.Cut(field, "=")
	kind, seams := Kind(name), []Seam(nil)
	if seam, of, ok := strings.Cut(name, "."); ok {
		kind, seams = Kind(of), []Seam{Seam(seam)}
		if known[seams[0]] == nil {
			return fmt.Errorf("there is no seam %q, only %s", seam, list(Seams()))
		}
		if slices.Contains(Kinds(), kind) && !slices.Contains(known[seams[0]], kind) {
			return fmt.Errorf("the seam %s has no fault %s, only %s", seam, kind, list(known[seams[0]]))
		}
	}
	if !slices.Contains(Kinds(), kind) {
		return fmt.Errorf("there is no fault %q, only %s", string(kind), list(Kinds()))
	}
	if kind == Reorder && !given {
		value = reorderAlone
	}
	if seams == nil {
		if kind == Away {
			return errors.New("fault away needs a seam, such as firestore.away=60s")
		}
		seams = general(kind)
	}
	for _, seam := range seams {
		rates := s[seam]
		if err := rates.set(kind, value); err != nil {
			return fmt.Errorf("fault %s: %w", name, err)
		}
		s[seam] = rates
		if rates == (Rates{}) {
			delete(s, seam)
		}
	}
	return nil
}

// general returns the seams that a fault without a seam is for.
func general(kind Kind) (seams []Seam) {
	if kind == Crash {
		return []Seam{Events}
	}
	for _, seam := range Seams() {
		if slices.Contains(known[seam], kind) {
			seams = append(seams, seam)
		}
	}
	return seams
}

func list[T ~string](names []T) string {
	all := make([]string, len(names))
	for i, name := range names {
		all[i] = string(name)
	}
	return strings.Join(all[:len(all)-1], ", ") + " and " + all[len(all)-1]
}

// share returns the field of a kind that is a share, or nil.
func (r *Rates) share(kind Kind) *float64 {
	return map[Kind]*float64{Dup: &r.Dup, Drop: &r.Drop, Fail: &r.Fail, Reorder: &r.Reorder, Crash: &r.Crash}[kind]
}

// set reads the value of one kind.
func (r *Rates) set(kind Kind, value string) (err error) {
	if share := r.share(kind); share != nil {
		*share, err = readShare(value)
		return err
	}
	if kind == Slow {
		r.Slow, err = readWait(value, MaxSlow, "200ms")
		return err
	}
	r.Away, err = readWait(value, MaxAway, "60s")
	return err
}

// get returns the value of one kind in the form that set reads, "" for none.
func (r *Rates) get(kind Kind) string {
	wait := map[Kind]time.Duration{Slow: r.Slow, Away: r.Away}[kind]
	if share := r.share(kind); share != nil && *share > 0 {
		return strconv.FormatFloat(*share, 'g', -1, 64)
	}
	if wait > 0 {
		return wait.String()
	}
	return ""
}

// String returns the specification in the form that Parse reads.
func (s Spec) String() string {
	var fields []string
	for _, kind := range Kinds() {
		common := s.common(kind)
		if common != "" {
			fields = append(fields, string(kind)+"="+common)
		}
		for _, seam := range Seams() {
			value := s.value(seam, kind)
			covered := common != "" && slices.Contains(general(kind), seam)
			if value != "" && !covered {
				fields = append(fields, string(seam)+"."+string(kind)+"="+value)
			}
		}
	}
	return strings.Join(fields, ",")
}

// common returns the value that a kind has at all seams that it is for without a seam, or "".
func (s Spec) common(kind Kind) string {
	if kind == Away {
		return ""
	}
	seams := general(kind)
	value := s.value(seams[0], kind)
	for _, seam := range seams[1:] {
		if s.value(seam, kind) != value {
			return ""
		}
	}
	return value
}

func (s Spec) value(seam Seam, kind Kind) string {
	rates := s[seam]
	return rates.get(kind)
}

// readShare reads a share from 0 to 1.
func readShare(value string) (float64, error) {
	f, err := strconv.ParseFloat(value, 64)
	if err != nil || !(f >= 0 && f <= 1) { // not a number is outside too
		return 0, fmt.Errorf("%q is no share from 0 to 1", value)
	}
	return f, nil
}

// readWait reads a duration from 0 to the longest.
func readWait(value string, longest time.Duration, example string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if err != nil || d < 0 || d > longest {
		return 0, fmt.Errorf("%q is no duration from 0 to %s, such as %s", value, longest, example)
	}
	return d, nil
}
