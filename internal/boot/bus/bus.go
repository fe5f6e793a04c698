// Package bus gives a function the Pub/Sub publisher and the outbox over it.
package bus

import (
	"context"
	"sync"

	"cloud.google.com/go/pubsub/v2"

	"github.com/facescan/facescan/internal/boot"
	"github.com/facescan/facescan/internal/outbox"
)

// Outbox returns the process's outbox.
func Outbox(ctx context.Context, p *boot.Process) (*outbox.Box, error) {
	return boot.Shared(ctx, p, "outbox", func(ctx context.Context) (*outbox.Box, error) {
		fs, err := p.Firestore(ctx)
		if err != nil {
			return nil, err
		}
		publisher, err := Publisher(ctx, p)
		if err != nil {
			return nil, err
		}
		return outbox.New(fs, publisher, p.Now), nil
	})
}

// Publisher returns the process's Pub/Sub publisher.
func Publisher(ctx context.Context, p *boot.Process) (outbox.Publisher, error) {
	return boot.Shared(ctx, p, "publisher", func(ctx context.Context) (outbox.Publisher, error) {
		client, err := pubsub.NewClient(ctx, p.Config.Project)
		if err != nil {
			return nil, err
		}
		var publisher outbox.Publisher = &topics{
			client: client, prefix: p.Config.TopicPrefix, open: map[string]*pubsub.Publisher{},
		}
		if p.WrapPublisher != nil {
			publisher = p.WrapPublisher(publisher)
		}
		return publisher, nil
	})
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
