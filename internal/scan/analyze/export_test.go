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

// Computing is computing.
func (c *Consumer) Computing(ctx context.Context, s scan.Scan) (done func(), err error) {
	return c.computing(ctx, s)
}

// Names for the tests.
const (
	RenderReserve = renderReserve
	WhyDuplicate  = whyDuplicate
)

var (
	Disqualify       = disqualify
	HashesOf         = hashesOf
	NotRanked        = notRanked
	Refused          = refused
	RenditionFailure = renditionFailure
	WithoutGeometry  = withoutGeometry
)
