package account

import (
	"fmt"
	"net/http"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/httpapi"
)

// historyPage is how many records of consent a page has by default.
const historyPage = 20

type consentRecordJSON struct {
	Epoch  int64  `json:"epoch"`
	Action Action `json:"action"`
	// Version is the text, Purpose and Retention what it said, absent for a withdrawal.
	Version    string `json:"version"`
	Purpose    string `json:"purpose,omitempty"`
	Retention  string `json:"retention,omitempty"`
	AppVersion string `json:"appVersion,omitempty"`
	At         string `json:"at"`
}

type consentHistoryJSON struct {
	Items []consentRecordJSON `json:"items"`
	// NextCursor is the "cursor" of the next page, absent on the last.
	NextCursor string `json:"nextCursor,omitempty"`
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
	q := Ref(s.fs, u.UID).Collection("consents").OrderBy("at", firestore.Desc).OrderBy(
		firestore.DocumentID, firestore.Desc,
	)
	if asked.After != nil {
		q = q.StartAfter(asked.After.At, asked.After.ID)
	}
	// One more than asked for shows whether there is a next page.
	snaps, err := q.Limit(asked.Limit + 1).Documents(r.Context()).GetAll()
	if err != nil {
		return fmt.Errorf("list consents: %w", err)
	}
	history := consentHistoryJSON{Items: []consentRecordJSON{}}
	var last httpapi.Position
	for i, snap := range snaps {
		if i == asked.Limit {
			history.NextCursor = asked.Next(last)
			break
		}
		var c ConsentRecord
		if err := snap.DataTo(&c); err != nil {
			return fmt.Errorf("decode consent: %w", err)
		}
		history.Items = append(history.Items, consentRecordJSON{
			Epoch: c.Epoch, Action: c.Action, Version: c.Terms.Version, Purpose: c.Terms.Purpose, Retention: c.Terms.Retention,
			AppVersion: c.AppVersion, At: httpapi.Time(c.At),
		})
		last = httpapi.Position{At: c.At, ID: snap.Ref.ID}
	}
	return httpapi.Write(w, http.StatusOK, history)
}
