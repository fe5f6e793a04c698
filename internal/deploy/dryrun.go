package deploy

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

// The project of a dry run, which does not exist.
const (
	dryProject = "facescan-dry-run"
	dryDomain  = "api.facescan.example"
)

// pretend replaces the cloud by a fake of Google's APIs: the real Terraform with the real provider
// acts on a copy of terraform/ with its own state, and nothing leaves this machine. end removes it.
func (c *cloud) pretend(ctx context.Context) (end func(), err error) {
	config, err := c.builtProvider(ctx)
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "facescan-dry-run-")
	if err != nil {
		return nil, err
	}
	fake, err := fakegcp.Start(ctx, fakegcp.Options{Project: dryProject})
	if err != nil {
		return nil, err
	}
	end = func() {
		_ = fake.Close()      // the process ends
		_ = os.RemoveAll(dir) // and a rest in the temporary folder does no harm
	}
	c.environ = fake.Environ()
	c.environ["TF_CLI_CONFIG_FILE"] = config
	variables := filepath.Join(dir, "dry-run.tfvars.json")
	source := c.dir
	c.dry, c.project, c.dir = true, dryProject, filepath.Join(dir, "terraform")
	c.files = append([]string{environmentFile(c.dir, c.env)}, append(slices.Clone(c.options.varFiles), variables)...)
	for _, step := range []func() error{
		func() error { return copyTerraform(source, c.dir) },
		func() error {
			return os.WriteFile(filepath.Join(c.dir, "backend_override.tf"), []byte(localBackend), 0o600)
		},
		func() error {
			return remember(variables, settings{
				Project: dryProject, Domain: dryDomain, FirebaseAPIKey: "dry-run",
				AlertEmails: []string{"operator@facescan.example"},
			})
		},
	} {
		if err := step(); err != nil {
			end()
			return nil, err
		}
	}
	fmt.Fprintf(c.progress, "dry run: project %s is a fake of Google's APIs on this machine\n", dryProject)
	return end, nil
}

const localBackend = `terraform {
  backend "local" {}
}
`

// builtProvider returns the settings file by which Terraform finds the Google provider that is
// built from source. The first build takes minutes.
func (c *cloud) builtProvider(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.root, "scripts", "tfprovider.sh")) //nolint:gosec // of the repository
	cmd.Stderr = c.progress
	file, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("build the Google provider for the dry run: %w", err)
	}
	return strings.TrimSpace(string(file)), nil
}

// copyTerraform copies the repository's files of terraform/, without states and downloads.
func copyTerraform(from, to string) error {
	return filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name := entry.Name()
		if entry.IsDir() {
			if path != from && (strings.HasPrefix(name, ".") || name == "provider" || name == "terraform.tfstate.d") {
				return fs.SkipDir
			}
			return os.MkdirAll(filepath.Join(to, strings.TrimPrefix(path, from)), 0o700)
		}
		if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "terraform.tfstate") ||
			strings.HasSuffix(name, ".auto.tfvars") || strings.HasSuffix(name, ".auto.tfvars.json") {
			return nil
		}
		content, err := os.ReadFile(path) //nolint:gosec // of the repository
		if err != nil {
			return err
		}
		copied := filepath.Join(to, strings.TrimPrefix(path, from))
		return os.WriteFile(copied, content, 0o600) //nolint:gosec // into the folder of the dry run
	})
}

// rehearse does what the command requires to be done before.
func (c *cloud) rehearse(ctx context.Context, command string) error {
	c.google = newGoogle(c.project, c.environ)
	if command == "bootstrap" {
		return nil
	}
	if err := c.bootstrap(ctx); err != nil {
		return err
	}
	if command != "destroy" {
		return nil
	}
	return c.apply(ctx)
}
