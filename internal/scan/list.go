package scan

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"cloud.google.com/go/firestore"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

const defaultPage = 20

// summaryFields are all that is read of a scan for its [Summary]: of the report, which is most of a document, little.
var summaryFields = []string{
	"id", "seriesId", "state", "stage", "version", "failure", "createdAt", "updatedAt", "finishedAt",
	"result.version", "result.score", "result.rankable",
}

// Summary is a scan in a list: what its result comes to, without the result.
type Summary struct {
	ID ID `json:"id"`
	// SeriesID is the series that it is a photo of.
	SeriesID   SeriesID `json:"seriesId,omitempty"`
	State      State    `json:"state"`
	Stage      Stage    `json:"stage,omitempty"`
	Version    int64    `json:"version"`
	CreatedAt  string   `json:"createdAt"`
	UpdatedAt  string   `json:"updatedAt"`
	FinishedAt string   `json:"finishedAt,omitempty"`
	// Engine, Score and Rankable are there if it is completed, FailureCode if it failed.
	Engine      string      `json:"engine,omitempty"`
	Score       *scoreRange `json:"score,omitempty"`
	Rankable    *bool       `json:"rankable,omitempty"`
	FailureCode string      `json:"failureCode,omitempty"`
}

// summarize returns the summary of the scan, of which summaryFields are read.
func summarize(s Scan) Summary {
	v := Summary{
		ID: s.ID, SeriesID: s.SeriesID, State: s.State, Stage: s.Stage, Version: s.Version,
		CreatedAt: httpapi.Time(s.CreatedAt), UpdatedAt: httpapi.Time(s.UpdatedAt), FinishedAt: showTime(s.FinishedAt),
	}
	if s.Failure != nil {
		v.FailureCode = s.Failure.Code
	}
	if s.State == Completed {
		r := s.result()
		v.Engine, v.Score, v.Rankable = r.Version, &r.Score, &r.Rankable
	}
	return v
}

// showTime returns the time as the API shows it, "" for the zero time.
func showTime(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return httpapi.Time(t)
}

type listView struct {
	Items []Summary `json:"items"`
	// NextCursor is the "cursor" of the next page, absent on the last.
	NextCursor string `json:"nextCursor,omitempty"`
}

// filter is which of the caller's scans a list has.
type filter struct {
	// state and rankable are as in the query, "" for any.
	state, rankable string
	// from and to bound createdAt, from included and to not; nil is no bound.
	from, to *time.Time
	// direction is by createdAt.
	direction firestore.Direction
}

func (s *Service) list(w http.ResponseWriter, r *http.Request) error {
	f, err := filterParams(r)
	if err != nil {
		return err
	}
	asked, err := httpapi.PageParams(r, defaultPage, f.scope()...)
	if err != nil {
		return err
	}
	if err := s.admit(r); err != nil {
		return err
	}
	found, err := find(r.Context(), s.Firestore, account.Caller(r), f, asked)
	if err != nil {
		return err
	}
	view := listView{Items: []Summary{}}
	for i, one := range found {
		if i == asked.Limit {
			view.NextCursor = asked.Next(positionOf(found[i-1]))
			break
		}
		view.Items = append(view.Items, summarize(one))
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// positionOf returns where the scan stands in a list.
func positionOf(s Scan) httpapi.Position { return httpapi.Position{At: s.CreatedAt, ID: string(s.ID)} }

// listStates are the states that a list can be asked for, any of them first.
var listStates = []string{
	"", string(AwaitingUpload), string(Queued), string(Processing), string(Completed), string(Failed), string(Expired),
}

// listQuery adds the query parameters of filterParams.
var listQuery = httpapi.Query("state", "rankable", "from", "to", "order")

func filterParams(r *http.Request) (f filter, err error) {
	if f.state, err = httpapi.EnumParam(r, "state", listStates...); err != nil {
		return f, err
	}
	if f.rankable, err = httpapi.EnumParam(r, "rankable", "", "true", "false"); err != nil {
		return f, err
	}
	if f.from, err = httpapi.TimeParam(r, "from"); err != nil {
		return f, err
	}
	if f.to, err = httpapi.TimeParam(r, "to"); err != nil {
		return f, err
	}
	if f.from != nil && f.to != nil && !f.from.Before(*f.to) {
		return f, fault.New(fault.CodeInvalidParameter, "The end of the period is not after its start.").
			WithField("query/to", "must be after from")
	}
	order, err := httpapi.EnumParam(r, "order", "newest", "oldest")
	f.direction = firestore.Desc
	if order == "oldest" {
		f.direction = firestore.Asc
	}
	return f, err
}

// scope ties a cursor to the list that it came from.
func (f filter) scope() []string {
	return []string{
		"scans", f.state, f.rankable, bound(f.from), bound(f.to), fmt.Sprint(f.direction),
	}
}

func bound(at *time.Time) string {
	if at == nil {
		return ""
	}
	return at.Format(time.RFC3339Nano)
}

// query returns the caller's scans that the filter has.
//
// It needs the composite indexes on scans, each with createdAt ascending and descending, and the id in the same
// direction: (uid, createdAt), (uid, state, createdAt), (uid, result.rankable, createdAt). Firestore merges the last two
// where both are asked for.
func (f filter) query(fs *firestore.Client, uid account.UID) firestore.Query {
	q := fs.Collection("scans").Where("uid", "==", string(uid))
	if f.state != "" {
		q = q.Where("state", "==", f.state)
	}
	if f.rankable != "" {
		q = q.Where("result.rankable", "==", f.rankable == "true")
	}
	if f.from != nil {
		q = q.Where("createdAt", ">=", *f.from)
	}
	if f.to != nil {
		q = q.Where("createdAt", "<", *f.to)
	}
	return q.OrderBy("createdAt", f.direction).OrderBy(firestore.DocumentID, f.direction)
}

// find returns the page's scans and one more, if there is a next page. Scans that are being deleted are left
// out, and others read in their place, so that only the last page is short.
func find(ctx context.Context, fs *firestore.Client, uid account.UID, f filter, asked httpapi.Page) ([]Scan, error) {
	want, after := asked.Limit+1, asked.After
	var found []Scan
	for {
		q := f.query(fs, uid).Limit(want - len(found)).Select(summaryFields...)
		if after != nil {
			q = q.StartAfter(after.At, after.ID)
		}
		read, err := readAll(ctx, q)
		if err != nil {
			return nil, err
		}
		ended := len(read) < want-len(found)
		for _, one := range read {
			if one.State != Deleting {
				found = append(found, one)
			}
			after = new(positionOf(one))
		}
		if ended || len(found) == want {
			return found, nil
		}
	}
}
