package notify

import (
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/httpapi"
)

// inboxKept is how long an item is shown and kept.
const inboxKept = 90 * 24 * time.Hour

// item is users/{uid}/inbox/{eventID}.
type item struct {
	Schema int `firestore:"schema"`
	// ConsentEpoch is the epoch of the consent that what it tells was made under; absent where it
	// needed none, and in items that were written before the member was.
	ConsentEpoch int64 `firestore:"consentEpoch,omitempty"`
	// Type is the event's, such as "scan.completed.v1".
	Type      string            `firestore:"type"`
	Title     string            `firestore:"title"`
	Body      string            `firestore:"body"`
	Data      map[string]string `firestore:"data"`
	Read      bool              `firestore:"read"`
	CreatedAt time.Time         `firestore:"createdAt"`
	ExpireAt  time.Time         `firestore:"expireAt"`
}

func newItem(msg message, now time.Time) item {
	return item{
		Schema: schema, ConsentEpoch: msg.epoch, Type: msg.kind, Title: msg.title, Body: msg.body, Data: msg.data,
		CreatedAt: now, ExpireAt: now.Add(inboxKept),
	}
}

func inboxOf(user *firestore.DocumentRef) *firestore.CollectionRef { return user.Collection("inbox") }

// itemView is an item as its owner sees it.
type itemView struct {
	ID        string            `json:"id"`
	Type      string            `json:"type"`
	Title     string            `json:"title"`
	Body      string            `json:"body"`
	Data      map[string]string `json:"data"`
	CreatedAt string            `json:"createdAt"`
	Read      bool              `json:"read"`
}

func showItem(id string, i item) itemView {
	return itemView{
		ID: id, Type: i.Type, Title: i.Title, Body: i.Body, Data: i.Data, CreatedAt: httpapi.Time(i.CreatedAt), Read: i.Read,
	}
}
