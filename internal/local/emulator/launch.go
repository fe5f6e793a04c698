package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/facescan/facescan/internal/local/address"
	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/internal/local/emulator/npm"
)

const (
	pollEvery    = 25 * time.Millisecond // while an emulator is not ready
	probeTimeout = 5 * time.Second       // for an emulator that should be running already
	portAttempts = 3                     // another process may take the free port first
)

// launcher starts the services of one stack.
type launcher struct {
	stack *Stack
	on    machine.Machine
	opts  Options
	tools machine.Tools
	rules string // file of the rules by which Firestore judges clients

	npmMu sync.Mutex // held while firebase-tools is installed
}

// run starts one service and returns when it answers.
func (l *launcher) run(ctx context.Context, service Service) error {
	prepared, err := l.prepare(ctx, service)
	if err != nil {
		return fmt.Errorf("start the %s emulator: %w", service, err)
	}
	for attempt := 1; ; attempt++ {
		err := l.attempt(ctx, service, prepared)
		if err == nil {
			return nil
		}
		if attempt == portAttempts || !portTaken(err) || l.opts.Ports[service] != 0 {
			return fmt.Errorf("start the %s emulator: %w", service, err)
		}
	}
}

// fronted reports whether a front stands before a service: before Firestore's to count and to
// refuse, before Pub/Sub's to refuse what a page of the internet sends to a port that it knows.
func (l *launcher) fronted(service Service) bool {
	return service == Firestore && !l.opts.AnyQuery || service == PubSub && l.opts.Ports[service] != 0
}

// port returns the port for a service itself: its own if it has one and stands behind no front, or
// a free one.
func (l *launcher) port(ctx context.Context, service Service, fronted bool) (int, error) {
	if own := l.opts.Ports[service]; own != 0 && !fronted {
		return own, nil
	}
	return freePort(ctx)
}

// attempt starts a service on its port, or a free one, and waits until it answers.
func (l *launcher) attempt(ctx context.Context, service Service, prepared func(port int) *exec.Cmd) error {
	began := time.Now()
	fronted := l.fronted(service)
	port, err := l.port(ctx, service, fronted)
	if err != nil {
		return err
	}
	p, err := startProcess(string(service), prepared(port), nil)
	if err != nil {
		return err
	}
	if !l.stack.add(p) {
		p.kill()
		return context.Canceled
	}
	host := net.JoinHostPort(address.Loopback, strconv.Itoa(port))
	if err := waitReady(ctx, host, l.opts.Timeout, p); err != nil {
		p.kill()
		return err
	}
	if fronted {
		if service == Firestore {
			l.stack.behind = host
		}
		if host, err = l.stack.front(ctx, service, host, l.opts.Ports[service]); err != nil {
			p.kill()
			return err
		}
	}
	l.stack.ready(service, host, p)
	report(l.opts.Progress, "%s ready in %.1f s\n", service, time.Since(began).Seconds())
	return nil
}

// prepare downloads what is missing and returns the command that starts a service on a port.
func (l *launcher) prepare(ctx context.Context, service Service) (func(port int) *exec.Cmd, error) {
	if service == Auth {
		dir, err := l.firebaseTools(ctx)
		if err != nil {
			return nil, err
		}
		return func(port int) *exec.Cmd {
			cmd := command(l.tools.Node, append([]string{
				"-e", npm.AuthScript, l.opts.ProjectID, strconv.Itoa(port),
				strings.Join(l.opts.Place.Names(), ","), strings.Join(l.opts.Origins, ","),
			}, l.opts.Place.Listens()...)...)
			cmd.Dir = dir // require looks for node_modules from here
			return cmd
		}, nil
	}
	file, err := l.jar(ctx, service)
	if err != nil {
		return nil, err
	}
	return func(port int) *exec.Cmd {
		args := append(javaArgs(service, file), "--host=127.0.0.1", "--port="+strconv.Itoa(port))
		if service == Firestore {
			args = append(args, "--rules="+l.rules)
			if l.opts.Seed != "" {
				args = append(args, "--seed_from_export="+l.opts.Seed)
			}
		}
		return command(l.tools.Java, args...)
	}, nil
}

// javaArgs keeps the JVM small and quick to start: these flags halve the start time and a third of
// the memory. Firestore's heap is for stacks that keep their data: with 512 MB it stood still at
// the documents of 4,000 scans (`go run ./scripts/bench endure`).
func javaArgs(service Service, file machine.Jar) []string {
	heap := map[Service]string{Firestore: "-Xmx3g", PubSub: "-Xmx256m"}[service]
	args := []string{heap, "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Duser.language=en"}
	return append(args, file.Args()...)
}

// jar returns the jar of a service, after firebase-tools has downloaded it if need be.
func (l *launcher) jar(ctx context.Context, service Service) (machine.Jar, error) {
	if slices.Contains(l.tools.Download, service) {
		return l.downloadJar(ctx, service)
	}
	return l.tools.Jars[service], nil
}

// waitReady polls a service until it answers, its process ends, the timeout passes or ctx ends.
func waitReady(ctx context.Context, host string, timeout time.Duration, p *process) error {
	ctx, cancel := context.WithTimeoutCause(ctx, timeout,
		fmt.Errorf("not ready after %v: %w", timeout, context.DeadlineExceeded))
	defer cancel()
	poll := time.NewTicker(pollEvery)
	defer poll.Stop()
	for {
		if probeOnce(ctx, host) == nil {
			return nil
		}
		select {
		case <-p.exited:
			return p.failure()
		case <-ctx.Done():
			return fmt.Errorf("%w; the end of its output:\n%s", context.Cause(ctx), p.log.indented())
		case <-poll.C:
		}
	}
}

// probe checks that an emulator that should be running is.
func probe(ctx context.Context, host string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTimeout)
	defer cancel()
	return probeOnce(ctx, host)
}

// probeClient keeps no connection open between probes.
var probeClient = &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: probeTimeout}

// probeOnce asks an emulator for its root page, which all of them answer with 200 once they are
// ready.
func probeOnce(ctx context.Context, host string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+host+"/", nil)
	if err != nil {
		return err
	}
	resp, err := probeClient.Do(req)
	if err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, resp.Body)
	if err := errors.Join(err, resp.Body.Close()); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answers %s", host, resp.Status)
	}
	return nil
}

// freePort returns a port on which no process listens.
func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	return port, l.Close()
}

// portTaken reports whether an emulator failed because another process took its port first.
func portTaken(err error) bool {
	text := err.Error()
	return strings.Contains(text, "EADDRINUSE") || strings.Contains(text, "Address already in use")
}
