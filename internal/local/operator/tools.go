package operator

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/operate/dead"
	"github.com/facescan/facescan/internal/outbox"
)

// quiet is how long no dead letter must come before there are no more: the emulator answers at
// once.
const quiet = time.Second

// tools are the clients of one request, as scripts/admin has them for one command.
type tools struct {
	Stack
	fs     *firestore.Client
	pubsub *pubsub.Client
	gcs    *storage.Client
}

// with opens the clients, has do work with them, and closes them.
func (d *Desk) with(ctx context.Context, do func(*tools) error) (err error) {
	t := &tools{Stack: d.stack}
	defer func() { err = errors.Join(err, t.close()) }()
	if t.fs, err = meter.ConnectTo(ctx, d.stack.Firestore, d.stack.Project); err != nil {
		return err
	}
	if t.pubsub, err = pubsub.NewClient(ctx, d.stack.Project); err != nil {
		return fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	if t.gcs, err = storage.NewClient(ctx); err != nil {
		return fmt.Errorf("connect to Cloud Storage: %w", err)
	}
	return do(t)
}

func (t *tools) close() error {
	var faults []error
	if t.fs != nil {
		faults = append(faults, t.fs.Close())
	}
	if t.pubsub != nil {
		faults = append(faults, t.pubsub.Close())
	}
	if t.gcs != nil {
		faults = append(faults, t.gcs.Close())
	}
	return errors.Join(faults...)
}

// acts returns the book of what operators did.
func (t *tools) acts() (*audit.Book, error) {
	ring, err := keys.Parse(keys.ForAudit, os.Getenv(keys.ForAudit.Variable()))
	if err != nil {
		return nil, err
	}
	return audit.New(t.fs, ring, t.Now), nil
}

// redriver returns what has events published again, in the operator's name.
func (t *tools) redriver() (*operate.Redriver, error) {
	acts, err := t.acts()
	if err != nil {
		return nil, err
	}
	owed, err := keys.Parse(keys.ForOutbox, os.Getenv(keys.ForOutbox.Variable()))
	if err != nil {
		return nil, err
	}
	box := outbox.New(t.fs, bus.To(t.pubsub, ""), owed.OfWriter(catalog.Operator), t.Now)
	return &operate.Redriver{Firestore: t.fs, Outbox: box, Acts: acts, By: audit.Operator, Now: t.Now}, nil
}

// letters are the dead letters.
func (t *tools) letters() *dead.Letters {
	return &dead.Letters{
		Client: t.pubsub.SubscriptionAdminClient, Quiet: quiet,
		Subscription: "projects/" + t.Project + "/subscriptions/" + catalog.DeadLetterTopic,
	}
}
