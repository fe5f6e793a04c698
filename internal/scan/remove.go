package scan

import "time"

// Deletion has three steps, each of which may be repeated: the scan's document becomes a tombstone
// that owes the board its event, the objects are deleted, the tombstone is deleted. To all but the
// deletion the scan is gone with the first step. If the process dies, the client's next DELETE or
// the sweep continues. A running analysis finds no scan at its end and deletes what it wrote. A
// photo uploaded later by the ticket's URL has no scan and is deleted by its finalize event.

// RemoveGrace is how long a deletion may take before the sweep continues it.
const RemoveGrace = time.Minute

// Tombstone turns the scan into one that is being deleted, with nothing of its content left.
func (s *Scan) Tombstone(now time.Time) {
	version := s.Version
	*s = Scan{
		Schema: SchemaVersion, ID: s.ID, UID: s.UID, ConsentEpoch: s.ConsentEpoch, State: Deleting, Version: version,
		Generation: s.Generation, CreatedAt: s.CreatedAt, SeriesID: s.SeriesID,
	}
	s.Touch(now)
	s.LookAgain(now.Add(RemoveGrace))
}
