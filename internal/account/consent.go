package account

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/sentence"
)

// Action is the action of a consent record.
type Action string

// The actions of consent records.
const (
	Granted   Action = "granted"
	Withdrawn Action = "withdrawn"
)

// ConsentRecord is users/{uid}/consents/{epoch}: the history, one document for each change of the
// epoch.
type ConsentRecord struct {
	Schema int    `firestore:"schema"`
	Epoch  int64  `firestore:"epoch"`
	Action Action `firestore:"action"`
	// Terms are the text that was agreed to, in full, or withdrawn from. It is in the language of the
	// answer to the agreement, which is that of the text which was read as long as the app asks for
	// both alike.
	Terms      terms.Text `firestore:"terms"`
	AppVersion string     `firestore:"appVersion"`
	At         time.Time  `firestore:"at"`
}

const consentSchema = 1

func consents(fs *firestore.Client, uid UID) *firestore.CollectionRef {
	return Ref(fs, uid).Collection("consents")
}

// consentID pads the epoch, so that the ids sort like the epochs.
func consentID(epoch int64) string { return fmt.Sprintf("%010d", epoch) }

func consentRef(fs *firestore.Client, uid UID, epoch int64) *firestore.DocumentRef {
	return consents(fs, uid).Doc(consentID(epoch))
}

// grant records the user's consent to the terms of the version, in the language that lang returns
// once the account has been read. granted is false if it was in force already.
func (s *Service) grant(
	ctx context.Context, uid UID, version, appVersion string, tags *httpapi.Tags, lang func() sentence.Lang,
) (u User, granted bool, err error) {
	bad := fault.New(fault.CodeInvalidField, "The consent is not valid.")
	appVersion = checkText(bad, "/appVersion", appVersion, maxAppVersion)
	if err := bad.Err(); err != nil {
		return User{}, false, err
	}
	u, did, err := s.change(ctx, uid, tags, func(tx *outbox.Tx, u *User) (effect, error) {
		if version != terms.Current.Version {
			return nothing, fault.New(fault.CodeConsentOutdated,
				"The text in force is version %q: show it and ask again.", terms.Current.Version)
		}
		if u.Consent.Granted && u.Consent.Version == version {
			return nothing, nil
		}
		return s.record(tx, u, ConsentRecord{Action: Granted, Terms: terms.Current.In(lang()), AppVersion: appVersion})
	})
	return u, did != nothing, err
}

// withdraw ends the consent and owes the event that removes what was made under it. It does nothing
// if none is in force.
func (s *Service) withdraw(ctx context.Context, uid UID, tags *httpapi.Tags) (User, error) {
	u, _, err := s.withdrawIf(ctx, uid, tags, func(Consent) bool { return true })
	return u, err
}

// WithdrawAgain is the withdrawal by its user at the time, which the database has forgotten. A
// consent that was given later stays. It returns false if there was nothing to withdraw.
func (s *Service) WithdrawAgain(ctx context.Context, uid UID, at time.Time) (withdrawn bool, err error) {
	_, did, err := s.withdrawIf(ctx, uid, nil, func(c Consent) bool { return !c.At.After(at) })
	return did != nothing, err
}

func (s *Service) withdrawIf(
	ctx context.Context, uid UID, tags *httpapi.Tags, meant func(Consent) bool,
) (u User, did effect, err error) {
	return s.change(ctx, uid, tags, func(tx *outbox.Tx, u *User) (effect, error) {
		if !u.Consent.Granted || !meant(u.Consent) {
			return nothing, nil
		}
		fact := event.ConsentWithdrawnV1{UID: string(u.UID), Epoch: u.ConsentEpoch}
		if err := tx.Tell(ctx, s.now(), fact, string(u.UID), strconv.FormatInt(u.ConsentEpoch, 10)); err != nil {
			return nothing, err
		}
		return s.record(tx, u, ConsentRecord{Action: Withdrawn, Terms: terms.Text{Version: u.Consent.Version}})
	})
}

// since returns [Consent.Since] after the action, which begins the next epoch.
func (u *User) since(a Action) int64 {
	switch {
	case a == Withdrawn:
		return 0
	case !u.Consent.Granted:
		return u.ConsentEpoch + 1
	case u.Consent.Since == 0: // a document from before the field: no earlier epoch can be proved to stand
		return max(1, u.ConsentEpoch-1)
	default:
		return u.Consent.Since
	}
}

// decide begins the next epoch with the user's decision on the text of the version.
func (u *User) decide(a Action, version string, at time.Time) {
	since := u.since(a)
	u.ConsentEpoch++
	u.Consent = Consent{Granted: a == Granted, Version: version, At: at.UTC(), Since: since}
}

// record begins the next epoch, which closes the fence for everything begun under the previous one.
func (s *Service) record(tx *outbox.Tx, u *User, r ConsentRecord) (effect, error) {
	u.decide(r.Action, r.Terms.Version, s.now())
	r.Schema, r.Epoch, r.At = consentSchema, u.ConsentEpoch, u.Consent.At
	if err := tx.Create(consentRef(s.fs, u.UID, r.Epoch), r); err != nil {
		return nothing, fmt.Errorf("record consent: %w", err)
	}
	kind := audit.ConsentGranted
	if r.Action == Withdrawn {
		kind = audit.ConsentWithdrawn
	}
	return visible, s.note(tx, kind, u, r.At, consentID(r.Epoch))
}

// historyPage is the default number of consent records in a page.
const historyPage = 20

type consentRecordView struct {
	Epoch  int64  `json:"epoch"`
	Action Action `json:"action"`
	// Version identifies the text. Purpose and Retention are its content, absent for a withdrawal.
	Version    string `json:"version"`
	Purpose    string `json:"purpose,omitempty"`
	Retention  string `json:"retention,omitempty"`
	AppVersion string `json:"appVersion,omitempty"`
	ChangedAt  string `json:"changedAt"`
}

func newConsentRecordView(c ConsentRecord) consentRecordView {
	return consentRecordView{
		Epoch: c.Epoch, Action: c.Action, Version: c.Terms.Version, Purpose: c.Terms.Purpose, Retention: c.Terms.Retention,
		AppVersion: c.AppVersion, ChangedAt: httpapi.Time(c.At),
	}
}

func (s *Service) getConsentHistory(w http.ResponseWriter, r *http.Request) error {
	asked, err := httpapi.PageParams(r, historyPage, "consents")
	if err != nil {
		return err
	}
	u, err := s.read(r.Context(), Caller(r))
	if err != nil {
		return err
	}
	// Newest first. It needs the index (at desc) on the collection consents, which Firestore makes by
	// itself.
	q := consents(s.fs, u.UID).OrderBy("at", firestore.Desc).OrderBy(firestore.DocumentID, firestore.Desc)
	if asked.After != nil {
		q = q.StartAfter(asked.After.At, asked.After.ID)
	}
	// One more than the limit shows whether there is a next page.
	snaps, err := q.Limit(asked.Limit + 1).Documents(r.Context()).GetAll()
	if err != nil {
		return fmt.Errorf("list consents: %w", err)
	}
	read := make([]ConsentRecord, len(snaps))
	for i, snap := range snaps {
		if err := snap.DataTo(&read[i]); err != nil {
			return fmt.Errorf("decode consent: %w", err)
		}
	}
	at := func(c ConsentRecord) httpapi.Position { return httpapi.Position{At: c.At, ID: consentID(c.Epoch)} }
	return httpapi.Write(w, http.StatusOK, httpapi.Collect(asked, read, at, newConsentRecordView))
}
