// Package pusher delivers the messages of pull subscriptions to functions, as the push
// subscriptions of production do. The Pub/Sub emulator's own push has two loops a subscription and
// a retry policy of its own.
//
// A function has a limited number of requests under way, whatever its subscriptions hold. A
// delivery that fails is repeated after an exponential back-off, and after the last attempt the
// message goes to the dead-letter topic. A message that waits for its next attempt takes no place
// of the function. In line for a place there are one fresh message and one that is due again of
// each subscription, so that no number of others keeps one waiting.
//
// The attempts are counted in memory. A message is leased from Pub/Sub as long as it waits here, so
// that another pusher of the same subscription does not get it. When this one is closed the message
// is given back, and when its process dies the lease ends, by the ack deadline at the latest.
// Either way the next pusher counts from 1. In production Pub/Sub counts, so there no restart of
// anything resets it.
package pusher

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"cloud.google.com/go/pubsub/v2"
	apiv1 "cloud.google.com/go/pubsub/v2/apiv1"
	"github.com/googleapis/gax-go/v2"
	"golang.org/x/sync/semaphore"
	"google.golang.org/api/option"
	"google.golang.org/grpc/codes"
)

const (
	// leaseTime is how long Pub/Sub keeps a message for a process that has died, or for a stream that
	// has broken. It is the least that Pub/Sub takes, and prolonged after half of it.
	leaseTime = 10 * time.Second
	// retention is how long Pub/Sub keeps a message that nothing acknowledges.
	retention = 7 * 24 * time.Hour
	// reopenAfter is the wait after a stream has ended with an error that the client library does not
	// repeat.
	reopenAfter = time.Second
	// longestPause is the longest wait before a call to a Pub/Sub that is away is tried again.
	longestPause = time.Second
	// closeTimeout bounds the wait for Pub/Sub to take the messages back. On a busy machine the last
	// acknowledgements take seconds.
	closeTimeout = 8 * time.Second
	// maxWaiting and maxWaitingBytes bound what waits for its first attempt, for each subscription.
	// What is not taken from the stream loses its lease there and is delivered twice, so they are
	// high.
	maxWaiting      = 10_000
	maxWaitingBytes = 256 << 20
)

// Function is where the messages of some subscriptions go, and how.
type Function struct {
	// URL is what the messages are posted to.
	URL string
	// Subscriptions are the full names, projects/PROJECT/subscriptions/NAME. They have no dead-letter
	// policy of their own.
	Subscriptions []string
	// AtOnce is the largest number of requests under way.
	AtOnce int
	// Timeout is how long an attempt may take.
	Timeout time.Duration
	// MinBackoff and MaxBackoff bound the wait between two attempts.
	MinBackoff, MaxBackoff time.Duration
	// MaxAttempts is the number of attempts after which a message is a dead letter.
	MaxAttempts int
}

// Pusher delivers messages until it is closed.
type Pusher struct {
	client        *pubsub.Client
	letters       *pubsub.Publisher
	http          *http.Client
	subscriptions []*subscription
	stop          context.CancelFunc
	working       sync.WaitGroup
}

// Start begins to deliver to the functions. Dead letters are published to the topic of the project.
func Start(ctx context.Context, project, deadLetterTopic string, functions ...Function) (*Pusher, error) {
	client, err := connect(ctx, project)
	if err != nil {
		return nil, err
	}
	return start(ctx, client, deadLetterTopic, functions), nil
}

