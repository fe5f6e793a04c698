// Package dead looks at the dead letters of a project, what no attempt could deliver, and has them
// published again.
package dead

import (
	"cmp"
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

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/operate"
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
	// pullPage is the most letters that one call pulls or gives back. It names each by some 200 bytes,
	// and may have 512 KiB.
	pullPage = 500
	// quiet is how long no letter must come before there are none, if [Letters] does not say:
	// Pub/Sub may answer with none while there are some. pullPause is between two calls.
	quiet     = 5 * time.Second
	pullPause = 250 * time.Millisecond
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
	last := time.Now().Add(pullTime)
	for came := time.Now(); len(letters) < limit && time.Now().Before(last); {
		page, err := l.pull(ctx, limit)
		if err != nil {
			return letters, false, err
		}
		if len(page) == 0 {
			if time.Since(came) >= cmp.Or(l.Quiet, quiet) {
				return letters, true, nil
			}
			if err := pause(ctx); err != nil {
				return letters, false, err
			}
			continue
		}
		came = time.Now()
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

// pause waits for pullPause, or returns the error of a context that ends before.
func pause(ctx context.Context) error {
	select {
	case <-time.After(pullPause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// pull asks for letters without waiting for them: a call that is given up while it waits may have
// been answered, with letters that are then hidden for the subscription's whole deadline.
func (l *Letters) pull(ctx context.Context, limit int) ([]Letter, error) {
	got, err := l.Client.Pull(ctx, &pubsubpb.PullRequest{
		Subscription: l.Subscription, MaxMessages: int32(min(limit, pullPage)),
		ReturnImmediately: true, //nolint:staticcheck // see above
	})
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
	is.Type = operate.TypeOf(is.Attributes, is.Data)
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

// Redrive has a dead letter published again to its topic, and then acknowledges it. A command that
// is killed in between leaves the letter, whose next redrive is operate.ErrRedriven and only
// acknowledges it. The other errors are the reasons of package operate.
func (l *Letters) Redrive(ctx context.Context, r *operate.Redriver, letter Letter) (operate.Sent, error) {
	sent := operate.Sent{Topic: letter.Topic}
	err := r.Run(ctx, func(_ context.Context, tx *outbox.Tx) (err error) {
		if letter.Topic == "" {
			return operate.ErrNoTopic
		}
		m := outbox.Message{
			ID: event.ID("dead letter", letter.MessageID), Topic: letter.Topic, Data: letter.Data, Attributes: letter.Attributes,
		}
		id := letter.MessageID
		sent.State, err = r.Resend(tx, m, audit.Act{Kind: audit.LetterRedriven, Object: id, Key: []string{id}})
		return err
	})
	if r.DryRun || err != nil && !errors.Is(err, operate.ErrRedriven) {
		return sent, wrapLetter(letter, err)
	}
	return sent, wrapLetter(letter, errors.Join(err, l.Acknowledge(ctx, letter)))
}

// Drop removes a dead letter that is not to be redriven, after the act is kept, which is about the
// user of the letter if there is one.
func (l *Letters) Drop(ctx context.Context, r *operate.Redriver, letter Letter) error {
	if r.DryRun {
		return nil
	}
	act := audit.Act{Kind: audit.LetterDropped, Actor: r.By, Object: letter.MessageID, Key: []string{letter.MessageID}}
	var err error
	if uid := event.About(letter.Data).UID; event.ValidID(uid) {
		_, err = operate.Note(ctx, r.Firestore, r.Acts, account.UID(uid), act)
	} else {
		err = r.Acts.Add(ctx, act)
	}
	// A command that was killed before it removed the letter has left the act.
	if err != nil && status.Code(err) != codes.AlreadyExists {
		return err
	}
	return l.Acknowledge(ctx, letter)
}

func wrapLetter(letter Letter, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("redrive dead letter %s: %w", letter.MessageID, err)
}
