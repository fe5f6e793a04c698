// Package rank is the function that keeps ratings and the boards' entries.
package rank

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/leaderboard/rank"
)

func init() { boot.Event("rank", build) }

func build(ctx context.Context, p *boot.Process) (*rank.Consumer, error) {
	fs, fsErr := p.Firestore(ctx)
	box, boxErr := bus.Outbox(ctx, p)
	if err := errors.Join(fsErr, boxErr); err != nil {
		return nil, err
	}
	return &rank.Consumer{Firestore: fs, Outbox: box, Key: []byte(p.Config.HashKey), Now: p.Now}, nil
}
