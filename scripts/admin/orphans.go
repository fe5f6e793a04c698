package main

import (
	"context"
	"flag"
	"fmt"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/operate/orphan"
)

// orphanView is a scan that has objects and no document.
type orphanView struct {
	orphan.Scan
	// Outcome is "found", "cleared", "would be cleared", or why it failed.
	Outcome string `json:"outcome"`
}

const ofOrphans = `Those are the photos and results of scans that were begun after the backup that the database was restored
from: nothing leads to them any more. It lists both buckets and reads each of their scans. It refuses a
database that the functions do not use, such as one that a restore is tried with.`

var orphansList = command{
	name: "orphans list", about: "lists the objects of scans that the database does not have", more: ofOrphans,
	define: func(*flag.FlagSet) (func([]string) error, runner) {
		return none, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			return t.orphans(ctx, func(*orphan.Finder, orphan.Scan) (string, error) { return "found", nil })
		}
	},
}

var orphansClear = command{
	name: "orphans clear", about: "deletes the objects of scans that the database does not have",
	more:    ofOrphans + "\nIf the database has none of the scans, it is another's, and nothing is deleted.",
	changes: true, acts: true,
	define: func(*flag.FlagSet) (func([]string) error, runner) {
		return none, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			return t.orphans(ctx, func(f *orphan.Finder, s orphan.Scan) (string, error) {
				if t.dryRun {
					return t.done("cleared"), nil
				}
				return t.done("cleared"), f.Clear(ctx, s)
			})
		}
	},
}

// orphans finds orphans, does something with each, and returns the table.
func (t *tools) orphans(
	ctx context.Context, do func(*orphan.Finder, orphan.Scan) (outcome string, err error),
) (answer, error) {
	fs, err := t.firestore(ctx)
	if err != nil {
		return answer{}, err
	}
	gcs, err := t.objects(ctx)
	if err != nil {
		return answer{}, err
	}
	f := &orphan.Finder{
		Firestore: fs, Uploads: gcs.Bucket(t.uploads), Results: gcs.Bucket(t.results), Acts: t.acts(), By: audit.Operator,
		Now: time.Now,
	}
	found, others, err := f.Find(ctx)
	if err != nil {
		return answer{}, fmt.Errorf("find orphans: %w", err)
	}
	views, failed := []orphanView{}, 0
	a := answer{head: []string{"USER", "SCAN", "OBJECTS", "BYTES", "OUTCOME"}}
	for _, s := range found {
		v := orphanView{Scan: s}
		if v.Outcome, err = do(f, s); err != nil {
			v.Outcome = err.Error()
			failed++
		}
		views = append(views, v)
		a.rows = append(a.rows, []string{
			string(s.UID), string(s.ID), strconv.Itoa(s.Objects), strconv.FormatInt(s.Bytes, 10), v.Outcome,
		})
	}
	a.value = views
	a.notes = []string{fmt.Sprintf("%d scans have objects alone, and %d are whole", len(found), others)}
	if failed > 0 {
		return a, fmt.Errorf("%d of %d: %w", failed, len(found), errLeft)
	}
	return a, nil
}
