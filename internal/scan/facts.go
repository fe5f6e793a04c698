package scan

import "github.com/facescan/facescan/internal/event"

// CompletedEvent returns the event of a completed scan that has been measured once.
func CompletedEvent(s Scan) event.ScanCompletedV1 {
	r := s.Outcome()
	return event.ScanCompletedV1{
		UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, Engine: r.Version,
		EngineMajor: EngineMajor(r.Version), Score: r.Score.Value, Interval: event.Around(r.Score.Lo, r.Score.Hi),
		Rankable: r.Rankable, CompletedAt: s.FinishedAt, UploadedAt: s.UploadedAt,
	}
}

// RescoredEvent returns the event of a scan that has been measured again.
func RescoredEvent(s Scan) event.ScanRescoredV1 {
	r := s.Outcome()
	return event.ScanRescoredV1{
		UID: string(s.UID), ScanID: string(s.ID), ConsentEpoch: s.ConsentEpoch, EngineMajor: EngineMajor(r.Version),
		Score: r.Score.Value, Interval: event.Around(r.Score.Lo, r.Score.Hi), Rankable: r.Rankable,
		CompletedAt: s.FinishedAt, UploadedAt: s.UploadedAt, Revision: s.Version,
	}
}
