//go:build browser

package browser_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/local/host"
	"github.com/facescan/facescan/internal/testkit"
	"github.com/facescan/facescan/internal/testphoto"
	"github.com/facescan/facescan/scripts/npmtools"
)

// running is the one system of this process, which all journeys share.
var running *system

// system is what journeys need: all functions, the web site of an app, and a browser.
type system struct {
	*host.Host
	logs *testkit.Buffer
	// site is the app's web server, which is reached by any name of this machine.
	site *site
	// modules is the folder of the packages that npm has installed.
	modules string
	// photo is a file with one face.
	photo string
	// chromium is the context of a browser, from which those of pages come.
	chromium context.Context
	// shots is a folder for pictures of pages, "" for none.
	shots string
	// pictures is a folder for those that README.md shows, "" for none.
	pictures string

	// interrupted returns an error after a signal.
	interrupted func() error

	mu   sync.Mutex
	ends []func() error
}

func TestMain(m *testing.M) {
	endAtSome()
	host.ServeFunctions() // in a process that the system starts
	os.Exit(run(m))
}

func run(m *testing.M) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	running = &system{logs: new(testkit.Buffer), shots: os.Getenv("SHOTS"), pictures: os.Getenv("PICTURES"),
		interrupted: ctx.Err}
	if err := running.begin(ctx); err != nil {
		fmt.Fprintln(os.Stderr, "browser:", errors.Join(err, running.end()))
		return 1
	}
	// After a signal no test goes on, and what would outlive this process is ended.
	defer context.AfterFunc(ctx, func() {
		_ = running.end()
		os.Exit(interrupted)
	})()
	code := m.Run()
	if err := running.end(); err != nil {
		fmt.Fprintln(os.Stderr, "browser: end:", err)
		return 1
	}
	return code
}

// interrupted is the exit status after a signal, as shells have it for SIGINT.
const interrupted = 130

// begin starts everything, the browser first, since it may not be there.
func (s *system) begin(ctx context.Context) error {
	chromium, end, err := launch(ctx)
	if err != nil {
		return err
	}
	s.chromium = chromium
	s.atEnd(func() error { end(); return nil })
	npm, remove, err := npmtools.Install(ctx, os.DirFS("npm"), os.Stderr)
	if err != nil {
		return err
	}
	s.atEnd(func() error { remove(); return nil })
	s.modules = filepath.Join(npm, "node_modules")
	if s.Host, err = host.Start(ctx, host.Options{
		Progress: os.Stderr, Logs: s.logs, Traces: true,
		MinBackoff: 100 * time.Millisecond, SweepEvery: time.Second,
	}); err != nil {
		return err
	}
	s.atEnd(s.Close)
	if s.site, err = newSite(s.URL, s.AuthHost, s.modules); err != nil {
		return err
	}
	s.atEnd(func() error { s.site.Close(); return nil })
	return s.writePhoto(ctx)
}

func (s *system) writePhoto(ctx context.Context) error {
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "facescan-browser-")
	if err != nil {
		return err
	}
	s.atEnd(func() error { return os.RemoveAll(dir) })
	s.photo = filepath.Join(dir, "photo.jpg")
	return os.WriteFile(s.photo, photo, 0o600)
}

func (s *system) atEnd(do func() error) { s.ends = append(s.ends, do) }

// end undoes what begin has done, the last first.
func (s *system) end() error {
	s.mu.Lock() // a second call waits for the first
	defer s.mu.Unlock()
	var faults []error
	for len(s.ends) > 0 {
		last := s.ends[len(s.ends)-1]
		s.ends = s.ends[:len(s.ends)-1]
		faults = append(faults, last())
	}
	return errors.Join(faults...)
}
