package sweep

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard"
	"github.com/facescan/facescan/internal/leaderboard/boards"
	scansweep "github.com/facescan/facescan/internal/scan/sweep"
)

// scans returns the sweeper of scans that are due.
func scans(ctx context.Context, p *boot.Process) (*scansweep.Sweeper, error) {
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "sweep")
	publisher, publisherErr := bus.Publisher(ctx, p)
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	return &scansweep.Sweeper{
		Firestore: fs, Outbox: box, Uploads: uploads, Results: results, Publisher: publisher, Now: p.Now,
	}, errors.Join(fsErr, boxErr, publisherErr, uploadsErr, resultsErr)
}

// missing returns the sweeper of accounts whose Firebase user is gone.
func missing(ctx context.Context, p *boot.Process) (*erasure.Missing, error) {
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "sweep")
	users, usersErr := identity.Client(ctx, p)
	if err := errors.Join(fsErr, boxErr, usersErr); err != nil {
		return nil, err
	}
	return erasure.NewMissing(fs, box, users, erasure.MissingOptions{
		Key: p.Config.Ring(keys.ForReceipts), Wait: p.Config.ErasureWait, After: p.Config.LookAfter,
		Acts: audit.New(fs, p.Config.Ring(keys.ForAudit), p.Now), Now: p.Now,
	})
}

// ranks returns what tells users that their rank on the main board has changed.
func ranks(ctx context.Context, p *boot.Process) (*boards.Teller, error) {
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "sweep")
	return &boards.Teller{
		Reader: &boards.Reader{Firestore: fs, Now: p.Now}, Outbox: box,
		Board: leaderboard.AllTime(report.MajorVersion()),
	}, errors.Join(fsErr, boxErr)
}
