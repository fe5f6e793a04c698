package main

import (
	"context"
	"regexp"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/notify"
)

// bareScore matches the texts of the version before that have a score without its interval.
var bareScore = regexp.MustCompile(`^Your symmetry score (is [0-9.]+ of 100|of [0-9.]+ is above your earlier high)`)

// scores takes the score out of each inbox item that has it without its interval. The item does not
// keep the interval, and that of the scan is of an engine whose intervals were too narrow outside
// of the studio, so the item says where the score is instead.
var scores = step{
	Name: "scores", About: "say no score without its interval in the inbox", Collection: "inbox",
	Pending: func(doc *firestore.DocumentSnapshot) (bool, error) {
		body, _ := doc.Data()["body"].(string)
		return bareScore.MatchString(body), nil
	},
	Migrate: func(_ context.Context, tx *tx, doc *firestore.DocumentSnapshot) error {
		kind, _ := doc.Data()["type"].(string)
		body, err := notify.BodyWithoutScore(kind)
		if err != nil {
			return err
		}
		return tx.Update(doc.Ref, []firestore.Update{{Path: "body", Value: body}})
	},
}
