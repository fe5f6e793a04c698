package deliver

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"cloud.google.com/go/firestore"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/store"
)

// ErrNotFailed means that there is no such delivery, or that none of its channels has failed.
var ErrNotFailed = errors.New("no channel of such a delivery has failed")

// failed reports whether a leg has failed.
func (r record) failed() bool {
	for _, l := range r.Legs {
		if l.State == failed {
			return true
		}
	}
	return false
}

// Look says which deliveries [ListFailed] looks at.
type Look struct {
	// UID is whose they are, "" for all users.
	UID account.UID
	// After is the path of the delivery behind which the look begins, such as
	// "users/ada/deliveries/x", "" for the first one.
	After string
	// Reads is the most that are looked at, and Most the most that are returned.
	Reads, Most int
}

// ErrAfter means that a look begins behind what is no delivery, or none of its user.
var ErrAfter = errors.New("no delivery has such a path")

// Looked is what a look has found. Next is the After of another look that goes on, "" if there is
// nothing more.
type Looked struct {
	Failed []Delivery `json:"failed"`
	Reads  int        `json:"reads"`
	Next   string     `json:"next,omitempty"`
}

// query returns the deliveries of the look, in the order of their paths.
func (l Look) query(fs *firestore.Client) (firestore.Query, error) {
	all := fs.CollectionGroup("deliveries").Query
	if l.UID != "" {
		all = notify.Deliveries(account.Ref(fs, l.UID)).Query
	}
	all = all.OrderBy(firestore.DocumentID, firestore.Asc).Limit(l.Reads)
	if l.After == "" {
		return all, nil
	}
	parts := strings.Split(l.After, "/")
	ok := len(parts) == 4 && parts[0] == "users" && parts[2] == "deliveries" &&
		event.ValidID(parts[1]) && event.ValidID(parts[3]) && (l.UID == "" || string(l.UID) == parts[1])
	if !ok {
		return all, fmt.Errorf("%w: %q", ErrAfter, l.After)
	}
	return all.StartAfter(fs.Doc(l.After)), nil
}

// ListFailed returns failed deliveries. No index has their legs, so it reads all deliveries, of
// which there are those of 90 days: page by page, as the look bounds it.
func ListFailed(ctx context.Context, fs *firestore.Client, l Look) (Looked, error) {
	found := Looked{Failed: []Delivery{}}
	all, err := l.query(fs)
	if err != nil {
		return found, err
	}
	docs := all.Documents(ctx)
	defer docs.Stop()
	last := ""
	for found.Reads < l.Reads && len(found.Failed) < l.Most {
		snap, err := docs.Next()
		if errors.Is(err, iterator.Done) {
			return found, nil
		}
		r, err := store.Decode[record](snap, err, "delivery", nil)
		if err != nil {
			return found, err
		}
		uid := account.UID(snap.Ref.Parent.Parent.ID)
		last = "users/" + string(uid) + "/deliveries/" + snap.Ref.ID
		if found.Reads++; r.failed() {
			found.Failed = append(found.Failed, newDelivery(uid, r))
		}
	}
	found.Next = last
	return found, nil
}

// GetFailed returns a failed delivery of the user, or [ErrNotFailed].
func GetFailed(ctx context.Context, fs *firestore.Client, uid account.UID, eventID string) (Delivery, error) {
	if !event.ValidID(string(uid)) || !event.ValidID(eventID) {
		return Delivery{}, ErrNotFailed
	}
	snap, err := notify.Deliveries(account.Ref(fs, uid)).Doc(eventID).Get(ctx)
	r, err := store.Decode[record](snap, err, "delivery", ErrNotFailed)
	if err == nil && !r.failed() {
		err = ErrNotFailed
	}
	return newDelivery(uid, r), err
}

// Redrive has the event of a failed delivery published again. The channels that have failed are
// attempted again, and the others left alone. The error is [ErrNotFailed] or a reason of package
// operate: of two who redrive the same failure, the second is told operate.ErrRedriven until a
// channel is attempted.
func Redrive(
	ctx context.Context, r *operate.Redriver, uid account.UID, eventID string,
) (sent operate.Sent, err error) {
	if !event.ValidID(string(uid)) || !event.ValidID(eventID) {
		return operate.Sent{}, ErrNotFailed
	}
	err = r.Run(ctx, func(_ context.Context, tx *outbox.Tx) error {
		snap, err := tx.Get(notify.Deliveries(account.Ref(r.Firestore, uid)).Doc(eventID))
		is, err := store.Decode[record](snap, err, "delivery", ErrNotFailed)
		if err != nil {
			return err
		}
		if !is.failed() {
			return ErrNotFailed
		}
		m, err := is.message()
		if err != nil {
			return err
		}
		key := []string{eventID}
		for _, c := range channels(is) {
			key = append(key, strconv.FormatInt(is.Legs[c].Attempts, 10))
		}
		sent.Topic = event.Topic(m.Attributes[event.AttributeType])
		again := outbox.Message{
			ID:    event.ID(append([]string{"delivery", string(uid)}, key...)...),
			Topic: sent.Topic, Data: m.Data, Attributes: m.Attributes,
		}
		state, err := r.Resend(tx, again, audit.Act{Kind: audit.DeliveryRedriven, Object: eventID, Key: key})
		if err == nil && state == account.Banned {
			return operate.ErrBanned
		}
		return err
	})
	if err != nil {
		return operate.Sent{}, fmt.Errorf("redrive the delivery of event %s: %w", eventID, err)
	}
	return sent, nil
}

// message returns the message of the record's event, which is kept as long as a channel needs it.
func (r record) message() (event.Message, error) {
	e, err := event.Decode(r.Event)
	if err != nil {
		return event.Message{}, fmt.Errorf("read the event: %w", err)
	}
	return event.Message{ID: e.ID, Data: r.Event, Attributes: map[string]string{
		event.AttributeType: e.Type, event.AttributeID: e.ID, event.AttributeTraceparent: e.Traceparent,
	}}, nil
}
