// Package blob gives a function Cloud Storage.
package blob

import (
	"context"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/boot"
)

// Uploads returns the bucket that photos are uploaded to.
func Uploads(ctx context.Context, p *boot.Process) (*storage.BucketHandle, error) {
	return bucket(ctx, p, "FACESCAN_UPLOADS_BUCKET", p.Config.UploadsBucket)
}

// Results returns the bucket of what is made from the photos.
func Results(ctx context.Context, p *boot.Process) (*storage.BucketHandle, error) {
	return bucket(ctx, p, "FACESCAN_RESULTS_BUCKET", p.Config.ResultsBucket)
}

// Tombstones returns the bucket of the notes of erasures.
func Tombstones(ctx context.Context, p *boot.Process) (*storage.BucketHandle, error) {
	return bucket(ctx, p, "FACESCAN_TOMBSTONES_BUCKET", p.Config.TombstonesBucket)
}

func bucket(ctx context.Context, p *boot.Process, variable, name string) (*storage.BucketHandle, error) {
	if err := boot.Need(variable, name); err != nil {
		return nil, err
	}
	client, err := boot.Shared(ctx, p, "storage", func(ctx context.Context) (*storage.Client, error) {
		return storage.NewClient(ctx)
	})
	if err != nil {
		return nil, err
	}
	return client.Bucket(name), nil
}

// Signing returns the options for signing URLs: by IAM's signBlob as the service account in
// production, and by the local stack's key on the emulators, which speak plain HTTP. There the
// URLs' host is named, for package reached to replace.
func Signing(p *boot.Process) (storage.SignedURLOptions, error) {
	if err := boot.Need("FACESCAN_SIGNING_ACCOUNT", p.Config.SigningAccount); err != nil {
		return storage.SignedURLOptions{}, err
	}
	opts := storage.SignedURLOptions{GoogleAccessID: p.Config.SigningAccount, Scheme: storage.SigningSchemeV4}
	if p.Config.SigningKey != "" {
		opts.PrivateKey, opts.Insecure = []byte(p.Config.SigningKey), true
		opts.Hostname = p.Config.StorageHost
	}
	return opts, nil
}
