package notify

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
)

const itemSchema = 1

// Item is users/{uid}/inbox/{eventID}.
type Item struct {
	Schema int `firestore:"schema"`
	// ConsentEpoch is the epoch of the consent of the item's content. It is absent if no consent was
	// needed, and in items from before the field existed.
	ConsentEpoch int64 `firestore:"consentEpoch,omitempty"`
	// Type is the type of the event, such as "scan.completed.v1", and Kind the kind of notice.
	Type      string            `firestore:"type"`
	Kind      Kind              `firestore:"kind,omitempty"`
	Title     string            `firestore:"title"`
	Body      string            `firestore:"body"`
	Data      map[string]string `firestore:"data"`
	Read      bool              `firestore:"read"`
	CreatedAt time.Time         `firestore:"createdAt"`
	ExpireAt  time.Time         `firestore:"expireAt"`
}

// Item returns the inbox item of the message.
func (m Message) Item(t Text, now time.Time) Item {
	return Item{
		Schema: itemSchema, ConsentEpoch: m.ConsentEpoch, Type: m.Type, Kind: m.Rule.Kind,
		Title: t.Title, Body: t.Body, Data: m.Data,
		CreatedAt: now, ExpireAt: now.Add(schema.InboxLife),
	}
}

// Inbox returns the collection of the user's items.
func Inbox(user *firestore.DocumentRef) *firestore.CollectionRef { return user.Collection("inbox") }

// Live returns the query of the user's items that have not expired. An item expires a fixed time
// after its creation, so the filter is on createdAt, which also orders the query.
func Live(user *firestore.DocumentRef, now time.Time) firestore.Query {
	return Inbox(user).Where("createdAt", ">", now.UTC().Add(-schema.InboxLife))
}

// Unread counts the user's unread items in the transaction. It needs the composite index (read asc,
// createdAt asc) on the collection inbox.
func Unread(
	ctx context.Context, tx *firestore.Transaction, user *firestore.DocumentRef, now time.Time,
) (int64, error) {
	n, err := store.Count(ctx, tx, Live(user, now).Where("read", "==", false))
	if err != nil {
		return 0, fmt.Errorf("count unread items: %w", err)
	}
	return n, nil
}

// CountUnread is like [Unread] for a user whose account must be in use, in its own transaction.
func CountUnread(ctx context.Context, fs *firestore.Client, uid account.UID, now time.Time) (n int64, err error) {
	err = fs.RunTransaction(ctx, func(ctx context.Context, tx *firestore.Transaction) error {
		if _, err := account.ReadActive(ctx, tx, fs, uid); err != nil {
			return err
		}
		n, err = Unread(ctx, tx, account.Ref(fs, uid), now)
		return err
	}, firestore.ReadOnly)
	return n, err
}
