package upload

import (
	"context"
	"sync/atomic"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/scan"
)

// Arriving is the number of photos that are being taken.
func (h *Handler) Arriving() *atomic.Int32 { return &h.direct }

// NewID is the id of the scan under the idempotency key.
func (h *Handler) NewID(uid account.UID, key string) scan.ID {
	return idsOf[scan.ID](h.Key, keys.Scan, uid, key)[0]
}

// ScanFor is scanFor.
func (h *Handler) ScanFor(ctx context.Context, uid account.UID, key string, req uploadRequest) (Opening, error) {
	return h.scanFor(ctx, uid, key, req)
}

// Open is open.
func (h *Handler) Open(ctx context.Context, fresh opening) (scan.Scan, error) {
	s, _, err := h.open(ctx, fresh)
	return s, err
}

// Sign is sign.
func (h *Handler) Sign(ctx context.Context, s scan.Scan) (*Ticket, error) { return h.sign(ctx, s) }

// Names for the tests.
const (
	ChunkBytes = chunkBytes
)

type (
	Opening       = opening
	UploadRequest = uploadRequest
)

var (
	NotTaken = notTaken
	Quotas   = quotas
)
