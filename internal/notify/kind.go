package notify

import "github.com/facescan/facescan/internal/event"

// Kind is what a notice is about, as users and apps tell notices apart.
type Kind string

// The kinds.
const (
	Welcome       Kind = "welcome"
	ScanCompleted Kind = "scan_completed"
	ScanFailed    Kind = "scan_failed"
	PersonalBest  Kind = "personal_best"
	RankChanged   Kind = "rank_changed"
	ExportReady   Kind = "export_ready"
	AccountErased Kind = "account_erased"
	Security      Kind = "security"
)

// Kinds returns all kinds.
func Kinds() []Kind {
	return []Kind{
		Welcome, ScanCompleted, ScanFailed, PersonalBest, RankChanged, ExportReady, AccountErased, Security,
	}
}

var kinds = map[string]Kind{
	event.AccountRegisteredV1{}.EventType():       Welcome,
	event.ScanCompletedV1{}.EventType():           ScanCompleted,
	event.SeriesSettledV1{}.EventType():           ScanCompleted,
	event.ScanFailedV1{}.EventType():              ScanFailed,
	event.PersonalBestReachedV1{}.EventType():     PersonalBest,
	event.RankChangedV1{}.EventType():             RankChanged,
	event.ExportReadyV1{}.EventType():             ExportReady,
	event.AccountErasureRequestedV1{}.EventType(): AccountErased,
	event.DeviceAddedV1{}.EventType():             Security,
	event.PasswordChangedV1{}.EventType():         Security,
}

// KindOf returns the kind of the notices of an event type, "" for a type of which there are none.
func KindOf(eventType string) Kind { return kinds[eventType] }
