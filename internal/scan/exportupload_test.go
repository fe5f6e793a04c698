package scan

import (
	"context"
	"sync/atomic"

	"github.com/facescan/facescan/internal/account"
)

// Arriving is the number of photos that are being taken.
func (u *Uploads) Arriving() *atomic.Int32 { return &u.direct }

// NewID is newID.
func (u *Uploads) NewID(uid account.UID, key string) ID { return u.newID(uid, key) }

// ScanFor is scanFor.
func (u *Uploads) ScanFor(uid account.UID, key string, req uploadRequest) (Scan, error) {
	return u.scanFor(uid, key, req)
}

// Open is open.
func (u *Uploads) Open(ctx context.Context, fresh Scan) (Scan, error) {
	s, _, err := u.open(ctx, fresh)
	return s, err
}

// Sign is sign.
func (u *Uploads) Sign(ctx context.Context, s Scan) (*Ticket, error) { return u.sign(ctx, s) }
