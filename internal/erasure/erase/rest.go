package erase

import (
	"slices"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/erasure"
	"github.com/facescan/facescan/internal/schema"
)

// owned returns the stores of the top-level collections whose documents have their user's id in the
// field uid. A query by uid alone needs no declared index.
func (e *Consumer) owned(j erasure.Job) (all []emptied) {
	for _, c := range schema.Collections {
		if c.Below != "" || c.Removed == schema.Never || c.Name == "users" || c.Name == "erasures" {
			continue // deleted last
		}
		query := e.Firestore.Collection(c.Name).Where("uid", "==", string(j.UID))
		all = append(all, e.documents(j, documents{name: c.Name, query: query}))
	}
	return all
}

// madeBefore returns the stores of the collections below users/{uid} that a withdrawal empties by
// the documents' epoch alone.
func (e *Consumer) madeBefore(j erasure.Job, but ...string) (all []emptied) {
	for _, c := range schema.Collections {
		if c.Below != "users" || c.Removed != schema.WithConsent || slices.Contains(but, c.Name) {
			continue
		}
		query := account.Ref(e.Firestore, j.UID).Collection(c.Name).Where("consentEpoch", "<=", j.Epoch)
		all = append(all, e.documents(j, documents{name: c.Name, query: query}))
	}
	return all
}
