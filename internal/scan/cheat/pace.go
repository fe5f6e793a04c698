package cheat

import (
	"slices"
	"time"
)

const (
	// RankedPerDay is the number of scans and series of one UTC day that are ranked. A score moves by
	// chance from photo to photo, so more of them make a user's rating no truer, and measuring one's
	// face over and over does people harm.
	RankedPerDay = 5
	// placesKept is how long a place is remembered: longer than a photo is kept for which a
	// notification may still come.
	placesKept = 9 * 24 * time.Hour
)

// PaceDetail and PaceHelp are the sentences for a user whose scan is not ranked for the pace.
const (
	PaceDetail = "Five results of one day (UTC) are ranked, and you have had them. This one is measured, and " +
		"does not count."
	PaceHelp = "Every photo of a face differs a little, and so does its score, by chance. More photos on one day " +
		"make it no truer; photos of other days do. If you find yourself checking your face often, or if how you " +
		"look troubles you, take a break from measuring, and talk about it with somebody you trust or with a doctor."
)

// Place is one of the ranked scans and series of a UTC day. It stays taken when the scan is
// deleted, since a deletion should not make room for another try.
type Place struct {
	// Day is the UTC day of the upload as 2006-01-02.
	Day string `firestore:"day"`
	// Of is the id of the scan or, for the photo of a series, of the series; "" once it is deleted.
	Of           string `firestore:"of"`
	ConsentEpoch int64  `firestore:"consentEpoch"`
}

// Admit returns the state in which the scan with its photo uploaded at the time has one of the
// ranked places of that day, and false if all are taken. The photos of a series share a place. A
// scan that is admitted again keeps its place.
func (s State) Admit(scanID, seriesID string, uploaded time.Time, epoch int64) (State, bool) {
	place := Place{Day: uploaded.UTC().Format(time.DateOnly), Of: scanID, ConsentEpoch: epoch}
	if seriesID != "" {
		place.Of = seriesID
	}
	if slices.ContainsFunc(s.Places, func(p Place) bool { return p.Of == place.Of }) {
		return s, true
	}
	oldest := uploaded.UTC().Add(-placesKept).Format(time.DateOnly)
	var kept []Place
	taken := 0
	for _, p := range s.Places {
		if p.Day == place.Day {
			taken++
		}
		if p.Day >= oldest {
			kept = append(kept, p)
		}
	}
	if taken >= RankedPerDay {
		return s, false
	}
	kept = append(kept, place)
	s.Places = kept
	return s, true
}

// Ranked is a place as shown to its owner.
type Ranked struct {
	Day string `json:"day"`
	// Of is the scan's or series' id, absent once it is deleted.
	Of string `json:"of,omitempty"`
}

// Ranked returns the places for their owner, in the order in which they were taken.
func (s State) Ranked() []Ranked {
	all := make([]Ranked, len(s.Places))
	for i, p := range s.Places {
		all[i] = Ranked{Day: p.Day, Of: p.Of}
	}
	return all
}

// anonymous returns the places without the ids of the scans, and of the series of which no entry is
// left.
func anonymous(places []Place, scanIDs []string, left []Entry) []Place {
	places = slices.Clone(places)
	for i, p := range places {
		of := func(e Entry) bool { return e.ScanID == p.Of || e.SeriesID == p.Of }
		if slices.Contains(scanIDs, p.Of) || !slices.ContainsFunc(left, of) {
			places[i].Of = ""
		}
	}
	return places
}
