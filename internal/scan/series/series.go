// Package series combines several photos of one sitting, taken as separate looks into the camera,
// whose mean is more certain than one photo. Each photo is a scan with its own life and result. The
// series has their common result:
//
//	POST /v1/series ──► open ──each look has ended──► completed   at least one scan counts
//	                                              └─► failed      none does
//
// A look ends when its scan is completed, failed, expired or deleted. The transaction in which that
// happens writes the look into the series (see [Follow]) and settles it anew, so the series is a
// pure function of the last states of its scans. Nothing is counted twice, and a scan that is late,
// rescored or deleted afterwards changes the result of a settled series too. Each change of the
// result is a revision, and owes one series.settled; the scans of a series owe no events of their
// own.
//
// A half-finished series ends when the sweep expires the scans that got no photo (see
// scan.SeriesGrace).
package series

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/schema"
)

// State is the state of a series.
type State string

// The states of a series. The last one is for a series whose scans are being deleted; to all but
// the deletion it is gone.
const (
	Open      State = "open"
	Completed State = "completed"
	Failed    State = "failed"
	Deleting  State = "deleting"
)

// The number of photos of a series: the minimum, the maximum and the default.
const (
	MinLooks     = 2
	MaxLooks     = 5
	DefaultLooks = 3
)

// Series is users/{uid}/series/{id}.
type Series struct {
	Schema int           `firestore:"schema"`
	ID     scan.SeriesID `firestore:"id"`
	UID    account.UID   `firestore:"uid"`
	// ConsentEpoch is the user's epoch when the last tickets were issued.
	ConsentEpoch int64 `firestore:"consentEpoch"`
	State        State `firestore:"state"`
	// Version grows by one with each change that clients may wait for.
	Version int64 `firestore:"version"`

	// Request identifies the request that opened it.
	Request         string    `firestore:"request"`
	ContentType     string    `firestore:"contentType"`
	TicketExpiresAt time.Time `firestore:"ticketExpiresAt"`

	// Looks are its photos, in the order of taking.
	Looks []Look `firestore:"looks"`
	// Result is the result of the scans, nil unless completed.
	Result *Result `firestore:"result"`
	// Engine is the version that measured the scans of the last result, "" before the first.
	Engine string `firestore:"engine"`
	// Revision counts the results, including absent ones.
	Revision int64 `firestore:"revision"`

	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	// SettledAt is when it first was completed or failed.
	SettledAt time.Time `firestore:"settledAt"`
}

// LookState is how a photo of a series ended.
type LookState string

// The states of a look. An expired look counts after all if its photo arrives late.
const (
	LookOpen      LookState = "open"
	LookCompleted LookState = "completed"
	LookFailed    LookState = "failed"
	LookExpired   LookState = "expired"
	LookDeleted   LookState = "deleted"
)

// Look is one photo of a series and the result of its scan.
type Look struct {
	ScanID scan.ID   `firestore:"scanId"`
	State  LookState `firestore:"state"`
	// Engine, Score and Rankable are those of the completed scan. The score of a deleted scan is
	// removed.
	Engine     string      `firestore:"engine"`
	Score      *scan.Score `firestore:"score"`
	Rankable   bool        `firestore:"rankable"`
	FinishedAt time.Time   `firestore:"finishedAt"`
	// FailureCode is the code of the failed scan.
	FailureCode string `firestore:"failureCode"`
	// LeftOut is why it does not count, "" if it does or if the series is open.
	LeftOut string `firestore:"leftOut"`
}

// The reasons why a look does not count.
const (
	leftNotMeasured = "not_measured"
	leftNotRankable = "not_rankable"
	leftOtherEngine = "other_engine"
	leftOutlier     = "outlier"
	leftDeleted     = "deleted"
)

// Result is the mean of the scans that count.
type Result struct {
	Score scan.Score `firestore:"score"`
	// Photos is the number of scans that count.
	Photos int `firestore:"photos"`
}

