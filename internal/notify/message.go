package notify

import (
	"fmt"
	"regexp"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/series"
)

// Message is the message of an event to its user.
type Message struct {
	// ID is the event's id.
	ID  string
	UID account.UID
	// ConsentEpoch is the epoch of the consent of the message's content, 0 if none was needed.
	ConsentEpoch int64
	// Type is the event's type, and Rule how it is sent.
	Type string
	Rule Rule
	// Data is for the app: the ids that the message is about.
	Data map[string]string

	facts facts
	// fenced is set if the message depends on the consent of ConsentEpoch.
	fenced bool
	// revision is the revision of the series' result in the message, 0 for other messages.
	revision int64
	// device is the id of the added device. The app is not told it, as it is all that it takes to put
	// another device in its place.
	device string
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
	rule, ok := RuleOf(KindOf(e.Type))
	if !ok || rule.Kind == AccountErased {
		return Message{}, fmt.Errorf("%w: notify has no message for %q", event.ErrMalformed, e.Type)
	}
	m := Message{ID: e.ID, Type: e.Type, Rule: rule, Data: map[string]string{}}
	return m, m.read(e)
}

// Channels returns the channels of the message, in the order of [Channels].
func (m Message) Channels() []Channel { return m.Rule.channels() }

// read sets the fields of the message from the event.
func (m *Message) read(e event.Event) error {
	switch m.Rule.Kind {
	case ScanCompleted, ScanFailed, PersonalBest:
		return m.readScan(e)
	case RankChanged:
		data, err := event.As[event.RankChangedV1](e)
		m.under(data.UID, data.ConsentEpoch)
		m.Data["board"], m.facts.Rank = data.Board, &data
		return err
	case ExportReady:
		data, err := event.As[event.ExportReadyV1](e)
		// It is told without a consent, too, but a withdrawal deletes the export, and so the item.
		m.UID, m.ConsentEpoch, m.Data["exportId"] = account.UID(data.UID), data.ConsentEpoch, data.ExportID
		return err
	case Security:
		return m.readSecurity(e)
	default:
		data, err := event.As[event.AccountRegisteredV1](e)
		m.UID = account.UID(data.UID)
		return err
	}
}

// readScan reads an event about a scan or series.
func (m *Message) readScan(e event.Event) error {
	switch e.Type {
	case event.ScanCompletedV1{}.EventType():
		data, err := event.As[event.ScanCompletedV1](e)
		m.ofScan(data.UID, data.ScanID, data.ConsentEpoch)
		m.facts.Score = scoreOf(data.Score, data.Interval, false)
		return err
	case event.ScanFailedV1{}.EventType():
		data, err := event.As[event.ScanFailedV1](e)
		m.ofScan(data.UID, data.ScanID, data.ConsentEpoch)
		m.Data["code"], m.facts.Code = data.Code, data.Code
		return err
	case event.SeriesSettledV1{}.EventType():
		data, err := event.As[event.SeriesSettledV1](e)
		m.ofSeries(data.UID, data.SeriesID, data.ConsentEpoch, data.Revision)
		m.facts.Score = scoreOf(data.Score, data.Interval, data.Photos > 1)
		m.facts.Photos = data.Photos
		return err
	default:
		data, err := event.As[event.PersonalBestReachedV1](e)
		if data.SeriesID != "" {
			m.ofSeries(data.UID, data.SeriesID, data.ConsentEpoch, data.Revision)
		} else {
			m.ofScan(data.UID, data.ScanID, data.ConsentEpoch)
		}
		m.Data["board"] = data.Board
		m.facts.Score = scoreOf(data.Score, data.Interval, data.SeriesID != "")
		return err
	}
}

// readSecurity reads an event about the account's security.
func (m *Message) readSecurity(e event.Event) error {
	if e.Type == (event.PasswordChangedV1{}).EventType() {
		data, err := event.As[event.PasswordChangedV1](e)
		m.UID = account.UID(data.UID)
		return err
	}
	data, err := event.As[event.DeviceAddedV1](e)
	m.UID, m.facts.Platform = account.UID(data.UID), data.Platform
	m.device = data.DeviceID
	return err
}

func (m *Message) ofScan(uid, scanID string, epoch int64) {
	m.under(uid, epoch)
	m.Data["scanId"] = scanID
}

func (m *Message) ofSeries(uid, seriesID string, epoch, revision int64) {
	m.under(uid, epoch)
	m.Data["seriesId"], m.revision = seriesID, revision
}

// under makes the message depend on the consent epoch.
func (m *Message) under(uid string, epoch int64) {
	m.UID, m.ConsentEpoch, m.fenced = account.UID(uid), epoch, true
}

// Concerns reports whether the message is about the device with the id, which need not be told.
func (m Message) Concerns(deviceID string) bool { return m.device != "" && m.device == deviceID }

// Admitted reports whether the active user still admits the message: the consent that its content
// depends on, if any, is the one in force.
func (m Message) Admitted(u account.User) bool { return !m.fenced || u.Admits(m.ConsentEpoch) }

// Enter returns the message's user if the message may still be sent: the user admits it (see
// [account.Enter]) and its subject has not changed. Otherwise the error is [account.ErrClosed]. The
// transaction reads another document in the same round trip.
func (m Message) Enter(
	tx *firestore.Transaction, fs *firestore.Client, other *firestore.DocumentRef,
) (user account.User, read *firestore.DocumentSnapshot, err error) {
	snaps, err := tx.GetAll(append([]*firestore.DocumentRef{account.Ref(fs, m.UID), other}, m.Subject(fs)...))
	if err != nil {
		return account.User{}, nil, fmt.Errorf("read the user and the message's subject: %w", err)
	}
	user, err = m.entered(snaps[0])
	if err != nil {
		return account.User{}, nil, err
	}
	there, err := m.SubjectThere(snaps[2:])
	if err != nil {
		return account.User{}, nil, err
	}
	if !there {
		return account.User{}, nil, account.ErrClosed
	}
	return user, snaps[1], nil
}

func (m Message) entered(user *firestore.DocumentSnapshot) (account.User, error) {
	if m.fenced {
		return account.Entered(user, m.ConsentEpoch)
	}
	return account.EnteredActive(user)
}

// Subject returns the document of the scan or series that the message is about, none if it is about
// neither.
func (m Message) Subject(fs *firestore.Client) []*firestore.DocumentRef {
	if id := m.Data["seriesId"]; id != "" {
		return []*firestore.DocumentRef{series.Ref(fs, m.UID, scan.SeriesID(id))}
	}
	if id := m.Data["scanId"]; id != "" {
		return []*firestore.DocumentRef{scan.Ref(fs, scan.ID(id))}
	}
	return nil
}

// SubjectThere reports whether the scan or series that the message is about, if any, exists and has
// not changed. read is what was read of [Message.Subject].
func (m Message) SubjectThere(read []*firestore.DocumentSnapshot) (bool, error) {
	switch {
	case len(read) == 0:
		return true, nil
	case m.Data["seriesId"] != "":
		return series.Stands(read[0], m.revision)
	}
	return scan.Exists(read[0])
}
