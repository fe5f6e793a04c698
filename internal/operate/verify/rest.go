package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/notify/deliver"
	"github.com/facescan/facescan/internal/parked"
)

// checkRest checks the name and the exports.
func (h *home) checkRest() {
	if h.user.Folded != "" && (h.name.UID != h.user.UID || !h.name.ExpireAt.IsZero()) {
		h.report(NameHeld, "usernames/"+h.user.Folded, false, "the user has the name, and does not hold it")
	}
	archived := map[string]bool{}
	for _, o := range h.archives {
		archived[o.Name] = true
	}
	for id, j := range h.exports {
		path := "exports/" + id
		switch {
		case h.late(j.SweepAt):
			h.report(SagaEnds, path, false, "it is %s, and was to be looked at by %s", j.State, stamp(j.SweepAt))
		case j.State == export.Queued:
			h.report(SagaEnds, path, true, "it is %s", j.State)
		case j.State == export.Ready && !archived[j.Object] && h.Now().Before(j.ExpireAt):
			h.report(SagaEnds, path, false, "it is ready, and its archive is missing")
		}
	}
}

// checkLegs checks that a notice that has not ended on each of its channels is due again.
func (h *home) checkLegs(path string, waits bool, legs []deliver.Leg, due, updated time.Time) {
	for _, l := range legs {
		if l.Failed() {
			h.report(NoticeEnds, path, false, "its %s has failed after %d attempts: %s", l.Channel, l.Attempts, l.Fault)
			return
		}
	}
	switch {
	case !waits:
	case due.IsZero():
		h.report(NoticeEnds, path, !h.late(updated), "it has not ended")
	case h.late(due) && h.user.State == account.Active:
		h.report(NoticeEnds, path, false, "it was due at %s", stamp(due))
	}
}

func stamp(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// outbox looks for events that are owed.
func (v *Verifier) outbox(ctx context.Context, r *Report) error {
	for snap, err := range each(ctx, v.Firestore.Collection("outbox").Select("createdAt", "topic", "uid", "writer")) {
		if err != nil {
			return fmt.Errorf("list the outbox: %w", err)
		}
		var owed struct {
			CreatedAt time.Time `firestore:"createdAt"`
			Topic     string    `firestore:"topic"`
			UID       string    `firestore:"uid"`
			Writer    string    `firestore:"writer"`
		}
		if err := snap.DataTo(&owed); err != nil {
			return fmt.Errorf("decode what the outbox owes: %w", err)
		}
		r.Looked["outbox"]++
		r.add(Finding{
			Rule: Published, Path: "outbox/" + snap.Ref.ID, UID: account.UID(owed.UID), Open: !v.late(owed.CreatedAt),
			Says: fmt.Sprintf("%s owes it to %s since %s", owed.Writer, owed.Topic, stamp(owed.CreatedAt)),
		})
	}
	return nil
}

// parked looks for events that wait for an operator.
func (v *Verifier) parked(ctx context.Context, r *Report) error {
	for e, err := range parked.List(ctx, v.Firestore) {
		if err != nil {
			return fmt.Errorf("list the parked events: %w", err)
		}
		r.Looked["parked"]++
		if e.RedrivenAt.IsZero() {
			r.add(Finding{
				Rule: NothingParked, Path: "parked/" + e.ID, UID: account.UID(e.UID),
				Says: fmt.Sprintf("%s could not handle it: %s", e.Function, e.Reason),
			})
		}
	}
	return nil
}

// erasures looks for erasures and withdrawals under way.
func (v *Verifier) erasures(ctx context.Context, r *Report) error {
	for snap, err := range each(ctx, v.Firestore.Collection("erasures").Select("sweepAt", "step", "scope", "uid")) {
		if err != nil {
			return fmt.Errorf("list the erasures: %w", err)
		}
		var saga struct {
			UID     string    `firestore:"uid"`
			Scope   string    `firestore:"scope"`
			Step    string    `firestore:"step"`
			SweepAt time.Time `firestore:"sweepAt"`
		}
		if err := snap.DataTo(&saga); err != nil {
			return fmt.Errorf("decode erasure %s: %w", snap.Ref.ID, err)
		}
		r.Looked["erasures"]++
		r.add(Finding{
			Rule: SagaEnds, Path: "erasures/" + snap.Ref.ID, UID: account.UID(saga.UID), Open: !v.late(saga.SweepAt),
			Says: fmt.Sprintf("%s is at %s, to be looked at by %s", saga.Scope, saga.Step, stamp(saga.SweepAt)),
		})
	}
	return nil
}

// strays looks for what belongs to users that do not exist: documents of collections with the field
// uid, and folders of the buckets. What a user who came meanwhile has is none.
func (v *Verifier) strays(ctx context.Context, r *Report, users map[account.UID]bool) error {
	gone := map[account.UID]bool{}
	missing := func(uid account.UID) (bool, error) {
		if users[uid] {
			return false, nil
		}
		if known, ok := gone[uid]; ok {
			return known, nil
		}
		_, err := account.Get(ctx, v.Firestore, uid)
		if err != nil && !errors.Is(err, account.ErrNoUser) {
			return false, err
		}
		gone[uid] = err != nil
		return gone[uid], nil
	}
	report := func(path string, uid account.UID) error {
		lost, err := missing(uid)
		if lost {
			r.add(Finding{Rule: UserExists, Path: path, UID: uid, Says: "there is no such user"})
		}
		return err
	}
	for _, collection := range []string{"scans", "exports"} {
		for snap, err := range each(ctx, v.Firestore.Collection(collection).Select("uid")) {
			if err != nil {
				return fmt.Errorf("list %s: %w", collection, err)
			}
			uid, _ := snap.Data()["uid"].(string)
			if err := report(collection+"/"+snap.Ref.ID, account.UID(uid)); err != nil {
				return err
			}
		}
	}
	for _, in := range []struct {
		bucket *storage.BucketHandle
		prefix string
	}{{v.Uploads, "uploads/"}, {v.Results, "results/"}, {v.Results, "exports/"}} {
		folders := in.bucket.Objects(ctx, &storage.Query{Prefix: in.prefix, Delimiter: "/"})
		for {
			o, err := folders.Next()
			if errors.Is(err, iterator.Done) {
				break
			}
			if err != nil {
				return fmt.Errorf("list the folders of %s: %w", in.bucket.BucketName(), err)
			}
			name := o.Prefix + o.Name // one of both
			uid := strings.TrimSuffix(strings.TrimPrefix(name, in.prefix), "/")
			if err := report(in.bucket.BucketName()+"/"+name, account.UID(uid)); err != nil {
				return err
			}
		}
	}
	return nil
}
