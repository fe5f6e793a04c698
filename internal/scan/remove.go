package scan

import "time"

// Deletion is in three steps, each of which may be done again: the scan's document becomes a
// tombstone that owes the board its event, the objects go, the tombstone goes. To all but the
// deletion the scan is gone with the first. A process that dies on the way is followed by the
// client's next DELETE, or by the sweep. An analysis under way finds no scan at its end and deletes
// what it wrote; a photo put later by the ticket's URL comes to no scan and is deleted by its
// finalize.

// RemoveGrace is how long a deletion may take before the sweep takes it up.
const RemoveGrace = time.Minute

// Tombstone makes the scan one that is being deleted: nothing of what it showed is left in it.
func (s *Scan) Tombstone(now time.Time) {
	version := s.Version
	*s = Scan{
		Schema: SchemaVersion, ID: s.ID, UID: s.UID, ConsentEpoch: s.ConsentEpoch, State: Deleting, Version: version,
		Generation: s.Generation, CreatedAt: s.CreatedAt, SeriesID: s.SeriesID,
	}
	s.Touch(now)
	s.LookAgain(now.Add(RemoveGrace))
}
