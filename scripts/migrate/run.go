package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"golang.org/x/sync/errgroup"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/schema"
)

const (
	pageSize = 300 // documents of one query
	workers  = 8   // transactions at once
	attempts = 10  // of one transaction; a document in use may change meanwhile
)

// step brings the documents of one collection into a new shape.
type step struct {
	// Name is what -step takes, About a line for -list.
	Name, About string
	// Collection is the last name of the collection, as package schema has it. All collections of that
	// name are gone through.
	Collection string
	// Pending reports whether the document has the old shape. It is asked before the transaction
	// and in it, so that a document which changes meanwhile is judged as it is.
	Pending func(doc *firestore.DocumentSnapshot) (bool, error)
	// Migrate writes the new shape by tx, which has read the document. It may run more than once.
	Migrate func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error
}

// is reports whether the name is that of the step, or of the group that it belongs to: "a" runs
// "a" and "a/b".
func (s step) is(name string) bool { return s.Name == name || strings.HasPrefix(s.Name, name+"/") }

func (s step) query(fs *firestore.Client) firestore.Query {
	if c, _ := schema.Find(s.Collection); c.Below != "" {
		return fs.CollectionGroup(s.Collection).OrderBy(firestore.DocumentID, firestore.Asc)
	}
	return fs.Collection(s.Collection).OrderBy(firestore.DocumentID, firestore.Asc)
}

// tx is a transaction that only notes its writes in a dry run.
type tx struct {
	fs    *firestore.Client
	inner *firestore.Transaction
	now   time.Time
	dry   bool
	// stones is nil if the run was given none.
	stones *stones
	// owed signs events, and audit names people in the audit; each has no secret if the run was given
	// none.
	owed, audit keys.Ring
	// writes and notes are what the transaction did and what an operator must know, a line each.
	writes, notes []string
}

// Get reads a document; all reads come before the first write.
func (t *tx) Get(ref *firestore.DocumentRef) (*firestore.DocumentSnapshot, error) {
	return t.inner.Get(ref)
}

// Find reads the documents that the query finds. What they are is asked outside of the transaction,
// where the query locks nothing; so one may have changed meanwhile and not be what was asked for,
// and one that is made meanwhile is missing.
func (t *tx) Find(ctx context.Context, q firestore.Query) ([]*firestore.DocumentSnapshot, error) {
	found, err := q.Select().Documents(ctx).GetAll()
	if err != nil {
		return nil, err
	}
	refs := make([]*firestore.DocumentRef, len(found))
	for i, snap := range found {
		refs[i] = snap.Ref
	}
	snaps, err := t.inner.GetAll(refs)
	return slices.DeleteFunc(snaps, func(s *firestore.DocumentSnapshot) bool { return !s.Exists() }), err
}

// Set writes a document, or the fields of it that the options name.
func (t *tx) Set(ref *firestore.DocumentRef, data any, opts ...firestore.SetOption) error {
	return t.write("set", ref, func() error { return t.inner.Set(ref, data, opts...) })
}

// Update writes fields of a document that is there.
func (t *tx) Update(ref *firestore.DocumentRef, fields []firestore.Update) error {
	return t.write("update", ref, func() error { return t.inner.Update(ref, fields) })
}

// Delete removes a document.
func (t *tx) Delete(ref *firestore.DocumentRef) error {
	return t.write("delete", ref, func() error { return t.inner.Delete(ref) })
}

func (t *tx) write(what string, ref *firestore.DocumentRef, do func() error) error {
	t.writes = append(t.writes, what+" "+pathOf(ref))
	if t.dry {
		return nil
	}
	if err := do(); err != nil {
		return fmt.Errorf("%s %s: %w", what, pathOf(ref), err)
	}
	return nil
}

// Note adds a line for the operator: what needs a decision, or what is unexpected.
func (t *tx) Note(format string, args ...any) {
	t.notes = append(t.notes, fmt.Sprintf(format, args...))
}

// pathOf returns the path of the document within the database, such as "users/ada".
func pathOf(ref *firestore.DocumentRef) string {
	_, path, _ := strings.Cut(ref.Path, "/documents/")
	return path
}

// runner runs steps.
type runner struct {
	fs  *firestore.Client
	now func() time.Time
	out io.Writer
	dry bool
	// stones is for the steps that keep tombstones.
	stones *stones
	// owed is for the step that signs events, audit for that of the audit.
	owed, audit keys.Ring
	// after is the path of the document behind which the first page begins, "" for the beginning.
	after string
}

