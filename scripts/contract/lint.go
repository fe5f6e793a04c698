package main

import (
	"context"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/facescan/facescan/scripts/npmtools"
)

// linters pins Redocly CLI and Spectral with all that they depend on, and turns on the rules that
// each recommends.
//
//go:embed lint
var linters embed.FS

// lintContract holds the contract to the rules of both linters. A warning is an error too. The
// first call installs them with npm in the user's cache, about 100 MB.
func lintContract(ctx context.Context, root string, out io.Writer) error {
	dir, err := linterFolder()
	if err != nil {
		return err
	}
	if err := installLinters(ctx, dir, out); err != nil {
		return fmt.Errorf("install the linters: %w", err)
	}
	contract, err := filepath.Abs(filepath.Join(root, contractFile))
	if err != nil {
		return err
	}
	run := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, filepath.Join(dir, "node_modules", ".bin", name), args...) //nolint:gosec // pinned
		cmd.Dir = dir
		cmd.Env = append(os.Environ(), "REDOCLY_TELEMETRY=off", "REDOCLY_SUPPRESS_UPDATE_NOTICE=true")
		return cmd
	}
	redocly, redoclyErr := run("redocly", "lint", contract, "--config", "redocly.yaml", "--format", "json").Output()
	redoclyErr = checkRedocly(redocly, redoclyErr)
	spectral := run("spectral", "lint", contract, "--ruleset", "spectral.yaml", "--fail-severity", "hint")
	spectral.Stdout, spectral.Stderr = out, out
	if err := spectral.Run(); err != nil {
		return errors.Join(redoclyErr, fmt.Errorf("spectral: %w", err))
	}
	return redoclyErr
}

// checkRedocly returns an error with what Redocly found, errors and warnings. failure is that of
// the command, which fails for errors only.
func checkRedocly(report []byte, failure error) error {
	var found struct {
		Totals   struct{ Errors, Warnings int }
		Problems []struct{ RuleID, Severity, Message string }
	}
	if err := json.Unmarshal(report, &found); err != nil {
		return errors.Join(fmt.Errorf("redocly: its report is no JSON: %w", err), failure)
	}
	var all []error
	for _, p := range found.Problems {
		all = append(all, fmt.Errorf("redocly: %s %s: %s", p.Severity, p.RuleID, p.Message))
	}
	if n := found.Totals.Errors + found.Totals.Warnings; n > 0 && len(all) == 0 {
		all = append(all, fmt.Errorf("redocly: %d errors and warnings", n))
	}
	if len(all) == 0 && failure != nil {
		all = append(all, fmt.Errorf("redocly: it finds nothing, and fails: %w", failure))
	}
	return errors.Join(all...)
}

// linterFolder returns the folder of the linters. Its name has a hash of the pinned versions.
func linterFolder() (string, error) {
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	lock, err := linters.ReadFile("lint/package-lock.json")
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock)
	return filepath.Join(cache, "facescan", "contract-lint-"+hex.EncodeToString(sum[:])[:12]), nil
}

// installLinters installs into a folder beside dir that is given its name at the end, so that an
// install that broke off leaves nothing that looks like one. The rules are written at each call.
func installLinters(ctx context.Context, dir string, out io.Writer) error {
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err == nil {
		return writeLinters(dir)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o750); err != nil {
		return err
	}
	temp, err := os.MkdirTemp(filepath.Dir(dir), filepath.Base(dir)+".tmp-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(temp) }() // nothing is left of it after the rename
	if err := writeLinters(temp); err != nil {
		return err
	}
	fmt.Fprintln(out, "contract: installing Redocly CLI and Spectral, once")
	if err := npmtools.InstallIn(ctx, temp, out); err != nil {
		return err
	}
	err = os.Rename(temp, dir)
	if _, there := os.Stat(filepath.Join(dir, "node_modules")); there == nil {
		return nil // by this run or by another that was faster
	}
	return err
}

// writeLinters writes the embedded files into the folder.
func writeLinters(dir string) error {
	files, err := linters.ReadDir("lint")
	if err != nil {
		return err
	}
	for _, f := range files {
		data, err := linters.ReadFile("lint/" + f.Name())
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, f.Name()), data, 0o600); err != nil {
			return err
		}
	}
	return nil
}
