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
	"time"

	"cloud.google.com/go/firestore"
	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/local/emulator"
	"github.com/facescan/facescan/internal/local/emulator/meter"
	"github.com/facescan/facescan/internal/local/faults"
	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/local/terminal"
	"golang.org/x/sync/errgroup"
)

const (
	password = "correct horse"
	// birthYear is what everybody declares.
	birthYear = 1990
	// perAddress is how many users sign up from one address, which may have 60 in an hour.
	perAddress = 50
	// signingUp is how many users sign up at the same time.
	signingUp = 8
	// warmUp is how many scans run before the measurement, so that it has no first requests in it.
	warmUp = 4
)

var services = []emulator.Service{emulator.Firestore, emulator.PubSub, emulator.Auth}

// world is the running system with its users.
type world struct {
	*host.Host

	stack  *emulator.Stack
	gates  map[emulator.Service]*gate // where connections may be refused
	fs     *firestore.Client
	front  string // where Firestore's requests are counted
	photos photos
	people []*person

	mu         sync.Mutex
	transports []*http.Transport // one for each address
}

// person is a user.
type person struct {
	app   *client.Client
	uid   string
	token string // the ID token, good for an hour
}

// start starts emulators and system. Its context ends the start only: what runs must outlive an
// interrupt, to be looked at.
func start(ctx context.Context, o options, p photos, logs, progress io.Writer) (_ *world, err error) {
	for _, service := range services {
		if os.Getenv(service.Env()) != "" {
			return nil, fmt.Errorf("unset %s: what is measured must be started by the measurement", service.Env())
		}
	}
	running, cancel := context.WithCancel(context.WithoutCancel(ctx))
	started := context.AfterFunc(ctx, cancel)
	defer started()
	w := &world{photos: p, gates: map[emulator.Service]*gate{}}
	defer func() {
		if err != nil {
			err = errors.Join(err, w.close())
		}
	}()
	if w.stack, err = emulator.Start(running, emulator.Options{Progress: progress}); err != nil {
		return w, err
	}
	env := w.stack.Environ()
	w.front = env[emulator.Firestore.Env()]
	// Behind what counts, and not by a gate: the look at the end is the measurement's, not the
	// system's.
	if err := setenv(map[string]string{emulator.Firestore.Env(): w.stack.Behind()}); err != nil {
		return w, err
	}
	if w.fs, err = meter.Connect(running, host.Project); err != nil {
		return w, err
	}
	if o.refuse {
		for _, service := range o.away {
			g, err := newGate(running, env[service.Env()])
			if err != nil {
				return w, err
			}
			w.gates[service], env[service.Env()] = g, g.address()
		}
	}
	if err := setenv(env); err != nil { // by which the system takes these emulators
		return w, err
	}
	w.Host, err = host.Start(running, host.Options{
		Progress: progress, Logs: logs, Processes: o.processes,
		Faults: faults.New(faults.Spec{faults.Events: {Slow: o.slow}}, 1),
	})
	return w, err
}

func setenv(env map[string]string) error {
	for name, value := range env {
		if err := os.Setenv(name, value); err != nil {
			return fmt.Errorf("set %s: %w", name, err)
		}
	}
	return nil
}

func (w *world) close() error {
	var faults []error
	if w.fs != nil {
		faults = append(faults, w.fs.Close())
	}
	for _, t := range w.transports {
		t.CloseIdleConnections()
	}
	if w.Host != nil {
		faults = append(faults, w.Close())
	}
	for _, g := range w.gates {
		g.close()
	}
	if w.stack != nil {
		faults = append(faults, w.stack.Close())
	}
	return errors.Join(faults...)
}

// pids returns the processes of each role.
func (w *world) pids() map[role][]int {
	return map[role][]int{
		functions: w.PIDs(), bench: {os.Getpid()}, firestoreRole: {w.stack.PID(emulator.Firestore)},
		pubsubRole: {w.stack.PID(emulator.PubSub)}, authRole: {w.stack.PID(emulator.Auth)},
	}
}

// newApp returns the app of user n. One address is good for 60 sign-ups in an hour, so users are
// spread over some of 127.0.0.0/8.
func (w *world) newApp(n int) *client.Client {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k := len(w.transports); k <= n/perAddress; k++ {
		from := &net.TCPAddr{IP: net.IPv4(127, 1, byte(k/250), byte(1+k%250))}
		w.transports = append(w.transports, &http.Transport{
			DialContext: (&net.Dialer{LocalAddr: from}).DialContext, MaxIdleConnsPerHost: perAddress * perUser,
		})
	}
	return &client.Client{
		URL: w.URL, AuthHost: w.AuthHost, Email: fmt.Sprintf("load-%d@example.com", n), Password: password,
		Transport: w.transports[n/perAddress],
	}
}

// setup is how long the steps of a new user took.
type setup struct{ signUp, register, declare, consent time.Duration }

// signUpAll makes users until there are n.
func (w *world) signUpAll(ctx context.Context, n int, progress io.Writer) ([]setup, error) {
	first := len(w.people)
	if n <= first {
		return nil, nil
	}
	steps := terminal.Bar(progress, n-first, "users")
	took := make([]setup, n-first)
	w.people = append(w.people, make([]*person, n-first)...)
	group, making := errgroup.WithContext(ctx)
	group.SetLimit(signingUp)
	for i := range took {
		group.Go(func() error {
			defer steps.Add(1) //nolint:errcheck // a progress bar
			var err error
			w.people[first+i], took[i], err = w.newPerson(making, first+i)
			return err
		})
	}
	if err := errors.Join(group.Wait(), steps.Finish()); err != nil {
		return nil, fmt.Errorf("sign the users up: %w", err)
	}
	return took, nil
}

func (w *world) newPerson(ctx context.Context, n int) (*person, setup, error) {
	p, s := &person{app: w.newApp(n)}, setup{}
	for _, step := range []struct {
		took *time.Duration
		do   func() error
	}{
		{&s.signUp, func() error {
			in, err := p.app.SignUp(ctx)
			p.uid, p.token = in.UID, in.IDToken
			return err
		}},
		{&s.register, func() error {
			_, err := p.app.API().RegisterWithResponse(ctx, api.Registration{}) // without a phone, so no pushes
			return err
		}},
		{&s.declare, func() error { return p.app.Declare(ctx, birthYear) }},
		{&s.consent, func() error { return p.app.Consent(ctx) }},
	} {
		began := time.Now()
		if err := step.do(); err != nil {
			return nil, s, err
		}
		*step.took = time.Since(began)
	}
	return p, s, nil
}

// getWarm scans some photos of one more user, number n, and waits until all of it is done.
func (w *world) getWarm(ctx context.Context, n int) error {
	p, _, err := w.newPerson(ctx, n)
	if err != nil {
		return err
	}
	group, walking := errgroup.WithContext(ctx)
	for i := range warmUp {
		group.Go(func() error {
			j := &journey{n: i, key: fmt.Sprintf("warm-%d", i), kind: good, file: w.photos.file(good, i), person: p}
			j.walk(walking, time.Now())
			if j.err == nil && j.state != api.ScanStateCompleted {
				return fmt.Errorf("the first scans ended as %s %s", j.state, j.reason)
			}
			return j.err
		})
	}
	if err := group.Wait(); err != nil {
		return fmt.Errorf("scan a few photos first: %w", err)
	}
	_, err = client.Poll(ctx, func() (struct{}, bool, error) {
		quiet, err := w.seemsQuiet(ctx, warmUp)
		return struct{}{}, quiet, err
	})
	return err
}
