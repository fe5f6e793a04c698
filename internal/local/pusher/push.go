package pusher

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"cloud.google.com/go/pubsub/v2"

	"github.com/facescan/facescan/internal/catalog"
)

// body is that of a push, without payload unwrapping.
type body struct {
	DeliveryAttempt int     `json:"deliveryAttempt"`
	Message         message `json:"message"`
	Subscription    string  `json:"subscription"`
}

// message has two of its fields by two names each, as in production.
type message struct {
	Attributes   map[string]string `json:"attributes,omitempty"`
	Data         []byte            `json:"data,omitempty"`
	MessageID    string            `json:"messageId"`
	MessageID2   string            `json:"message_id"`
	OrderingKey  string            `json:"orderingKey,omitempty"`
	PublishTime  string            `json:"publishTime"`
	PublishTime2 string            `json:"publish_time"`
}

// millis is RFC 3339 with the three digits that Pub/Sub gives a publish time.
const millis = "2006-01-02T15:04:05.000Z07:00"

// buryTimeout bounds the publishing of a dead letter.
const buryTimeout = 5 * time.Second

// accepted are the statuses that acknowledge a push, but for 102, which ends no HTTP response here.
// Any other, even of success, is a failure.
var accepted = []int{http.StatusOK, http.StatusCreated, http.StatusAccepted, http.StatusNoContent}

// push posts the message. It returns nil if the function has accepted it.
func (s *subscription) push(ctx context.Context, m *pubsub.Message, attempt int) error {
	published := m.PublishTime.UTC().Format(millis)
	data, err := json.Marshal(body{
		DeliveryAttempt: attempt, Subscription: s.name, Message: message{
			Attributes: m.Attributes, Data: m.Data, MessageID: m.ID, MessageID2: m.ID,
			OrderingKey: m.OrderingKey, PublishTime: published, PublishTime2: published,
		},
	})
	if err != nil {
		return fmt.Errorf("marshal the push: %w", err)
	}
	ctx, cancel := context.WithTimeout(ctx, s.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL, bytes.NewReader(data))
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	resp, err := s.http.Do(req)
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	_, err = io.Copy(io.Discard, resp.Body)
	_ = resp.Body.Close()
	if err != nil {
		return fmt.Errorf("push: %w", err)
	}
	if !slices.Contains(accepted, resp.StatusCode) {
		return fmt.Errorf("push: the function answers %s", resp.Status)
	}
	return nil
}

// bury publishes the message to the dead-letter topic, with the attributes that Pub/Sub adds.
func (s *subscription) bury(ctx context.Context, m *pubsub.Message, attempts int) error {
	project, name, _ := strings.Cut(strings.TrimPrefix(s.name, "projects/"), "/subscriptions/")
	attributes := map[string]string{}
	maps.Copy(attributes, m.Attributes)
	maps.Copy(attributes, map[string]string{
		"CloudPubSubDeadLetterSourceDeliveryCount":       strconv.Itoa(attempts),
		"CloudPubSubDeadLetterSourceSubscription":        name,
		"CloudPubSubDeadLetterSourceSubscriptionProject": project,
		"CloudPubSubDeadLetterSourceTopicPublishTime":    m.PublishTime.UTC().Format(millis),
	})
	// A letter that is begun is ended, or the next pusher would write another one.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), buryTimeout)
	defer cancel()
	_, err := s.letters.Publish(ctx, &pubsub.Message{Data: m.Data, Attributes: attributes}).Get(ctx)
	if err != nil {
		return fmt.Errorf("publish the dead letter: %w", err)
	}
	return nil
}

// backoff is the wait after so many failed attempts: the policy's, and up to a quarter more, so
// that what has failed together does not come again together.
func backoff(shortest, longest time.Duration, failed int) time.Duration {
	wait := catalog.Backoff(shortest, longest, failed)
	return min(wait+rand.N(wait/4+1), longest) //nolint:gosec // nothing secret
}
