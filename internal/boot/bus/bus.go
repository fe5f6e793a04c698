// Package bus gives a function the Pub/Sub publisher and the outbox over it.
package bus

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"cloud.google.com/go/pubsub/v2"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/boot/database"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/outbox"
)

// Outbox returns the function's outbox.
func Outbox(ctx context.Context, p *boot.Process, function string) (*outbox.Box, error) {
	return boot.Shared(ctx, p, "outbox of "+function, func(ctx context.Context) (*outbox.Box, error) {
		fs, err := database.Open(ctx, p)
		if err != nil {
			return nil, err
		}
		publisher, err := Publisher(ctx, p)
		if err != nil {
			return nil, err
		}
		if p.Config.Local() {
			publisher = permitted{publisher, function}
		}
		return outbox.New(fs, publisher, p.Config.Ring(keys.ForWriter(function)), p.Now), nil
	})
}

// permitted refuses what the function has no right to publish, as Pub/Sub does: its emulator lets
// everybody do everything.
type permitted struct {
	outbox.Publisher
	function string
}

// errNotPermitted is what Pub/Sub answers.
var errNotPermitted = errors.New("the catalog does not let the function publish to the topic")

// Publish publishes the message, or returns an error without the right to.
func (p permitted) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	if !catalog.MayPublish(p.function, topic) {
		return fmt.Errorf("%s, %s: %w", p.function, topic, errNotPermitted)
	}
	return p.Publisher.Publish(ctx, topic, data, attributes)
}

// Publisher returns the process's Pub/Sub publisher.
func Publisher(ctx context.Context, p *boot.Process) (outbox.Publisher, error) {
	return boot.Shared(ctx, p, "publisher", func(ctx context.Context) (outbox.Publisher, error) {
		client, err := pubsub.NewClient(ctx, p.Config.Project)
		if err != nil {
			return nil, err
		}
		publisher := To(client, p.Config.TopicPrefix)
		wrap, err := wrapping(p, nil)
		if err == nil && wrap != nil {
			publisher = wrap(publisher)
		}
		return publisher, err
	})
}

// To returns a publisher by the client, to topics whose names in Pub/Sub begin with the prefix.
func To(client *pubsub.Client, prefix string) outbox.Publisher {
	return &topics{client: client, prefix: prefix, open: map[string]*pubsub.Publisher{}}
}

// Wrap has the process publish through what wrap makes of its publisher. It has no effect after the
// first request. Tests crash the publisher by it.
func Wrap(p *boot.Process, wrap wrapper) error {
	_, err := wrapping(p, wrap)
	return err
}

type wrapper = func(outbox.Publisher) outbox.Publisher

// wrapping returns what wraps the process's publisher: wrap, if nothing was asked for before.
func wrapping(p *boot.Process, wrap wrapper) (wrapper, error) {
	return boot.Shared(context.Background(), p, "wrapping of the publisher",
		func(context.Context) (wrapper, error) { return wrap, nil })
}

// topics keeps one publisher for each topic, as each owns goroutines.
type topics struct {
	client *pubsub.Client
	prefix string // of the topics' names in Pub/Sub
	mu     sync.Mutex
	open   map[string]*pubsub.Publisher
}

// Publish sends the message at once instead of waiting for a batch, as the caller waits for the
// result.
func (t *topics) Publish(ctx context.Context, topic string, data []byte, attributes map[string]string) error {
	_, err := t.publisher(topic).Publish(ctx, &pubsub.Message{Data: data, Attributes: attributes}).Get(ctx)
	return err
}

func (t *topics) publisher(topic string) *pubsub.Publisher {
	t.mu.Lock()
	defer t.mu.Unlock()
	if p, ok := t.open[topic]; ok {
		return p
	}
	p := t.client.Publisher(t.prefix + topic)
	p.PublishSettings.CountThreshold = 1
	t.open[topic] = p
	return p
}
