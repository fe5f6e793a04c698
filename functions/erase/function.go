// Package erase is the function that deletes all data of a user, or all data of a consent.
package erase

import (
	"context"
	"errors"

	"github.com/facescan/facescan/internal/account/toolkit"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/blob"
	"github.com/facescan/facescan/internal/boot/consume"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/boot/identity"
	"github.com/facescan/facescan/internal/boot/mail"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/erase"
	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/keys"
)

func init() {
	consume.Events("erase", build, boot.Keys(keys.ForReceipts, keys.ForErased, keys.ForDeletions, keys.ForAudit)...)
}

func build(ctx context.Context, p *boot.Process) (*erase.Consumer, error) {
	c := p.Config
	fs, fsErr := database.Open(ctx, p)
	uploads, uploadsErr := blob.Uploads(ctx, p)
	results, resultsErr := blob.Results(ctx, p)
	tombstones, tombstonesErr := blob.Tombstones(ctx, p)
	users, usersErr := identity.Client(ctx, p)
	accounts, accountsErr := toolkit.New(ctx, c.Project)
	mailer, mailErr := mail.Mailer(ctx, p)
	signer, signerErr := receipt.NewSigner(c.ReceiptKey)
	wait, waitErr := erasure.ParseWait(c.ErasureWait)
	links, linksErr := link.New(c.PublicURL, c.Ring(keys.ForDeletions))
	err := errors.Join(
		fsErr, uploadsErr, resultsErr, tombstonesErr, usersErr, accountsErr, mailErr, signerErr, waitErr, linksErr,
	)
	if err != nil {
		return nil, err
	}
	return &erase.Consumer{
		Firestore: fs, Uploads: uploads, Results: results, Tombstones: tombstones, Auth: users, Accounts: accounts,
		Mailer: mailer, Signer: signer, Links: links, PublicURL: c.PublicURL,
		Key: c.Ring(keys.ForReceipts), ErasedKey: c.Ring(keys.ForErased),
		Acts: audit.New(fs, c.Ring(keys.ForAudit), p.Now), Wait: wait, Now: p.Now,
	}, nil
}
