package main

import (
	"context"
	"fmt"
	"slices"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account/device"
)

// devices gives each device the hash that it is found by. The version before found devices by the
// token itself, which it could not for tokens of 1,500 bytes and more, and what it wrote while this
// version ran already was not found either. So where several have one token all but the newest go,
// as they would have when it was registered.
var devices = step{
	Name: "devices", About: "find devices by the hash of their token", Collection: "devices",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		return doc.Data()["tokenHash"] == nil, nil
	},
	Migrate: func(ctx context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		var d device.Device
		if err := doc.DataTo(&d); err != nil {
			return fmt.Errorf("decode it: %w", err)
		}
		hash := device.Hash(d.Token)
		others, err := tx.Find(ctx, tx.fs.CollectionGroup("devices").Where("tokenHash", "==", hash))
		if err != nil {
			return fmt.Errorf("find its token: %w", err)
		}
		others = slices.DeleteFunc(others, func(other *firestore.DocumentSnapshot) bool {
			return other.Data()["tokenHash"] != hash
		})
		for _, snap := range others {
			var other device.Device
			if err := snap.DataTo(&other); err != nil {
				return fmt.Errorf("decode %s: %w", pathOf(snap.Ref), err)
			}
			if other.UpdatedAt.After(d.UpdatedAt) {
				return tx.Delete(doc.Ref)
			}
		}
		for _, snap := range others {
			if err := tx.Delete(snap.Ref); err != nil {
				return err
			}
		}
		return tx.Update(doc.Ref, []firestore.Update{{Path: "tokenHash", Value: hash}})
	},
}
