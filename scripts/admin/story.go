package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/audit"
	"github.com/facescan/facescan/internal/operate/story"
	"github.com/facescan/facescan/internal/scan"
)

// storyView is a story with what the command adds.
type storyView struct {
	story.Story
	// Email is there with -reveal only.
	Email  string   `json:"email,omitempty"`
	Traces []string `json:"links"`
}

// traceLink returns where Cloud Trace shows a trace, or its id on the emulators.
func (o options) traceLink(id string) string {
	if o.local {
		return id
	}
	return "https://console.cloud.google.com/traces/list?" + url.Values{"project": {o.project}, "tid": {id}}.Encode()
}

var tell = command{
	name: "story", args: "", about: "tells what there is of a user (-uid) or of a scan (-scan)",
	more: `It shows states, times and versions of documents, kinds and sizes of objects, deliveries, owed and
parked events, and traces: no photo, no geometry of a face, nothing measured. Each story is kept in
the audit, and so is each address that -reveal shows.`,
	acts: true,
	define: func(flags *flag.FlagSet) (func([]string) error, runner) {
		uid := perhapsOfUser(flags, "the `user`'s id at Firebase")
		id := flags.String("scan", "", "the `scan`'s id")
		reveal := flags.Bool("reveal", false, "show the user's address, too")
		most, bounded := limited(flags, 200, "show so `many` documents of a collection at most")
		check := func(args []string) error {
			if (*uid == "") == (*id == "") {
				return errors.New("name the user by -uid, or the scan by -scan")
			}
			return errors.Join(validUser(*uid), bounded(), none(args))
		}
		return check, func(ctx context.Context, t *tools, _ []string) (answer, error) {
			teller, err := t.teller(ctx, *most)
			if err != nil {
				return answer{}, err
			}
			var told story.Story
			if *id != "" {
				told, err = teller.OfScan(ctx, scan.ID(*id))
			} else {
				told, err = teller.OfUser(ctx, *uid)
			}
			v := storyView{Story: told}
			if err == nil && *reveal {
				v.Email, err = teller.Address(ctx, told.UID)
			}
			if err != nil {
				return answer{}, fmt.Errorf("tell the story: %w", err)
			}
			return v.answer(t.options), nil
		}
	},
}

func (t *tools) teller(ctx context.Context, most int) (*story.Teller, error) {
	fs, err := t.firestore(ctx)
	if err != nil {
		return nil, err
	}
	teller := &story.Teller{Firestore: fs, Acts: t.acts(), By: audit.Operator, Most: most}
	gcs, err := t.objects(ctx)
	if err != nil {
		return nil, err
	}
	teller.Uploads, teller.Results = gcs.Bucket(t.uploads), gcs.Bucket(t.results)
	teller.Users, err = t.users(ctx)
	return teller, err
}

func (v storyView) answer(o options) answer {
	for _, id := range v.Story.Traces {
		v.Traces = append(v.Traces, o.traceLink(id))
	}
	a := answer{head: []string{"TIME", "WHAT", "ID", "STATE"}, value: v}
	for _, d := range v.Documents {
		a.rows = append(a.rows, []string{when(d.At), d.Kind, d.ID, d.Text()})
	}
	for _, o := range v.Objects {
		state := fmt.Sprintf("%s bytes, generation %d", strconv.FormatInt(o.Bytes, 10), o.Generation)
		a.rows = append(a.rows, []string{o.At.Format(time.RFC3339), "object " + o.Kind, o.ScanID, state})
	}
	a.notes = append(a.notes, fmt.Sprintf("user %s, %d documents, %d objects", v.UID, len(v.Documents), len(v.Objects)))
	if v.Email != "" {
		a.notes = append(a.notes, "address "+v.Email)
	}
	for _, name := range v.Cut {
		a.notes = append(a.notes, "there is more in "+name+": -limit")
	}
	for _, link := range v.Traces {
		a.notes = append(a.notes, "trace "+link)
	}
	return a
}
