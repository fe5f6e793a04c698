// Package cheat detects photos that are not honest measurements: a copy of an earlier photo of the
// account, half a face beside its own mirror image, and a face whose proportions are not those of
// the account's other photos. It identifies no person: it compares the scans of one account only,
// and a verdict takes a scan out of the ranking but neither hides nor changes it.
//
// # What is compared
//
// Everything is taken from the engine's report and its crop of the face, with the pupils level and
// at fixed places, so that cropping, scaling and tilting change little.
//
//   - The perceptual hash: the signs of 256 low frequencies (a pHash, by goimagehash's transform).
//     A photo is a copy if it, or its mirror image, has nearly the hash of an earlier scan.
//     Identical bytes are found before that, by their content (package scan).
//   - The likeness of the halves: the correlation of the face's fine texture with its mirror image.
//     The halves of a real face never have the same pores and brow hairs; those of a mirrored half
//     face do.
//   - Eight ratios of lengths, compared with the medians of the last nine scans.
//
// Photos of one series are taken within minutes, of one face and in one light, and are as much
// alike as copies are otherwise. So within a series a photo is a copy only if its hash is almost
// the same, and ratios are not compared. With scans before the series it is compared as any other
// photo.
//
// # The pace
//
// The memory also has which scans and series of the last days took one of the places of their day:
// [RankedPerDay] are ranked, and what comes after is measured and not ranked. That is no guard
// against cheats but one of the user's wellbeing. It is here because it has the same needs as the
// memory: read and written by the transaction that finishes a scan, each scan once, and gone with
// the consent.
//
// GUARD.md has how many cheats of each kind are caught and how many honest photos are struck by
// mistake, and the command that measures it.
//
// # What is kept
//
// users/{uid}/guard/state holds for each of the last 200 scans its id, its consent's epoch, the
// keyed hash of its photo and the engine's version, its perceptual hash and its ratios. For a scan
// that could not be observed, and for one of the same photo as another, it holds neither of the
// last two. The photo's hash is there so that the transaction that finishes a scan finds an earlier
// one of the same photo without a query ([State.Measured]).
//
// The memory is a list and not running means: a deleted scan can be taken out of it exactly, a
// repeated analysis replaces its own entry, and a median recovers from a wrong value, which would
// spoil a running mean for ever. It is written in the transaction that finishes a scan and has read
// users/{uid}, so that nothing is kept without consent. It is written on the condition that it has
// not changed since the judgement, so that of two scans that finish at the same time the later one
// is compared with the earlier.
//
// Each entry has its own epoch, because a document may hold entries of several epochs: agreeing to
// a newer text begins an epoch and keeps the memory, and after a withdrawal the next consent may
// have entries before the last of the old ones are deleted. [Standing] leaves out what was made
// under an earlier consent whenever the memory is used, so that a new consent starts with nothing,
// and [Withdraw] removes it.
package cheat

import (
	"encoding/hex"
	"slices"
)

// The limits. GUARD.md has what they catch and cost.
const (
	// copyDistance is the largest number of the 256 bits in which two hashes of one photo differ.
	copyDistance = 18
	// burstDistance is copyDistance within a series, whose honest photos differ in fewer bits than
	// copies of other photos do.
	burstDistance = 4
	// halfLikeness is the likeness from which a face counts as having the same half twice.
	halfLikeness = 0.7
	// jumpLimit is the largest distance of the ratios from the usual ones. Under the light of one
	// studio 1.9 distinguished most people. Between ordinary photos of one person the engine's points
	// move as much as faces differ, so only a distance far beyond either counts.
	jumpLimit = 7.6

	// usualOf is the number of scans whose median is the usual value, kept the number remembered.
	usualOf = 9
	kept    = 200
)

// Code is a reason's stable public name.
type Code string

// The reasons.
const (
	Copy     Code = "copied_photo"
	HalfFace Code = "mirrored_half"
	Jump     Code = "geometry_jump"
)

// Reason is why a scan is not ranked.
type Reason struct {
	Code Code `json:"code" firestore:"code"`
	// Detail is a sentence for the user.
	Detail string `json:"detail" firestore:"detail"`
}

