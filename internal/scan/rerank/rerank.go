// Package rerank makes a user's ratings again from the scans and series that exist, after a rating
// was lost or damaged. It replays the facts through package rank, which drops what it knows
// already, so others may write meanwhile and it may be repeated.
//
// What a rating has of deleted scans is only in the rating itself: it stays if the rating is there,
// and is lost with it. Of a scan that was measured again by another major version of the engine
// only the later score is known.
package rerank

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// User makes the user's ratings and entries again and returns the number of facts that were
// replayed. Personal bests are not told, since they were when they were reached.
func User(ctx context.Context, c rank.Consumer, uid account.UID) (facts int, err error) {
	c.Quiet = true
	// First, so that an entry whose rating is lost is counted out before it is made again.
	if err := boards.Restore(ctx, c.Firestore, uid, c.Now()); err != nil {
		return 0, err
	}
	scans, err := scansOf(ctx, c.Firestore, uid)
	if err != nil {
		return 0, err
	}
	sets, err := seriesOf(ctx, c.Firestore, uid)
	if err != nil {
		return 0, err
	}
	for _, fact := range append(scans, sets...) {
		if err := replay(ctx, &c, uid, fact); err != nil {
			return facts, fmt.Errorf("replay a fact: %w", err)
		}
		facts++
	}
	return facts, boards.Restore(ctx, c.Firestore, uid, c.Now())
}

// scansOf returns the facts of the scans that count by themselves.
func scansOf(ctx context.Context, fs *firestore.Client, uid account.UID) (facts []event.Payload, err error) {
	// It needs the composite index on scans (uid asc, state asc, createdAt asc).
	all, err := scan.ReadAll(ctx, fs.Collection("scans").Where("uid", "==", string(uid)).
		Where("state", "==", string(scan.Completed)).OrderBy("createdAt", firestore.Asc))
	if err != nil {
		return nil, fmt.Errorf("list the scans: %w", err)
	}
	for _, s := range all {
		switch {
		case s.SeriesID != "":
		case s.Previous != nil:
			facts = append(facts, scan.RescoredEvent(s))
		default:
			facts = append(facts, scan.CompletedEvent(s))
		}
	}
	return facts, nil
}

// seriesOf returns the facts of the series that have settled.
func seriesOf(ctx context.Context, fs *firestore.Client, uid account.UID) (facts []event.Payload, err error) {
	snaps, err := series.Of(fs, uid).Documents(ctx).GetAll()
	if err != nil {
		return nil, fmt.Errorf("list the series: %w", err)
	}
	for _, snap := range snaps {
		s, err := series.Decode(snap, nil)
		if err != nil {
			return nil, err
		}
		if s.Settled() {
			facts = append(facts, s.SettledEvent())
		}
	}
	return facts, nil
}

func replay(ctx context.Context, c *rank.Consumer, uid account.UID, fact event.Payload) error {
	id := event.ID(fact.EventType(), string(uid), c.Now().Format(time.RFC3339Nano))
	e, err := event.New(id, c.Now(), "", fact)
	if err != nil {
		return err
	}
	data, err := event.Encode(e)
	if err != nil {
		return err
	}
	return c.Handle(ctx, event.Message{ID: id, Data: data})
}
