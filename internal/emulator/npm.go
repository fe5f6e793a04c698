package emulator

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// pinned is the npm package that pins firebase-tools, with the hash of everything it depends on.
//
//go:embed npm/package.json npm/package-lock.json
var pinned embed.FS

// authServer is the part of firebase-tools that is run; an install is complete when it is there.
const authServer = "node_modules/firebase-tools/lib/emulator/auth/server.js"

// lockRetry is how often a held install lock is tried again.
const lockRetry = 100 * time.Millisecond

// npmInstall makes firebase-tools available in a cache folder whose name carries the hash of its lock file, and
// returns that folder. The first call downloads about 220 MB; all later ones, by any process, find it there. A file
// lock keeps two processes from installing at once, and the folder gets its name only when it is complete, so that
// an interrupted install leaves nothing that looks like one.
func npmInstall(ctx context.Context, cache, npm string, progress io.Writer) (string, error) {
	files, key, err := pinnedFiles()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(cache, "auth-emulator-"+key)
	if exists(filepath.Join(dir, authServer)) {
		return dir, nil
	}
	if err := os.MkdirAll(cache, 0o750); err != nil {
		return "", fmt.Errorf("make the cache of the Auth emulator: %w", err)
	}
	unlock, err := lockFile(ctx, dir+".lock", progress)
	if err != nil {
		return "", fmt.Errorf("lock the cache of the Auth emulator: %w", err)
	}
	defer unlock()
	if exists(filepath.Join(dir, authServer)) {
		return dir, nil // another process installed it while this one waited
	}
	if err := installInto(ctx, dir, npm, files, progress); err != nil {
		return "", fmt.Errorf("install the Auth emulator: %w", err)
	}
	return dir, nil
}

// pinnedFiles returns the embedded files by name, and a short hash of them all.
func pinnedFiles() (map[string][]byte, string, error) {
	files := map[string][]byte{}
	sum := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		data, err := pinned.ReadFile("npm/" + name)
		if err != nil {
			return nil, "", fmt.Errorf("read embedded %s: %w", name, err)
		}
		files[name] = data
		sum.Write(data)
	}
	return files, hex.EncodeToString(sum.Sum(nil))[:12], nil
}

// installInto runs npm in a temporary folder next to dir and renames it to dir. The caller holds the lock, so any
// temporary folder already there was left by an install that was interrupted.
func installInto(ctx context.Context, dir, npm string, files map[string][]byte, progress io.Writer) error {
	leftovers, _ := filepath.Glob(dir + ".tmp-*") // the pattern is constant and valid
	for _, leftover := range append(leftovers, dir) {
		if err := os.RemoveAll(leftover); err != nil {
			return err
		}
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".tmp-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }() // nothing is left of it after the rename
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(temp, name), data, 0o600); err != nil {
			return err
		}
	}
	report(progress, "auth: installing firebase-tools with npm (once, about 220 MB)\n")
	// Scripts and optional packages would compile native add-ons, which the Auth emulator does not use.
	cmd := command(npm, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund")
	cmd.Dir = temp
	if err := runProcess(ctx, "npm ci", cmd); err != nil {
		return err
	}
	if !exists(filepath.Join(temp, authServer)) {
		return fmt.Errorf("npm installed no %s", authServer)
	}
	return os.Rename(temp, dir)
}

// lockFile takes an exclusive lock on a file, waiting for whoever holds it until ctx ends. The kernel releases the
// lock of a process that dies.
func lockFile(ctx context.Context, path string, progress io.Writer) (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Clean(path), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	retry := time.NewTicker(lockRetry)
	defer retry.Stop()
	for waiting := false; ; waiting = true {
		err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return func() { _ = file.Close() }, nil // closing releases the lock
		}
		if !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			return nil, errors.Join(err, file.Close())
		}
		if !waiting {
			report(progress, "auth: waiting for another process that installs firebase-tools\n")
		}
		select {
		case <-retry.C:
		case <-ctx.Done():
			return nil, errors.Join(context.Cause(ctx), file.Close())
		}
	}
}
