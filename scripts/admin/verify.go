package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/operate/verify"
)

// errWrong means that a rule does not hold.
var errWrong = errors.New("the stores have what they must not; the table has what and where")

var verifyStores = command{
	name: "verify", about: "looks for what was lost, told twice, left over or counted wrong; it reads everything",
	more: `It changes nothing and shows no photo and nothing measured. What is on its way is listed as open. Of many
users it takes long, and each document is a read: see -uid. It fails if something is wrong.`,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		uid := flags.String("uid", "", "only what the `user` has, without counts of boards and owed events")
		patience := flags.Duration(
			"patience", verify.DefaultPatience, "how `long` after its time something may be on its way")
		check := func(args []string) error {
			if *patience <= 0 {
				return errors.New("-patience must be positive, such as 15m")
			}
			return none(args)
		}
		return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			return t.verify(ctx, account.UID(*uid), *patience)
		}
	},
}

func (t *tools) verify(ctx context.Context, uid account.UID, patience time.Duration) (answer, error) {
	fs, err := t.firestore(ctx)
	if err != nil {
		return answer{}, err
	}
	gcs, err := t.objects(ctx)
	if err != nil {
		return answer{}, err
	}
	bar := terminal.Bar(t.progress, -1, "users")
	v := &verify.Verifier{
		Firestore: fs, Uploads: gcs.Bucket(t.uploads), Results: gcs.Bucket(t.results), Patience: patience, Now: time.Now,
		Looked: func() { _ = bar.Add(1) }, // to a terminal
	}
	var r *verify.Report
	if uid != "" {
		r, err = v.User(ctx, uid)
	} else {
		r, err = v.All(ctx)
	}
	_ = bar.Finish() // to a terminal
	if err != nil {
		return answer{}, fmt.Errorf("verify the stores: %w", err)
	}
	a := verified(r)
	if r.Wrong() > 0 {
		return a, fmt.Errorf("%d: %w", r.Wrong(), errWrong)
	}
	return a, nil
}

// verified returns the report as an answer: what is wrong first.
func verified(r *verify.Report) answer {
	a := answer{head: []string{"RULE", "", "PATH", "WHAT"}, value: r}
	for _, is := range []string{"wrong", "open"} {
		for _, f := range r.Findings {
			if f.Open == (is == "open") {
				a.rows = append(a.rows, []string{string(f.Rule), is, f.Path, short(f.Says)})
			}
		}
	}
	for _, rule := range verify.Rules {
		if n := r.Count[rule]; n > verify.MaxFindings {
			a.notes = append(a.notes, fmt.Sprintf("%s: %d, of which %d are listed", rule, n, verify.MaxFindings))
		}
	}
	names := make([]string, 0, len(r.Looked))
	for name := range r.Looked {
		names = append(names, name)
	}
	slices.Sort(names)
	looked := ""
	for _, name := range names {
		looked += " " + strconv.Itoa(r.Looked[name]) + " " + name
	}
	a.notes = append(a.notes, "looked at"+looked, fmt.Sprintf("%d wrong, %d open", r.Wrong(), r.Open))
	return a
}