// New returns a series whose looks are not taken yet.
func New(id scan.SeriesID, uid account.UID, scans []scan.ID, contentType string, now time.Time) Series {
	s := Series{
		Schema: scan.SchemaVersion, ID: id, UID: uid, State: Open, Version: 1, ContentType: contentType,
		Looks: make([]Look, len(scans)), CreatedAt: now, UpdatedAt: now, TicketExpiresAt: now.Add(schema.TicketLife),
	}
	for i, scan := range scans {
		s.Looks[i] = Look{ScanID: scan, State: LookOpen}
	}
	return s
}

// RenewTickets allows the upload of the missing photos for another schema.TicketLife, under the
// consent epoch.
func (s *Series) RenewTickets(epoch int64, now time.Time) {
	s.ConsentEpoch, s.TicketExpiresAt, s.UpdatedAt = epoch, now.Add(schema.TicketLife), now
}

// See records how the scan ended and settles the series. A scan that has not ended, or is not the
// series' own, changes nothing.
func (s *Series) See(of scan.Scan, now time.Time) {
	i := slices.IndexFunc(s.Looks, func(l Look) bool { return l.ScanID == of.ID })
	if i < 0 || s.State == Deleting || !s.Looks[i].see(of) {
		return
	}
	s.settle(now)
	s.Version++
	s.UpdatedAt = now
}

// see records how the look's scan ended, and reports whether it has ended.
func (l *Look) see(of scan.Scan) bool {
	switch of.State {
	case scan.Completed:
		r := of.Outcome()
		l.State, l.Engine, l.Score, l.Rankable, l.FailureCode = LookCompleted, r.Version, &r.Score, r.Rankable, ""
	case scan.Failed:
		l.State, l.FailureCode = LookFailed, of.Failure.Code
	case scan.Expired:
		l.State = LookExpired
	case scan.Deleting:
		l.State, l.Score, l.FailureCode = LookDeleted, nil, ""
		return true // its time, and whether it could have counted, remain
	case scan.AwaitingUpload, scan.Queued, scan.Processing:
		return false
	}
	l.FinishedAt = of.FinishedAt
	return true
}

// settle computes the result once all looks have ended: the mean (see report.Mean) of the completed
// and rankable scans of one version of the engine, without an outlier.
func (s *Series) settle(now time.Time) {
	if slices.ContainsFunc(s.Looks, func(l Look) bool { return l.State == LookOpen }) {
		return
	}
	before := s.sums()
	s.Engine = cmp.Or(s.commonEngine(), s.Engine)
	var counted []*Look
	for i := range s.Looks {
		l := &s.Looks[i]
		l.LeftOut = l.leftOut(s.Engine)
		if l.LeftOut == "" {
			counted = append(counted, l)
		}
	}
	s.State, s.Result = Failed, nil
	if len(counted) > 0 {
		s.State, s.Result = Completed, meanOf(counted)
	}
	if s.Revision > 0 && s.sums() == before {
		return
	}
	s.Revision++
	if s.SettledAt.IsZero() {
		s.SettledAt = now
	}
}

