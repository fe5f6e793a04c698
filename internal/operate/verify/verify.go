// Package verify looks for what the stores must not hold: work that nothing will end, facts that
// were lost on their way or told twice, counts that are wrong, and what belongs to no user.
// Operators run it by scripts/admin verify, after an incident or a restore, and `bench chaos` after
// each run with faults.
//
// It only reads. While the system works, much is on its way: what is younger than a Verifier's
// Patience is open, not wrong. Of each user the documents are read as of one moment, and a fault is
// reported only if a second look finds it, too, so that what happens between two reads is none.
//
// It does not look at a photo or a report, only at whether they are there.
package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
)

// Rule names what must hold.
type Rule string

// The rules.
const (
	// Readable means that each document has the shape that the code reads.
	Readable Rule = "readable"
	// ScanEnds means that each photo that arrived ends in a result or a reason, by something that will
	// come back to it.
	ScanEnds Rule = "scan-ends"
	// ScanWhole means that an ended scan has what belongs to its state: a result with its report, or a
	// reason.
	ScanWhole Rule = "scan-whole"
	// PhotoDue means that each photo belongs to a scan that will delete it.
	PhotoDue Rule = "photo-due"
	// ObjectOwned means that each object belongs to a scan or an export that exists.
	ObjectOwned Rule = "object-owned"
	// ToldOnce means that the end of a scan and of a series is told by one notice.
	ToldOnce Rule = "told-once"
	// NoticeEnds means that a notice ends on each of its channels.
	NoticeEnds Rule = "notice-ends"
	// Ranked means that a rating has each scan and series that counts, and no other.
	Ranked Rule = "ranked"
	// Listed means that the boards have the entries that the ratings say.
	Listed Rule = "listed"
	// Counted means that a board's counts are those of its entries.
	Counted Rule = "counted"
	// Published means that no event is owed for long.
	Published Rule = "published"
	// NothingParked means that no event waits for an operator.
	NothingParked Rule = "nothing-parked"
	// SagaEnds means that an export, an erasure and a withdrawal end.
	SagaEnds Rule = "saga-ends"
	// UserExists means that what has a user's id belongs to a user that exists.
	UserExists Rule = "user-exists"
	// NameHeld means that a user holds the name that they have.
	NameHeld Rule = "name-held"
)

// Rules are all rules.
var Rules = []Rule{
	Readable, ScanEnds, ScanWhole, PhotoDue, ObjectOwned, ToldOnce, NoticeEnds, Ranked, Listed, Counted, Published,
	NothingParked, SagaEnds, UserExists, NameHeld,
}

// Finding is a place where a rule does not hold.
type Finding struct {
	Rule Rule `json:"rule"`
	// Path is the document's, or BUCKET/NAME of an object.
	Path string      `json:"path"`
	UID  account.UID `json:"uid,omitempty"`
	Says string      `json:"says"`
	// Open is set for what is on its way, and may end by itself.
	Open bool `json:"open,omitempty"`
}

func (f Finding) String() string {
	return fmt.Sprintf("%s: %s: %s", f.Rule, f.Path, f.Says)
}

// key is what a second look knows the finding by.
func (f Finding) key() [2]string { return [2]string{string(f.Rule), f.Path} }

// Report is what a look has found.
type Report struct {
	// Looked is how many documents and objects were looked at, by the name of their collection or
	// bucket.
	Looked map[string]int `json:"looked"`
	// Scans is how many scans there are, by their states.
	Scans map[string]int `json:"scans"`
	// Findings are the first MaxFindings of each rule, and Count is how many there are in all.
	Findings []Finding    `json:"findings"`
	Count    map[Rule]int `json:"count"`
	// Open is how many findings are of what is on its way.
	Open int `json:"open"`
}

// MaxFindings is how many findings of one rule a report has. An incident may have a million.
const MaxFindings = 100

// Wrong returns how many findings are faults.
func (r *Report) Wrong() int {
	n := -r.Open
	for _, of := range r.Count {
		n += of
	}
	return n
}

