package series

import (
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/sentence"
)

// View is a series as its owner sees it.
type View struct {
	ID              scan.SeriesID `json:"id"`
	State           State         `json:"state"`
	Revision        int64         `json:"revision"`
	CreatedAt       string        `json:"createdAt"`
	UpdatedAt       string        `json:"updatedAt"`
	TicketsExpireAt string        `json:"ticketsExpireAt"`
	FinishedAt      string        `json:"finishedAt,omitempty"`
	Scans           []lookView    `json:"scans"`
	// Engine, Score and Photos are set if it is completed.
	Engine string      `json:"engine,omitempty"`
	Score  *scan.Score `json:"score,omitempty"`
	// Photos is the number of scans whose mean is the score.
	Photos int `json:"photos,omitempty"`
}

// lookView is one photo of a series.
type lookView struct {
	ID scan.ID `json:"id"`
	// Instruction is what to tell the user before the photo.
	Instruction sentence.Told `json:"instruction"`
	State       LookState     `json:"state"`
	Engine      string        `json:"engine,omitempty"`
	Score       *scan.Score   `json:"score,omitempty"`
	Rankable    *bool         `json:"rankable,omitempty"`
	FailureCode string        `json:"failureCode,omitempty"`
	// LeftOut is why it does not count in a series that is completed or failed.
	LeftOut *sentence.Told `json:"leftOut,omitempty"`
}

// NewView returns the series for its owner, with its sentences in the language.
func NewView(s Series, lang sentence.Lang) View {
	v := View{
		ID: s.ID, State: s.State, Revision: s.Version, CreatedAt: httpapi.Time(s.CreatedAt),
		UpdatedAt:       httpapi.Time(s.UpdatedAt),
		TicketsExpireAt: httpapi.Time(s.TicketExpiresAt), FinishedAt: scan.OptionalTime(s.SettledAt),
		Scans: make([]lookView, len(s.Looks)),
	}
	for i, l := range s.Looks {
		v.Scans[i] = l.show(i, lang)
	}
	if s.Result != nil {
		v.Engine, v.Score, v.Photos = s.Engine, &s.Result.Score, s.Result.Photos
	}
	return v
}

func (l Look) show(i int, lang sentence.Lang) lookView {
	v := lookView{
		ID: l.ScanID, Instruction: sentence.One(lang, instruction(i)), State: l.State, FailureCode: l.FailureCode,
	}
	if l.State == LookCompleted {
		v.Engine, v.Score, v.Rankable = l.Engine, l.Score, &l.Rankable
	}
	if l.LeftOut != "" {
		v.LeftOut = &sentence.Told{Code: l.LeftOut, Detail: sentence.Tell(lang, leftOutDetails[l.LeftOut]).Detail}
	}
	return v
}
