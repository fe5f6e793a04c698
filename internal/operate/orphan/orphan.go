// Package orphan finds objects of scans that the database does not have, and deletes them. There
// are none unless a backup was restored: the photos and results of scans that were begun after it
// are there, and nothing leads to them, neither their users' requests nor the sweep. The bucket
// deletes photos by itself after some days, but results stay.
//
// A scan's document comes before its objects and goes after them, so that what has none is an
// orphan however new it is.
package orphan

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/sweep"
)

const (
	// asked is how many scans are asked for at once.
	asked = 200
	// recently is how old the last sweep of a database in use may be.
	recently = 10 * time.Minute
)

// Errors of a database that the objects are not of, whose orphans are another's scans.
var (
	// ErrUnused means that no function uses it, as the one that a restore is tried with.
	ErrUnused = errors.New("no sweep has come to the database in ten minutes: the functions use another one")
	// ErrAll means that no object has its scan.
	ErrAll = errors.New("the database has none of the scans that there are objects of: is it the right one?")
)

// Scan is a scan that has objects and no document.
type Scan struct {
	UID     account.UID `json:"uid"`
	ID      scan.ID     `json:"scanId"`
	Objects int         `json:"objects"`
	Bytes   int64       `json:"bytes"`
}

// Finder finds orphans.
type Finder struct {
	Firestore *firestore.Client
	// Uploads has the photos, and Results what was made of them.
	Uploads, Results *storage.BucketHandle
	// Acts keeps what is deleted, and By is who asks for it.
	Acts *audit.Book
	By   audit.Actor
	// Now is the clock.
	Now func() time.Time
}

// key names a scan and its user.
type key struct {
	uid account.UID
	id  scan.ID
}

// Find returns the scans without a document, by user and scan, and the number of those that have
// one. It lists both buckets and reads each of their scans. The error is [ErrUnused] or [ErrAll]
// for a database that the objects are not of.
func (f *Finder) Find(ctx context.Context) (orphans []Scan, others int, err error) {
	switch last, err := sweep.Last(ctx, f.Firestore); {
	case err != nil:
		return nil, 0, err
	case f.Now().Sub(last) > recently:
		return nil, 0, ErrUnused
	}
	all := map[key]*Scan{}
	err = errors.Join(f.collect(ctx, f.Uploads, "uploads/", all), f.collect(ctx, f.Results, "results/", all))
	if err != nil {
		return nil, 0, err
	}
	scans := make([]Scan, 0, len(all))
	for _, s := range all {
		scans = append(scans, *s)
	}
	slices.SortFunc(scans, func(a, b Scan) int { return cmp.Or(cmp.Compare(a.UID, b.UID), cmp.Compare(a.ID, b.ID)) })
	for page := range slices.Chunk(scans, asked) {
		lost, err := f.lost(ctx, page)
		if err != nil {
			return nil, 0, err
		}
		orphans, others = append(orphans, lost...), others+len(page)-len(lost)
	}
	if others == 0 && len(orphans) > 0 {
		return nil, 0, ErrAll
	}
	return orphans, others, nil
}

// collect adds the objects of the bucket to their scans. What is of no scan is left alone.
func (f *Finder) collect(ctx context.Context, b *storage.BucketHandle, prefix string, all map[key]*Scan) error {
	for o, err := range bucket.List(ctx, b, prefix) {
		if err != nil {
			return err
		}
		parts := strings.SplitN(o.Name, "/", 4)
		if len(parts) < 3 || !event.ValidID(parts[1]) || !scan.ID(parts[2]).Valid() {
			continue
		}
		k := key{account.UID(parts[1]), scan.ID(parts[2])}
		if all[k] == nil {
			all[k] = &Scan{UID: k.uid, ID: k.id}
		}
		all[k].Objects++
		all[k].Bytes += o.Size
	}
	return nil
}

// lost returns those of the scans that have no document.
func (f *Finder) lost(ctx context.Context, scans []Scan) (lost []Scan, err error) {
	refs := make([]*firestore.DocumentRef, len(scans))
	for i, s := range scans {
		refs[i] = scan.Ref(f.Firestore, s.ID)
	}
	snaps, err := f.Firestore.GetAll(ctx, refs)
	if err != nil {
		return nil, fmt.Errorf("look for the scans: %w", err)
	}
	for i, snap := range snaps {
		if !snap.Exists() {
			lost = append(lost, scans[i])
		}
	}
	return lost, nil
}

// Clear deletes the objects of a scan that Find returned, after the act is kept, which is about the
// user if there is one. It may be repeated.
func (f *Finder) Clear(ctx context.Context, s Scan) error {
	act := audit.Act{Kind: audit.OrphanCleared, Actor: f.By, Object: string(s.ID)}
	if _, err := operate.Note(ctx, f.Firestore, f.Acts, s.UID, act); err != nil {
		return err
	}
	err := errors.Join(
		bucket.DeleteVersions(ctx, f.Uploads, scan.PhotoName(s.UID, s.ID)),
		bucket.DeleteVersions(ctx, f.Results, scan.ResultPrefix(s.UID, s.ID)),
	)
	if err != nil {
		return fmt.Errorf("delete the objects of scan %s: %w", s.ID, err)
	}
	return nil
}