var details = map[Code]string{
	Copy:     "This looks like a photo that was measured before, and each photo counts once.",
	HalfFace: "Both halves of the face are the same picture, one of them mirrored.",
	Jump:     "The proportions of this face are not those of your earlier photos.",
}

// State is what is remembered of an account's scans, oldest first.
type State struct {
	Entries []Entry
	// Partial is set if completed scans may lack an entry, or their entry the photo's hash: older ones
	// than the last 200, or those of before the hash was remembered.
	Partial bool
	// Places are the ranked places of the last days that are taken.
	Places []Place
}

// Entry is what is remembered of one scan.
type Entry struct {
	ScanID string `firestore:"scanId"`
	// ConsentEpoch is the epoch that the scan was made under, 0 in entries from before the field
	// existed.
	ConsentEpoch int64 `firestore:"consentEpoch"`
	// SeriesID is the series of the scan, "" for none.
	SeriesID string `firestore:"seriesId,omitempty"`
	// Content is the keyed hash of the photo (scan.PhotoHash), and Version the version of the engine
	// that measured it. Both are absent in entries from before the fields existed.
	Content string `firestore:"content,omitempty"`
	Version string `firestore:"version,omitempty"`
	// DuplicateOf is the earlier scan of the same photo, absent for none.
	DuplicateOf string    `firestore:"duplicateOf,omitempty"`
	Engine      int       `firestore:"engine"`
	Hash        []byte    `firestore:"hash"`
	Ratios      []float64 `firestore:"ratios"`
}

// Judge compares an observation with the scans before it and adds it to the state as made under the
// consent epoch. A scan that is judged again is compared with the same earlier scans, and counts
// once. Judge returns no reasons for an honest photo.
func Judge(s State, scanID string, epoch int64, o Observation) ([]Reason, State) {
	next, at := s.with(Entry{
		ScanID: scanID, ConsentEpoch: epoch, SeriesID: o.SeriesID, Content: o.Content, Version: o.Version,
		Engine: o.Engine, Hash: o.Hash, Ratios: o.Ratios,
	})
	return judge(next.Entries[:at], o), next.cut()
}

// Duplicate adds a scan of the same photo as the scan of the id to the state. Nothing is compared
// with it, as it is the other scan over again.
func Duplicate(s State, scanID string, epoch int64, o Observation, of string) State {
	next, _ := s.with(Entry{
		ScanID: scanID, ConsentEpoch: epoch, SeriesID: o.SeriesID, Content: o.Content, Version: o.Version,
		Engine: o.Engine, DuplicateOf: of,
	})
	return next.cut()
}

// with returns the state with the entry, in place of an earlier one of the scan or at the end, and
// where that is.
func (s State) with(e Entry) (next State, at int) {
	next = State{Entries: slices.Clone(s.Entries), Partial: s.Partial, Places: s.Places}
	at = slices.IndexFunc(next.Entries, func(other Entry) bool { return other.ScanID == e.ScanID })
	if at >= 0 {
		next.Entries[at] = e
		return next, at
	}
	next.Entries = append(next.Entries, e)
	return next, len(next.Entries) - 1
}

// cut forgets the oldest entries of more than are kept, those of duplicates before any other:
// nothing is compared with them, so that one photo, uploaded again and again, would have the memory
// forget all others.
func (s State) cut() State {
	over := len(s.Entries) - kept
	if over <= 0 {
		return s
	}
	left := slices.DeleteFunc(slices.Clone(s.Entries), func(e Entry) bool {
		forgotten := over > 0 && e.DuplicateOf != ""
		if forgotten {
			over--
		}
		return forgotten
	})
	s.Entries, s.Partial = left[over:], true
	return s
}

