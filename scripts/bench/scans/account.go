package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"

	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
)

// account tells how the scans ended, as seen from outside once all is quiet.
type account struct {
	Scans     int `json:"scans"`
	Accepted  int `json:"accepted"` // their photos were
	Completed int `json:"completed"`
	Failed    int `json:"failed"`
	// Refused are the scans that never had a photo, since the API answered with an error.
	Refused int `json:"refused"`
	// Lost are the accepted photos without an end, Unseen the ends that the user was not told by the
	// long poll, Unnoticed those without a notice in the inbox.
	Lost      int `json:"lost"`
	Unseen    int `json:"unseen"`
	Unnoticed int `json:"unnoticed"`
	// Doubled are the scans that ended more than once, or whose user has more than one notice of it.
	Doubled int `json:"doubled"`
	// Wrong are the scans that ended otherwise than their photo has it, such as a corrupt one that was
	// completed.
	Wrong int `json:"wrong"`
	// Untyped are the failed scans without a reason.
	Untyped int `json:"untyped"`
	// Reasons are those of the failed scans, Duplicates the completed ones that were taken for one
	// before.
	Reasons    map[string]int `json:"reasons,omitempty"`
	Duplicates int            `json:"duplicates"`
	// Claims are the analyses that were begun and have not given their scan back, one a scan without
	// faults, and Versions the changes of the scans' documents.
	Claims   int   `json:"claims"`
	Versions int64 `json:"versions"`
	// Driven are the scans whose photo the sweep published again, and Left those that it found waiting
	// in the backlog and left there.
	Driven int `json:"drivenAgain"`
	Left   int `json:"leftInBacklog"`
	// Owed are the events still in the outbox, Parked and DeadLetters those that no attempt could
	// deliver, and Open the scans that are in between.
	Owed        int `json:"owed"`
	Parked      int `json:"parked"`
	DeadLetters int `json:"deadLetters"`
	Open        int `json:"open"`
	// Again is how many requests the clients repeated.
	Again int `json:"requestsRepeated"`
	// examples are of what is wrong, by a few scans.
	Examples []string `json:"examples,omitempty"`
}

// broken reports whether a guarantee is.
func (a account) broken() bool {
	return a.Lost+a.Doubled+a.Wrong+a.Untyped+a.Unnoticed+a.Refused+a.Owed+a.Parked+a.DeadLetters+a.Open > 0
}

// maxExamples bounds the examples.
const maxExamples = 10

func (a *account) example(format string, args ...any) {
	if len(a.Examples) < maxExamples {
		a.Examples = append(a.Examples, fmt.Sprintf(format, args...))
	}
}

// stored is what the database has of the scans.
type stored struct {
	scans map[string]scan.Scan
	// notices are the inbox items of each scan's end.
	notices                   map[string]int
	owed, parked, deadLetters int
}

// accountFor compares what the clients saw, what is stored and what the functions logged.
func accountFor(all []*journey, s stored, t tallies) account {
	a := account{
		Scans: len(all), Owed: s.owed, Parked: s.parked, DeadLetters: s.deadLetters, Reasons: map[string]int{},
		Driven: len(t.driven), Left: len(t.left),
	}
	for _, j := range all {
		a.Again += j.again
		if j.put.IsZero() {
			a.Refused++
			a.example("scan %d was not accepted: %v", j.n, j.err)
			continue
		}
		a.Accepted++
		doc, there := s.scans[j.id]
		if !there || doc.State != scan.Completed && doc.State != scan.Failed {
			a.Lost++
			a.example("scan %d, %s, has not ended: it is %q", j.n, j.id, doc.State)
			if there {
				a.Open++
			}
			continue
		}
		a.end(j, doc)
		if j.ended.IsZero() || string(j.state) != string(doc.State) {
			a.Unseen++
		}
		notices, ends := s.notices[j.id], t.ends[j.id]
		if notices == 0 {
			a.Unnoticed++
			a.example("scan %d, %s, has no notice in the inbox", j.n, j.id)
		}
		if notices > 1 || ends > 1 {
			a.Doubled++
			a.example("scan %d, %s, has %d notices and ended %d times", j.n, j.id, notices, ends)
		}
	}
	return a
}

// end counts how the scan ended.
func (a *account) end(j *journey, doc scan.Scan) {
	a.Claims += doc.Claims
	a.Versions += doc.Version
	if doc.DuplicateOf != "" {
		a.Duplicates++
	}
	if doc.State == scan.Completed {
		a.Completed++
	} else {
		a.Failed++
		reason := ""
		if doc.Failure != nil {
			reason = doc.Failure.Code
		}
		if reason == "" {
			a.Untyped++
		}
		a.Reasons[reason]++
	}
	if (doc.State == scan.Completed) != (j.kind == good) {
		a.Wrong++
		a.example("scan %d, %s, of %s ended as %s %+v", j.n, j.id, j.kind, doc.State, doc.Failure)
	}
}

