package notify

import (
	"embed"
	"fmt"
	"math"
	"regexp"
	"strings"
	"text/template"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

//go:embed templates
var files embed.FS

var texts = template.Must(template.ParseFS(files, "templates/messages.en.tmpl"))

// Message is the message of an event to its user.
type Message struct {
	// ID is the event's id.
	ID  string
	UID account.UID
	// ConsentEpoch is the epoch of the consent of the message's content, 0 if none was needed.
	ConsentEpoch int64
	// Type is the event's type.
	Type        string
	Title, Body string
	// Data is for the app: the ids that the message is about.
	Data     map[string]string
	Channels []Channel

	// fenced is set if the message depends on the consent of ConsentEpoch.
	fenced bool
	// revision is the revision of the series' result in the message, 0 for other messages.
	revision int64
}

// facts are the values for the texts. They have no score as a number, so that no text can show one
// without its interval.
type facts struct {
	// Score is a score in words, with its interval, or "" if the interval is unknown.
	Score string
	// Photos is the number of photos behind the mean, 0 for a series without counted photos.
	Photos int
	Reason string
}

// scoreInWords returns the score with its interval, such as "62 (between 31 and 87)". Whole numbers
// are enough beside intervals of tens of points; the interval's ends are rounded outwards. It
// returns "" for a score without an interval that contains it, as in old events.
func scoreInWords(score float64, interval *event.Interval) string {
	if !interval.Holds(score) {
		return ""
	}
	return fmt.Sprintf("%.0f (between %.0f and %.0f)", score, math.Floor(interval.Lo), math.Ceil(interval.Hi))
}

// eventID matches ids that can be part of a document's id, a push's tag and a Message-ID. All
// events have such ids.
var eventID = regexp.MustCompile(`^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$`)

// ValidID reports whether id can be the id of an event, and so of an item.
func ValidID(id string) bool { return eventID.MatchString(id) }

// NewMessage returns the message of an event. For an event that is not for users the error is
// [event.ErrMalformed].
func NewMessage(e event.Event) (Message, error) {
	if !ValidID(e.ID) {
		return Message{}, fmt.Errorf("%w: its id is not valid", event.ErrMalformed)
	}
	m := Message{ID: e.ID, Type: e.Type, Data: map[string]string{}}
	f, err := m.read(e)
	if err != nil {
		return Message{}, err
	}
	if m.Title, err = render(m.Type+"/title", f); err != nil {
		return Message{}, err
	}
	m.Body, err = render(m.Type+"/body", f)
	return m, err
}

// BodyWithoutScore returns the text of an event type for a score whose interval is unknown. It
// fails for types without a text.
func BodyWithoutScore(eventType string) (string, error) { return render(eventType+"/body", facts{}) }

// read sets the fields of the message from the event, and returns the values for its texts.
func (m *Message) read(e event.Event) (facts, error) {
	switch e.Type {
	case event.AccountRegisteredV1{}.EventType():
		data, err := event.As[event.AccountRegisteredV1](e)
		m.UID, m.Channels = account.UID(data.UID), []Channel{Push, Email}
		return facts{}, err
	case event.ScanCompletedV1{}.EventType():
		data, err := event.As[event.ScanCompletedV1](e)
		m.ofScan(data.UID, data.ScanID, data.ConsentEpoch, Push, Email)
		return facts{Score: scoreInWords(data.Score, data.Interval)}, err
	case event.ScanFailedV1{}.EventType():
		data, err := event.As[event.ScanFailedV1](e)
		m.ofScan(data.UID, data.ScanID, data.ConsentEpoch, Push, Email)
		m.Data["code"] = data.Code
		return facts{Reason: reason(data.Code)}, err
	case event.SeriesSettledV1{}.EventType():
		data, err := event.As[event.SeriesSettledV1](e)
		m.ofSeries(data.UID, data.SeriesID, data.ConsentEpoch, data.Revision, Push, Email)
		return facts{Score: scoreInWords(data.Score, data.Interval), Photos: data.Photos}, err
	case event.PersonalBestReachedV1{}.EventType():
		data, err := event.As[event.PersonalBestReachedV1](e)
		if data.SeriesID != "" {
			m.ofSeries(data.UID, data.SeriesID, data.ConsentEpoch, data.Revision, Push)
		} else {
			m.ofScan(data.UID, data.ScanID, data.ConsentEpoch, Push)
		}
		m.Data["board"] = data.Board
		return facts{Score: scoreInWords(data.Score, data.Interval)}, err
	default:
		return facts{}, fmt.Errorf("%w: notify has no message for %q", event.ErrMalformed, e.Type)
	}
}

func (m *Message) ofScan(uid, scanID string, epoch int64, channels ...Channel) {
	m.under(uid, epoch, channels)
	m.Data["scanId"] = scanID
}

func (m *Message) ofSeries(uid, seriesID string, epoch, revision int64, channels ...Channel) {
	m.under(uid, epoch, channels)
	m.Data["seriesId"], m.revision = seriesID, revision
}

// under makes the message depend on the consent epoch.
func (m *Message) under(uid string, epoch int64, channels []Channel) {
	m.UID, m.ConsentEpoch, m.fenced, m.Channels = account.UID(uid), epoch, true, channels
}

// Enter returns the message's user if the message may still be sent: the user admits it (see
// [account.Enter]) and its subject has not changed. Otherwise the error is [account.ErrClosed].
func (m *Message) Enter(tx *firestore.Transaction, fs *firestore.Client) (account.User, error) {
	user, err := m.enter(tx, fs)
	if err != nil {
		return account.User{}, err
	}
	there, err := m.subjectThere(tx, fs)
	if err != nil {
		return account.User{}, err
	}
	if !there {
		return account.User{}, account.ErrClosed
	}
	return user, nil
}

func (m *Message) enter(tx *firestore.Transaction, fs *firestore.Client) (account.User, error) {
	if m.fenced {
		return account.Enter(tx, fs, m.UID, m.ConsentEpoch)
	}
	return account.EnterActive(tx, fs, m.UID)
}

// subjectThere reports, in the transaction, whether the scan or series that the message is about,
// if any, exists and has not changed.
func (m *Message) subjectThere(tx *firestore.Transaction, fs *firestore.Client) (bool, error) {
	if id := m.Data["seriesId"]; id != "" {
		return series.Stands(tx, fs, m.UID, scan.SeriesID(id), m.revision)
	}
	if id := m.Data["scanId"]; id != "" {
		return scan.Exists(tx, fs, scan.ID(id))
	}
	return true, nil
}

// reason returns the words for why a photo was not measured. A code without its own words gets
// general ones.
func reason(code string) string {
	if text, err := render("reason/"+code, nil); err == nil {
		return text
	}
	text, _ := render("reason/other", nil) // the text is a constant
	return text
}

func render(name string, data any) (string, error) {
	var text strings.Builder
	if err := texts.ExecuteTemplate(&text, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return text.String(), nil
}
