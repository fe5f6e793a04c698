package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/local/terminal"
	"github.com/facescan/facescan/internal/testphoto"
)

const (
	// perUser is how many scans a user opens, who may open 60 in an hour; perAddress how many users
	// sign up from an address, which may have 60.
	perUser, perAddress = 40, 40
	// looks is how many different photos there are, of which no user sends one twice.
	looks = perUser
	// perRound is how many scans there are between two samples.
	perRound = 4
	// atOnce is how many scans of the warm-up are under way at the same time.
	atOnce = 4
)

// soak runs the load and returns the samples.
func (r *result) soak(ctx context.Context, progress io.Writer) (of map[string][]point, err error) {
	dir, err := os.MkdirTemp("", "facescan-soak")
	if err != nil {
		return nil, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	s := newSampler(filepath.Join(dir, "meter"))
	if err := os.Setenv(meterVariable, s.socket); err != nil {
		return nil, fmt.Errorf("set %s: %w", meterVariable, err)
	}
	u := &users{}
	if err := u.develop(ctx); err != nil {
		return nil, err
	}
	if u.host, err = host.Start(ctx, host.Options{Progress: progress}); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, u.host.Close()) }()
	s.pid = u.host.PID()
	fmt.Fprintf(progress, "%d scans of the warm-up\n", r.warm)
	if err := u.scan(ctx, r.warm, 0); err != nil {
		return nil, fmt.Errorf("warm up: %w", err)
	}
	err = r.rounds(ctx, u, s, progress)
	return s.of, err
}

// rounds scans and samples for as long as the options say, and longer where a busy machine has not
// made enough samples by then. The first scan that fails ends it.
func (r *result) rounds(ctx context.Context, u *users, s *sampler, progress io.Writer) error {
	if _, err := s.rest(ctx); err != nil {
		return err
	}
	if err := s.profile(ctx, r.profiles, "begin.pb.gz"); err != nil {
		return err
	}
	whole := time.Duration(r.minutes * float64(time.Minute))
	steps := terminal.Bar(progress, int(whole/time.Second), "seconds")
	s.from = time.Now()
	for time.Since(s.from) < whole || r.samples < fewest {
		if err := u.scan(ctx, perRound, r.every); err != nil {
			return err
		}
		// What follows the end of a scan, ratings and notices, takes less than this.
		if err := pause(ctx, rest); err != nil {
			return err
		}
		if err := s.sample(ctx); err != nil {
			return err
		}
		r.scans, r.samples = r.scans+perRound, r.samples+1
		_ = steps.Set(int(time.Since(s.from) / time.Second)) // a progress bar
	}
	r.took = time.Since(s.from)
	_ = steps.Finish() // a progress bar
	return s.profile(ctx, r.profiles, "end.pb.gz")
}

// rest is the time between the end of a round's last scan and the sample.
const rest = time.Second

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}

// users are the clients, a new one for each perUser scans.
type users struct {
	host   *host.Host
	photos [looks][]byte
	last   *client.Client
	// opened is the number of scans so far.
	opened int
}

// develop makes the photos.
func (u *users) develop(ctx context.Context) error {
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		return err
	}
	for i := range u.photos {
		if u.photos[i], err = client.Look(photo, i); err != nil {
			return err
		}
	}
	return nil
}

// scan begins n scans, one every so often or a few at once if that is 0, and waits for their ends.
func (u *users) scan(ctx context.Context, n int, every time.Duration) error {
	group, ctx := errgroup.WithContext(ctx)
	if every == 0 {
		group.SetLimit(atOnce)
	}
	for range n {
		if err := u.begin(ctx, group); err != nil {
			return errors.Join(err, group.Wait())
		}
		if err := pause(ctx, every); err != nil {
			return errors.Join(group.Wait(), err)
		}
	}
	return group.Wait()
}

// begin begins the next scan.
func (u *users) begin(ctx context.Context, group *errgroup.Group) (err error) {
	n := u.opened
	if n%perUser == 0 {
		if u.last, err = u.join(ctx, n/perUser); err != nil {
			return err
		}
	}
	u.opened++
	app := u.last
	group.Go(func() error {
		if err := scanOne(ctx, app, n, u.photos[n%looks]); err != nil {
			return fmt.Errorf("scan %d: %w", n, err)
		}
		return nil
	})
	return nil
}

// join signs a user up, from an address that has not had too many.
func (u *users) join(ctx context.Context, n int) (*client.Client, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 2, byte(n/perAddress/250), byte(1+n/perAddress%250))}
	app := &client.Client{
		URL: u.host.URL, AuthHost: u.host.AuthHost, Email: fmt.Sprintf("soak-%d@example.com", n),
		Password: "correct horse",
		Transport: &http.Transport{
			DialContext: (&net.Dialer{LocalAddr: from}).DialContext, MaxIdleConnsPerHost: 4, IdleConnTimeout: time.Second,
		},
	}
	if _, err := app.SignUp(ctx); err != nil {
		return nil, fmt.Errorf("sign up: %w", err)
	}
	if _, err := app.API().RegisterWithResponse(ctx, api.Registration{}); err != nil {
		return nil, fmt.Errorf("register: %w", err)
	}
	return app, errors.Join(app.Declare(ctx, 1990), app.Consent(ctx))
}

// scanOne opens a scan, puts the photo and waits for the end.
func scanOne(ctx context.Context, app *client.Client, n int, photo []byte) error {
	opened, err := app.Open(ctx, fmt.Sprintf("soak-%d", n), api.UploadRequestContentTypeImageJpeg)
	if err != nil {
		return fmt.Errorf("open: %w", err)
	}
	if err := app.Put(ctx, opened.Upload, photo); err != nil {
		return fmt.Errorf("put the photo: %w", err)
	}
	s, err := app.AwaitScan(ctx, opened.Scan.ID)
	if err != nil {
		return fmt.Errorf("await the end: %w", err)
	}
	if s.State != api.ScanStateCompleted {
		return fmt.Errorf("it ended as %s", s.State)
	}
	return nil
}
