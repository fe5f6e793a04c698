package scan

import (
	"context"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
)

// Claim is claim.
func (a *Analyzer) Claim(ctx context.Context, uid account.UID, id ID, photo event.ObjectFinalized) (Scan, error) {
	return a.claim(ctx, uid, id, photo)
}

// Enter is enter.
func (a *Analyzer) Enter(ctx context.Context, s Scan, stage Stage) { a.enter(ctx, s, stage) }
