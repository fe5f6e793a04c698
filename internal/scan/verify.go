package scan

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/telemetry"
)

// A completed scan can be measured again as long as its photo is kept: to verify that the engine
// still says the same to the byte, or to score it anew by an engine that has come since. The
// request notes a pending verification in the scan and owes the event; analyze measures and settles
// it. Both wake the clients that wait for the scan, and while the request is pending the scan can
// be waited for.

// Outcomes of measuring a scan again.
const (
	verifyPending = "pending"
	verifyMatches = "matches"
	verifyDiffers = "differs"
	// verifyRescored says that the scan's result is the new one.
	verifyRescored = "rescored"
	// verifyRefused says that the engine in use does not measure this photo; the result stays.
	verifyRefused = "refused"
	verifyGone    = "original_gone"
)

// pendingLife is how long a request is taken to be under way; asked for later it is asked anew.
const pendingLife = 10 * time.Minute

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

// settled reports whether there is nothing to wait for: the scan has come to an end and is not
// being measured again.
func (s Scan) settled() bool {
	return s.State.Terminal() && (s.Verification == nil || s.Verification.Outcome != verifyPending)
}

// ask notes the request in the scan and reports whether it is a new one.
func (s *Scan) ask(now time.Time) bool {
	if v := s.Verification; v != nil && v.Outcome == verifyPending && now.Before(v.At.Add(pendingLife)) {
		return false
	}
	s.changed(now)
	s.Verification = &Verification{Outcome: verifyPending, At: now, Asked: s.Version}
	return true
}

// asks reports whether the request of the version is the one that is pending.
func (s *Scan) asks(version int64) bool {
	return s.State == Completed && s.Verification != nil &&
		s.Verification.Outcome == verifyPending && s.Verification.Asked == version
}

func (s *Service) verify(w http.ResponseWriter, r *http.Request) error { return s.again(w, r, false) }

// rescore refuses a scan whose result is the present engine's: it would come out the same.
func (s *Service) rescore(w http.ResponseWriter, r *http.Request) error { return s.again(w, r, true) }

func (s *Service) again(w http.ResponseWriter, r *http.Request, rescore bool) error {
	uid := account.Caller(r)
	var found Scan
	err := s.Firestore.RunTransaction(r.Context(), func(_ context.Context, tx *firestore.Transaction) error {
		var err error
		found, err = s.measurable(tx, uid, ID(r.PathValue("id")))
		return err
	}, firestore.ReadOnly)
	if err != nil {
		return err
	}
	if rescore && found.result().Version == report.Version {
		return fault.New(fault.CodeAlreadyCurrent, "The scan was measured by the engine in use.")
	}
	_, err = s.Uploads.Object(PhotoName(found.UID, found.ID)).Generation(found.Generation).Attrs(r.Context())
	if errors.Is(err, storage.ErrObjectNotExist) {
		return fault.New(fault.CodeOriginalGone, "The photo is not kept any more, so it cannot be measured again.")
	}
	if err != nil {
		return fmt.Errorf("look for the photo: %w", err)
	}
	asked, err := s.request(r.Context(), found.ID, uid, rescore)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/scans/"+string(found.ID))
	return httpapi.Write(w, http.StatusAccepted, show(asked))
}

// measurable is the caller's completed scan, of a user whose consent it was made under is in force.
// Who may not ask at all is told so before anything is said of the scan.
func (s *Service) measurable(tx *firestore.Transaction, uid account.UID, id ID) (Scan, error) {
	user, err := account.ReadActive(tx, s.Firestore, uid)
	if err != nil {
		return Scan{}, err
	}
	noConsent := fault.New(fault.CodeConsentRequired, "The consent that the scan was made under is not in force.")
	if !user.Consent.Granted {
		return Scan{}, noConsent
	}
	if !id.valid() {
		return Scan{}, noSuchScan()
	}
	found, err := read(tx, s.Firestore, id)
	if errors.Is(err, errNoScan) || err == nil && found.UID != uid {
		return Scan{}, noSuchScan()
	}
	if err != nil {
		return Scan{}, err
	}
	if found.State != Completed {
		return Scan{}, notCompleted()
	}
	if !user.Admits(found.ConsentEpoch) {
		return Scan{}, noConsent
	}
	return found, nil
}

