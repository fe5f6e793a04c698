package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/erasure/tombstone"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/schema"
)

// errNoTombstones means that a step needs what the run was not given.
var errNoTombstones = errors.New("the step needs FACESCAN_TOMBSTONES_BUCKET and FACESCAN_KEY_ERASED")

// stones is where tombstones are kept, and the key of their pseudonyms.
type stones struct {
	bucket *storage.BucketHandle
	key    keys.Ring
}

// openStones returns what the environment names, nil if it names nothing.
func openStones(ctx context.Context, environ func(string) string) (*stones, error) {
	bucket, text := environ("FACESCAN_TOMBSTONES_BUCKET"), environ(keys.ForErased.Variable())
	if bucket == "" || text == "" {
		return nil, nil
	}
	key, err := keys.Parse(keys.ForErased, text)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", keys.ForErased.Variable(), err)
	}
	client, err := storage.NewClient(ctx)
	if err != nil {
		return nil, fmt.Errorf("connect to Cloud Storage: %w", err)
	}
	return &stones{bucket: client.Bucket(bucket), key: key}, nil
}

// Keep writes the tombstone of a user, unless it is there or so old that no backup has the user any
// more. It may be repeated, and needs no transaction.
func (t *tx) Keep(ctx context.Context, pseudonym func(keys.Ring) string, stone tombstone.Tombstone) error {
	if t.now.Sub(stone.At) > schema.TombstoneLife {
		return nil
	}
	if t.stones == nil {
		return errNoTombstones
	}
	name := pseudonym(t.stones.key)
	there, err := tombstone.Exists(ctx, t.stones.bucket, name, stone)
	if err != nil || there {
		return err
	}
	what := fmt.Sprintf("keep the tombstone of %s, %s at %s", name, stone.Kind, stone.At.Format(time.RFC3339))
	t.writes = append(t.writes, what)
	if t.dry {
		return nil
	}
	_, err = tombstone.Keep(ctx, t.stones.bucket, name, stone)
	return err
}

func pseudonymOf(uid account.UID) func(keys.Ring) string {
	return func(key keys.Ring) string { return erasure.Pseudonym(key, uid) }
}

func always(*firestore.DocumentSnapshot) (bool, error) { return true, nil }

// The version before kept no tombstones. These steps keep those of the erasures and withdrawals
// whose users a backup may still have.
var (
	ofErased = step{
		Name: "tombstones", About: "keep the tombstones of the accounts that were erased", Collection: "erased",
		Pending: always,
		Migrate: func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
			var d erasure.ErasedDoc
			if err := doc.DataTo(&d); err != nil {
				return fmt.Errorf("decode it: %w", err)
			}
			stone := tombstone.Tombstone{Kind: tombstone.Account, Phase: tombstone.Done, At: d.RequestedAt}
			return tx.Keep(ctx, func(keys.Ring) string { return doc.Ref.ID }, stone)
		},
	}
	// A withdrawal under way began some time after its request; its record has the right time.
	ofErasing = step{
		Name: "tombstones/erasing", About: "keep the tombstones of the accounts that are being erased",
		Collection: "erasures",
		Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
			return doc.Data()["scope"] == string(erasure.Account), nil
		},
		Migrate: func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
			var j erasure.Job
			if err := doc.DataTo(&j); err != nil {
				return fmt.Errorf("decode it: %w", err)
			}
			return tx.Keep(ctx, pseudonymOf(j.UID), j.Tombstone(tombstone.Begun))
		},
	}
	ofWithdrawn = step{
		Name: "tombstones/withdrawn", About: "keep the tombstones of the consents that were withdrawn",
		Collection: "consents",
		Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
			return doc.Data()["action"] == string(account.Withdrawn), nil
		},
		Migrate: func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
			var c account.ConsentRecord
			if err := doc.DataTo(&c); err != nil {
				return fmt.Errorf("decode it: %w", err)
			}
			uid := account.UID(doc.Ref.Parent.Parent.ID)
			return tx.Keep(ctx, pseudonymOf(uid), tombstone.Tombstone{
				Kind: tombstone.Consent, Phase: tombstone.Begun, At: c.At, Epoch: c.Epoch - 1,
			})
		},
	}
)
