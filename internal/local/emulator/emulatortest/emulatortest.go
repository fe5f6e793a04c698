// Package emulatortest lets the tests of a package run on the real emulators.
package emulatortest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"testing"

	"github.com/facescan/facescan/internal/local/emulator"
)

// Main runs the tests of a package with the services started, all three when none is given, and
// their *_EMULATOR_HOST variables set. What the environment names already, as under `make test`, is
// used and not started. It returns the exit code for os.Exit:
//
//	func TestMain(m *testing.M) { os.Exit(emulatortest.Main(m, emulator.Firestore)) }
//
// It never skips: a missing prerequisite fails the package with the command that installs it.
func Main(m *testing.M, services ...emulator.Service) int {
	code, err := run(m, services)
	if err != nil {
		fmt.Fprintln(os.Stderr, "emulatortest:", err)
		return 1
	}
	return code
}

func run(m *testing.M, services []emulator.Service) (code int, err error) {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	stack, err := emulator.Start(ctx, emulator.Options{Progress: os.Stderr}, services...)
	if err != nil {
		return 0, err
	}
	// The emulators have process groups of their own, so a Ctrl-C in the terminal has to be passed on
	// to them.
	detach := context.AfterFunc(ctx, func() {
		_ = stack.Close()
		os.Exit(130)
	})
	defer detach()
	for name, value := range stack.Environ() {
		if err := os.Setenv(name, value); err != nil {
			return 0, errors.Join(err, stack.Close())
		}
	}
	code = m.Run()
	return code, stack.Close()
}

// UniqueProject returns a project id no other test has, such as "demo-k3v9q7x2m5ab". Firestore,
// Pub/Sub and Auth keep projects apart, so a test with a project of its own needs no cleaning up
// and may run in parallel.
func UniqueProject(tb testing.TB) string {
	tb.Helper()
	return "demo-" + strings.ToLower(rand.Text()[:12])
}
