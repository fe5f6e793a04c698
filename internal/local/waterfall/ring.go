// Package waterfall shows a developer the traces of the local stack: it takes what the functions
// export over OTLP, keeps the last spans in memory, and draws each trace as a waterfall.
//
// Spans say nothing of a user or a scan, here as in production. What leads from a scan to its trace
// is the traceparent in the metadata of its photo, which only the stack itself can look at.
package waterfall

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// Kept is how many spans a [Ring] keeps. A scan all the way has some sixty.
const Kept = 10_000

// Span is a span as it is shown.
type Span struct {
	Trace   string    `json:"trace"` // 32 hexadecimal digits
	ID      string    `json:"id"`    // 16 hexadecimal digits
	Parent  string    `json:"parent,omitempty"`
	Service string    `json:"service"`
	Name    string    `json:"name"`
	Start   time.Time `json:"start"`
	End     time.Time `json:"end"`
	Failed  bool      `json:"failed,omitempty"`
	// Own is set for a span of the functions' own code, not of a client library: a library's fails
	// wherever something is not found that need not be there.
	Own bool `json:"own,omitempty"`
	// Attributes are sorted by their names.
	Attributes []Attribute `json:"attributes,omitempty"`
	// Links are the traces that the span is linked to.
	Links []string `json:"links,omitempty"`
}

// Attribute is one of a span.
type Attribute struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

// Duration returns how long the span took, 0 if its clock went back meanwhile.
func (s Span) Duration() time.Duration { return max(0, s.End.Sub(s.Start)) }

// key tells a span from all others.
type key struct{ trace, id string }

// Ring keeps the spans that came last. A tenth of it is for the spans of the sweep, which runs
// every few seconds here and would soon leave nothing else. Its methods may be called at the same
// time.
type Ring struct {
	mu            sync.Mutex
	sweeps, other list
}

// list has up to size spans.
type list struct {
	size  int
	spans []Span // in the order in which they came, from next on if it is full
	next  int
	at    map[key]int
}

// NewRing returns a ring for so many spans, at least two.
func NewRing(size int) *Ring {
	sweeps := max(1, size/10)
	return &Ring{sweeps: newList(sweeps), other: newList(max(1, size-sweeps))}
}

func newList(size int) list { return list{size: size, at: map[key]int{}} }

// Add keeps the spans. One that is there already, as after an export that was repeated, is
// replaced.
func (r *Ring) Add(spans ...Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range spans {
		if s.Service == "sweep" {
			r.sweeps.add(s)
			continue
		}
		r.other.add(s)
	}
}

func (l *list) add(s Span) {
	k := key{s.Trace, s.ID}
	if i, there := l.at[k]; there {
		l.spans[i] = s
		return
	}
	if len(l.spans) < l.size {
		l.at[k], l.spans = len(l.spans), append(l.spans, s)
		return
	}
	gone := l.spans[l.next]
	delete(l.at, key{gone.Trace, gone.ID})
	l.at[k], l.spans[l.next] = l.next, s
	l.next = (l.next + 1) % l.size
}

// Trace returns the spans of the trace, by their start.
func (r *Ring) Trace(id string) []Span {
	return r.find(func(s Span) bool { return s.Trace == id })
}

// Linking returns the traces with spans that are linked to the trace.
func (r *Ring) Linking(id string) []string {
	var traces []string
	for _, s := range r.find(func(s Span) bool { return s.Trace != id && slices.Contains(s.Links, id) }) {
		if !slices.Contains(traces, s.Trace) {
			traces = append(traces, s.Trace)
		}
	}
	return traces
}

func (r *Ring) find(wanted func(Span) bool) []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	var found []Span
	for _, of := range [][]Span{r.other.spans, r.sweeps.spans} {
		for _, s := range of {
			if wanted(s) {
				found = append(found, s)
			}
		}
	}
	slices.SortStableFunc(found, func(a, b Span) int { return a.Start.Compare(b.Start) })
	return found
}

// Summary tells of a trace.
type Summary struct {
	ID    string    `json:"trace"`
	Name  string    `json:"name"` // of the first of its spans that have no parent here
	Start time.Time `json:"start"`
	// Took is from the first start to the last end.
	Took     time.Duration `json:"tookNanoseconds"`
	Spans    int           `json:"spans"`
	Services []string      `json:"services"`
	// Failed is set if one of the functions' own spans failed.
	Failed bool `json:"failed"`
}

// Traces returns the traces that are kept, those that began last first.
func (r *Ring) Traces() []Summary {
	by, order := map[string][]Span{}, []string{}
	for _, s := range r.find(func(Span) bool { return true }) {
		if by[s.Trace] == nil {
			order = append(order, s.Trace)
		}
		by[s.Trace] = append(by[s.Trace], s)
	}
	all := make([]Summary, 0, len(order))
	for _, id := range order {
		all = append(all, summarize(id, by[id]))
	}
	slices.SortStableFunc(all, func(a, b Summary) int { return cmp.Or(b.Start.Compare(a.Start), cmp.Compare(a.ID, b.ID)) })
	return all
}

// summarize returns the summary of the spans, at least one, which are sorted by their start.
func summarize(id string, spans []Span) Summary {
	rows := layOut(spans)
	s := Summary{ID: id, Name: rows[0].Name, Start: spans[0].Start, Spans: len(spans)}
	for _, one := range spans {
		s.Took = max(s.Took, one.End.Sub(s.Start))
		s.Failed = s.Failed || one.Own && one.Failed
		if !slices.Contains(s.Services, one.Service) {
			s.Services = append(s.Services, one.Service)
		}
	}
	slices.Sort(s.Services)
	return s
}

// Row is a span of a waterfall.
type Row struct {
	Span
	// Depth is how many spans are above it.
	Depth int
}

// layOut returns the spans as a tree, each before those below it. A span whose parent is not here,
// as that of a client, has none above it. Spans that are each other's parents come last.
func layOut(spans []Span) []Row {
	here := map[string]bool{}
	for _, s := range spans {
		here[s.ID] = true
	}
	below := map[string][]Span{}
	for _, s := range spans {
		parent := s.Parent
		if !here[parent] || parent == s.ID {
			parent = ""
		}
		below[parent] = append(below[parent], s)
	}
	rows, placed := make([]Row, 0, len(spans)), map[string]bool{}
	var place func(all []Span, depth int)
	place = func(all []Span, depth int) {
		for _, s := range all {
			if placed[s.ID] {
				continue
			}
			placed[s.ID] = true
			rows = append(rows, Row{s, depth})
			place(below[s.ID], depth+1)
		}
	}
	place(below[""], 0)
	place(spans, 0) // what is left goes round in a circle
	return rows
}
