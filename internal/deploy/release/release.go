// Package release keeps a record of each deployment whose checks passed, and sends the requests of
// functions back to the revisions of an earlier one.
package release

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// Record is a deployment whose checks passed. It names no person.
type Record struct {
	Time      time.Time           `json:"time"`
	Commit    string              `json:"commit"`
	Functions map[string]Function `json:"functions"`
}

// Function is what a function ran as: the hash of its source and its revision in Cloud Run.
type Function struct {
	Source   string `json:"source"`
	Revision string `json:"revision"`
}

// Records are those of one environment, in the bucket of its state.
type Records struct {
	Google *gcp.Client
	Bucket string
	// Prefix is that of the objects' names, with a slash at its end.
	Prefix string
}

// stamp makes the names of records sort by time.
const stamp = "20060102T150405Z"

// Add writes the record.
func (r Records) Add(ctx context.Context, record Record) error {
	content, err := json.MarshalIndent(record, "", "  ")
	if err != nil {
		return err
	}
	name := r.Prefix + record.Time.UTC().Format(stamp) + "-" + record.Commit + ".json"
	if err := r.Google.WriteObject(ctx, r.Bucket, name, content); err != nil {
		return fmt.Errorf("record the deployment in gs://%s/%s: %w", r.Bucket, name, err)
	}
	return nil
}

// listed is how many records are read: older ones name revisions that Cloud Run may have removed.
const listed = 50

// List returns the newest records, the newest first.
func (r Records) List(ctx context.Context) ([]Record, error) {
	names, err := r.Google.ListObjects(ctx, r.Bucket, r.Prefix)
	if err != nil {
		return nil, fmt.Errorf("list the deployments in gs://%s/%s: %w", r.Bucket, r.Prefix, err)
	}
	slices.Sort(names)
	slices.Reverse(names)
	var all []Record
	for _, name := range names[:min(listed, len(names))] {
		content, err := r.Google.ReadObject(ctx, r.Bucket, name)
		if err != nil {
			return nil, fmt.Errorf("read gs://%s/%s: %w", r.Bucket, name, err)
		}
		var record Record
		if err := json.Unmarshal(content, &record); err != nil {
			return nil, fmt.Errorf("read gs://%s/%s: %w", r.Bucket, name, err)
		}
		all = append(all, record)
	}
	return all, nil
}

// ErrNone means that there is no deployment to go back to.
var ErrNone = errors.New("there is no earlier deployment to go back to: `deploy releases` lists them")

// Choose returns the record to go back to: that of the commit, or without one the newest that
// differs from what serves now and is older than that. Where what serves is in no record, its
// checks have not passed, and the newest record is the last good one. Records are the newest first.
func Choose(records []Record, serving map[string]string, commit string) (Record, error) {
	if commit != "" {
		for _, r := range records {
			if strings.HasPrefix(r.Commit, commit) {
				return r, nil
			}
		}
		return Record{}, fmt.Errorf("commit %s: %w", commit, ErrNone)
	}
	present := slices.IndexFunc(records, func(r Record) bool { return len(r.changes(serving)) == 0 })
	for _, r := range records[present+1:] {
		if len(r.changes(serving)) > 0 {
			return r, nil
		}
	}
	return Record{}, ErrNone
}

// changes returns the revisions of the record that do not serve, by function. Functions that are on
// one side only stay as they are.
func (r Record) changes(serving map[string]string) map[string]string {
	to := map[string]string{}
	for name, f := range r.Functions {
		if now, there := serving[name]; there && now != f.Revision {
			to[name] = f.Revision
		}
	}
	return to
}

// Changes returns what going back to the record changes: the revision by function.
func (r Record) Changes(states map[string]State) map[string]string { return r.changes(Serving(states)) }

// Services are the functions' services in Cloud Run.
type Services struct {
	Google *gcp.Client
	Clock  gcp.Clock
	// Parent is projects/PROJECT/locations/REGION.
	Parent string
	// Prefix is what the services' names begin with, before the function's name.
	Prefix string
	// Functions are the names of the functions.
	Functions []string
}

// State is where a function's requests go.
type State struct {
	// Latest is the newest revision that is ready.
	Latest string
	// Pinned is the revision that is named, "" if requests go to the latest.
	Pinned string
}

// Serving returns the revision that serves each function.
func Serving(states map[string]State) map[string]string {
	all := map[string]string{}
	for name, s := range states {
		if all[name] = s.Latest; s.Pinned != "" {
			all[name] = s.Pinned
		}
	}
	return all
}

// The kinds of targets of a service's traffic:
// https://cloud.google.com/run/docs/reference/rest/v2/TrafficTargetAllocationType
const (
	toLatest   = "TRAFFIC_TARGET_ALLOCATION_TYPE_LATEST"
	toRevision = "TRAFFIC_TARGET_ALLOCATION_TYPE_REVISION"
)

type target struct {
	Type     string `json:"type"`
	Revision string `json:"revision,omitempty"`
	Percent  int    `json:"percent"`
}

func (s Services) path(function string) string {
	return s.Parent + "/services/" + s.Prefix + function
}

// States returns where the requests of each function go. A function without a service is left out.
func (s Services) States(ctx context.Context) (map[string]State, error) {
	all := map[string]State{}
	for _, name := range s.Functions {
		var service struct {
			LatestReadyRevision string   `json:"latestReadyRevision"`
			Traffic             []target `json:"traffic"`
		}
		err := s.Google.Call(ctx, gcp.Run, http.MethodGet, s.path(name), nil, &service)
		if gcp.Absent(err) {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("ask where the requests of %s go: %w", name, err)
		}
		state := State{Latest: path.Base(service.LatestReadyRevision)}
		for _, t := range service.Traffic {
			if t.Type == toRevision && t.Percent > 0 {
				state.Pinned = path.Base(t.Revision)
			}
		}
		all[name] = state
	}
	return all, nil
}

// atOnce is how many services are changed at the same time.
const atOnce = 8

// Send sends all requests of the functions to the revisions, "" for the latest one. It changes
// nothing unless every revision is there. It builds nothing, and makes no revision:
// https://cloud.google.com/run/docs/rollouts-rollbacks-traffic-migration
func (s Services) Send(ctx context.Context, revisions map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(revisions)) {
		if revisions[name] == "" {
			continue
		}
		revision := s.path(name) + "/revisions/" + revisions[name]
		if err := s.Google.Call(ctx, gcp.Run, http.MethodGet, revision, nil, nil); err != nil {
			return fmt.Errorf("look for the revision %s: %w", revisions[name], err)
		}
	}
	work, ctx := errgroup.WithContext(ctx)
	work.SetLimit(atOnce)
	for name, revision := range revisions {
		work.Go(func() error {
			if err := s.send(ctx, name, revision); err != nil {
				return fmt.Errorf("send the requests of %s to %s: %w", name, revision, err)
			}
			return nil
		})
	}
	return work.Wait()
}

func (s Services) send(ctx context.Context, name, revision string) error {
	t := target{Type: toLatest, Percent: 100}
	if revision != "" {
		t = target{Type: toRevision, Revision: revision, Percent: 100}
	}
	var op gcp.Operation
	body := map[string]any{"traffic": []target{t}}
	if err := s.Google.Call(ctx, gcp.Run, http.MethodPatch, s.path(name)+"?updateMask=traffic", body, &op); err != nil {
		return err
	}
	return s.Google.Await(ctx, s.Clock, gcp.Run, op)
}
