package analyze

import (
	"context"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/scan"
)

// Claim is claim.
func (c *Consumer) Claim(
	ctx context.Context, uid account.UID, id scan.ID, photo event.ObjectFinalized,
) (scan.Scan, error) {
	return c.claim(ctx, uid, id, photo)
}

// Enter is enter.
func (c *Consumer) Enter(ctx context.Context, s scan.Scan, stage scan.Stage) { c.enter(ctx, s, stage) }

// Names for the tests.
const (
	RenderReserve = renderReserve
	WhyDuplicate  = whyDuplicate
)

var (
	Disqualify       = disqualify
	HashOf           = hashOf
	NotRanked        = notRanked
	Refused          = refused
	RenditionFailure = renditionFailure
	WithoutGeometry  = withoutGeometry
)
