package deliver

import (
	"slices"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/notify"
	"github.com/facescan/facescan/internal/store"
)

// Delivery is how far an event is delivered, as operators see it.
type Delivery struct {
	UID      account.UID `json:"uid"`
	EventID  string      `json:"eventId"`
	Kind     notify.Kind `json:"kind"`
	ScanID   string      `json:"scanId,omitempty"`
	SeriesID string      `json:"seriesId,omitempty"`
	// Channels are all of the event's.
	Channels  []Leg     `json:"channels"`
	CreatedAt time.Time `json:"createdAt"`
	UpdatedAt time.Time `json:"updatedAt"`

	// Waits reports whether a channel has something left to do, or to be done by an operator.
	Waits bool `json:"-"`
	// DueAt is when the sweep has it delivered on, zero if no channel waits for the sweep.
	DueAt time.Time `json:"-"`
}

// Leg is how far an event is by a channel. Reason is why it was not sent, and Fault the class of
// the last failure, "" for none.
type Leg struct {
	Channel  string `json:"channel"`
	State    string `json:"state"`
	Attempts int64  `json:"attempts"`
	Reason   string `json:"reason,omitempty"`
	Fault    string `json:"fault,omitempty"`
}

// Failed reports whether the leg has failed.
func (l Leg) Failed() bool { return l.State == string(failed) }

// Decode decodes a delivery.
func Decode(snap *firestore.DocumentSnapshot) (Delivery, error) {
	r, err := store.Decode[record](snap, nil, "delivery", nil)
	if err != nil {
		return Delivery{}, err
	}
	return newDelivery(account.UID(snap.Ref.Parent.Parent.ID), r), nil
}

func newDelivery(uid account.UID, r record) Delivery {
	d := Delivery{
		UID: uid, EventID: r.EventID, Kind: r.Kind, ScanID: r.ScanID, SeriesID: r.SeriesID,
		CreatedAt: r.CreatedAt, UpdatedAt: r.UpdatedAt, Waits: r.open(), DueAt: r.DueAt,
	}
	for _, c := range channels(r) {
		l := r.Legs[c]
		d.Channels = append(d.Channels, Leg{c, string(l.State), l.Attempts, l.Reason, l.Fault})
	}
	return d
}

// channels returns the names of the record's channels, sorted.
func channels(r record) (all []string) {
	for c := range r.Legs {
		all = append(all, c)
	}
	slices.Sort(all)
	return all
}
