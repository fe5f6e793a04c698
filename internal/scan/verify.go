package scan

import (
	"context"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
)

// A completed scan can be measured again as long as its photo is kept: to verify that the engine
// still gives the same report to the byte, or to score it by a newer engine. The request stores a
// pending verification in the scan and owes the event; analyze measures and settles it. Both wake
// the clients that wait for the scan, and clients can wait while the request is pending.

// Outcomes of measuring a scan again.
const (
	VerifyPending = "pending"
	VerifyMatches = "matches"
	VerifyDiffers = "differs"
	// VerifyRescored means that the scan's result is the new one.
	VerifyRescored = "rescored"
	// VerifyRefused means that the present engine refuses the photo. The result stays.
	VerifyRefused = "refused"
	VerifyGone    = "original_gone"
)

// PendingLife is how long a request counts as under way. After that a new request replaces it.
const PendingLife = 10 * time.Minute

// Verification is the last request to measure the scan again and its outcome.
type Verification struct {
	// Outcome is one of the outcomes above.
	Outcome string `firestore:"outcome"`
	// Engine is the version that measured it, "" before that.
	Engine string    `firestore:"engine"`
	At     time.Time `firestore:"at"`
	// Asked is the scan's version when it was requested.
	Asked int64 `firestore:"asked"`
	// Begun counts the measurements that were begun for the request and did not return.
	Begun int `firestore:"begun,omitempty"`
}

// Previous is the result before the last rescoring.
type Previous struct {
	Engine string  `firestore:"engine" json:"engine"`
	Score  float64 `firestore:"score" json:"value"`
}

type verificationView struct {
	State     string `json:"state"`
	Engine    string `json:"engine,omitempty"`
	UpdatedAt string `json:"updatedAt"`
}

func showVerification(v *Verification) *verificationView {
	if v == nil {
		return nil
	}
	return &verificationView{State: v.Outcome, Engine: v.Engine, UpdatedAt: httpapi.Time(v.At)}
}

// Settled reports whether the scan has ended and is not being measured again, so that there is
// nothing to wait for.
func (s Scan) Settled() bool {
	return s.State.Terminal() && (s.Verification == nil || s.Verification.Outcome != VerifyPending)
}

// Ask records the request in the scan and reports whether it is a new one.
func (s *Scan) Ask(now time.Time) bool {
	if v := s.Verification; v != nil && v.Outcome == VerifyPending && now.Before(v.At.Add(PendingLife)) {
		return false
	}
	s.Touch(now)
	s.Verification = &Verification{Outcome: VerifyPending, At: now, Asked: s.Version}
	return true
}

// Measure has the transaction record the request to measure the scan again, and owe its event,
// unless a request is pending already; asked is false then. rescore makes the outcome the scan's
// result.
func (s *Scan) Measure(
	ctx context.Context, tx *outbox.Tx, fs *firestore.Client, rescore bool, now time.Time,
) (asked bool, err error) {
	if !s.Ask(now) {
		return false, nil
	}
	fact := event.ScanVerifyRequestedV1{
		UID: string(s.UID), ScanID: string(s.ID), Version: s.Version, Rescore: rescore,
	}
	if err := tx.Tell(ctx, now, fact, string(s.ID), strconv.FormatInt(s.Version, 10)); err != nil {
		return false, err
	}
	return true, Write(tx.Transaction, fs, *s)
}

// Asks reports whether the request of the version is pending.
func (s *Scan) Asks(version int64) bool {
	return s.State == Completed && s.Verification != nil &&
		s.Verification.Outcome == VerifyPending && s.Verification.Asked == version
}
