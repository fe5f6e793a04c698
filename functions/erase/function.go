// Package erase is the function that deletes all data of a user, or all data of a consent.
package erase

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/boot/mail"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/erase"
	"github.com/facescan/facescan/internal/erasure/receipt"
)

func init() { boot.Event("erase", build) }

func build(ctx context.Context, p *boot.Process) (*erase.Consumer, error) {
	c := p.Config
	fs, fsErr := p.Firestore(ctx)
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	tombstones, tombstonesErr := blob.Tombstones(ctx, p)
	users, usersErr := identity.Client(ctx, p)
	mailer, mailErr := mail.Mailer(ctx, p)
	signer, signerErr := receipt.NewSigner(c.ReceiptKey)
	wait, waitErr := erasure.ParseWait(c.ErasureWait)
	urlErr := boot.Need("FACESCAN_PUBLIC_URL", c.PublicURL)
	err := errors.Join(
		fsErr, uploadsErr, resultsErr, tombstonesErr, usersErr, mailErr, signerErr, waitErr, urlErr,
	)
	if err != nil {
		return nil, err
	}
	return &erase.Consumer{
		Firestore: fs, Uploads: uploads, Results: results, Tombstones: tombstones, Auth: users, Mailer: mailer,
		Signer: signer, PublicURL: c.PublicURL, Key: []byte(c.HashKey), Wait: wait, Now: p.Now,
	}, nil
}