// Measured returns the first scan that measured the photo by the version of the engine, "" for
// none: of several the one that is no duplicate, or the oldest if that was deleted. contents are
// the photo's hashes (scan.PhotoHashes), and but is not one of the scans looked at. sure is false
// if only the scans themselves can say: the memory is partial, or the scan was measured again since
// it was remembered.
func (s State) Measured(contents []string, version, but string) (scanID string, sure bool) {
	sure = !s.Partial
	for _, e := range s.Entries {
		if e.ScanID == but || !slices.Contains(contents, e.Content) {
			continue
		}
		sure = sure && e.Version == version
		if e.Version == version && (scanID == "" || e.DuplicateOf == "") {
			scanID = e.ScanID
			if e.DuplicateOf == "" {
				break
			}
		}
	}
	return scanID, sure
}

func judge(earlier []Entry, o Observation) []Reason {
	var reasons []Reason
	because := func(is bool, c Code) {
		if is {
			reasons = append(reasons, Reason{Code: c, Detail: details[c]})
		}
	}
	because(slices.ContainsFunc(earlier, o.copies), Copy)
	because(o.Likeness >= halfLikeness, HalfFace)
	before := usual(o.outsideSeries(earlier), o.Engine)
	because(before != nil && len(o.Ratios) == len(before) && jump(o.Ratios, before) > jumpLimit, Jump)
	return reasons
}

// copies reports whether the photo, or its mirror image, is that of the entry. A scan that could
// not be observed copies nothing.
func (o Observation) copies(e Entry) bool {
	if len(e.Hash) == 0 {
		return false
	}
	limit := copyDistance
	if o.sameSeries(e) {
		limit = burstDistance
	}
	return min(distance(o.Hash, e.Hash), distance(o.Mirrored, e.Hash)) <= limit
}

func (o Observation) sameSeries(e Entry) bool { return o.SeriesID != "" && o.SeriesID == e.SeriesID }

// outsideSeries returns the entries that are not of the observation's series.
func (o Observation) outsideSeries(entries []Entry) []Entry {
	return slices.DeleteFunc(slices.Clone(entries), o.sameSeries)
}

// Without returns the state without the scans, whose places stay taken. Unknown scans change
// nothing.
func (s State) Without(scanIDs ...string) State {
	left := slices.DeleteFunc(slices.Clone(s.Entries), func(e Entry) bool { return slices.Contains(scanIDs, e.ScanID) })
	return State{Entries: left, Partial: s.Partial, Places: anonymous(s.Places, scanIDs, left)}
}

// Standing returns the state without the entries and places of consent epochs that do not stand.
func (s State) Standing(stands func(epoch int64) bool) State {
	return State{
		Entries: slices.DeleteFunc(slices.Clone(s.Entries), func(e Entry) bool { return !stands(e.ConsentEpoch) }),
		Partial: s.Partial,
		Places:  slices.DeleteFunc(slices.Clone(s.Places), func(p Place) bool { return !stands(p.ConsentEpoch) }),
	}
}

// Memory is an entry as shown to its owner.
type Memory struct {
	ScanID string `json:"scanId"`
	// SeriesID is the series of the scan, absent for none.
	SeriesID     string `json:"seriesId,omitempty"`
	ConsentEpoch int64  `json:"consentEpoch"`
	EngineMajor  int    `json:"engineMajor"`
	// DuplicateOf is the earlier scan of the same photo, absent for none.
	DuplicateOf string `json:"duplicateOf,omitempty"`
	// Fingerprint is the perceptual hash in lower-case hex.
	Fingerprint string `json:"fingerprint"`
	// Proportions are the ratios by name.
	Proportions map[string]float64 `json:"proportions"`
}

// Memories returns the entries for their owner, oldest first.
func (s State) Memories() []Memory {
	all := make([]Memory, len(s.Entries))
	for i, e := range s.Entries {
		m := Memory{
			ScanID: e.ScanID, SeriesID: e.SeriesID, ConsentEpoch: e.ConsentEpoch, EngineMajor: e.Engine,
			DuplicateOf: e.DuplicateOf, Fingerprint: hex.EncodeToString(e.Hash),
			Proportions: map[string]float64{},
		}
		for k, r := range e.Ratios[:min(len(e.Ratios), len(ratioNames))] {
			m.Proportions[ratioNames[k]] = r
		}
		all[i] = m
	}
	return all
}
