// Package scan defines the life of a scan: the ticket for its upload, the analysis, its state and
// its result.
//
//	          POST /v1/uploads
//	                 │        no object an hour after the ticket's end,
//	                 ▼        ten minutes after it for a photo of a series
//	         awaiting_upload ──────────────► expired
//	                 │                          │
//	finalize: claim  │                          │ a late finalize is the truth
//	                 ▼        transient         │
//	┌──────────► processing ──────────► queued  │
//	│                │  ▲                 │     │
//	│ lease over:    │  └─────────────────┴─────┘
//	└─ redo ─────────┤         finalize again (redelivery, or the sweep's)
//	                 ▼
//	       completed │ failed(reason)
//
//	any state ──DELETE──► deleting ──objects gone──► (no document)
//
// A processing scan shows its stage, which is measuring from the claim on. Each change of state
// makes the scan's version greater by one, and wakes the requests that wait for it
// (see package serve). A scan that is deleting is gone to all but its deletion and the sweep, which
// finishes one that was broken off (see remove.go).
//
// A finalize event names an object's generation. The first one claimed remains the scan's photo;
// any other generation is deleted, and so is one that comes to a scan that has ended or is gone.
// Each transition is a method of [Scan] that can fail; each commits in a transaction that read
// users/{uid} (see account.User.Admits), so that nothing happens to a user who withdrew consent
// meanwhile.
//
// This package holds the document, its states and rules, its names and the queries that others ask.
// What is done with it lies in the packages below, which do not import each other:
//
//	upload     opens scans and series and takes their photos
//	analyze    measures photos; the only one that links the face engine
//	serve      answers for scans, series and the timeline, and deletes
//	sweep      goes on with what was left undone and deletes photos that are due
//	series     several photos of one sitting, whose score is the mean of their scans; for all four
//	cheat      the guard of the ranking
//	rendition  pictures made of a photo
package scan

import (
	"errors"
	"regexp"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/scan/rendition"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/work"
)

// ID is a scan's id: 26 characters of base32 in lower case.
type ID string

var idPattern = regexp.MustCompile(`^[a-z2-7]{26}$`)

// Valid reports whether id is well formed. An id from outside must be checked before it becomes
// part of a path.
func (id ID) Valid() bool { return idPattern.MatchString(string(id)) }

// State is the state of a scan.
type State string

// The states. The last three are final, except that a late photo revives an expired scan.
const (
	AwaitingUpload State = "awaiting_upload"
	Queued         State = "queued"
	Processing     State = "processing"
	Completed      State = "completed"
	Failed         State = "failed"
	Expired        State = "expired"
	// Deleting is a scan that its owner deleted and whose objects are being deleted. To all but the
	// sweep it is gone.
	Deleting State = "deleting"
)

// Stage is the progress of a scan that is processing.
type Stage string

// Measuring begins with the claim: the photo is read and measured, and its pictures are stored. It
// is the only stage, since a write for each step would cost more than it is worth: what comes after
// the measurement takes a tenth of the time.
const Measuring Stage = "measuring"

// Terminal reports whether the state is final.
func (s State) Terminal() bool { return s == Completed || s == Failed || s == Expired }

// MaxBytes is the largest photo, in bytes, for every kind of upload.
const MaxBytes = 15 << 20

// SchemaVersion is the version of the document's format.
const SchemaVersion = 1

const (
	// ExpireGrace is how long after the ticket's end a photo may still arrive.
	ExpireGrace = time.Hour
	// FirstLook is when the sweep first checks whether a notification was lost.
	FirstLook = 2 * time.Minute
	// NextLook is when it checks again.
	NextLook = 5 * time.Minute
	// MaxClaims limits the analyses of a scan that repeatedly kills its process.
	MaxClaims = 5
)

