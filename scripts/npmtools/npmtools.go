// Package npmtools installs the npm packages that a folder's package-lock.json pins, for commands
// that need them.
package npmtools

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"time"
)

// patience bounds an installation.
const patience = 10 * time.Minute

// ErrNoNPM is returned where npm is not installed.
var ErrNoNPM = errors.New("npm is missing: install Node 20 or newer, as nodejs.org says")

// Install copies package.json and package-lock.json of pinned into a new temporary folder and
// installs what they name. npm holds each package to the lock's checksum and runs no script of
// them. The caller calls remove in the end. Progress gets a line, and what npm has to complain of.
func Install(ctx context.Context, pinned fs.FS, progress io.Writer) (dir string, remove func(), err error) {
	temp, err := os.MkdirTemp("", "facescan-npm-")
	if err != nil {
		return "", nil, err
	}
	clean := func() { _ = os.RemoveAll(temp) } // nothing uses it any more
	defer func() {
		if err != nil {
			clean()
		}
	}()
	if err := os.CopyFS(temp, pinned); err != nil {
		return "", nil, fmt.Errorf("copy what npm is to install: %w", err)
	}
	if err := InstallIn(ctx, temp, progress); err != nil {
		return "", nil, err
	}
	return temp, clean, nil
}

// InstallIn is like [Install] for a folder that has package.json and package-lock.json.
func InstallIn(ctx context.Context, dir string, progress io.Writer) error {
	npm, err := exec.LookPath("npm")
	if err != nil {
		return ErrNoNPM
	}
	_, _ = fmt.Fprintln(progress, "npm: installing the pinned packages")
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	cmd := exec.CommandContext( //nolint:gosec // npm as it was found on the PATH
		ctx, npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error",
	)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, progress, progress
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("npm ci: %w", err)
	}
	return nil
}
