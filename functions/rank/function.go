// Package rank is the function that keeps ratings and the boards' entries.
package rank

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/boot/consume"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/leaderboard/rank"
)

func init() { consume.Events("rank", build, boot.Keys(keys.ForRatings, keys.ForWriter("rank"))...) }

func build(ctx context.Context, p *boot.Process) (*rank.Consumer, error) {
	fs, fsErr := database.Open(ctx, p)
	box, boxErr := bus.Outbox(ctx, p, "rank")
	if err := errors.Join(fsErr, boxErr); err != nil {
		return nil, err
	}
	return &rank.Consumer{Firestore: fs, Outbox: box, Key: p.Config.Ring(keys.ForRatings), Now: p.Now}, nil
}
