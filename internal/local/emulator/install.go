package emulator

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/facescan/facescan/internal/local/emulator/machine"
	"github.com/facescan/facescan/internal/local/emulator/npm"
)

// lockRetry is how often a held install lock is tried again.
const lockRetry = 100 * time.Millisecond

// fetchesPerLine is how many of npm's downloads make a line of progress.
const fetchesPerLine = 100

// install makes firebase-tools available in its folder. The first call downloads about 220 MB; all
// later ones, by any process, find it there. A file lock keeps two processes from installing at
// once, and the folder gets its name only when it is complete, so that an interrupted install
// leaves nothing that looks like one.
func install(ctx context.Context, dir, npmCommand string, progress io.Writer) error {
	if npm.Installed(dir) {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return fmt.Errorf("make the cache of the Auth emulator: %w", err)
	}
	unlock, err := lockFile(ctx, dir+".lock", progress)
	if err != nil {
		return fmt.Errorf("lock the cache of the Auth emulator: %w", err)
	}
	defer unlock()
	if npm.Installed(dir) {
		return nil // another process installed it while this one waited
	}
	if err := installInto(ctx, dir, npmCommand, progress); err != nil {
		return fmt.Errorf("install the Auth emulator: %w", err)
	}
	return nil
}

// installInto runs npm in a temporary folder next to dir and renames it to dir. The caller holds
// the lock, so any temporary folder already there was left by an install that was interrupted.
func installInto(ctx context.Context, dir, npmCommand string, progress io.Writer) error {
	leftovers, _ := filepath.Glob(dir + ".tmp-*") // none, if the folder's name should be no valid pattern
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
	files, err := npm.Files()
	if err != nil {
		return err
	}
	for name, data := range files {
		if err := os.WriteFile(filepath.Join(temp, name), data, 0o600); err != nil {
			return err
		}
	}
	if err := npmCI(ctx, temp, npmCommand, progress); err != nil {
		return err
	}
	if !npm.Installed(temp) {
		return fmt.Errorf("npm installed no %s", npm.AuthServer)
	}
	return os.Rename(temp, dir)
}

// npmCI installs what the folder's lock file names. npm draws its own progress on terminals only,
// and its log of downloads names each of over a thousand, so that they are counted here and the
// rest of its output is shown as it comes.
func npmCI(ctx context.Context, dir, npmCommand string, progress io.Writer) error {
	packages, err := npm.Packages()
	if err != nil {
		return err
	}
	report(progress, "auth: installing firebase-tools with npm, once: %d packages, about 220 MB\n", packages)
	// Scripts and optional packages would compile native add-ons, which the Auth emulator does not
	// use.
	cmd := command(npmCommand, "ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=http")
	cmd.Dir = dir
	shown := &lines{emit: (&npmLog{to: progress, packages: packages}).line}
	defer shown.end()
	return runProcess(ctx, "npm ci", cmd, shown)
}

// npmLog turns the lines that npm prints into progress.
type npmLog struct {
	to                   io.Writer
	packages             int
	lookedUp, downloaded int
}

// line takes one line of npm's output.
func (l *npmLog) line(text string) {
	request, fetched := strings.CutPrefix(text, "npm http fetch GET 200 ")
	url, _, _ := strings.Cut(request, " ")
	switch {
	case strings.TrimSpace(text) == "":
	case !fetched:
		report(l.to, "npm: %s\n", strings.TrimPrefix(text, "npm "))
	case strings.HasSuffix(url, ".tgz"):
		l.downloaded++
		l.count("downloaded", l.downloaded)
	default:
		l.lookedUp++
		l.count("looked up", l.lookedUp)
	}
}

func (l *npmLog) count(what string, n int) {
	if n%fetchesPerLine == 0 {
		report(l.to, "npm: %s %d of at most %d packages\n", what, n, l.packages)
	}
}

// lockFile takes an exclusive lock on a file, waiting for its holder until ctx ends. The
// kernel releases the lock of a process that dies.
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

// firebaseTools installs firebase-tools on first use and returns its folder.
func (l *launcher) firebaseTools(ctx context.Context) (string, error) {
	l.npmMu.Lock()
	defer l.npmMu.Unlock()
	dir := l.tools.FirebaseTools
	return dir, install(ctx, dir, l.tools.NPM, l.opts.Progress)
}

// downloadJar has firebase-tools download the jar of a service.
func (l *launcher) downloadJar(ctx context.Context, service Service) (machine.Jar, error) {
	dir, err := l.firebaseTools(ctx)
	if err != nil {
		return machine.Jar{}, err
	}
	report(l.opts.Progress, "%s: downloading its emulator with firebase-tools (once)\n", service)
	cmd := command(l.tools.Node, filepath.Join(dir, "node_modules/firebase-tools/lib/bin/firebase.js"),
		"setup:emulators:"+string(service))
	cmd.Dir = dir
	shown := &lines{emit: func(line string) { report(l.opts.Progress, "%s: %s\n", service, line) }}
	defer shown.end()
	if err := runProcess(ctx, cmd.Args[len(cmd.Args)-1], cmd, shown); err != nil {
		return machine.Jar{}, err
	}
	found, err := l.on.Find(ctx, service)
	if err != nil {
		return machine.Jar{}, err
	}
	file, ok := found.Jars[service]
	if !ok {
		return machine.Jar{}, errors.New("firebase-tools reported success, but its jar is not in its cache")
	}
	return file, nil
}
