package scan

import (
	"context"
	"fmt"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/httpapi"
)

// summaryFields are the fields that a [Summary] needs. They leave out most of the report, which is
// most of a document.
var summaryFields = []string{
	"id", "seriesId", "state", "stage", "version", "failure", "createdAt", "updatedAt", "finishedAt",
	"result.version", "result.score", "result.rankable",
}

// Summary is a scan in a list, without its full result.
type Summary struct {
	ID ID `json:"id"`
	// SeriesID is the series of the photo.
	SeriesID   SeriesID `json:"seriesId,omitempty"`
	State      State    `json:"state"`
	Stage      Stage    `json:"stage,omitempty"`
	Revision   int64    `json:"revision"`
	CreatedAt  string   `json:"createdAt"`
	UpdatedAt  string   `json:"updatedAt"`
	FinishedAt string   `json:"finishedAt,omitempty"`
	// Engine, Score and Rankable are set if it is completed, FailureCode if it failed.
	Engine      string `json:"engine,omitempty"`
	Score       *Score `json:"score,omitempty"`
	Rankable    *bool  `json:"rankable,omitempty"`
	FailureCode string `json:"failureCode,omitempty"`
}

// NewSummary returns the summary of the scan, which needs only summaryFields.
func NewSummary(s Scan) Summary {
	v := Summary{
		ID: s.ID, SeriesID: s.SeriesID, State: s.State, Stage: s.Stage, Revision: s.Version,
		CreatedAt: httpapi.Time(s.CreatedAt), UpdatedAt: httpapi.Time(s.UpdatedAt), FinishedAt: OptionalTime(s.FinishedAt),
	}
	if s.Failure != nil {
		v.FailureCode = s.Failure.Code
	}
	if s.State == Completed {
		r := s.Outcome()
		v.Engine, v.Score, v.Rankable = r.Version, &r.Score, &r.Rankable
	}
	return v
}

// OptionalTime formats the time for the API, "" for the zero time.
func OptionalTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return httpapi.Time(t)
}

// Filter selects scans of the caller for a list.
type Filter struct {
	// State and Rankable are as in the query, "" for any.
	State, Rankable string
	// From and To bound createdAt, including From and excluding To. nil is no bound.
	From, To *time.Time
	// Direction is the order by createdAt.
	Direction firestore.Direction
}

// PositionOf returns the scan's position in a list.
func PositionOf(s Scan) httpapi.Position { return httpapi.Position{At: s.CreatedAt, ID: string(s.ID)} }

// Scope returns the values that tie a cursor to its list.
func (f Filter) Scope() []string {
	return []string{
		"scans", f.State, f.Rankable, bound(f.From), bound(f.To), fmt.Sprint(f.Direction),
	}
}

func bound(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// Query returns the caller's scans that the filter has.
//
// It needs the composite indexes on scans, each with createdAt ascending and descending, and the id
// in the same direction: (uid, createdAt), (uid, state, createdAt), (uid, result.rankable,
// createdAt). Firestore merges the last two where both are asked for.
func (f Filter) Query(fs *firestore.Client, uid account.UID) firestore.Query {
	q := fs.Collection("scans").Where("uid", "==", string(uid))
	if f.State != "" {
		q = q.Where("state", "==", f.State)
	}
	if f.Rankable != "" {
		q = q.Where("result.rankable", "==", f.Rankable == "true")
	}
	if f.From != nil {
		q = q.Where("createdAt", ">=", *f.From)
	}
	if f.To != nil {
		q = q.Where("createdAt", "<", *f.To)
	}
	return q.OrderBy("createdAt", f.Direction).OrderBy(firestore.DocumentID, f.Direction)
}

// Find returns the page's scans, and one more if there is a next page. Scans that are being deleted
// are left out and others read in their place, so that only the last page is short.
func Find(ctx context.Context, fs *firestore.Client, uid account.UID, f Filter, asked httpapi.Page) ([]Scan, error) {
	want, after := asked.Limit+1, asked.After
	var found []Scan
	for {
		q := f.Query(fs, uid).Limit(want - len(found)).Select(summaryFields...)
		if after != nil {
			q = q.StartAfter(after.At, after.ID)
		}
		read, err := ReadAll(ctx, q)
		if err != nil {
			return nil, err
		}
		ended := len(read) < want-len(found)
		for _, one := range read {
			if one.State != Deleting {
				found = append(found, one)
			}
			after = new(PositionOf(one))
		}
		if ended || len(found) == want {
			return found, nil
		}
	}
}
