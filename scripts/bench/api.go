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

// api builds and runs the program that measures the HTTP API: see its package for why it is one of
// its own.
func api(ctx context.Context, args []string, out, progress io.Writer) error {
	dir, err := os.MkdirTemp("", "facescan-bench")
	if err != nil {
		return fmt.Errorf("make a folder: %w", err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	program := filepath.Join(dir, "load")
	const source = "github.com/facescan/facescan/scripts/bench/load"
	build := exec.CommandContext(ctx, "go", "build", "-o", program, source) //nolint:gosec // this module's package
	build.Stdout, build.Stderr = progress, progress
	if err := build.Run(); err != nil {
		return fmt.Errorf("build it: %w", err)
	}
	load := exec.CommandContext(ctx, program, args...) //nolint:gosec // just built
	load.Stdout, load.Stderr = out, progress
	load.Cancel = func() error { return load.Process.Signal(os.Interrupt) }
	load.WaitDelay = endsWithin
	return load.Run()
}
