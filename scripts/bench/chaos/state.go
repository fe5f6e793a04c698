package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path"
	"slices"
	"strings"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/store"
)

// state is what a user ends with, without ids and times: with and without faults it is the same.
//
// Two things are not in it. A personal best depends on the order in which scans are counted (see
// rank.Consumer), and whether a push is sent alone or with others on when it is sent.
type state map[string]any

// stateOf reads what the user ends with.
func (p *person) stateOf(ctx context.Context) (state, error) {
	fs := p.world.fs
	u, err := account.Get(ctx, fs, account.UID(p.uid))
	if errors.Is(err, account.ErrNoUser) {
		return state{"user": "gone", "receipt": p.receipt != ""}, nil
	}
	if err != nil {
		return nil, err
	}
	s := state{"user": fmt.Sprintf("%s, consent %t, opted in %t, named %t", u.State, u.Consent.Granted,
		u.Leaderboard.OptIn, u.Username != "")}
	for _, read := range []func(context.Context, account.User, state) error{
		p.readScans, p.readRating, p.readNotices, p.readActs, p.readObjects, p.readCounts,
	} {
		if err := read(ctx, u, s); err != nil {
			return nil, fmt.Errorf("read what %s has: %w", p.name, err)
		}
	}
	return s, nil
}

func (p *person) readScans(ctx context.Context, u account.User, s state) error {
	all, err := scan.ReadAll(ctx, p.world.fs.Collection("scans").Where("uid", "==", string(u.UID)))
	if err != nil {
		return err
	}
	var scans []string
	for _, one := range all {
		result, err := json.Marshal(one.Result)
		if err != nil {
			return fmt.Errorf("encode the result: %w", err)
		}
		code := ""
		if one.Failure != nil {
			code = one.Failure.Code
		}
		scans = append(scans, fmt.Sprintf("%s %s %s, duplicate %t, %s", p.keyOf(one), one.State, code,
			one.DuplicateOf != "", result))
	}
	slices.Sort(scans)
	s["scans"] = scans
	return nil
}

// keyOf returns the key that the scan was opened under.
func (p *person) keyOf(s scan.Scan) string {
	for key, id := range p.scans {
		if id == string(s.ID) {
			return key
		}
	}
	if s.SeriesID != "" {
		return "of a series"
	}
	return "of nobody's request"
}

func (p *person) readRating(ctx context.Context, u account.User, s state) error {
	snap, err := leaderboard.RatingRef(p.world.fs, u.UID, report.MajorVersion()).Get(ctx)
	d, err := store.Decode[leaderboard.RatingDoc](snap, err, "rating", nil)
	if err != nil {
		return err
	}
	var counted []string
	for _, c := range d.Contributions {
		counted = append(counted, fmt.Sprintf(
			"%.4f, deleted %t, kept %t, series of %d", c.Score, c.Deleted, c.Kept, c.Photos))
	}
	slices.Sort(counted)
	s["rating"] = fmt.Sprintf("%.4f of %d", d.Rating, len(counted))
	s["contributions"] = counted
	snap, err = leaderboard.EntryRef(p.world.fs, leaderboard.AllTime(report.MajorVersion()).ID(), u.UID).Get(ctx)
	e, err := store.Decode[leaderboard.EntryDoc](snap, err, "entry", nil)
	s["entry"] = fmt.Sprintf("%.4f of %d", e.Rating, e.Scans)
	return err
}

func (p *person) readNotices(ctx context.Context, u account.User, s state) error {
	snaps, err := notify.Inbox(account.Ref(p.world.fs, u.UID)).Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list the inbox: %w", err)
	}
	kinds := map[notify.Kind]int{}
	for _, snap := range snaps {
		item, err := store.Decode[notify.Item](snap, nil, "inbox item", nil)
		if err != nil {
			return err
		}
		if item.Kind != notify.PersonalBest {
			kinds[item.Kind]++
		}
	}
	s["inbox"] = kinds
	return nil
}

// readActs counts what the audit has of the user: an act is kept once, however often its request
// comes.
func (p *person) readActs(ctx context.Context, u account.User, s state) error {
	ring, err := keys.Parse(keys.ForAudit, os.Getenv(keys.ForAudit.Variable())) // as the host has set it
	if err != nil {
		return fmt.Errorf("read the key of the audit: %w", err)
	}
	about, ok := audit.New(p.world.fs, ring, p.world.Now).About(u.Acts)
	if !ok {
		s["acts"] = "none"
		return nil
	}
	snaps, err := about.Documents(ctx).GetAll()
	if err != nil {
		return fmt.Errorf("list the acts: %w", err)
	}
	acts := map[string]int{}
	for _, snap := range snaps {
		acts[fmt.Sprint(snap.Data()["kind"])]++
	}
	s["acts"] = acts
	return nil
}

// readObjects lists the kinds of objects that are there, with their numbers.
func (p *person) readObjects(ctx context.Context, u account.User, s state) error {
	for name, of := range map[string]struct {
		bucket *storage.BucketHandle
		prefix string
	}{
		"photos":  {p.world.gcs.Bucket(host.UploadsBucket), scan.PhotosPrefix(u.UID)},
		"results": {p.world.gcs.Bucket(host.ResultsBucket), scan.ResultsPrefix(u.UID)},
	} {
		kinds := map[string]int{}
		for o, err := range bucket.List(ctx, of.bucket, of.prefix) {
			if err != nil {
				return err
			}
			kind := path.Base(o.Name)
			if name == "photos" {
				kind = "photo"
			}
			kinds[kind]++
		}
		s[name] = kinds
	}
	return nil
}

// readCounts counts the documents of those collections of the schema below the user whose numbers
// are the same whatever happened.
func (p *person) readCounts(ctx context.Context, u account.User, s state) error {
	for _, name := range []string{"consents", "devices", "series", "guard", "ratings"} {
		var n int
		err := p.world.fs.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
			snaps, err := tx.Documents(account.Ref(p.world.fs, u.UID).Collection(name).Select()).GetAll()
			n = len(snaps)
			return err
		}, firestore.ReadOnly)
		if err != nil {
			return fmt.Errorf("count %s: %w", name, err)
		}
		s[name] = n
	}
	return nil
}

// statesOf reads what all users of the cohort end with, by their names.
func (c *cohort) statesOf(ctx context.Context) (map[string]state, error) {
	all := map[string]state{}
	for _, p := range c.people {
		s, err := p.stateOf(ctx)
		if err != nil {
			return nil, err
		}
		all[p.name] = s
	}
	return all, nil
}

// differences returns where the states differ, a line each.
func differences(want, got map[string]state) (all []string) {
	for name, of := range want {
		for field, is := range of {
			a, b := fmt.Sprint(is), fmt.Sprint(got[name][field])
			if a != b {
				all = append(all, fmt.Sprintf("%s, %s: without faults %s; with them %s", name, field, brief(a), brief(b)))
			}
		}
	}
	slices.Sort(all)
	return all
}

// brief cuts a long text.
func brief(s string) string {
	const most = 600
	if len(s) > most {
		return strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}
