package notify

import (
	"embed"
	"fmt"
	htmltemplate "html/template"
	"math"
	"regexp"
	"strings"
	"text/template"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/scan"
)

//go:embed templates
var files embed.FS

var (
	texts    = template.Must(template.ParseFS(files, "templates/messages.en.tmpl"))
	mailText = template.Must(template.ParseFS(files, "templates/mail.txt.tmpl"))
	mailHTML = htmltemplate.Must(htmltemplate.ParseFS(files, "templates/mail.html.tmpl"))
)

// channel is a way to the user beside the inbox.
type channel string

const (
	push  channel = "push"
	email channel = "email"
)

// message is what an event says to its user.
type message struct {
	// id is the event's.
	id  string
	uid account.UID
	// epoch is the consent's that what it tells was made under, 0 where it needed none.
	epoch int64
	// kind is the event's type.
	kind        string
	title, body string
	// data is for the app: the ids that the message is about.
	data     map[string]string
	channels []channel
	// last says that the account goes with it, so there is nothing to open or to turn off any more.
	last bool
	// revision is that of the series' result that it tells of, 0 where it is about none.
	revision int64
	// fenced says that the message follows from a consent, which epoch is of.
	fenced bool
}

// facts is what the texts may use. No score is in it as a number, so that no text can have one
// without its interval.
type facts struct {
	// Score is a score in words, with its interval; "" where the interval is not known.
	Score string
	// Photos is of how many photos it is the mean, 0 for a series of which none counts.
	Photos int
	Reason string
}

// scoreInWords returns the score with its interval, such as "62 (between 31 and 87)". Whole numbers
// are enough beside intervals of tens of points; the interval's ends are rounded outwards. It is ""
// for a score that does not lie in an interval: of events from before there were any, none is known.
func scoreInWords(score float64, interval *event.Interval) string {
	if !interval.Holds(score) {
		return ""
	}
	return fmt.Sprintf("%.0f (between %.0f and %.0f)", score, math.Floor(interval.Lo), math.Ceil(interval.Hi))
}

// eventID is what can be part of a document's id, a push's tag and a Message-ID; all events of ours have such.
var eventID = regexp.MustCompile(`^[A-Za-z0-9-][A-Za-z0-9_-]{0,63}$`)

// newMessage makes the message of an event. What is no event for users is [event.ErrMalformed].
func newMessage(e event.Event) (message, error) {
	if !eventID.MatchString(e.ID) {
		return message{}, fmt.Errorf("%w: its id is not one of ours", event.ErrMalformed)
	}
	m := message{id: e.ID, kind: e.Type, data: map[string]string{}}
	f, err := m.read(e)
	if err != nil {
		return message{}, err
	}
	if m.title, err = render(m.kind+"/title", f); err != nil {
		return message{}, err
	}
	m.body, err = render(m.kind+"/body", f)
	return m, err
}

// BodyWithoutScore returns what the messages of an event type say of a score whose interval is not
// known. It fails for types that have no text.
func BodyWithoutScore(eventType string) (string, error) { return render(eventType+"/body", facts{}) }

// read fills in what the event says, and returns what its texts need.
func (m *message) read(e event.Event) (facts, error) {
	switch e.Type {
	case event.AccountRegisteredV1{}.EventType():
		data, err := event.As[event.AccountRegisteredV1](e)
		m.uid, m.channels = account.UID(data.UID), []channel{push, email}
		return facts{}, err
	case event.ScanCompletedV1{}.EventType():
		data, err := event.As[event.ScanCompletedV1](e)
		m.ofScan(data.UID, data.ScanID, data.ConsentEpoch, push, email)
		return facts{Score: scoreInWords(data.Score, data.Interval)}, err
	case event.ScanFailedV1{}.EventType():
		data, err := event.As[event.ScanFailedV1](e)
		m.ofScan(data.UID, data.ScanID, data.ConsentEpoch, push, email)
		m.data["code"] = data.Code
		return facts{Reason: reason(data.Code)}, err
	case event.SeriesSettledV1{}.EventType():
		data, err := event.As[event.SeriesSettledV1](e)
		m.ofSeries(data.UID, data.SeriesID, data.ConsentEpoch, data.Revision, push, email)
		return facts{Score: scoreInWords(data.Score, data.Interval), Photos: data.Photos}, err
	case event.PersonalBestReachedV1{}.EventType():
		data, err := event.As[event.PersonalBestReachedV1](e)
		if data.SeriesID != "" {
			m.ofSeries(data.UID, data.SeriesID, data.ConsentEpoch, data.Revision, push)
		} else {
			m.ofScan(data.UID, data.ScanID, data.ConsentEpoch, push)
		}
		m.data["board"] = data.Board
		return facts{Score: scoreInWords(data.Score, data.Interval)}, err
	default:
		return facts{}, fmt.Errorf("%w: notify takes no %q", event.ErrMalformed, e.Type)
	}
}

func (m *message) ofScan(uid, scanID string, epoch int64, channels ...channel) {
	m.under(uid, epoch, channels)
	m.data["scanId"] = scanID
}

func (m *message) ofSeries(uid, seriesID string, epoch, revision int64, channels ...channel) {
	m.under(uid, epoch, channels)
	m.data["seriesId"], m.revision = seriesID, revision
}

// under is for what was made under the consent epoch.
func (m *message) under(uid string, epoch int64, channels []channel) {
	m.uid, m.epoch, m.fenced, m.channels = account.UID(uid), epoch, true, channels
}

// enter returns the user, if the message may still go out; see [account.Enter].
func (m *message) enter(tx *firestore.Transaction, fs *firestore.Client) (account.User, error) {
	if m.fenced {
		return account.Enter(tx, fs, m.uid, m.epoch)
	}
	return account.EnterActive(tx, fs, m.uid)
}

// subjectThere reports, in the transaction, whether the scan or series that the message is about
// still is as it says, if it is about one.
func (m *message) subjectThere(tx *firestore.Transaction, fs *firestore.Client) (bool, error) {
	if id := m.data["seriesId"]; id != "" {
		return scan.SeriesStands(tx, fs, m.uid, scan.SeriesID(id), m.revision)
	}
	if id := m.data["scanId"]; id != "" {
		return scan.Exists(tx, fs, scan.ID(id))
	}
	return true, nil
}

// reason is why a photo was not measured, in words. A code without words of its own gets general ones.
func reason(code string) string {
	if text, err := render("reason/"+code, nil); err == nil {
		return text
	}
	text, _ := render("reason/other", nil) // a constant
	return text
}

func render(name string, data any) (string, error) {
	var text strings.Builder
	if err := texts.ExecuteTemplate(&text, name, data); err != nil {
		return "", fmt.Errorf("render %s: %w", name, err)
	}
	return text.String(), nil
}
