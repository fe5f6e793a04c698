package deploy

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// tfEvent is a line of Terraform's output with -json.
type tfEvent struct {
	Type string `json:"type"`
	Hook struct {
		Resource struct {
			Addr string `json:"addr"`
			Type string `json:"resource_type"`
		} `json:"resource"`
		Action  string  `json:"action"`
		Elapsed float64 `json:"elapsed_seconds"`
	} `json:"hook"`
	Diagnostic struct {
		Severity string `json:"severity"`
		Summary  string `json:"summary"`
		Detail   string `json:"detail"`
		Address  string `json:"address"`
	} `json:"diagnostic"`
}

// groups are what resources are told as, by how their kinds begin; the first that fits counts.
var groups = []struct{ kind, name string }{
	{"google_cloudfunctions2_", "functions"},
	{"google_storage_bucket_object", "sources"},
	{"google_project_service", "APIs"},
	{"google_firestore_index", "indexes"},
	{"google_firestore_field", "indexes"},
	{"google_firestore_", "database"},
	{"google_firebaserules_", "database"},
	{"google_pubsub_", "topics"},
	{"google_compute_", "edge"},
	{"google_dns_", "edge"},
	{"google_monitoring_", "monitoring"},
	{"google_logging_", "monitoring"},
	{"google_storage_", "buckets"},
	{"google_secret_", "secrets"},
	{"google_service_account", "accounts"},
	{"google_identity_platform_", "sign-in"},
	{"google_firebase_", "sign-in"},
	{"google_artifact_", "builds"},
}

// groupOf returns the group of a kind of resources.
func groupOf(kind string) string {
	if strings.Contains(kind, "_iam_") {
		return "grants"
	}
	for _, g := range groups {
		if strings.HasPrefix(kind, g.kind) {
			return g.name
		}
	}
	return "the rest"
}

// group is how far a group is.
type group struct {
	total, done int
	began       time.Time
	counts      map[string]int // by what was done
}

// progress prints how far Terraform is, group by group. It keeps the errors, since Terraform's exit
// code does not name them.
type progress struct {
	out     io.Writer
	clock   gcp.Clock
	verbose bool
	total   int // actions to come; 0 is unknown
	done    int
	groups  map[string]*group
	running map[string]running
	told    time.Time
	faults  []trouble
}

// trouble is an error that Terraform told, and the resource that it is about.
type trouble struct{ address, text string }

type running struct {
	group string
	since time.Time
}

// newProgress returns the progress of a plan's application.
func (c *cloud) newProgress(s summary) *progress {
	p := &progress{
		out: c.progress, clock: c.clock, verbose: c.options.verbose, total: s.actions(), told: c.clock.Now(),
		groups: map[string]*group{}, running: map[string]running{},
	}
	for _, change := range slices.Concat(s.creates, s.updates, s.replaces, s.replaces, s.destroys) {
		p.group(change.kind).total++ // a replacement is two
	}
	return p
}

func (p *progress) group(kind string) *group {
	name := groupOf(kind)
	if p.groups[name] == nil {
		p.groups[name] = &group{counts: map[string]int{}}
	}
	return p.groups[name]
}

// writer takes Terraform's lines.
func (p *progress) writer() io.Writer { return &lines{do: p.line} }

// tellEvery is how often it is told what still runs.
const tellEvery = 30 * time.Second

var past = map[string]string{"create": "created", "update": "changed", "delete": "destroyed"}

func (p *progress) line(text string) {
	var e tfEvent
	if err := json.Unmarshal([]byte(text), &e); err != nil {
		return // an older Terraform's plain words
	}
	address := e.Hook.Resource.Addr
	switch e.Type {
	case "apply_start":
		p.start(e)
	case "apply_complete":
		delete(p.running, address)
		p.complete(e)
	case "apply_progress":
		p.tellRunning()
	case "apply_errored":
		delete(p.running, address)
		fmt.Fprintf(p.out, "  %s FAILED %s\n", p.count(), address)
	case "diagnostic":
		p.diagnose(e)
	}
}

func (p *progress) start(e tfEvent) {
	now := p.clock.Now()
	kind := e.Hook.Resource.Type
	if p.running[e.Hook.Resource.Addr] = (running{groupOf(kind), now}); e.Hook.Action == "read" {
		return
	}
	if g := p.group(kind); g.began.IsZero() {
		g.began = now
	}
}

