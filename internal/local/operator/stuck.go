package operator

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/operate"
	"github.com/facescan/facescan/internal/operate/dead"
	"github.com/facescan/facescan/internal/parked"
)

// shownStuck is how many parked events or dead letters an answer has at most.
const shownStuck = 100

// stuckView is an event that was given up, without its data, which may have what was measured.
type stuckView struct {
	ID       string    `json:"id"`
	EventID  string    `json:"eventId,omitempty"`
	Type     string    `json:"type,omitempty"`
	Function string    `json:"function,omitempty"`
	Topic    string    `json:"topic,omitempty"`
	UID      string    `json:"uid,omitempty"`
	ScanID   string    `json:"scanId,omitempty"`
	Reason   string    `json:"reason,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	Bytes    int       `json:"bytes"`
	At       time.Time `json:"at"`
	// RedrivenAt is nil unless it was redriven, and Refused says why it cannot be.
	RedrivenAt *time.Time `json:"redrivenAt,omitempty"`
	Refused    string     `json:"refused,omitempty"`
}

// stuckList is an answer with some. More is set if there are others.
type stuckList struct {
	Items []stuckView `json:"items"`
	More  bool        `json:"more"`
}

func parkedView(e parked.Event) stuckView {
	v := stuckView{
		ID: e.ID, Function: e.Function, EventID: e.Attributes[event.AttributeID], Type: operate.TypeOf(e.Attributes, e.Data),
		UID: e.UID, ScanID: event.About(e.Data).ScanID, Reason: e.Reason, Bytes: len(e.Data), At: e.ParkedAt,
	}
	if !e.RedrivenAt.IsZero() {
		v.RedrivenAt = &e.RedrivenAt
	}
	topic, err := operate.TopicOf(e)
	if v.Topic = topic; err != nil {
		v.Refused = err.Error()
	}
	return v
}

func letterView(l dead.Letter) stuckView {
	about := event.About(l.Data)
	return stuckView{
		ID: l.MessageID, EventID: l.EventID, Type: l.Type, Function: l.Function, Topic: l.Topic, UID: about.UID,
		ScanID: about.ScanID, Attempts: l.Attempts, Bytes: len(l.Data), At: l.DiedAt,
	}
}

// parked answers with the parked events, the latest first.
func (d *Desk) parked(r *http.Request) (any, error) {
	found := stuckList{Items: []stuckView{}}
	err := d.with(r.Context(), func(t *tools) error {
		for e, err := range parked.List(r.Context(), t.fs) {
			if err != nil {
				return fmt.Errorf("list the parked events: %w", err)
			}
			if found.More = len(found.Items) == shownStuck; found.More {
				return nil
			}
			found.Items = append(found.Items, parkedView(e))
		}
		return nil
	})
	return found, err
}

// redriveParked has the parked event "id" published again.
func (d *Desk) redriveParked(r *http.Request) (any, error) {
	in, err := read[struct {
		ID string `json:"id"`
	}](r)
	if err != nil {
		return nil, err
	}
	var sent operate.Sent
	err = d.with(r.Context(), func(t *tools) error {
		redriver, err := t.redriver()
		if err != nil {
			return err
		}
		sent, err = redriver.Parked(r.Context(), in.ID)
		return expected(err)
	})
	return told(sent), err
}

// told is the answer about a redrive: where it went, and what keeps it from having all its effects.
func told(sent operate.Sent) map[string]string {
	return map[string]string{"topic": sent.Topic, "note": sent.Note()}
}

// expected returns as a refusal what may come of a redrive without anything being broken.
func expected(err error) error {
	for _, reason := range []error{
		parked.ErrNotFound, operate.ErrRedriven, operate.ErrForged, operate.ErrTooLong, operate.ErrNoTopic,
		operate.ErrClosed,
	} {
		if errors.Is(err, reason) {
			return refusal{http.StatusConflict, err.Error()}
		}
	}
	return err
}

// dead answers with the dead letters, and leaves them where they are.
func (d *Desk) dead(r *http.Request) (any, error) {
	found := stuckList{Items: []stuckView{}}
	err := d.with(r.Context(), func(t *tools) error {
		letters := t.letters()
		pulled, all, err := letters.Pull(r.Context(), shownStuck, func(dead.Letter) bool { return true })
		for _, letter := range pulled {
			found.Items = append(found.Items, letterView(letter))
		}
		found.More = !all
		return errors.Join(err, letters.Release(r.Context(), pulled...))
	})
	slices.SortFunc(found.Items, func(a, b stuckView) int { return b.At.Compare(a.At) })
	return found, err
}

// settleDead has the dead letter "id" published again, or removed if "drop" is set.
func (d *Desk) settleDead(r *http.Request) (any, error) {
	in, err := read[struct {
		ID   string `json:"id"`
		Drop bool   `json:"drop"`
	}](r)
	if err != nil {
		return nil, err
	}
	var sent operate.Sent
	err = d.with(r.Context(), func(t *tools) (err error) {
		redriver, err := t.redriver()
		if err != nil {
			return err
		}
		letters := t.letters()
		pulled, _, err := letters.Pull(r.Context(), 1, func(l dead.Letter) bool { return l.Is(in.ID) })
		if err != nil || len(pulled) == 0 {
			return errors.Join(err, letters.Release(r.Context(), pulled...), gone(len(pulled)))
		}
		sent.Topic = pulled[0].Topic
		if in.Drop {
			err = letters.Drop(r.Context(), redriver, pulled[0])
		} else {
			sent, err = letters.Redrive(r.Context(), redriver, pulled[0])
		}
		if err != nil {
			return errors.Join(expected(err), letters.Release(r.Context(), pulled...))
		}
		return nil
	})
	return told(sent), err
}

// gone returns an error if no letter was found.
func gone(found int) error {
	if found > 0 {
		return nil
	}
	return refusal{http.StatusConflict, "There is no such dead letter, or another command holds it for a minute."}
}
