package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/iterator"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/emulator/usertest"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/schema"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/testphoto"
)

const (
	// atOnce is how many users act at the same time, and joinAtOnce how many sign up, for which the
	// Auth emulator, one process, is asked several times each.
	atOnce, joinAtOnce = 8, 2
	// patience is how long a day's scans may take after the last of them was uploaded. The emulator
	// looks through all documents for each query: after five days of 1,428 scans a night took 248 s on
	// a busy machine.
	patience = 20 * time.Minute
	password = "correct horse"
	// keepEvery is the period at which the data are kept meanwhile. A minute of the machine's time, as
	// for a user, would be hours of the clock's, and an export of all documents takes seconds.
	keepEvery = 10 * time.Minute
)

// measured begins the photos that are not the engine's to measure: see [usertest.Measure].
const measured = "measured before: look="

// world is a running stack with its users.
type world struct {
	*host.Host
	fs     *firestore.Client
	files  *storage.Client
	people []*client.Client
	sample []byte
}

// open starts the stack on the data in the folder.
func open(ctx context.Context, o options, progress io.Writer) (_ *world, err error) {
	w := new(world)
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.sample, err = testphoto.Sample(ctx); err != nil {
		return w, err
	}
	// The emulators of the stack before this one are gone, and the variables name them still.
	for _, service := range []emulator.Service{emulator.Firestore, emulator.PubSub, emulator.Auth} {
		if err := os.Unsetenv(service.Env()); err != nil {
			return w, fmt.Errorf("unset %s: %w", service.Env(), err)
		}
	}
	if w.Host, err = host.Start(ctx, host.Options{Progress: progress, Keep: o.keep, KeepEvery: keepEvery}); err != nil {
		return w, err
	}
	if w.fs, err = meter.Connect(ctx, host.Project); err != nil {
		return w, err
	}
	if w.files, err = storage.NewClient(ctx, w.Storage.ClientOptions()...); err != nil {
		return w, err
	}
	for n := range o.users {
		w.people = append(w.people, &client.Client{
			URL: w.URL, AuthHost: w.AuthHost, Email: fmt.Sprintf("endure-%d@example.com", n), Password: password,
		})
	}
	return w, nil
}

func (w *world) close() (err error) {
	if w.fs != nil {
		err = w.fs.Close()
	}
	if w.files != nil {
		err = errors.Join(err, w.files.Close())
	}
	if w.Host != nil {
		err = errors.Join(err, w.Close())
	}
	return err
}

// scan measures the photo by the engine, unless it is one that was measured before.
func scan(r io.Reader, o report.Options) (report.Report, []report.Picture, error) {
	head := make([]byte, len(measured))
	n, err := io.ReadFull(r, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return report.Report{}, nil, err
	}
	whole := io.MultiReader(bytes.NewReader(head[:n]), r)
	if string(head[:n]) == measured {
		return usertest.Measure(whole, o)
	}
	return face.Scan(whole, o)
}

// photo returns the photo of the scan that is the nth of all.
func (w *world) photo(o options, n int) ([]byte, error) {
	if every := max(1, o.scans/max(1, o.real)); n%every != 0 || n/every >= o.real {
		return fmt.Appendf(nil, "%s%d %d", measured, n%usertest.Looks, n), nil
	}
	return client.Look(w.sample, n)
}

// join signs the users up, with a name and a place on the boards.
func (w *world) join(ctx context.Context) error {
	return w.each(ctx, joinAtOnce, func(ctx context.Context, n int) error {
		p, name := w.people[n], fmt.Sprintf("endure_%d", n)
		if _, err := p.SignUp(ctx); err != nil {
			return err
		}
		return p.Join(ctx, name, "token-of-"+name)
	})
}

