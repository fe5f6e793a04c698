package upload

import (
	"context"
	"sync/atomic"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/scan"
)

// Arriving is the number of photos that are being taken.
func (u *Handler) Arriving() *atomic.Int32 { return &u.direct }

// NewID is newID.
func (u *Handler) NewID(uid account.UID, key string) scan.ID { return u.newID(uid, key) }

// ScanFor is scanFor.
func (u *Handler) ScanFor(uid account.UID, key string, req uploadRequest) (scan.Scan, error) {
	return u.scanFor(uid, key, req)
}

// Open is open.
func (u *Handler) Open(ctx context.Context, fresh scan.Scan) (scan.Scan, error) {
	s, _, err := u.open(ctx, fresh)
	return s, err
}

// Sign is sign.
func (u *Handler) Sign(ctx context.Context, s scan.Scan) (*Ticket, error) { return u.sign(ctx, s) }

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
