package deploy

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"

	tfjson "github.com/hashicorp/terraform-json"
)

// change is what a plan does to one resource.
type change struct {
	address, kind string
	// because are the attributes that change, or that force the replacement.
	because []string
	// tainted means that the replacement is of what Terraform could not finish, such as a function
	// whose build failed.
	tainted bool
}

// stateful are the kinds whose loss is more than the work of making them again, and what is lost.
var stateful = map[string]string{
	"google_firestore_database":        "every document",
	"google_storage_bucket":            "every object in it",
	"google_pubsub_topic":              "the events that it keeps",
	"google_pubsub_subscription":       "the events that were not delivered yet",
	"google_secret_manager_secret":     "every version of the secret",
	"google_identity_platform_config":  "the sign-in's configuration",
	"google_compute_global_address":    "the IP address that the domain points at",
	"google_firestore_backup_schedule": "the schedule of backups",
}

// rebuilt are stateful in kind only: what they hold is made again by packaging.
var rebuilt = []string{"google_storage_bucket.source"}

// loses returns what is lost with the resource, "" if nothing.
func (c change) loses() string {
	if slices.ContainsFunc(rebuilt, func(name string) bool { return strings.HasSuffix(c.address, name) }) {
		return ""
	}
	return stateful[c.kind]
}

// summary is a plan for people.
type summary struct {
	creates, updates, replaces, destroys []change
	// imports are taken over as they are.
	imports []change
}

func summarise(plan *tfjson.Plan) summary {
	var s summary
	for _, r := range plan.ResourceChanges {
		if r.Mode != tfjson.ManagedResourceMode || r.Change == nil {
			continue
		}
		c := change{address: r.Address, kind: r.Type}
		switch actions := r.Change.Actions; {
		case actions.Replace():
			c.because, c.tainted = pathNames(r.Change.ReplacePaths), r.ActionReason == tfjson.ActionReasonReplaceBecauseTainted
			s.replaces = append(s.replaces, c)
		case actions.Create():
			s.creates = append(s.creates, c)
		case actions.Update():
			c.because = changedNames(r.Change)
			s.updates = append(s.updates, c)
		case actions.Delete():
			s.destroys = append(s.destroys, c)
		}
		if r.Change.Importing != nil {
			s.imports = append(s.imports, c)
		}
	}
	return s
}

// errBeyond is wrapped by the error of a plan that does more than was agreed to.
var errBeyond = errors.New("this goes beyond what you agreed to: run the same command again, to be asked")

// within returns an error unless the plan is a remainder of the agreed one: it touches nothing that
// that did not, and does nothing graver to it. What was created meanwhile and not finished may be
// replaced, since it has never held anything.
func (s summary) within(agreed summary) error {
	made := addresses(agreed.creates, agreed.replaces)
	touched := addresses(agreed.creates, agreed.replaces, agreed.updates, agreed.imports)
	gone := addresses(agreed.replaces, agreed.destroys)
	for _, c := range slices.Concat(s.creates, s.updates, s.imports) {
		if !touched[c.address] {
			return fmt.Errorf("the new plan also changes %s: %w", c.address, errBeyond)
		}
	}
	for _, c := range s.replaces {
		if !gone[c.address] && (!c.tainted || !made[c.address]) {
			return fmt.Errorf("the new plan replaces %s: %w", c.address, errBeyond)
		}
	}
	for _, c := range s.destroys {
		if !gone[c.address] {
			return fmt.Errorf("the new plan destroys %s: %w", c.address, errBeyond)
		}
	}
	return nil
}

func addresses(lists ...[]change) map[string]bool {
	all := map[string]bool{}
	for _, c := range slices.Concat(lists...) {
		all[c.address] = true
	}
	return all
}

// makes reports whether the plan creates a resource of the kind.
func (s summary) makes(kind string) bool {
	return slices.ContainsFunc(s.creates, func(c change) bool { return c.kind == kind })
}

// pathNames returns the attributes of a plan's paths, such as "location" or "fields.0.order".
func pathNames(paths []any) []string {
	var names []string
	for _, path := range paths {
		steps, ok := path.([]any)
		if !ok {
			continue
		}
		words := make([]string, len(steps))
		for i, step := range steps {
			words[i] = fmt.Sprint(step)
		}
		names = append(names, strings.Join(words, "."))
	}
	slices.Sort(names)
	return names
}

// changedNames returns the attributes that differ, or will be known only then. Values are not told:
// some are secret.
func changedNames(c *tfjson.Change) []string {
	before, _ := c.Before.(map[string]any)
	after, _ := c.After.(map[string]any)
	unknown, _ := c.AfterUnknown.(map[string]any)
	var names []string
	for name := range after {
		if !reflect.DeepEqual(before[name], after[name]) {
			names = append(names, name)
		}
	}
	for name, is := range unknown {
		if is == true && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

func (s summary) empty() bool {
	return len(s.creates)+len(s.updates)+len(s.replaces)+len(s.destroys)+len(s.imports) == 0
}

// actions returns how many completions Terraform will tell: a replacement is two.
func (s summary) actions() int {
	return len(s.creates) + len(s.updates) + 2*len(s.replaces) + len(s.destroys)
}

// losses returns the stateful resources that would go, replaced ones too.
func (s summary) losses() []change {
	var lost []change
	for _, c := range slices.Concat(s.replaces, s.destroys) {
		if c.loses() != "" {
			lost = append(lost, c)
		}
	}
	return lost
}

// print writes the summary. What is created stands by kind, since it can do no harm, and the rest
// one by one, unless all of it is destroyed.
func (s summary) print(w io.Writer) {
	if s.empty() {
		fmt.Fprintln(w, "Nothing to do: the cloud is as the files say.")
		return
	}
	fmt.Fprintf(w, "The plan: %d to create, %d to change, %d to replace, %d to destroy.\n",
		len(s.creates), len(s.updates), len(s.replaces), len(s.destroys))
	printKinds(w, "create", s.creates)
	for _, c := range s.imports {
		fmt.Fprintf(w, "  take over %s, which is there already\n", c.address)
	}
	for _, c := range s.updates {
		fmt.Fprintf(w, "  change   %s: %s\n", c.address, strings.Join(c.because, ", "))
	}
	for _, c := range s.replaces {
		fmt.Fprintf(w, "  REPLACE  %s, for a change of %s\n", c.address, strings.Join(c.because, ", "))
	}
	if len(s.destroys) > manyDestroys {
		printKinds(w, "DESTROY", s.destroys)
	} else {
		for _, c := range s.destroys {
			fmt.Fprintf(w, "  DESTROY  %s\n", c.address)
		}
	}
	for i, c := range s.losses() {
		if i == 0 {
			fmt.Fprintln(w, "\n!!! LOST FOR EVER, for no apply brings it back:")
		}
		fmt.Fprintf(w, "  !!!  %s: %s\n", c.address, c.loses())
	}
}

// manyDestroys is more than a person reads one by one: everything is to go.
const manyDestroys = 50

func printKinds(w io.Writer, action string, changes []change) {
	counts := map[string]int{}
	for _, c := range changes {
		counts[c.kind]++
	}
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(w, "  %-7s  %3d %s\n", action, counts[kind], kind)
	}
}
