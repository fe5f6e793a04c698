// Package terms has the text that users agree to before the first scan.
package terms

import (
	"slices"

	"github.com/facescan/facescan/internal/sentence"
)

// Text is the text that a user agrees to before the first scan.
type Text struct {
	// Version identifies the text for ever. Another text has another version.
	Version string `json:"version" firestore:"version"`
	// Purpose describes the use of a photo, Retention how long its results are kept.
	Purpose   string `json:"purpose" firestore:"purpose"`
	Retention string `json:"retention" firestore:"retention"`
}

// versions are those of all texts, from the first to the one in force.
var versions = []string{"2026-11-01", keepsStruck}

// keepsStruck is the first text by which the score of a deleted scan stays in the rating.
const keepsStruck = "2026-11-29"

// KeepsStruck reports whether the score of a deleted scan stays in the user's own rating by the
// text of the version.
func KeepsStruck(version string) bool {
	return slices.Index(versions, version) >= slices.Index(versions, keepsStruck)
}

// Current is the text in force.
var Current = Text{
	Version: versions[len(versions)-1],
	Purpose: "FaceScan measures the geometry of the face in the photos you upload, to show you its symmetry and its " +
		"change over time, and, only if you opt in, your place on a leaderboard. It does not identify you, does not " +
		"compare your face with anybody else's and infers neither age, gender nor origin.",
	Retention: "A photo is deleted 24 hours after its analysis unless you choose to keep it longer, and after 7 days " +
		"at the latest if it could not be analysed. Results are kept until you delete them, withdraw this consent or " +
		"delete your account. If you delete a scan, its photo and its result are removed, but its score stays, as a " +
		"number without the photo and the scan, in your own leaderboard rating, so that deleting does not change the " +
		"rating. It stays until you have your ratings forgotten, withdraw this consent or delete your account.",
}

// In returns the text in the language. It is the same text in each: its version and what follows
// from it do not depend on the language.
func (t Text) In(lang sentence.Lang) Text {
	t.Purpose, t.Retention = sentence.Tell(lang, t.Purpose).Detail, sentence.Tell(lang, t.Retention).Detail
	return t
}
