// Package sweep is the function that finishes what was left undone and deletes what is due.
package sweep

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/consume"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/export"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard/rank"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/sweep"
)

func init() {
	consume.Events("sweep", build, boot.Keys(keys.ForReceipts, keys.ForOutbox, keys.ForAudit, keys.ForWriter("sweep"))...)
}

func build(ctx context.Context, p *boot.Process) (*sweep.Consumer, error) {
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "sweep")
	results, resultsErr := blob.Results(ctx, p)
	scans, scansErr := scans(ctx, p)
	ranks, ranksErr := ranks(ctx, p)
	missing, missingErr := missing(ctx, p)
	if err := errors.Join(fsErr, boxErr, resultsErr, scansErr, ranksErr, missingErr); err != nil {
		return nil, err
	}
	judging := box.Judging(p.Config.Ring(keys.ForOutbox), catalog.MayOwe)
	erasures := &erasure.Sweeper{Firestore: fs, Outbox: box, Now: p.Now}
	due := &notify.Sweeper{Firestore: fs, Outbox: box, Now: p.Now}
	ratings := &rank.Folder{Firestore: fs, Now: p.Now}
	exports := &export.Sweeper{Firestore: fs, Outbox: box, Results: results, Now: p.Now}
	return &sweep.Consumer{Firestore: fs, Now: p.Now, Steps: []sweep.Step{
		{Name: "events_published", Run: judging.SweepAbandoned},
		{Name: "scans_handled", Run: scans.Sweep},
		{Name: "erasures_driven_on", Run: erasures.Sweep},
		{Name: "exports_handled", Run: exports.Sweep},
		{Name: "ratings_folded", Run: ratings.Sweep},
		{Name: "ranks_told", Run: ranks.Sweep},
		{Name: "deliveries_due", Run: due.Sweep},
		sweep.Expired(fs, p.Now),
		{Name: "users_looked_for", Run: missing.Sweep}, // last, since it waits for Firebase
	}}, nil
}
