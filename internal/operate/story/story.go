// Package story collects what there is of a user or a scan, for operators: the documents of all
// collections, by their states, times and versions, the objects by their kinds and sizes, and the
// traces. It shows no photo and no link to one, no geometry of a face, nothing measured, and no
// text of the user's but the username. An address is shown by a request of its own. Each look
// leaves an act in the audit before anything is read.
package story

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
)

// ErrNotFound means that there is no such user or scan.
var ErrNotFound = errors.New("there is no such user or scan")

// Teller tells stories. It is safe for concurrent use.
type Teller struct {
	Firestore *firestore.Client
	// Uploads and Results are the buckets. A story without them has no objects.
	Uploads, Results *storage.BucketHandle
	// Users are the Firebase users, who have the addresses that mails go to.
	Users *auth.Client
	// Acts keeps each look, and By is who looks.
	Acts *audit.Book
	By   audit.Actor
	// Most is the most documents of a collection and objects of a bucket that a story has, 200 if it
	// is zero.
	Most int
}

const defaultMost = 200

func (t *Teller) most() int {
	if t.Most > 0 {
		return t.Most
	}
	return defaultMost
}

// Story is what there is of a user or a scan.
type Story struct {
	UID    account.UID `json:"uid"`
	ScanID scan.ID     `json:"scanId,omitempty"`
	// Documents are sorted by when they began.
	Documents []Document `json:"documents"`
	Objects   []Object   `json:"objects"`
	// Traces are the ids of the traces that photos and events are part of.
	Traces []string `json:"traces"`
	// Cut names the collections and buckets of which there is more.
	Cut []string `json:"cut,omitempty"`
}

// Document is a document of the database.
type Document struct {
	// Kind is the name of its collection. ID is the document's, or that of the board for an
	// entry.
	Kind string `json:"collection"`
	ID   string `json:"id"`
	// At is when it began, as far as it says.
	At time.Time `json:"at,omitzero"`
	// Fields are those that a story shows, by their paths.
	Fields map[string]any `json:"fields"`
}

// Object is an object of a bucket, without its name, by which it could be read.
type Object struct {
	// Kind is "photo", "export", or what was made of the photo, such as "report.json".
	Kind       string    `json:"kind"`
	ScanID     string    `json:"scanId,omitempty"`
	Generation int64     `json:"generation"`
	Bytes      int64     `json:"bytes"`
	At         time.Time `json:"at"`
}

// subject is whom or what a story is about. acts leads to the acts about the user, and scan is ""
// for all of the user.
type subject struct {
	uid  account.UID
	acts audit.Link
	scan scan.ID
}

// OfUser tells the story of a user, or what is left of one. It returns [ErrNotFound] for what is no
// id of a user.
func (t *Teller) OfUser(ctx context.Context, uid account.UID) (Story, error) {
	if !event.ValidID(string(uid)) {
		return Story{}, ErrNotFound
	}
	return t.tell(ctx, subject{uid: uid})
}

// OfScan tells the story of a scan, or [ErrNotFound].
func (t *Teller) OfScan(ctx context.Context, id scan.ID) (Story, error) {
	if !id.Valid() {
		return Story{}, ErrNotFound
	}
	all := t.Firestore.Collection("scans")
	owner := all.Where(firestore.DocumentID, "==", all.Doc(string(id))).Select("uid")
	snaps, err := owner.Documents(ctx).GetAll()
	if err != nil {
		return Story{}, fmt.Errorf("find the scan: %w", err)
	}
	if len(snaps) == 0 {
		return Story{}, ErrNotFound
	}
	uid, _ := snaps[0].Data()["uid"].(string)
	return t.tell(ctx, subject{uid: account.UID(uid), scan: id})
}

// Address returns the address that mails to the user go to, or [ErrNotFound].
func (t *Teller) Address(ctx context.Context, uid account.UID) (string, error) {
	if !event.ValidID(string(uid)) {
		return "", ErrNotFound
	}
	if _, err := t.look(ctx, audit.AddressRevealed, subject{uid: uid}); err != nil {
		return "", err
	}
	found, err := t.Users.GetUser(ctx, string(uid))
	if auth.IsUserNotFound(err) {
		return "", ErrNotFound
	}
	if err != nil {
		return "", fmt.Errorf("find the address: %w", err)
	}
	return found.Email, nil
}

// look keeps the act and returns the user, the zero user if there is none.
func (t *Teller) look(ctx context.Context, kind audit.Kind, of subject) (account.User, error) {
	return operate.Note(ctx, t.Firestore, t.Acts, of.uid, audit.Act{Kind: kind, Actor: t.By, Object: string(of.scan)})
}

func (t *Teller) tell(ctx context.Context, of subject) (Story, error) {
	u, err := t.look(ctx, audit.StoryRead, of)
	if err != nil {
		return Story{}, err
	}
	of.acts = u.Acts
	s := Story{UID: of.uid, ScanID: of.scan, Documents: []Document{}, Objects: []Object{}, Traces: []string{}}
	for _, c := range schema.Collections {
		if err := t.collect(ctx, c, of, &s); err != nil {
			return Story{}, err
		}
	}
	slices.SortStableFunc(s.Documents, func(a, b Document) int { return a.At.Compare(b.At) })
	for _, d := range s.Documents {
		trace, _ := d.Fields["attributes.traceparent"].(string)
		s.trace(trace)
		delete(d.Fields, "attributes.traceparent")
	}
	if t.Uploads == nil || t.Results == nil {
		return s, nil
	}
	folder := string(of.uid) + "/"
	if of.scan != "" {
		folder += string(of.scan)
	}
	err = errors.Join(
		t.objects(ctx, t.Uploads, "uploads/"+folder, &s), t.objects(ctx, t.Results, "results/"+folder, &s),
		t.objects(ctx, t.Results, "exports/"+folder, &s),
	)
	return s, err
}

// objects adds the objects whose names begin with the prefix.
func (t *Teller) objects(ctx context.Context, b *storage.BucketHandle, prefix string, s *Story) error {
	n := 0
	for o, err := range bucket.List(ctx, b, prefix) {
		if err != nil {
			return fmt.Errorf("list the objects: %w", err)
		}
		if n++; n > t.most() {
			s.Cut = append(s.Cut, strings.SplitN(prefix, "/", 2)[0])
			return nil
		}
		is := Object{Generation: o.Generation, Bytes: o.Size, At: o.Created.UTC()}
		switch parts := strings.Split(o.Name, "/"); parts[0] {
		case "uploads":
			is.Kind, is.ScanID = "photo", path.Base(o.Name)
		case "exports":
			is.Kind = "export"
		default:
			is.Kind, is.ScanID = path.Base(o.Name), path.Base(path.Dir(o.Name))
		}
		s.Objects = append(s.Objects, is)
		s.trace(o.Metadata["traceparent"])
	}
	return nil
}

// trace adds the trace of a W3C traceparent, if it is one that the story has not.
func (s *Story) trace(parent string) {
	parts := strings.Split(parent, "-")
	if len(parts) < 4 || len(parts[1]) != 32 || slices.Contains(s.Traces, parts[1]) {
		return
	}
	if _, err := hex.DecodeString(parts[1]); err == nil {
		s.Traces = append(s.Traces, parts[1])
	}
}
