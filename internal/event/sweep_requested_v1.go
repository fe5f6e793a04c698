package event

// SweepRequestedV1 requests the periodic clean-up. Cloud Scheduler sends the same document each
// time, so its id identifies nothing; the sweep uses the period in which the message was published.
type SweepRequestedV1 struct{}

// EventType returns "sweep.requested.v1".
func (SweepRequestedV1) EventType() string { return "sweep.requested.v1" }

// Validate accepts every document.
func (SweepRequestedV1) Validate() error { return nil }