func (r *Report) add(found ...Finding) {
	for _, f := range found {
		if r.Count[f.Rule]++; r.Count[f.Rule] <= MaxFindings {
			r.Findings = append(r.Findings, f)
		}
		if f.Open {
			r.Open++
		}
	}
}

// Verifier looks through the stores. Its fields must not change while it looks.
type Verifier struct {
	Firestore *firestore.Client
	// Uploads and Results are the buckets.
	Uploads, Results *storage.BucketHandle
	// Patience is how long after its time something may be on its way, DefaultPatience if it is zero.
	Patience time.Duration
	// Looked, if set, is called after each user.
	Looked func()
	// Now is the clock of the functions.
	Now func() time.Time
}

// DefaultPatience is longer than the sweep takes to publish an event or to go on with an analysis
// that died, and a request of Pub/Sub to be repeated.
const DefaultPatience = 15 * time.Minute

func (v *Verifier) patience() time.Duration { return cmp.Or(v.Patience, DefaultPatience) }

// late reports whether something that was due at the time is wrong by now.
func (v *Verifier) late(due time.Time) bool { return v.Now().Sub(due) > v.patience() }

// All looks through everything. It reads every document of every user.
func (v *Verifier) All(ctx context.Context) (*Report, error) {
	r := newReport()
	users, err := v.users(ctx)
	if err != nil {
		return nil, err
	}
	for uid := range users {
		if err := v.user(ctx, r, uid); err != nil {
			return nil, err
		}
	}
	for _, look := range []func(context.Context, *Report) error{v.boards, v.outbox, v.parked, v.erasures} {
		if err := look(ctx, r); err != nil {
			return nil, err
		}
	}
	if err := v.strays(ctx, r, users); err != nil {
		return nil, err
	}
	return r, nil
}

// User looks through what one user has. The error is [account.ErrNoUser] if there is no such user.
func (v *Verifier) User(ctx context.Context, uid account.UID) (*Report, error) {
	if _, err := account.Get(ctx, v.Firestore, uid); err != nil {
		return nil, fmt.Errorf("read the user: %w", err)
	}
	r := newReport()
	return r, v.user(ctx, r, uid)
}

func newReport() *Report {
	return &Report{Looked: map[string]int{}, Scans: map[string]int{}, Findings: []Finding{}, Count: map[Rule]int{}}
}

// user adds what two looks at the user have found. The second one has the counts of what is there.
func (v *Verifier) user(ctx context.Context, r *Report, uid account.UID) error {
	first, err := v.look(ctx, uid)
	if err != nil {
		return err
	}
	if found := first.findings; len(found) > 0 {
		seen := map[[2]string]bool{}
		for _, f := range found {
			seen[f.key()] = true
		}
		if first, err = v.look(ctx, uid); err != nil {
			return err
		}
		first.findings = slices.DeleteFunc(first.findings, func(f Finding) bool { return !seen[f.key()] })
	}
	for name, n := range first.looked {
		r.Looked[name] += n
	}
	for _, s := range first.scans {
		r.Scans[string(s.State)]++
	}
	r.add(first.findings...)
	if v.Looked != nil {
		v.Looked()
	}
	return nil
}

// users returns the ids of all users.
func (v *Verifier) users(ctx context.Context) (map[account.UID]bool, error) {
	all := map[account.UID]bool{}
	for snap, err := range each(ctx, v.Firestore.Collection("users").Select()) {
		if err != nil {
			return nil, fmt.Errorf("list the users: %w", err)
		}
		all[account.UID(snap.Ref.ID)] = true
	}
	return all, nil
}

// each returns what the query finds. It ends at the first error.
func each(ctx context.Context, q firestore.Query) iter.Seq2[*firestore.DocumentSnapshot, error] {
	return func(yield func(*firestore.DocumentSnapshot, error) bool) {
		docs := q.Documents(ctx)
		defer docs.Stop()
		for {
			snap, err := docs.Next()
			if errors.Is(err, iterator.Done) || !yield(snap, err) || err != nil {
				return
			}
		}
	}
}
