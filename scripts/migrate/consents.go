package main

import (
	"context"
	"fmt"
	"strings"

	"cloud.google.com/go/firestore"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/store"
)

// since sets in each consent in force the epoch that it began with, by the history of the consents.
// The version before told that by the present epoch and the one before.
var since = step{
	Name: "since", About: "say since when each consent is in force", Collection: "users",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		consent, _ := doc.Data()["consent"].(map[string]any)
		granted, _ := consent["granted"].(bool)
		return granted && consent["since"] == nil, nil
	},
	Migrate: func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		history, err := tx.Find(ctx, doc.Ref.Collection("consents").OrderBy(firestore.DocumentID, firestore.Asc))
		if err != nil {
			return fmt.Errorf("read the consents: %w", err)
		}
		from := int64(1)
		for _, snap := range history {
			var c account.ConsentRecord
			if err := snap.DataTo(&c); err != nil {
				return fmt.Errorf("decode %s: %w", pathOf(snap.Ref), err)
			}
			if c.Action == account.Withdrawn {
				from = c.Epoch + 1
			}
		}
		return tx.Update(doc.Ref, []firestore.Update{{Path: "consent.since", Value: from}})
	},
}

// memories gives each entry of the guard's memory the epoch of the consent that its scan was made
// under. The version before left the memory behind when the consent was withdrawn, and so entries
// go whose scan is gone.
var memories = step{
	Name: "memories", About: "keep what the guard remembers by the consent's epoch", Collection: "guard",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		entries, _ := doc.Data()["entries"].([]any)
		for _, e := range entries {
			if entry, _ := e.(map[string]any); entry["consentEpoch"] == nil {
				return true, nil
			}
		}
		_, paced := doc.Data()["places"]
		return len(entries) == 0 && !paced, nil // of the version before, whose last entry was forgotten
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		entries, _ := doc.Data()["entries"].([]any)
		var kept []any
		for _, e := range entries {
			entry, ok := e.(map[string]any)
			if !ok {
				return fmt.Errorf("an entry is a %T", e)
			}
			if entry["consentEpoch"] == nil {
				id, _ := entry["scanId"].(string)
				epoch, err := epochOf(tx, id)
				if err != nil {
					return err
				}
				if epoch == 0 {
					continue
				}
				entry["consentEpoch"] = epoch
			}
			kept = append(kept, entry)
		}
		if len(kept) == 0 {
			return tx.Delete(doc.Ref)
		}
		return tx.Update(doc.Ref, []firestore.Update{{Path: "entries", Value: kept}})
	},
}

// epochOf returns the consent's epoch that the scan was made under, 0 for one that is gone or
// going.
func epochOf(tx *tx, id string) (int64, error) {
	if id == "" || strings.Contains(id, "/") {
		return 0, nil
	}
	snap, err := tx.Get(tx.fs.Collection("scans").Doc(id))
	s, err := store.Decode[scan.Scan](snap, err, "its scan", nil)
	if err != nil || s.State == scan.Deleting {
		return 0, err
	}
	return s.ConsentEpoch, nil
}

// notices gives each inbox item about a scan, and the deliveries of it, the epoch of the consent
// that the scan was made under. What is said of a scan that is gone goes, as it should have with
// the scan.
var notices = step{
	Name: "notices", About: "find what was said of scans by the consent's epoch", Collection: "inbox",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		data, _ := doc.Data()["data"].(map[string]any)
		id, _ := data["scanId"].(string)
		return id != "" && doc.Data()["consentEpoch"] == nil, nil
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		data, _ := doc.Data()["data"].(map[string]any)
		id, _ := data["scanId"].(string)
		epoch, err := epochOf(tx, id)
		if err != nil {
			return err
		}
		all := []*firestore.DocumentRef{doc.Ref}
		for _, channel := range []string{"push", "email"} {
			ref := doc.Ref.Parent.Parent.Collection("deliveries").Doc(doc.Ref.ID + "_" + channel)
			_, err := tx.Get(ref)
			if status.Code(err) == codes.NotFound {
				continue // of a personal best there is no mail
			}
			if err != nil {
				return fmt.Errorf("read its delivery: %w", err)
			}
			all = append(all, ref)
		}
		for _, ref := range all {
			if epoch == 0 {
				err = tx.Delete(ref)
			} else {
				err = tx.Update(ref, []firestore.Update{{Path: "consentEpoch", Value: epoch}})
			}
			if err != nil {
				return err
			}
		}
		return nil
	},
}