// tally counts the outcomes of the documents of a step.
type tally struct{ seen, migrated, notes, failed int }

// errIncomplete means that documents of a step could not be migrated; which has been printed.
var errIncomplete = errors.New("some documents could not be migrated; mend the cause and run it again")

// run runs the step over all its documents. A document that fails is printed and left behind.
func (r *runner) run(ctx context.Context, s step) error {
	fmt.Fprintf(r.out, "%s: %s\n", s.Name, s.About)
	var sum tally
	next := s.query(r.fs).Limit(pageSize)
	if r.after != "" {
		next = next.StartAfter(r.fs.Doc(r.after))
	}
	last := r.after
	for {
		page, err := next.Documents(ctx).GetAll()
		if err == nil {
			err = r.page(ctx, s, page, &sum)
		}
		if err != nil {
			return fmt.Errorf("stopped, go on by -step %s -after %q: %w", s.Name, last, err)
		}
		if len(page) > 0 {
			end := page[len(page)-1]
			last, next = pathOf(end.Ref), next.StartAfter(end)
		}
		r.report(sum, last)
		if len(page) < pageSize {
			break
		}
	}
	if sum.failed > 0 {
		return fmt.Errorf("%s: %d failed: %w", s.Name, sum.failed, errIncomplete)
	}
	return nil
}

func (r *runner) report(sum tally, last string) {
	verb := "migrated"
	if r.dry {
		verb = "would be migrated"
	}
	fmt.Fprintf(r.out, "  %d documents, %d %s, %d notes, %d failed, up to %s\n",
		sum.seen, sum.migrated, verb, sum.notes, sum.failed, last)
}

// outcome is what a step did to a document.
type outcome struct {
	writes, notes []string
	err           error
}

// page migrates the documents, several at once, and prints each outcome in their order. Its
// error is that of the run's end, by Ctrl-C.
func (r *runner) page(ctx context.Context, s step, page []*firestore.DocumentSnapshot, sum *tally) error {
	outcomes := make([]outcome, len(page))
	var group errgroup.Group
	group.SetLimit(workers)
	for i, doc := range page {
		group.Go(func() error {
			outcomes[i] = r.document(ctx, s, doc)
			return nil
		})
	}
	_ = group.Wait() // no error: each outcome has its own
	if ctx.Err() != nil {
		return ctx.Err() // the whole page is looked at again
	}
	for i, o := range outcomes {
		r.print(pathOf(page[i].Ref), o, sum)
	}
	return nil
}

func (r *runner) print(path string, o outcome, sum *tally) {
	sum.seen++
	if o.err != nil {
		sum.failed++
		fmt.Fprintf(r.out, "  FAILED %s: %v\n", path, o.err)
		return
	}
	if len(o.writes) > 0 {
		sum.migrated++
	}
	if r.dry && len(o.writes) > 0 {
		fmt.Fprintf(r.out, "  %s: %s\n", path, strings.Join(o.writes, ", "))
	}
	sum.notes += len(o.notes)
	for _, note := range o.notes {
		fmt.Fprintf(r.out, "  NOTE %s: %s\n", path, note)
	}
}

// document migrates one document in a transaction of its own, unless it is migrated or gone.
func (r *runner) document(ctx context.Context, s step, doc *firestore.DocumentSnapshot) (o outcome) {
	if pending, err := s.Pending(doc); err != nil || !pending {
		return outcome{err: err}
	}
	opts := []firestore.TransactionOption{firestore.MaxAttempts(attempts)}
	if r.dry {
		opts = append(opts, firestore.ReadOnly)
	}
	o.err = r.fs.RunTransaction(ctx, func(ctx context.Context, inner *firestore.Transaction) error {
		t := &tx{fs: r.fs, inner: inner, now: r.now().UTC(), dry: r.dry, stones: r.stones, owed: r.owed, audit: r.audit}
		err := s.migrate(ctx, t, doc.Ref)
		o.writes, o.notes = t.writes, t.notes
		return err
	}, opts...)
	return o
}

func (s step) migrate(ctx context.Context, t *tx, ref *firestore.DocumentRef) error {
	doc, err := t.Get(ref)
	if status.Code(err) == codes.NotFound {
		return nil
	}
	if err != nil {
		return fmt.Errorf("read it: %w", err)
	}
	pending, err := s.Pending(doc)
	if err != nil || !pending {
		return err
	}
	return s.Migrate(ctx, t, doc)
}