// lookEvery is the time between two looks at the database, which cost it something.
const lookEvery = 500 * time.Millisecond

// quiet waits until every accepted scan has ended, every end has its notice and nothing is owed; at
// most until the deadline, after which what is missing is missing. It returns what is stored.
func (w *world) quiet(ctx context.Context, all []*journey, deadline time.Time) (stored, error) {
	accepted := 0
	for _, j := range all {
		if !j.put.IsZero() {
			accepted++
		}
	}
	accepted += warmUp // which have their notices, too
	waiting, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		seems, err := w.seemsQuiet(waiting, accepted)
		if err != nil || seems || waiting.Err() != nil { // all of it is read once it may do
			s, err := w.stored(ctx, all)
			if err != nil {
				return s, err
			}
			if s.settled(all) || waiting.Err() != nil { // otherwise something is missing
				s.deadLetters, err = w.deadLetters(ctx)
				return s, err
			}
		}
		select {
		case <-waiting.Done():
		case <-tick.C:
		}
	}
}

// ofScans are the notices of the ends of scans.
func (w *world) ofScans() firestore.Query {
	kinds := []notify.Kind{notify.ScanCompleted, notify.ScanFailed}
	return w.fs.CollectionGroup("inbox").Where("kind", "in", kinds)
}

// seemsQuiet reports whether nothing is owed and there are notices enough.
func (w *world) seemsQuiet(ctx context.Context, accepted int) (bool, error) {
	owed, err := w.fs.Collection("outbox").Limit(1).Documents(ctx).GetAll()
	if err != nil || len(owed) > 0 {
		return false, err
	}
	notices, err := w.ofScans().Select().Documents(ctx).GetAll()
	return len(notices) >= accepted, err
}

// settled reports whether nothing is to be waited for.
func (s stored) settled(all []*journey) bool {
	return s.owed == 0 && !slices.ContainsFunc(all, func(j *journey) bool {
		return !j.put.IsZero() && (!s.scans[j.id].State.Terminal() || s.notices[j.id] == 0)
	})
}

// stored reads the database.
func (w *world) stored(ctx context.Context, all []*journey) (stored, error) {
	s := stored{scans: map[string]scan.Scan{}, notices: map[string]int{}}
	var refs []*firestore.DocumentRef
	for _, j := range all {
		if j.id != "" {
			refs = append(refs, scan.Ref(w.fs, scan.ID(j.id)))
		}
	}
	for some := range slices.Chunk(refs, 200) {
		snaps, err := w.fs.GetAll(ctx, some)
		if err != nil {
			return s, fmt.Errorf("read the scans: %w", err)
		}
		for _, snap := range snaps {
			doc, err := scan.DecodeAny(snap, nil)
			if errors.Is(err, scan.ErrNotFound) {
				continue
			}
			if err != nil {
				return s, err
			}
			s.scans[string(doc.ID)] = doc
		}
	}
	items, err := w.ofScans().Documents(ctx).GetAll()
	if err != nil {
		return s, fmt.Errorf("read the inboxes: %w", err)
	}
	for _, snap := range items {
		var item notify.Item
		if err := snap.DataTo(&item); err != nil {
			return s, fmt.Errorf("read a notice: %w", err)
		}
		s.notices[item.Data["scanId"]]++
	}
	if s.owed, err = count(ctx, w.fs.Collection("outbox")); err != nil {
		return s, err
	}
	s.parked, err = count(ctx, w.fs.Collection("parked"))
	return s, err
}

func count(ctx context.Context, of *firestore.CollectionRef) (int, error) {
	snaps, err := of.Select().Documents(ctx).GetAll()
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", of.ID, err)
	}
	return len(snaps), nil
}

// deadLetters takes what is in the topic of dead letters.
func (w *world) deadLetters(ctx context.Context) (int, error) {
	pub, err := pubsub.NewClient(ctx, host.Project)
	if err != nil {
		return 0, fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	defer func() { _ = pub.Close() }()
	got, err := pub.SubscriptionAdminClient.Pull(ctx, &pubsubpb.PullRequest{
		Subscription: "projects/" + host.Project + "/subscriptions/" + host.DeadLetterSubscription, MaxMessages: 1000,
		ReturnImmediately: true, //nolint:staticcheck // otherwise it waits for the first one
	})
	if err != nil {
		return 0, fmt.Errorf("read the dead letters: %w", err)
	}
	return len(got.GetReceivedMessages()), nil
}
