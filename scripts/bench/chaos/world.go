package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/pubsub/v2"
	"cloud.google.com/go/pubsub/v2/apiv1/pubsubpb"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/operate/verify"
	"github.com/facescan/facescan/internal/testphoto"
)

const (
	// firstWait is the wait before an event is delivered again for the first time. In production it is
	// ten seconds.
	firstWait = 50 * time.Millisecond
	// leap is how far the clock is moved where nothing moves: past the lease of an analysis that was
	// killed, and past the age at which the sweep publishes what is owed.
	leap = 61 * time.Second
	// lookEvery is the time between two looks at whether all is quiet, and stillFor the time without
	// a change after which the clock is moved.
	lookEvery = time.Second
	stillFor  = 6 * time.Second
)

// world is the running system.
type world struct {
	*host.Host

	faults *faults.Injector
	fs     *firestore.Client
	gcs    *storage.Client
	pubsub *pubsub.Client
	photos [][]byte
	// nudged is when the clock was last moved for what stood still.
	nudged time.Time
}

// start starts the system. Its clock begins at noon, so that no day ends in the middle.
func start(ctx context.Context, progress, logs io.Writer) (_ *world, err error) {
	w := &world{faults: faults.New(faults.Spec{}, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	sample, err := testphoto.Sample(ctx)
	if err != nil {
		return w, err
	}
	for n := range looks {
		photo, err := client.Look(sample, n)
		if err != nil {
			return w, fmt.Errorf("make a photo: %w", err)
		}
		w.photos = append(w.photos, photo)
	}
	w.Host, err = host.Start(ctx, host.Options{
		Progress: progress, Logs: logs, Faults: w.faults, MinBackoff: firstWait, SweepEvery: time.Second,
	})
	if err != nil {
		return w, err
	}
	now := w.Now().UTC()
	if err := w.MoveClock(now.Truncate(24 * time.Hour).Add(36 * time.Hour).Sub(now)); err != nil {
		return w, err
	}
	if w.fs, err = meter.Connect(ctx, host.Project); err != nil {
		return w, err
	}
	if w.gcs, err = storage.NewClient(ctx, w.Storage.ClientOptions()...); err != nil {
		return w, fmt.Errorf("connect to the storage: %w", err)
	}
	if w.pubsub, err = pubsub.NewClient(ctx, host.Project); err != nil {
		return w, fmt.Errorf("connect to Pub/Sub: %w", err)
	}
	return w, nil
}

func (w *world) close() error {
	var all []error
	if w.fs != nil {
		all = append(all, w.fs.Close())
	}
	if w.gcs != nil {
		all = append(all, w.gcs.Close())
	}
	if w.pubsub != nil {
		all = append(all, w.pubsub.Close())
	}
	if w.Host != nil {
		all = append(all, w.Close())
	}
	return errors.Join(all...)
}

// app returns the app of a user. Each cohort has an address of its own, since there is a limit to
// the sign-ups of one.
func (w *world) app(cohort int, name string) *client.Client {
	from := &net.TCPAddr{IP: net.IPv4(127, 2, byte(cohort/250), byte(1+cohort%250))}
	return &client.Client{
		URL: w.URL, AuthHost: w.AuthHost, Email: name + "@chaos.example.com", Password: "correct horse " + name,
		Transport: &http.Transport{DialContext: (&net.Dialer{LocalAddr: from}).DialContext},
	}
}

func (w *world) verifier() *verify.Verifier {
	return &verify.Verifier{
		Firestore: w.fs, Uploads: w.gcs.Bucket(host.UploadsBucket), Results: w.gcs.Bucket(host.ResultsBucket), Now: w.Now,
	}
}

// quiet has the sweep go on until nothing is on its way, or patience is over. Where nothing changes
// for a while, it moves the clock. It returns what a last look finds, and how far it has moved the
// clock.
func (w *world) quiet(ctx context.Context, patience time.Duration) (r *verify.Report, moved time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	last, since := "", time.Now()
	for {
		next, err := w.verifier().All(ctx)
		if err != nil {
			if r != nil && ctx.Err() != nil {
				return r, moved, nil // what the look before has found
			}
			return nil, moved, fmt.Errorf("look for what is on its way: %w", err)
		}
		if r = next; r.Open == 0 {
			return r, moved, nil
		}
		if now := fmt.Sprint(r.Findings); now != last {
			last, since = now, time.Now()
		}
		if time.Since(since) > stillFor {
			if err := w.MoveClock(leap); err != nil {
				return r, moved, err
			}
			moved += leap
			since = time.Now()
		}
		_ = w.RequestSweep(ctx) // one that fails by a fault comes again
		select {
		case <-ctx.Done():
			return r, moved, nil
		case <-tick.C:
		}
	}
}

// nudge moves the clock whenever a scan, an export or an erasure that has begun was not written for
// stillFor: a process that was killed holds it, for a lease that is over by then. It returns how
// far once ctx ends.
func (w *world) nudge(ctx context.Context) (moved time.Duration, err error) {
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return moved, nil
		case <-tick.C:
		}
		still, err := w.standsStill(ctx)
		if err != nil && ctx.Err() == nil {
			return moved, err
		}
		if !still {
			continue
		}
		if err := w.MoveClock(leap); err != nil {
			return moved, err
		}
		moved += leap
		_ = w.RequestSweep(ctx) // one that fails by a fault comes again
	}
}

// standsStill reports whether work that has begun was not written for stillFor, since the clock was
// last moved.
func (w *world) standsStill(ctx context.Context) (bool, error) {
	for _, begun := range []firestore.Query{
		w.fs.Collection("scans").Where("state", "in", []string{"awaiting_upload", "queued", "processing"}),
		w.fs.Collection("exports").Where("state", "==", "queued"), w.fs.Collection("erasures").Query,
	} {
		snaps, err := begun.Select().Documents(ctx).GetAll()
		if err != nil {
			return false, fmt.Errorf("look for work that stands still: %w", err)
		}
		for _, snap := range snaps {
			since := snap.UpdateTime
			if since.Before(w.nudged) {
				since = w.nudged
			}
			if time.Since(since) > stillFor {
				w.nudged = time.Now()
				return true, nil
			}
		}
	}
	return false, nil
}

// deadLetters takes the messages that were given up, and returns their number.
func (w *world) deadLetters(ctx context.Context) (int, error) {
	got, err := w.pubsub.SubscriptionAdminClient.Pull(ctx, &pubsubpb.PullRequest{
		Subscription: "projects/" + host.Project + "/subscriptions/" + host.DeadLetterSubscription, MaxMessages: 1000,
		ReturnImmediately: true, //nolint:staticcheck // otherwise it waits for the first one
	})
	if err != nil {
		return 0, fmt.Errorf("read the dead letters: %w", err)
	}
	return len(got.GetReceivedMessages()), nil
}

// repeats returns how many pushes and mails were accepted more than once: those with the tag, or
// the id, of an earlier one to the same recipient.
func (w *world) repeats() (pushes, mails int) {
	seen := map[string]bool{}
	for _, p := range w.Push.Messages() {
		key := p.Token + " " + p.Tag
		if p.Tag != "" && seen[key] {
			pushes++
		}
		seen[key] = true
	}
	for _, m := range w.Mail.Messages() {
		key := mailKey(m)
		if seen[key] {
			mails++
		}
		seen[key] = true
	}
	return pushes, mails
}

func mailKey(m emulator.Mail) string { return strings.Join(m.To, ",") + " " + m.MessageID }