// connect returns a client that pauses for a second at most between two tries of a call. By the
// library's own pauses, which grow to a minute, the messages of a Pub/Sub that was away for seconds
// would come a minute later, and Close would wait for the end of a pause.
func connect(ctx context.Context, project string, opts ...option.ClientOption) (*pubsub.Client, error) {
	soon := func(retried ...codes.Code) []gax.CallOption {
		return []gax.CallOption{gax.WithRetry(func() gax.Retryer {
			return gax.OnCodes(retried, gax.Backoff{Initial: 100 * time.Millisecond, Max: longestPause, Multiplier: 1.3})
		})}
	}
	config := &pubsub.ClientConfig{SubscriptionAdminCallOptions: &apiv1.SubscriptionAdminCallOptions{
		// The codes are those of the library.
		StreamingPull: soon(
			codes.DeadlineExceeded, codes.ResourceExhausted, codes.Aborted, codes.Internal, codes.Unavailable,
		),
		ModifyAckDeadline: soon(codes.Unavailable),
		Acknowledge:       soon(codes.Unavailable),
	}}
	client, err := pubsub.NewClientWithConfig(ctx, project, config, opts...)
	if err != nil {
		return nil, fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	return client, nil
}

// start takes the client over.
func start(ctx context.Context, client *pubsub.Client, deadLetterTopic string, functions []Function) *Pusher {
	all := 0
	for _, f := range functions {
		all += f.AtOnce
	}
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	p := &Pusher{client: client, letters: client.Publisher(deadLetterTopic), stop: stop, http: &http.Client{
		Transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: all},
		// Pub/Sub does not follow redirects.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	for _, f := range functions {
		places := semaphore.NewWeighted(int64(f.AtOnce))
		for _, name := range f.Subscriptions {
			s := &subscription{
				Pusher: p, Function: f, name: name, held: map[string]*delivery{}, failed: map[string]int{},
				places: places, fresh: semaphore.NewWeighted(1), again: semaphore.NewWeighted(1),
				looks: make(chan struct{}, 1),
			}
			p.subscriptions = append(p.subscriptions, s)
		}
	}
	for _, s := range p.subscriptions {
		p.working.Go(func() { s.run(ctx) })
		p.working.Go(func() { s.look(ctx) })
	}
	return p
}

// Close breaks off the requests under way, gives back the messages that were not delivered, and
// returns once nothing of the Pusher is left. A Pub/Sub that is away keeps the messages until their
// leases end.
func (p *Pusher) Close() error {
	p.stop()
	// The client library would try for a minute to reach a Pub/Sub that is away. The emulator may have
	// been killed, by the end of the context that it was started with.
	late := time.AfterFunc(closeTimeout, func() { _ = p.client.Close() })
	p.working.Wait()
	p.letters.Stop()
	p.http.CloseIdleConnections()
	if !late.Stop() {
		return nil
	}
	if err := p.client.Close(); err != nil {
		return fmt.Errorf("close the pusher: %w", err)
	}
	return nil
}

// subscription is delivered to its function.
type subscription struct {
	*Pusher
	Function
	name   string
	places *semaphore.Weighted // of the function, for requests under way
	// fresh and again are the turns to stand in line for a place: of a message for the first time, and
	// of one that is due again.
	fresh, again *semaphore.Weighted
	looks        chan struct{} // one to come at most

	mu sync.Mutex
	// held are the deliveries by the message's id. failed are the attempts of those that were handed
	// over to the stream and are not back.
	held   map[string]*delivery
	failed map[string]int
}

// enter returns once there is a place for the one whose turn it is.
func (s *subscription) enter(ctx context.Context, turn *semaphore.Weighted) error {
	if err := turn.Acquire(ctx, 1); err != nil {
		return err
	}
	defer turn.Release(1)
	return s.places.Acquire(ctx, 1)
}

// delivery is a message that is neither delivered nor given up yet.
type delivery struct {
	message  *pubsub.Message
	attempts int
	// leases are more than one if one has ended too early. Each has to be settled.
	leases []lease
}

// lease is Pub/Sub's promise to give a message to no other meanwhile.
type lease interface {
	Ack()  // it is delivered
	Nack() // it is given back
}

// run receives messages until ctx ends.
func (s *subscription) run(ctx context.Context) {
	for {
		from := s.client.Subscriber(s.name)
		from.ReceiveSettings = pubsub.ReceiveSettings{
			MaxExtension: retention, MaxDurationPerAckExtension: leaseTime,
			// A message counts until deliver returns, which is after its first attempt.
			MaxOutstandingMessages: maxWaiting, MaxOutstandingBytes: maxWaitingBytes,
		}
		err := from.Receive(ctx, func(_ context.Context, m *pubsub.Message) { s.deliver(ctx, m) })
		if ctx.Err() != nil {
			return
		}
		slog.WarnContext(ctx, "subscription not received", "subscription", s.name, "error", err)
		if !sleep(ctx, reopenAfter) {
			return
		}
	}
}

// deliver makes the first attempt and leaves the others to the background. The context is not that
// of the stream, which may end without the Pusher's end.
func (s *subscription) deliver(ctx context.Context, m *pubsub.Message) {
	d, known := s.hold(m, m)
	if known {
		return
	}
	if d.attempts == 0 && s.enter(ctx, s.fresh) != nil {
		s.settle(d, lease.Nack)
		return
	}
	if d.attempts > 0 || !s.attempt(ctx, d) {
		s.working.Go(func() { s.repeat(ctx, d) })
	}
}

// repeat makes further attempts until one settles the message.
func (s *subscription) repeat(ctx context.Context, d *delivery) {
	for {
		if !sleep(ctx, backoff(s.MinBackoff, s.MaxBackoff, d.attempts)) || s.enter(ctx, s.again) != nil {
			s.settle(d, lease.Nack)
			return
		}
		if s.attempt(ctx, d) {
			return
		}
	}
}

// attempt posts the message once, in a place that it leaves, and reports whether the message is
// settled: delivered, a dead letter, or given back since the Pusher is being closed.
func (s *subscription) attempt(ctx context.Context, d *delivery) bool {
	defer s.places.Release(1)
	if d.attempts < s.MaxAttempts { // else only the dead letter is missing
		d.attempts++
		err := s.push(ctx, d.message, d.attempts)
		if err == nil {
			s.settle(d, lease.Ack)
			return true
		}
		slog.DebugContext(ctx, "delivery failed", "subscription", s.name, "attempt", d.attempts, "error", err)
	}
	if ctx.Err() == nil && d.attempts >= s.MaxAttempts {
		err := s.bury(ctx, d.message, d.attempts)
		if err == nil {
			s.settle(d, lease.Ack)
			return true
		}
		slog.ErrorContext(ctx, "no dead letter written", "subscription", s.name, "error", err)
	}
	if ctx.Err() != nil {
		s.settle(d, lease.Nack)
		return true
	}
	return false
}

// hold takes the message over. It is known already if its lease has ended too early, Pub/Sub or
// this process having been away.
func (s *subscription) hold(m *pubsub.Message, l lease) (_ *delivery, known bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, known := s.held[m.ID]
	if known {
		d.leases = append(d.leases, l)
		return d, true
	}
	d = &delivery{message: m, attempts: s.failed[m.ID], leases: []lease{l}}
	delete(s.failed, m.ID)
	s.held[m.ID] = d
	return d, false
}

// settle lets the message go, with Ack or Nack.
func (s *subscription) settle(d *delivery, end func(lease)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, d.message.ID)
	for _, l := range d.leases {
		end(l)
	}
}

// sleep reports false if ctx ends before the time has passed.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
