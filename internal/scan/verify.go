package scan

import (
	"time"

	"github.com/facescan/facescan/internal/httpapi"
)

// A completed scan can be measured again as long as its photo is kept: to verify that the engine
// still says the same to the byte, or to score it anew by an engine that has come since. The
// request notes a pending verification in the scan and owes the event; analyze measures and settles
// it. Both wake the clients that wait for the scan, and while the request is pending the scan can
// be waited for.

// Outcomes of measuring a scan again.
const (
	VerifyPending = "pending"
	VerifyMatches = "matches"
	VerifyDiffers = "differs"
	// VerifyRescored is the outcome after which the scan's result is the new one.
	VerifyRescored = "rescored"
	// VerifyRefused is for a photo that the engine in use does not measure; the result stays.
	VerifyRefused = "refused"
	VerifyGone    = "original_gone"
)

// PendingLife is how long a request is taken to be under way; asked for later it is asked anew.
const PendingLife = 10 * time.Minute

// Verification is the last request to measure the scan again and what came of it.
type Verification struct {
	// Outcome is one of the outcomes above.
	Outcome string `firestore:"outcome"`
	// Engine is the version that measured it, "" while nothing has.
	Engine string    `firestore:"engine"`
	At     time.Time `firestore:"at"`
	// Asked is the scan's version by the request.
	Asked int64 `firestore:"asked"`
	// Begun counts the measurements that were begun for the request and did not return.
	Begun int `firestore:"begun,omitempty"`
}

// Previous is what the scan came to before it was scored anew.
type Previous struct {
	Engine string  `firestore:"engine" json:"engine"`
	Score  float64 `firestore:"score" json:"score"`
}

type verificationView struct {
	Outcome string `json:"outcome"`
	Engine  string `json:"engine,omitempty"`
	At      string `json:"at"`
}

func showVerification(v *Verification) *verificationView {
	if v == nil {
		return nil
	}
	return &verificationView{Outcome: v.Outcome, Engine: v.Engine, At: httpapi.Time(v.At)}
}

// Settled reports whether there is nothing to wait for: the scan has come to an end and is not
// being measured again.
func (s Scan) Settled() bool {
	return s.State.Terminal() && (s.Verification == nil || s.Verification.Outcome != VerifyPending)
}

// Ask notes the request in the scan and reports whether it is a new one.
func (s *Scan) Ask(now time.Time) bool {
	if v := s.Verification; v != nil && v.Outcome == VerifyPending && now.Before(v.At.Add(PendingLife)) {
		return false
	}
	s.Touch(now)
	s.Verification = &Verification{Outcome: VerifyPending, At: now, Asked: s.Version}
	return true
}

// Asks reports whether the request of the version is the one that is pending.
func (s *Scan) Asks(version int64) bool {
	return s.State == Completed && s.Verification != nil &&
		s.Verification.Outcome == VerifyPending && s.Verification.Asked == version
}
