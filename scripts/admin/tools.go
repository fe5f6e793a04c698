package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/storage"
	firebase "firebase.google.com/go/v4"
	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/boot/bus"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/operate/dead"
	"github.com/facescan/facescan/internal/outbox"
)

// tools are the clients of a command, opened when they are needed.
type tools struct {
	options
	// progress is where long work says how far it is.
	progress io.Writer
	// wrap, if set, is what tests crash the publisher by, and quiet how long they wait for letters.
	wrap  func(outbox.Publisher) outbox.Publisher
	quiet time.Duration

	fs     *firestore.Client
	pubsub *pubsub.Client
	gcs    *storage.Client
}

func (t *tools) firestore(ctx context.Context) (fs *firestore.Client, err error) {
	if t.fs == nil {
		if t.fs, err = firestore.NewClientWithDatabase(ctx, t.project, t.database); err != nil {
			return nil, fmt.Errorf("connect to Firestore: %w", err)
		}
	}
	return t.fs, nil
}

func (t *tools) topics(ctx context.Context) (client *pubsub.Client, err error) {
	if t.pubsub == nil {
		if t.pubsub, err = pubsub.NewClient(ctx, t.project); err != nil {
			return nil, fmt.Errorf("connect to Pub/Sub: %w", err)
		}
	}
	return t.pubsub, nil
}

// objects returns the client of the storage.
func (t *tools) objects(ctx context.Context) (client *storage.Client, err error) {
	if t.gcs == nil {
		if t.gcs, err = storage.NewClient(ctx); err != nil {
			return nil, fmt.Errorf("connect to Cloud Storage: %w", err)
		}
	}
	return t.gcs, nil
}

// users returns the client of the Firebase users.
func (t *tools) users(ctx context.Context) (*auth.Client, error) {
	app, err := firebase.NewApp(ctx, &firebase.Config{ProjectID: t.project})
	if err != nil {
		return nil, fmt.Errorf("connect to Firebase: %w", err)
	}
	return app.Auth(ctx)
}

// box returns the operator's outbox, which publishes what it owes.
func (t *tools) box(ctx context.Context) (*outbox.Box, error) {
	fs, err := t.firestore(ctx)
	if err != nil {
		return nil, err
	}
	client, err := t.topics(ctx)
	if err != nil {
		return nil, err
	}
	owed := keys.NewRing(keys.ForWriter(catalog.Operator)) // for what owes nothing
	if t.ring(keys.ForOutbox).Len() > 0 {
		owed = t.ring(keys.ForOutbox).OfWriter(catalog.Operator)
	}
	publisher := bus.To(client, t.prefix)
	if t.wrap != nil {
		publisher = t.wrap(publisher)
	}
	return outbox.New(fs, publisher, owed, time.Now), nil
}

func (t *tools) redriver(ctx context.Context) (*operate.Redriver, error) {
	box, err := t.box(ctx)
	if err != nil {
		return nil, err
	}
	return &operate.Redriver{
		Firestore: t.fs, Outbox: box, Acts: t.acts(), By: audit.Operator, Now: time.Now, DryRun: t.dryRun,
	}, nil
}

// acts returns the book of what was done, in the database that is open.
func (t *tools) acts() *audit.Book { return audit.New(t.fs, t.ring(keys.ForAudit), time.Now) }

func (t *tools) letters(ctx context.Context) (*dead.Letters, error) {
	client, err := t.topics(ctx)
	if err != nil {
		return nil, err
	}
	return &dead.Letters{
		Client: client.SubscriptionAdminClient, Prefix: t.prefix, Quiet: t.quiet,
		Subscription: "projects/" + t.project + "/subscriptions/" + t.prefix + catalog.DeadLetterTopic,
	}, nil
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
