package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	vegeta "github.com/tsenart/vegeta/v12/lib"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/terminal"
)

// journey is a scan as its user sees it.
type journey struct {
	n      int
	key    string
	kind   kind
	file   file
	person *person

	id    string
	state api.ScanState
	// reason is the code of a failed scan.
	reason string
	// due is when it was to begin. The others are zero until the scan has come so far.
	due, began, opened, put, ended time.Time
	// again is how many requests were repeated.
	again int
	err   error
}

// walk opens the scan, puts the photo and waits for the end.
func (j *journey) walk(ctx context.Context, due time.Time) {
	j.due, j.began = due, time.Now()
	var ticket *api.UploadTicket
	j.err = j.repeat(ctx, func() error {
		opened, err := j.person.app.Open(ctx, j.key, api.UploadRequestContentTypeImageJpeg)
		if err == nil {
			j.id, ticket = opened.Scan.ID, opened.Upload
		}
		return err
	})
	if j.err != nil {
		return
	}
	j.opened = time.Now()
	j.err = j.repeat(ctx, func() error {
		err := j.person.app.PutFrom(ctx, ticket, j.file.open(), j.file.size())
		if client.StatusOf(err) == http.StatusPreconditionFailed {
			return nil // it is there already: the answer to an earlier attempt was lost
		}
		return err
	})
	if j.err != nil {
		return
	}
	j.put = time.Now()
	j.err = j.repeat(ctx, func() error {
		s, err := j.person.app.AwaitScan(ctx, j.id)
		if err == nil {
			j.state = s.State
			if s.Failure != nil {
				j.reason = s.Failure.Code
			}
		}
		return err
	})
	if j.err == nil {
		j.ended = time.Now()
	}
}

// repeat does it as an app does that wants it done.
func (j *journey) repeat(ctx context.Context, do func() error) error {
	again, err := client.Persist(ctx, do)
	j.again += again
	return err
}

// load has all journeys walked, and calls ended after each. It returns when all have come to an end
// or the context has.
func (w *world) load(ctx context.Context, o options, ended func(), progress io.Writer) []*journey {
	all := make([]*journey, o.scans)
	for n := range all {
		k := kindOf(n, o.corrupt)
		all[n] = &journey{
			n: n, key: fmt.Sprintf("load-%d", n), kind: k, file: w.photos.file(k, n), person: w.people[n%len(w.people)],
		}
	}
	steps := terminal.Bar(progress, len(all), "scans")
	var walking sync.WaitGroup
	began := time.Now()
	for n, j := range all {
		due := began
		if o.rate > 0 {
			due = pace(ctx, o.rate, began, n)
		}
		if ctx.Err() != nil {
			break
		}
		walking.Go(func() {
			j.walk(ctx, due)
			ended()
			_ = steps.Add(1) // a progress bar
		})
	}
	walking.Wait()
	_ = steps.Finish() // a progress bar
	return all
}

// pace waits until scan n is due and returns when that was. It does not wait for the scans before
// it, so a system that comes to a standstill shows in the latency of all that follow.
func pace(ctx context.Context, rate float64, began time.Time, n int) (due time.Time) {
	pacer := vegeta.ConstantPacer{Freq: 1, Per: time.Duration(float64(time.Second) / rate)}
	wait, _ := pacer.Pace(time.Since(began), uint64(n))
	select {
	case <-ctx.Done():
	case <-time.After(wait):
	}
	return began.Add(time.Duration(n+1) * pacer.Per)
}
