package deliver

import (
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/store"
)

// Delivery is how far an event is delivered.
type Delivery struct {
	Failed

	// Waits reports whether a channel has something left to do, or to be done by an operator.
	Waits bool
	// DueAt is when the sweep has it delivered on, zero if no channel waits for the sweep.
	DueAt time.Time
}

// StateFailed is the state of a leg that has failed.
const StateFailed = string(failed)

// Decode decodes a delivery.
func Decode(snap *firestore.DocumentSnapshot) (Delivery, error) {
	r, err := store.Decode[record](snap, nil, "delivery", nil)
	if err != nil {
		return Delivery{}, err
	}
	uid := account.UID(snap.Ref.Parent.Parent.ID)
	return Delivery{Failed: newFailed(uid, r), Waits: r.open(), DueAt: r.DueAt}, nil
}