// day has the users open and upload the scans from first on, before the one at end.
func (w *world) day(ctx context.Context, o options, first, end int) error {
	return w.each(ctx, atOnce, func(ctx context.Context, user int) error {
		p := w.people[user]
		// A token is good for an hour of the machine's time.
		if _, err := p.Login(ctx); err != nil {
			return err
		}
		for n := first + user; n < end; n += o.users {
			photo, err := w.photo(o, n)
			if err != nil {
				return err
			}
			opened, err := p.Open(ctx, fmt.Sprintf("scan-%d", n), api.UploadRequestContentTypeImageJpeg)
			if err != nil {
				return fmt.Errorf("open scan %d: %w", n, err)
			}
			if err := p.Put(ctx, opened.Upload, photo); err != nil {
				return fmt.Errorf("put photo %d: %w", n, err)
			}
		}
		return nil
	})
}

// each has so many users at once do something.
func (w *world) each(ctx context.Context, atOnce int, do func(context.Context, int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for n := range w.people {
		group.Go(func() error {
			if err := do(ctx, n); err != nil {
				return fmt.Errorf("user %d: %w", n, err)
			}
			return nil
		})
	}
	return group.Wait()
}

// settle sweeps until nothing is under way.
func (w *world) settle(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		if err := w.RequestSweep(ctx); err != nil {
			return err
		}
		open, err := w.open(ctx)
		if err != nil || open == "" {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", open, ctx.Err())
		case <-time.After(time.Second):
		}
	}
}

// open says what is still under way, or "": events that are owed, scans that have not ended or are
// due to be looked at, and documents that have expired. The emulator looks through all documents of
// a collection for a count, so those that are small or change most are counted first.
func (w *world) open(ctx context.Context) (string, error) {
	scans := w.fs.Collection("scans")
	due := w.Now().Add(-time.Minute)
	for _, q := range []question{
		{"events are owed", w.fs.Collection("outbox").Query},
		{"scans are under way", scans.Where("state", "in", []string{"awaiting_upload", "queued", "processing"})},
		{"scans are due", scans.Where("sweepAt", "<=", due)}, // a sweep handles 200 of them
	} {
		if answer, err := q.ask(ctx); err != nil || answer != "" {
			return answer, err
		}
	}
	answers := make(chan string, len(schema.Expiring()))
	group, ctx := errgroup.WithContext(ctx)
	for _, name := range schema.Expiring() {
		group.Go(func() error {
			q := question{name + " have expired", w.fs.CollectionGroup(name).Where("expireAt", "<=", due)}
			answer, err := q.ask(ctx)
			answers <- answer
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return "", err
	}
	for range cap(answers) {
		if answer := <-answers; answer != "" {
			return answer, nil
		}
	}
	return "", nil
}

// question is what the documents of a query are, if there are any.
type question struct {
	what string
	firestore.Query
}

// ask returns how many there are in words, or "".
func (q question) ask(ctx context.Context) (string, error) {
	n, err := store.Count(ctx, nil, q.Query)
	if err != nil || n == 0 {
		return "", err
	}
	return fmt.Sprintf("%d %s", n, q.what), nil
}

// documents counts those of each collection.
func (w *world) documents(ctx context.Context) (map[string]int64, error) {
	counts := map[string]int64{}
	for _, c := range schema.Collections {
		n, err := store.Count(ctx, nil, w.fs.CollectionGroup(c.Name).Query)
		if err != nil {
			return nil, err
		}
		counts[c.Name] = n
	}
	return counts, nil
}

// objects returns how many objects the bucket has, and when the oldest was made.
func (w *world) objects(ctx context.Context, bucket string) (n int, oldest time.Time, err error) {
	for all := w.files.Bucket(bucket).Objects(ctx, nil); ; n++ {
		o, err := all.Next()
		if errors.Is(err, iterator.Done) {
			return n, oldest, nil
		}
		if err != nil {
			return n, oldest, fmt.Errorf("list %s: %w", bucket, err)
		}
		if oldest.IsZero() || o.Created.Before(oldest) {
			oldest = o.Created
		}
	}
}