// Scan is scans/{scanID}.
type Scan struct {
	Schema int         `firestore:"schema"`
	ID     ID          `firestore:"id"`
	UID    account.UID `firestore:"uid"`
	// ConsentEpoch is the user's epoch when the last ticket was issued.
	ConsentEpoch int64 `firestore:"consentEpoch"`
	State        State `firestore:"state"`
	// Stage is "" unless the scan is processing.
	Stage Stage `firestore:"stage,omitempty"`
	// Version grows by one with each change that clients may wait for.
	Version int64 `firestore:"version"`

	// SeriesID is the series of the photo, "" for none.
	SeriesID SeriesID `firestore:"seriesId,omitempty"`

	// Request identifies the request that opened it, to detect another request under the same key.
	Request string `firestore:"request"`
	// ContentType is the media type that the upload must have.
	ContentType     string    `firestore:"contentType"`
	TicketExpiresAt time.Time `firestore:"ticketExpiresAt"`
	// Declared identifies the announced photo, "" if none was announced. Content identifies the photo
	// that was read to its end. See [PhotoHash].
	Declared string `firestore:"declared"`
	Content  string `firestore:"content"`
	// Renditions are the pictures to make from the photo, Rendered their outcomes.
	Renditions []rendition.Rendition `firestore:"renditions"`
	Rendered   []Rendered            `firestore:"rendered"`
	// Generation is the claimed generation of the photo, 0 before the claim.
	Generation int64 `firestore:"generation"`
	// UploadedAt is when the claimed photo was complete, by Cloud Storage's clock. It is zero if
	// unknown.
	UploadedAt time.Time `firestore:"uploadedAt"`
	// Lease is held by the running analysis. Claims counts the analyses that began and did not report
	// their end.
	Lease  work.Lease `firestore:"lease"`
	Claims int        `firestore:"claims"`

	// Result is the report without the face's geometry, in the names of its JSON; nil unless
	// completed.
	Result map[string]any `firestore:"result"`
	// DuplicateOf is an earlier scan that measured the same photo, "" for none.
	DuplicateOf ID `firestore:"duplicateOf"`
	// Failure is why it failed, nil unless failed.
	Failure *Failure `firestore:"failure"`

	// Verification is the last request to measure it again, nil if there was none. Previous is the
	// result before the last rescoring.
	Verification *Verification `firestore:"verification,omitempty"`
	Previous     *Previous     `firestore:"previous,omitempty"`

	CreatedAt time.Time `firestore:"createdAt"`
	UpdatedAt time.Time `firestore:"updatedAt"`
	// FinishedAt is when it was completed or failed.
	FinishedAt time.Time `firestore:"finishedAt"`
	// SweepAt is when the sweep must handle it next, nil if there is nothing left to do.
	SweepAt *time.Time `firestore:"sweepAt"`
	// SweepFaults counts the sweep's consecutive failures on it (see work.Due).
	SweepFaults int64 `firestore:"sweepFaults,omitempty"`
}

// Errors of a claim.
var (
	// ErrStale is returned for a generation that is not, and will never be, the scan's photo. The
	// caller deletes it.
	ErrStale = errors.New("the object is not the scan's photo")
	// ErrFinished is returned for a photo whose scan has ended.
	ErrFinished = errors.New("the scan is finished")
	// ErrExhausted is returned when the analysis was begun too often.
	ErrExhausted = errors.New("the analysis was begun too often without an end")
)

// New returns a scan that awaits its photo.
func New(id ID, uid account.UID, epoch int64, contentType string, now time.Time) Scan {
	s := Scan{
		Schema: SchemaVersion, ID: id, UID: uid, ConsentEpoch: epoch, State: AwaitingUpload, ContentType: contentType,
		CreatedAt: now, TicketExpiresAt: now.Add(schema.TicketLife),
	}
	s.Touch(now)
	s.LookAgain(now.Add(FirstLook))
	return s
}

// RenewTicket allows the upload of the photo for another schema.TicketLife, under the consent
// epoch.
func (s *Scan) RenewTicket(epoch int64, now time.Time) {
	s.ConsentEpoch = epoch
	s.TicketExpiresAt = now.Add(schema.TicketLife)
	s.UpdatedAt = now
}

// Claim takes the scan for the analysis of the photo's generation, for as long as the lease. It
// returns ErrStale, ErrFinished or work.ErrLeased, and then changes nothing. With ErrExhausted the
// scan is the caller's, to be ended without an analysis.
func (s *Scan) Claim(generation int64, token string, lease time.Duration, now time.Time) error {
	if s.Generation != 0 && s.Generation != generation {
		return ErrStale
	}
	switch s.State {
	case Completed, Failed:
		if s.Generation == 0 {
			return ErrStale
		}
		return ErrFinished
	case Deleting:
		return ErrStale
	case AwaitingUpload, Queued, Expired, Processing: // only the last has a lease
	}
	if err := s.Lease.Take(token, now, lease); err != nil {
		return err
	}
	s.Generation = generation
	s.State, s.Stage = Processing, Measuring
	s.Claims++
	s.Touch(now)
	s.LookAgain(s.Lease.Until.Add(NextLook))
	if s.Claims > MaxClaims {
		return ErrExhausted
	}
	return nil
}

// Holds returns work.ErrLost unless the scan is being analysed by the token's holder.
func (s *Scan) Holds(token string) error {
	if s.State != Processing {
		return work.ErrLost
	}
	return s.Lease.Check(token)
}

