package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// repository is a checkout, asked through the git command.
type repository struct{ top string }

// open finds the repository that the folder is in.
func open(ctx context.Context, dir string) (repository, error) {
	out, err := repository{dir}.git(ctx, "rev-parse", "--show-toplevel")
	if err != nil {
		return repository{}, fmt.Errorf("this check asks git what is tracked, so it needs git and a clone: %w", err)
	}
	return repository{strings.TrimSuffix(string(out), "\n")}, nil
}

// git runs a git command. A checkout that belongs to another user, as in a container, is no reason
// not to look.
func (r repository) git(ctx context.Context, args ...string) ([]byte, error) {
	args = append([]string{"-c", "safe.directory=*"}, args...)
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // the arguments are this file's
	cmd.Dir = r.top
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[2], err, bytes.TrimSpace(stderr.Bytes()))
	}
	return out, nil
}

// list runs a git command that prints paths, each ended by a zero byte.
func (r repository) list(ctx context.Context, args ...string) ([]string, error) {
	out, err := r.git(ctx, args...)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	return strings.Split(strings.TrimSuffix(string(out), "\x00"), "\x00"), nil
}

// staged returns the faults of a file as it is in git's index.
func (r repository) staged(ctx context.Context, path string) ([]fault, error) {
	content, err := r.git(ctx, "cat-file", "blob", ":0:"+path)
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return nil, nil // in the middle of a merge, or a repository of its own: what lies there is looked at
	}
	if err != nil {
		return nil, err
	}
	return contents(path, int64(len(content)), content[:min(len(content), headBytes)]), nil
}
