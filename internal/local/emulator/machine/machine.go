// Package machine finds on this computer what the local emulators run on, Java, Node, npm and
// Google's jars, and the browser of `make browser`.
//
// It is apart from package emulator so that a program which only looks for them is built in
// seconds: scripts/local/check reports what is missing before the rest is built.
package machine

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"time"
)

// Service is an emulator that runs as a process of its own.
type Service string

// The emulators.
const (
	Firestore Service = "firestore"
	PubSub    Service = "pubsub"
	Auth      Service = "auth"
)

// Services returns all emulators, those first that take longest to start.
func Services() []Service { return []Service{Auth, Firestore, PubSub} }

// Env returns the variable by which Google's client libraries find the emulator, as "host:port". It
// is "" for a service that is not an emulator of this package.
func (s Service) Env() string {
	switch s {
	case Firestore:
		return "FIRESTORE_EMULATOR_HOST"
	case PubSub:
		return "PUBSUB_EMULATOR_HOST"
	case Auth:
		return "FIREBASE_AUTH_EMULATOR_HOST"
	default:
		return ""
	}
}

// Machine is a computer as the search sees it; tests describe theirs.
type Machine struct {
	// OS is runtime.GOOS.
	OS string
	// Home is the user's home directory; without one, the places below it are not found.
	Home string
	// Root is put in front of absolute places; it is "" on a real machine.
	Root string
	// Cache is where firebase-tools is kept; "" is facescan in os.UserCacheDir.
	Cache string
	// Getenv is os.Getenv.
	Getenv func(string) string
	// LookPath is exec.LookPath.
	LookPath func(string) (string, error)
	// Output runs a command and returns what it printed, on stdout and stderr.
	Output func(ctx context.Context, name string, args ...string) (string, error)
}

// outputDelay is how long a command that was cancelled may hold its output open, as a child of
// gcloud's does.
const outputDelay = time.Second

// This describes the computer this process runs on.
func This() Machine {
	home, _ := os.UserHomeDir() // see Machine.Home
	return Machine{
		OS:       runtime.GOOS,
		Home:     home,
		Getenv:   os.Getenv,
		LookPath: exec.LookPath,
		Output: func(ctx context.Context, name string, args ...string) (string, error) {
			cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // tools found here
			cmd.WaitDelay = outputDelay
			out, err := cmd.CombinedOutput()
			return string(out), err
		},
	}
}

// Exists reports whether a file or folder is there.
func Exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

// newest returns the files that match a glob pattern, highest version number first.
func newest(pattern string) []string {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	slices.SortFunc(files, func(a, b string) int { return slices.Compare(numbers(b), numbers(a)) })
	return files
}

var digits = regexp.MustCompile(`\d+`)

// numbers returns the numbers in a text, so that versions compare by value: 0.8.37 is newer than
// 0.8.9.
func numbers(text string) []int {
	var all []int
	for _, d := range digits.FindAllString(text, -1) {
		n, err := strconv.Atoi(d)
		if err != nil {
			continue // too long to be part of a version
		}
		all = append(all, n)
	}
	return all
}
