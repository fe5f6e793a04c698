package account

import (
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/httpapi"
)

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
	At         string `json:"at"`
}

func newConsentRecordView(c ConsentRecord) consentRecordView {
	return consentRecordView{
		Epoch: c.Epoch, Action: c.Action, Version: c.Terms.Version, Purpose: c.Terms.Purpose, Retention: c.Terms.Retention,
		AppVersion: c.AppVersion, At: httpapi.Time(c.At),
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
