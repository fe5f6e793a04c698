package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// endsWithin is how long the emulators may take to end after Ctrl-C.
const endsWithin = 30 * time.Second

// program builds and runs one of the programs below this folder that measure the HTTP API, scans,
// the leaderboard and notices: see package load for why they are programs of their own.
func program(ctx context.Context, name string, args []string, out, progress io.Writer) error {
	dir, err := os.MkdirTemp("", "facescan-bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	file, source := filepath.Join(dir, name), "github.com/facescan/facescan/scripts/bench/"+name
	build := exec.CommandContext(ctx, "go", "build", "-o", file, source) //nolint:gosec // this module's package
	build.Stdout, build.Stderr = progress, progress
	if err := build.Run(); err != nil {
		return fmt.Errorf("build it: %w", err)
	}
	measure := exec.CommandContext(ctx, file, args...) //nolint:gosec // just built
	measure.Stdout, measure.Stderr = out, progress
	measure.Cancel = func() error { return measure.Process.Signal(os.Interrupt) }
	measure.WaitDelay = endsWithin
	return measure.Run()
}