// request notes the request and owes its event; one that is pending already will do.
func (s *Service) request(ctx context.Context, id ID, uid account.UID, rescore bool) (current Scan, err error) {
	err = s.Outbox.RunInTurn(ctx, ref(s.Firestore, id), func(ctx context.Context, tx *outbox.Tx) error {
		current, err = s.measurable(tx.Transaction, uid, id)
		if err != nil {
			return err
		}
		now := s.Now().UTC()
		if !current.ask(now) {
			return nil
		}
		asked := event.ScanVerifyRequestedV1{UID: string(uid), ScanID: string(id), Version: current.Version, Rescore: rescore}
		if err := tx.Tell(ctx, now, asked, string(id), strconv.FormatInt(current.Version, 10)); err != nil {
			return err
		}
		return write(tx.Transaction, s.Firestore, current)
	})
	return current, err
}

// again measures a scan's photo once more and settles the request. A duplicate, and a request that
// is not pending any more, is done with.
func (a *Analyzer) again(ctx context.Context, m event.Message) error {
	told, err := event.Decode(m.Data)
	if err != nil {
		return err
	}
	asked, err := event.As[event.ScanVerifyRequestedV1](told)
	if err != nil {
		return err
	}
	ctx = telemetry.With(ctx, slog.String("scan_id", asked.ScanID))
	s, err := a.countBegun(ctx, ID(asked.ScanID), asked.Version, 1)
	if errors.Is(err, errNoScan) || errors.Is(err, errSettled) {
		slog.InfoContext(ctx, "verification dropped", "reason", err)
		return nil
	}
	if err != nil {
		return err
	}
	if s.Verification.Begun > maxClaims {
		slog.ErrorContext(ctx, "verification given up", "begun", s.Verification.Begun)
		return a.settle(ctx, s, Verification{Outcome: verifyRefused, Engine: report.Version}, nil)
	}
	err = a.measureAgain(ctx, s, asked.Rescore)
	if err != nil {
		return errors.Join(err, a.uncountBegun(ctx, s))
	}
	return nil
}

// errSettled is the error of a request that is not pending any more or was replaced by another.
var errSettled = errors.New("the request is settled")

// countBegun counts a measurement that begins for the request of the version, or by -1 one that
// returned. One that ends its process stays counted, so that a photo does not end one process after
// another (see computing).
func (a *Analyzer) countBegun(ctx context.Context, id ID, version int64, by int) (s Scan, err error) {
	err = a.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		s, err = read(tx, a.Firestore, id)
		if err != nil {
			return err
		}
		if !s.asks(version) {
			return errSettled
		}
		s.Verification.Begun += by
		return write(tx, a.Firestore, s)
	})
	return s, err
}

// uncountBegun is for a measurement that failed, for which the request's own time may be up.
func (a *Analyzer) uncountBegun(ctx context.Context, s Scan) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseTimeout)
	defer cancel()
	_, err := a.countBegun(ctx, s.ID, s.Verification.Asked, -1)
	if errors.Is(err, errNoScan) || errors.Is(err, errSettled) {
		return nil
	}
	return err
}