// Enqueue records the photo that the upload function took itself and that awaits its analysis.
func (s *Scan) Enqueue(generation int64, content string, now time.Time) {
	s.State = Queued
	s.Generation = generation
	s.Content = content
	s.Touch(now)
	s.LookAgain(now.Add(FirstLook))
}

// Requeue releases the scan after a transient failure, for the next delivery to claim.
func (s *Scan) Requeue(now time.Time) {
	s.State, s.Stage = Queued, ""
	s.Lease = work.Lease{}
	s.Claims-- // this analysis reported its end
	s.Touch(now)
	s.LookAgain(now.Add(NextLook))
}

// Complete ends the scan with a result.
func (s *Scan) Complete(result map[string]any, now time.Time) {
	s.Result = result
	s.finish(Completed, now)
}

// Fail ends the scan with a reason.
func (s *Scan) Fail(f Failure, now time.Time) {
	s.Failure = &f
	s.finish(Failed, now)
}

// Refused reports whether the scan was ended because its user does not admit it any more. Nothing
// of it is kept then.
func (s *Scan) Refused() bool {
	return s.Failure != nil && (s.Failure.Code == ReasonWithdrawn || s.Failure.Code == ReasonHeld)
}

func (s *Scan) finish(state State, now time.Time) {
	s.State, s.Stage = state, ""
	s.Lease = work.Lease{}
	s.FinishedAt = now
	s.Touch(now)
	s.LookAgain(now.Add(schema.OriginalLife))
}

// PhotoDue returns when the photo of the finished scan is to be deleted, by the user's present
// wish. A failed scan does not need its photo, so it is never kept longer than by default.
func (s *Scan) PhotoDue(u account.User) time.Time {
	life := schema.OriginalLife
	if u.KeepPhotosDays != nil {
		life = time.Duration(*u.KeepPhotosDays) * 24 * time.Hour
	}
	if s.State != Completed {
		life = min(life, schema.OriginalLife)
	}
	return s.FinishedAt.Add(life)
}

// KeepPhoto schedules the sweep for when the photo is due, and before that often enough for a
// shorter wish to take effect.
func (s *Scan) KeepPhoto(due, now time.Time) {
	if next := now.Add(schema.OriginalLife); due.After(next) {
		due = next
	}
	s.LookAgain(due)
}

// Expire ends the wait for a photo that did not arrive.
func (s *Scan) Expire(now time.Time) {
	s.State = Expired
	s.Touch(now)
	s.SweepAt = nil
}

// Touch increases the version by one, for the clients that wait for a change.
func (s *Scan) Touch(now time.Time) {
	s.Version++
	s.UpdatedAt = now
}

// Grace returns how long after the ticket's end the scan waits for its photo.
func (s *Scan) Grace() time.Duration {
	if s.SeriesID != "" {
		return SeriesGrace
	}
	return ExpireGrace
}

// LookAgain schedules the sweep of the scan for the time.
func (s *Scan) LookAgain(at time.Time) { s.SweepAt, s.SweepFaults = &at, 0 }

// PhotoName returns the photo's name in the uploads bucket.
func PhotoName(uid account.UID, id ID) string { return "uploads/" + string(uid) + "/" + string(id) }

// ParsePhotoName returns the inverse of PhotoName; ok is false for a name that PhotoName does not
// return.
func ParsePhotoName(name string) (uid account.UID, id ID, ok bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 || parts[0] != "uploads" || !event.ValidID(parts[1]) || !ID(parts[2]).Valid() {
		return "", "", false
	}
	return account.UID(parts[1]), ID(parts[2]), true
}

// ResultPrefix returns where the results bucket keeps what is made of the scan.
func ResultPrefix(uid account.UID, id ID) string {
	return "results/" + string(uid) + "/" + string(id) + "/"
}

// ReportName returns the name of the full report, the only place that keeps the face's geometry.
func ReportName(uid account.UID, id ID) string { return ResultPrefix(uid, id) + "report.json" }

// PictureName returns the name of one of the pictures of report.PictureNames.
func PictureName(uid account.UID, id ID, picture string) string {
	return ResultPrefix(uid, id) + picture + ".jpg"
}

// SeriesID is a series' id, of the form of a scan's.
type SeriesID string

// Valid reports whether id is well formed.
func (id SeriesID) Valid() bool { return ID(id).Valid() }

// SeriesGrace is how long after the ticket's end a photo of a series may still arrive, since its
// user waits for the result of the others. A photo that arrives later counts nevertheless.
const SeriesGrace = 10 * time.Minute