// commonEngine returns the version that measured most of the comparable scans, or the latest of
// equally frequent ones. If no scan is left it is that of the deleted ones, on whose board the
// series has its place.
func (s *Series) commonEngine() string {
	for _, state := range []LookState{LookCompleted, LookDeleted} {
		count, last := map[string]int{}, map[string]time.Time{}
		for _, l := range s.Looks {
			if l.State == state && l.Rankable {
				count[l.Engine]++
				last[l.Engine] = latest(last[l.Engine], l.FinishedAt)
			}
		}
		engine := ""
		for other := range count {
			better := cmp.Or(
				cmp.Compare(count[other], count[engine]), last[other].Compare(last[engine]), cmp.Compare(other, engine),
			)
			if better > 0 {
				engine = other
			}
		}
		if engine != "" {
			return engine
		}
	}
	return ""
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// leftOut returns why the look does not count among those of the engine, or "" if it may.
func (l *Look) leftOut(engine string) string {
	switch {
	case l.State == LookDeleted:
		return leftDeleted
	case l.State != LookCompleted:
		return leftNotMeasured
	case !l.Rankable:
		return leftNotRankable
	case l.Engine != engine:
		return leftOtherEngine
	}
	return ""
}

// meanOf returns the result of one or more looks and marks the outlier among them.
func meanOf(counted []*Look) *Result {
	scores := make([]report.Score, len(counted))
	for i, l := range counted {
		scores[i] = report.Score{Value: l.Score.Value, Lo: l.Score.Lo, Hi: l.Score.Hi}
	}
	mean, outlier := report.Mean(scores)
	photos := len(counted)
	if outlier >= 0 {
		counted[outlier].LeftOut = leftOutlier
		photos--
	}
	return &Result{Score: scan.Score{Value: mean.Value, Lo: mean.Lo, Hi: mean.Hi}, Photos: photos}
}

// sums are the values whose change makes a revision.
type sums struct {
	result Result
	engine string
	struck int
}

func (s *Series) sums() sums {
	now := sums{engine: s.Engine, struck: s.struck()}
	if s.Result != nil {
		now.result = *s.Result
	}
	return now
}

// Photos returns the number of scans that count.
func (s *Series) Photos() int {
	if s.Result == nil {
		return 0
	}
	return s.Result.Photos
}

// struck returns the number of deleted scans that could have counted.
func (s *Series) struck() int {
	n := 0
	for _, l := range s.Looks {
		if l.State == LookDeleted && l.Rankable {
			n++
		}
	}
	return n
}

// SettledEvent returns the event that a revision owes.
func (s *Series) SettledEvent() event.SeriesSettledV1 {
	e := event.SeriesSettledV1{
		UID: string(s.UID), SeriesID: string(s.ID), ConsentEpoch: s.ConsentEpoch, Revision: s.Revision,
		Engine: s.Engine, EngineMajor: scan.EngineMajor(s.Engine), Photos: s.Photos(), Struck: s.struck(),
		SettledAt: s.SettledAt,
	}
	if s.Result != nil {
		e.Score, e.Interval = s.Result.Score.Value, event.Around(s.Result.Score.Lo, s.Result.Score.Hi)
	}
	return e
}

// eventKey returns what makes the revision's event unique within its type. A series that is opened
// again after its deletion has the same id and another time.
func (s *Series) eventKey() []string {
	return []string{string(s.ID), s.CreatedAt.Format(time.RFC3339Nano), strconv.FormatInt(s.Revision, 10)}
}

// Errors of reading a series.
var (
	// ErrNotFound is returned for a series that does not exist or is being deleted.
	ErrNotFound = errors.New("no such series")
	// ErrDeleting is the ErrNotFound of a series whose scans are being deleted.
	ErrDeleting = fmt.Errorf("%w: it is being deleted", ErrNotFound)
)

// instruction returns the sentence for the user before the photo, counted from 0. If the phone were
// not lowered in between, the photos of a series would be a single look with the same errors, and
// their mean hardly better than one of them.
func instruction(look int) string {
	if look == 0 {
		return "Hold the phone at the height of your eyes, look straight into the camera and take the first photo."
	}
	return "Lower the phone and look away for a moment. Then raise it again, look straight into the camera and " +
		"take the next photo."
}

// leftOutDetails are the sentences for the user.
var leftOutDetails = map[string]string{
	leftNotMeasured: "There is no result of this photo.",
	leftNotRankable: "This photo does not count: see why in its scan.",
	leftOtherEngine: "This photo was measured by another version of the engine than the others, " +
		"whose scores do not compare.",
	leftOutlier: "This photo's score lies too far from that of the others.",
	leftDeleted: "You deleted this photo.",
}
