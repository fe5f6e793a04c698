package operate

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	pubsub "cloud.google.com/go/pubsub/v2/apiv1"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/outbox"
)

// What Pub/Sub adds to a dead letter
// (https://cloud.google.com/pubsub/docs/handling-failures#dead_letter_topic).
const (
	letterPrefix   = "CloudPubSubDeadLetterSource"
	letterSource   = letterPrefix + "Subscription"
	letterAttempts = letterPrefix + "DeliveryCount"
	letterTime     = letterPrefix + "TopicPublishTime"
)

const (
	// hold is how long pulled letters are kept from others: as long as a command works on them. One
	// that is killed leaves them hidden for so long.
	hold = time.Minute
	// pullTime bounds the pulling, well within hold.
	pullTime = 30 * time.Second
	// pullPage is the most letters that one call pulls or acknowledges. The names of these for the call
	// have some 200 bytes each, and a call takes 512 KiB.
	pullPage = 500
	// quiet is how long a call waits for letters before there are none, if [Letters] says nothing else.
	quiet = 5 * time.Second
	// releaseTime bounds giving letters back, which the end of a command must not prevent.
	releaseTime = 10 * time.Second
)

// Letter is a dead letter.
type Letter struct {
	// MessageID is Pub/Sub's id of the letter, which stays until it is acknowledged.
	MessageID string
	// EventID and Type are the event's, "" for what is no event.
	EventID, Type string
	// Function has failed on it, and Topic is where it came from. Both are "" if that cannot be told.
	Function, Topic string
	// Attempts is how often it was tried.
	Attempts int
	// PublishedAt is when it was published first, DiedAt when it was given up.
	PublishedAt, DiedAt time.Time
	// Attributes are those of the message, without what Pub/Sub added.
	Attributes map[string]string
	Data       []byte

	ack string
}

// Is reports whether the id is the letter's or its event's.
func (l Letter) Is(id string) bool { return id != "" && (id == l.MessageID || id == l.EventID) }

// Letters are the dead letters of a project, in a subscription of their own. Who looks at letters
// takes them away from others for a minute at most.
type Letters struct {
	Client *pubsub.SubscriptionAdminClient
	// Subscription is the full name, projects/PROJECT/subscriptions/NAME.
	Subscription string
	// Prefix begins the names of the functions' subscriptions.
	Prefix string
	// Quiet is how long to wait for a letter before there are no more, 5 s if it is zero.
	Quiet time.Duration
}

// Pull takes up to limit letters that are wanted, and gives the others back. The caller must
// [Letters.Release] what it does not acknowledge, also if there is an error. all reports whether
// there were no more.
func (l *Letters) Pull(
	ctx context.Context, limit int, wanted func(Letter) bool,
) (letters []Letter, all bool, err error) {
	var others []Letter
	defer func() { err = errors.Join(err, l.Release(ctx, others...)) }()
	seen := map[string]bool{}
	for last := time.Now().Add(pullTime); len(letters) < limit && time.Now().Before(last); {
		page, err := l.pull(ctx, limit)
		if err != nil {
			return letters, false, err
		}
		if len(page) == 0 {
			return letters, true, nil
		}
		for _, one := range page {
			if !seen[one.MessageID] && wanted(one) && len(letters) < limit {
				letters = append(letters, one)
			} else {
				others = append(others, one)
			}
			seen[one.MessageID] = true
		}
	}
	return letters, false, nil
}

func (l *Letters) pull(ctx context.Context, limit int) ([]Letter, error) {
	wait := l.Quiet
	if wait == 0 {
		wait = quiet
	}
	waiting, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	got, err := l.Client.Pull(waiting, &pubsubpb.PullRequest{
		Subscription: l.Subscription, MaxMessages: int32(min(limit, pullPage)), //nolint:gosec // at most 500
	})
	if status.Code(err) == codes.DeadlineExceeded && ctx.Err() == nil {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("pull dead letters: %w", err)
	}
	var letters []Letter
	for _, m := range got.GetReceivedMessages() {
		letters = append(letters, l.letter(m))
	}
	return letters, l.lease(ctx, hold, letters)
}

// letter reads a message of the subscription.
func (l *Letters) letter(m *pubsubpb.ReceivedMessage) Letter {
	all := m.GetMessage().GetAttributes()
	is := Letter{
		MessageID: m.GetMessage().GetMessageId(), EventID: all[event.AttributeID], Data: m.GetMessage().GetData(),
		DiedAt: m.GetMessage().GetPublishTime().AsTime(), Attributes: maps.Clone(all), ack: m.GetAckId(),
	}
	maps.DeleteFunc(is.Attributes, func(name, _ string) bool { return strings.HasPrefix(name, letterPrefix) })
	is.Type = typeOf(is.Attributes, is.Data)
	is.Attempts, _ = strconv.Atoi(all[letterAttempts])
	is.PublishedAt, _ = time.Parse(time.RFC3339Nano, all[letterTime])
	name := strings.TrimPrefix(all[letterSource], l.Prefix)
	for _, s := range catalog.Subscriptions() {
		if s.Name == name {
			is.Function, is.Topic = s.Function.Name, s.Topic
		}
	}
	return is
}

// lease keeps the letters from others for the time, 0 to give them back.
func (l *Letters) lease(ctx context.Context, length time.Duration, letters []Letter) error {
	for part := range slices.Chunk(letters, pullPage) {
		err := l.Client.ModifyAckDeadline(ctx, &pubsubpb.ModifyAckDeadlineRequest{
			Subscription: l.Subscription, AckIds: acks(part), AckDeadlineSeconds: int32(length.Seconds()),
		})
		if err != nil {
			return fmt.Errorf("hold dead letters: %w", err)
		}
	}
	return nil
}

func acks(letters []Letter) (all []string) {
	for _, one := range letters {
		all = append(all, one.ack)
	}
	return all
}

// Release gives letters back, even if ctx has ended.
func (l *Letters) Release(ctx context.Context, letters ...Letter) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTime)
	defer cancel()
	return l.lease(ctx, 0, letters)
}

// Acknowledge removes a letter.
func (l *Letters) Acknowledge(ctx context.Context, letter Letter) error {
	err := l.Client.Acknowledge(ctx, &pubsubpb.AcknowledgeRequest{
		Subscription: l.Subscription, AckIds: []string{letter.ack},
	})
	if err != nil {
		return fmt.Errorf("acknowledge dead letter %s: %w", letter.MessageID, err)
	}
	return nil
}

// Dead has a dead letter published again to its topic, and then acknowledges it. A command that is
// killed in between leaves the letter, whose next redrive is [ErrRedriven] and only acknowledges
// it. The other errors are the reasons above.
func (r *Redriver) Dead(ctx context.Context, l *Letters, letter Letter) error {
	err := r.run(ctx, func(_ context.Context, tx *outbox.Tx) error {
		switch {
		case letter.Topic == "":
			return ErrNoTopic
		case len(letter.Data) > maxResent:
			return ErrTooLong
		}
		if err := r.admit(tx, letter.Data); err != nil || r.DryRun {
			return err
		}
		tx.Resend(outbox.Message{
			ID: event.ID("dead letter", letter.MessageID), Topic: letter.Topic, Data: letter.Data, Attributes: letter.Attributes,
		})
		return nil
	})
	if r.DryRun || err != nil && !errors.Is(err, ErrRedriven) {
		return wrapLetter(letter, err)
	}
	return wrapLetter(letter, errors.Join(err, l.Acknowledge(ctx, letter)))
}

func wrapLetter(letter Letter, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redrive dead letter %s: %w", letter.MessageID, err)
}
