package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"

	semver "github.com/hashicorp/go-version"
	"go.yaml.in/yaml/v3"
)

// oasdiff compares two contracts. It is run by its version, as it would bring many modules into
// go.mod.
const oasdiff = "github.com/oasdiff/oasdiff@v1.38.0"

// releasedFile is the contract of the last release, which [release] keeps. There is none before the
// first.
var releasedFile = filepath.Join("internal", "httpapi", "released.yaml")

// compare lists what the contract changes of the released one, and returns an error if that breaks
// apps while the major version is the same, or changes anything while info.version is the same.
func compare(ctx context.Context, root string, out io.Writer) error {
	text, err := os.ReadFile(filepath.Join(root, releasedFile)) //nolint:gosec // a file of the repository
	if errors.Is(err, fs.ErrNotExist) {
		fmt.Fprintf(out, "contract: there is no %s, so nothing was released that could break\n", releasedFile)
		return nil
	}
	if err != nil {
		return err
	}
	released, err := parse(text)
	if err != nil {
		return err
	}
	now, err := readContract(root)
	if err != nil {
		return err
	}
	least, err := failOn(version(released), version(now))
	if err != nil {
		return err
	}
	args := []string{"run", oasdiff, "changelog", releasedFile, contractFile}
	if least != "" {
		args = append(args, "--fail-on", least)
	}
	cmd := exec.CommandContext(ctx, "go", args...) //nolint:gosec // constants and names of files
	cmd.Dir, cmd.Stdout, cmd.Stderr = root, out, out
	if err := cmd.Run(); err != nil {
		return fmt.Errorf(
			"the contract %s changes more of the released %s than its version says: %w", version(now), version(released), err,
		)
	}
	return nil
}

// release keeps the contract as the released one, if it changes no more of the one before than its
// version says.
func release(ctx context.Context, root string, out io.Writer) error {
	if err := compare(ctx, root, out); err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(root, contractFile)) //nolint:gosec // a file of the repository
	if err != nil {
		return err
	}
	err = os.WriteFile(filepath.Join(root, releasedFile), text, 0o600) //nolint:gosec // a file of the repository
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "contract: %s is the contract of the release now: commit it\n", releasedFile)
	return nil
}

// version returns the info.version of a contract.
func version(doc *yaml.Node) string { return member(doc, "info", "version").Value }

// failOn returns the least severity of a change that the step from one version to the other does
// not allow, in oasdiff's words: any where they are the same, one that breaks apps where the major
// version is the same, and "" for none. It returns an error for what is no version by semantic
// versioning, and for a step back.
func failOn(from, to string) (string, error) {
	before, fromErr := semver.NewSemver(from)
	after, toErr := semver.NewSemver(to)
	if err := errors.Join(fromErr, toErr); err != nil {
		return "", fmt.Errorf("compare the released info.version %q with %q: %w", from, to, err)
	}
	switch {
	case after.String() != to:
		return "", fmt.Errorf("the contract's info.version %q should be %s", to, after)
	case after.LessThan(before):
		return "", fmt.Errorf("the contract's info.version %s is before the released %s", to, from)
	case after.Equal(before):
		return "INFO", nil
	case after.Segments()[0] == before.Segments()[0]:
		return "ERR", nil
	}
	return "", nil
}
