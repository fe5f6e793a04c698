package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator"
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
)

// soak runs the load and returns the samples and the number of scans that completed.
func soak(ctx context.Context, o options, progress io.Writer) (of map[string][]point, scans int, err error) {
	dir, err := os.MkdirTemp("", "facescan-soak")
	if err != nil {
		return nil, 0, fmt.Errorf("make a folder: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	stack, err := emulator.Start(ctx, emulator.Options{Progress: progress})
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, stack.Close()) }()
	env := stack.Environ()
	s := newSampler(0, dir)
	env[meterVariable] = s.file
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			return nil, 0, fmt.Errorf("set %s: %w", name, err)
		}
	}
	h, err := host.Start(ctx, host.Options{Progress: progress})
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, h.Close()) }()
	s.pid = h.PID()
	ended, err := load(ctx, o, h, s, progress)
	return s.of, ended, err
}

// load scans at the pace of o.every and samples every second. The first scan that fails ends it.
func load(ctx context.Context, o options, h *host.Host, s *sampler, progress io.Writer) (int, error) {
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		return 0, err
	}
	var photos [looks][]byte
	for i := range photos {
		if photos[i], err = client.Look(photo, i); err != nil {
			return 0, err
		}
	}
	whole := time.Duration(o.minutes * float64(time.Minute))
	steps := terminal.Bar(progress, int(whole/time.Second), "seconds")
	running, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var walking sync.WaitGroup
	defer walking.Wait()
	var ended atomic.Int64
	walk := func(app *client.Client, n int) {
		if err := scanOne(running, app, n, photos[n%looks]); err != nil {
			cancel(fmt.Errorf("scan %d: %w", n, err))
			return
		}
		ended.Add(1)
	}
	second, next, end := time.NewTicker(time.Second), time.NewTicker(o.every), time.After(whole)
	defer second.Stop()
	defer next.Stop()
	s.from = time.Now()
	var app *client.Client
	for n := 0; ; {
		select {
		case <-running.Done():
			return 0, context.Cause(running)
		case now := <-second.C:
			if err := s.sample(now); err != nil {
				return 0, err
			}
			_ = steps.Add(1) // a progress bar
		case <-next.C:
			if n%perUser == 0 {
				if app, err = newUser(running, h, n/perUser); err != nil {
					return 0, err
				}
			}
			turn, user := n, app
			walking.Go(func() { walk(user, turn) })
			n++
		case <-end:
			walking.Wait()
			_ = steps.Finish() // a progress bar
			return int(ended.Load()), context.Cause(running)
		}
	}
}

// newUser signs a user up, from an address that has not had too many.
func newUser(ctx context.Context, h *host.Host, n int) (*client.Client, error) {
	from := &net.TCPAddr{IP: net.IPv4(127, 2, byte(n/perAddress/250), byte(1+n/perAddress%250))}
	app := &client.Client{
		URL: h.URL, AuthHost: h.AuthHost, Email: fmt.Sprintf("soak-%d@example.com", n), Password: "correct horse",
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