// measureAgain measures the kept photo and settles the request. Its errors are transient.
func (a *Analyzer) measureAgain(ctx context.Context, s Scan, rescore bool) error {
	measured, pictures, err := a.measureKept(ctx, s)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return a.settle(ctx, s, Verification{Outcome: verifyGone}, nil)
	}
	if _, ok := failureOf(err); ok {
		return a.settle(ctx, s, Verification{Outcome: verifyRefused, Engine: report.Version}, nil)
	}
	if err != nil {
		return fmt.Errorf("analyse photo again: %w", err)
	}
	body, err := json.Marshal(measured)
	if err != nil {
		return fmt.Errorf("marshal report: %w", err)
	}
	if !rescore {
		return a.compare(ctx, s, measured.Version, body)
	}
	result, err := withoutGeometry(body)
	if err != nil {
		return err
	}
	if err := a.keepAll(ctx, s, body, pictures); err != nil {
		return err
	}
	return a.settle(ctx, s, Verification{Outcome: verifyRescored, Engine: measured.Version}, result)
}

func (a *Analyzer) measureKept(ctx context.Context, s Scan) (report.Report, []report.Picture, error) {
	photo, err := a.photo(ctx, s)
	if err != nil {
		return report.Report{}, nil, err
	}
	return a.measure(ctx, s, photo)
}

// maxReport is the largest report that is compared, in bytes; one takes a few thousand.
const maxReport = 1 << 20

// compare settles a request by whether the report is the kept one, to the byte.
func (a *Analyzer) compare(ctx context.Context, s Scan, engine string, report []byte) error {
	kept, err := bucket.Read(ctx, a.Results.Object(reportName(s.UID, s.ID)), maxReport)
	if err != nil && !errors.Is(err, bucket.ErrTooLarge) { // larger than any report, it differs
		return fmt.Errorf("read report: %w", err)
	}
	outcome := verifyDiffers
	if bytes.Equal(kept, report) {
		outcome = verifyMatches
	}
	return a.settle(ctx, s, Verification{Outcome: outcome, Engine: engine}, nil)
}

// settle notes the outcome, and the new result if there is one, together with the event that this
// owes. At a closed fence, and for a scan that is gone, all that was written for it is deleted
// instead.
func (a *Analyzer) settle(ctx context.Context, s Scan, v Verification, result map[string]any) error {
	var closed bool
	err := a.Outbox.RunInTurn(ctx, ref(a.Firestore, s.ID), func(ctx context.Context, tx *outbox.Tx) error {
		current, err := read(tx.Transaction, a.Firestore, s.ID)
		closed = errors.Is(err, errNoScan)
		if err != nil {
			return ignoreGone(err)
		}
		closed, err = a.fenceClosed(tx.Transaction, current)
		if err != nil || closed || !current.asks(s.Verification.Asked) {
			return err
		}
		now := a.Now().UTC()
		current.changed(now)
		v.At, v.Asked = now, s.Verification.Asked
		current.Verification = &v
		if result == nil {
			return write(tx.Transaction, a.Firestore, current)
		}
		old, was := current.Result, current.result()
		current.Previous, current.Result = &Previous{Engine: was.Version, Score: was.Score.Value}, maps.Clone(result)
		if because, _ := old["notRankableBecause"].(string); because != "" {
			// It may be a copy or a cheat, which the engine alone does not see: what was not ranked
			// stays so.
			current.Result = notRanked(current.Result, because)
		}
		if found, ok := old["guard"]; ok {
			current.Result["guard"] = found
		}
		told := rescoredEvent(current)
		err = follow(ctx, tx, a.Firestore, current, now, told, string(s.ID), strconv.FormatInt(told.Revision, 10))
		if err != nil {
			return err
		}
		return write(tx.Transaction, a.Firestore, current)
	})
	if err != nil {
		return fmt.Errorf("settle the verification: %w", err)
	}
	if closed {
		return a.deleteAll(ctx, s.UID, s.ID, s.Generation)
	}
	return nil
}

func rescoredEvent(s Scan) event.ScanRescoredV1 {
	r := s.result()
	return event.ScanRescoredV1{
		UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, EngineMajor: engineMajor(r.Version),
		Score: r.Score.Value, Interval: event.Around(r.Score.Lo, r.Score.Hi), Rankable: r.Rankable, CompletedAt: s.FinishedAt, Revision: s.Version,
	}
}