func (p *progress) complete(e tfEvent) {
	if past[e.Hook.Action] == "" { // a read
		return
	}
	p.done++
	kind := e.Hook.Resource.Type
	g := p.group(kind)
	g.done++
	g.counts[past[e.Hook.Action]]++
	switch {
	case p.verbose:
		fmt.Fprintf(p.out, "  %s %-9s %s (%.0f s)\n", p.count(), past[e.Hook.Action], e.Hook.Resource.Addr, e.Hook.Elapsed)
	case g.done == g.total:
		p.tell(groupOf(kind), g)
	}
}

// tell prints a group's line.
func (p *progress) tell(name string, g *group) {
	var words []string
	for _, action := range slices.Sorted(maps.Keys(g.counts)) {
		words = append(words, fmt.Sprintf("%d %s", g.counts[action], action))
	}
	if g.done < g.total {
		words = append(words, fmt.Sprintf("%d not", g.total-g.done))
	}
	fmt.Fprintf(p.out, "  %s %-11s %s (%.0f s)\n",
		p.count(), name, strings.Join(words, ", "), p.clock.Now().Sub(g.began).Seconds())
}

// tellRunning prints every half minute what runs, and how long the oldest of each group has run.
func (p *progress) tellRunning() {
	now := p.clock.Now()
	if now.Sub(p.told) < tellEvery {
		return
	}
	p.told = now
	number, oldest := map[string]int{}, map[string]time.Duration{}
	for _, r := range p.running {
		number[r.group]++
		oldest[r.group] = max(oldest[r.group], now.Sub(r.since))
	}
	var words []string
	for _, name := range slices.Sorted(maps.Keys(number)) {
		words = append(words, fmt.Sprintf("%d of %s for %.0f s", number[name], name, oldest[name].Seconds()))
	}
	fmt.Fprintf(p.out, "  %s still running: %s\n", p.count(), strings.Join(words, ", "))
}

// end tells of the groups that were begun and not finished.
func (p *progress) end() {
	for _, name := range slices.Sorted(maps.Keys(p.groups)) {
		if g := p.groups[name]; !p.verbose && !g.began.IsZero() && g.done < g.total {
			p.tell(name, g)
		}
	}
}

func (p *progress) count() string {
	if p.total == 0 {
		return fmt.Sprintf("[%3d]", p.done)
	}
	return fmt.Sprintf("[%3d/%d]", p.done, p.total)
}

func (p *progress) diagnose(e tfEvent) {
	f := trouble{e.Diagnostic.Address, e.Diagnostic.Summary}
	if e.Diagnostic.Detail != "" {
		f.text += "\n" + strings.TrimSpace(e.Diagnostic.Detail)
	}
	if e.Diagnostic.Severity != "error" {
		fmt.Fprintf(p.out, "  warning: %s %s\n", f.address, f.text)
		return
	}
	if !slices.Contains(p.faults, f) {
		p.faults = append(p.faults, f)
	}
}

// failure is how Terraform failed: its diagnostics, and how it ended.
type failure struct {
	doing  string
	faults []trouble
	err    error
}

// Error tells each text once, and the resources that it is about.
func (f *failure) Error() string {
	at := map[string][]string{}
	var texts []string
	for _, one := range f.faults {
		if _, seen := at[one.text]; !seen {
			texts = append(texts, one.text)
		}
		at[one.text] = append(at[one.text], one.address)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %v", f.doing, f.err)
	for _, text := range texts {
		fmt.Fprintf(&b, "\n\n%s", text)
		if where := strings.Join(at[text], "\n     "); where != "" { // a variable's has no resource
			fmt.Fprintf(&b, "\n  at %s", where)
		}
	}
	return b.String()
}

func (f *failure) Unwrap() error { return f.err }

// each returns the faults as texts with their resources.
func (f *failure) each() []string {
	var all []string
	for _, one := range f.faults {
		all = append(all, one.address+": "+one.text)
	}
	return all
}

// wrap joins the errors that Terraform told with how it ended.
func (p *progress) wrap(doing string, err error) error {
	if err == nil {
		return nil
	}
	return &failure{doing, p.faults, err}
}
