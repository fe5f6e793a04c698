// Package doctor checks what a deployment needs, and tells for each fault the command that mends
// it. It changes nothing.
package doctor

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Check is one condition of a deployment.
type Check struct {
	Name string
	// Run returns what it found. Its error describes what is wrong. It may be a Finding, or several
	// that are joined; any other error is a fault.
	Run func(context.Context) (string, error)
	// Mend is the command or the action that mends a fault which names none itself.
	Mend string
}

// Kind is how grave a finding is.
type Kind string

// The kinds of findings. Only Fault fails a run.
const (
	// Skipped could not be checked.
	Skipped Kind = "skip"
	// Warned is no hindrance, but should be mended.
	Warned Kind = "warn"
	// Todo is what only a person can do, and the deployment is complete without it.
	Todo Kind = "to do"
	// Fault has to be mended.
	Fault Kind = "FAIL"
)

// Finding is what a check found beside "all is well".
type Finding struct {
	Kind Kind
	Text string
	// Mend is the remedy, "" for the check's own.
	Mend string
}

func (f *Finding) Error() string { return f.Text }

// Skip returns the finding of a check that was not made.
func Skip(why string) error { return &Finding{Kind: Skipped, Text: why} }

// Faulty returns a fault with its own remedy.
func Faulty(mend, format string, args ...any) error {
	return &Finding{Kind: Fault, Text: fmt.Sprintf(format, args...), Mend: mend}
}

// Warn returns a warning.
func Warn(mend, format string, args ...any) error {
	return &Finding{Kind: Warned, Text: fmt.Sprintf(format, args...), Mend: mend}
}

// ToDo returns the finding of what a person has to do.
func ToDo(what, format string, args ...any) error {
	return &Finding{Kind: Todo, Text: fmt.Sprintf(format, args...), Mend: what}
}

// ErrSick means that checks failed, which have been printed.
var ErrSick = errors.New("some checks failed: see FAIL above, each with its remedy")

// Run makes all checks, even after failures, prints what they find, and fails if one does. It
// returns what a person has to do.
func Run(ctx context.Context, w io.Writer, checks []Check) (todo []string, err error) {
	failed := false
	for _, k := range checks {
		found, err := k.Run(ctx)
		if ctx.Err() != nil {
			return todo, ctx.Err()
		}
		if err == nil {
			fmt.Fprintf(w, "ok    %-14s %s\n", k.Name, found)
			continue
		}
		for _, f := range findings(err) {
			print(w, k, f)
			failed = failed || f.Kind == Fault
			if f.Kind == Todo {
				todo = append(todo, f.remedy(k))
			}
		}
	}
	if failed {
		return todo, ErrSick
	}
	return todo, nil
}

// findings returns the findings that an error joins. An error of another kind is a fault.
func findings(err error) []*Finding {
	if joined, is := err.(interface{ Unwrap() []error }); is {
		var all []*Finding
		for _, one := range joined.Unwrap() {
			all = append(all, findings(one)...)
		}
		return all
	}
	if f := new(Finding); errors.As(err, &f) {
		return []*Finding{f}
	}
	return []*Finding{{Kind: Fault, Text: err.Error()}}
}

func (f *Finding) remedy(k Check) string {
	if f.Mend == "" {
		return k.Mend
	}
	return f.Mend
}

func print(w io.Writer, k Check, f *Finding) {
	fmt.Fprintf(w, "%-5s %-14s %s\n", f.Kind, k.Name, f.Text)
	if f.Kind != Skipped {
		fmt.Fprintf(w, "      %-14s -> %s\n", "", f.remedy(k))
	}
}
