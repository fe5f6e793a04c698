package upload

import (
	"context"
	"sync/atomic"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/scan"
)

// Arriving is the number of photos that are being taken.
func (h *Handler) Arriving() *atomic.Int32 { return &h.direct }

// NewID is newID.
func (h *Handler) NewID(uid account.UID, key string) scan.ID { return h.newID(uid, key) }

// ScanFor is scanFor.
func (h *Handler) ScanFor(uid account.UID, key string, req uploadRequest) (scan.Scan, error) {
	return h.scanFor(uid, key, req)
}

// Open is open.
func (h *Handler) Open(ctx context.Context, fresh scan.Scan) (scan.Scan, error) {
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
	UploadRequest = uploadRequest
)

var (
	NotTaken = notTaken
	Quotas   = quotas
)
