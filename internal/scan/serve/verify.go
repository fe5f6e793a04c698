package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/longpoll"
	"github.com/facescan/facescan/internal/outbox"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/sentence"
)

func (h *Handler) verify(w http.ResponseWriter, r *http.Request) error { return h.again(w, r, false) }

// rescore refuses a scan whose result is from the present engine, as it would not change.
func (h *Handler) rescore(w http.ResponseWriter, r *http.Request) error { return h.again(w, r, true) }

func (h *Handler) again(w http.ResponseWriter, r *http.Request, rescore bool) error {
	uid := account.Caller(r)
	var found scan.Scan
	err := h.Firestore.RunTransaction(r.Context(), func(ctx context.Context, tx *firestore.Transaction) error {
		var err error
		found, err = h.measurable(ctx, tx, uid, scan.ID(r.PathValue("id")))
		return err
	}, firestore.ReadOnly)
	if err != nil {
		return err
	}
	if rescore && found.Outcome().Version == report.Version {
		return fault.New(fault.CodeAlreadyCurrent, "The scan was measured by the engine in use.")
	}
	_, err = h.Uploads.Object(scan.PhotoName(found.UID, found.ID)).Generation(found.Generation).Attrs(r.Context())
	if errors.Is(err, storage.ErrObjectNotExist) {
		return fault.New(fault.CodeOriginalGone, "The photo is not kept any more, so it cannot be measured again.")
	}
	if err != nil {
		return fmt.Errorf("look for the photo: %w", err)
	}
	asked, err := h.request(r.Context(), found.ID, uid, rescore)
	if err != nil {
		return err
	}
	w.Header().Set("Location", "/v1/scans/"+string(found.ID))
	longpoll.ComeAgain(w, asked)
	lang := sentence.OfAnswer(r)
	return httpapi.WriteIn(w, http.StatusAccepted, lang, scan.NewView(asked, lang))
}

// measurable returns the caller's completed scan, made under the consent in force. It first refuses
// a caller who may not have photos measured.
func (h *Handler) measurable(
	ctx context.Context, tx *firestore.Transaction, uid account.UID, id scan.ID,
) (scan.Scan, error) {
	user, err := account.ReadActive(ctx, tx, h.Firestore, uid)
	if err != nil {
		return scan.Scan{}, err
	}
	if err := user.Held(); err != nil {
		return scan.Scan{}, err
	}
	noConsent := fault.New(fault.CodeConsentRequired, "The consent that the scan was made under is not in force.")
	if !user.Consent.Granted {
		return scan.Scan{}, noConsent
	}
	if !id.Valid() {
		return scan.Scan{}, noSuchScan()
	}
	found, err := scan.Read(tx, h.Firestore, id)
	if errors.Is(err, scan.ErrNotFound) || err == nil && found.UID != uid {
		return scan.Scan{}, noSuchScan()
	}
	if err != nil {
		return scan.Scan{}, err
	}
	if found.State != scan.Completed {
		return scan.Scan{}, notCompleted()
	}
	if !user.Admits(found.ConsentEpoch) {
		return scan.Scan{}, noConsent
	}
	return found, nil
}

// request records the request and owes its event, unless a request is pending already.
func (h *Handler) request(
	ctx context.Context, id scan.ID, uid account.UID, rescore bool,
) (current scan.Scan, err error) {
	err = h.Outbox.RunInTurn(ctx, scan.Ref(h.Firestore, id), func(ctx context.Context, tx *outbox.Tx) error {
		current, err = h.measurable(ctx, tx.Transaction, uid, id)
		if err != nil {
			return err
		}
		_, err = current.Measure(ctx, tx, h.Firestore, rescore, h.Now().UTC())
		return err
	})
	return current, err
}
