package emulator

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
)

// machine is the computer as the search for prerequisites sees it; tests describe theirs.
type machine struct {
	goos     string
	home     string                       // the user's home directory
	root     string                       // put in front of absolute places; "" on a real machine
	getenv   func(string) string          // os.Getenv
	lookPath func(string) (string, error) // exec.LookPath
	// output runs a command and returns what it printed, on stdout and stderr.
	output func(ctx context.Context, name string, args ...string) (string, error)
}

// thisMachine describes the computer this process runs on.
func thisMachine() machine {
	home, _ := os.UserHomeDir() // without a home directory the places below it are simply not found
	return machine{
		goos:     runtime.GOOS,
		home:     home,
		getenv:   os.Getenv,
		lookPath: exec.LookPath,
		output: func(ctx context.Context, name string, args ...string) (string, error) {
			out, err := exec.CommandContext(ctx, name, args...).CombinedOutput() //nolint:gosec // tools found here
			return string(out), err
		},
	}
}

// exists reports whether a file or folder is there.
func exists(path string) bool {
	_, err := os.Stat(path) //nolint:gosec // it is only looked whether it is there
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

// numbers returns the numbers in a text, so that versions compare by value: 0.8.37 is newer than 0.8.9.
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
