package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/fakegcp"
)

// The project of a dry run, which exists nowhere.
const (
	dryProject = "facescan-dry-run"
	dryDomain  = "api.facescan.example"
)

// pretend puts a fake of Google's APIs in the cloud's place: the real Terraform with the real provider acts on a copy
// of terraform/, whose state stands beside it, and nothing leaves this machine. end removes it all.
func (c *cloud) pretend(ctx context.Context) (end func(), err error) {
	mirror, err := providerMirror()
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
	config := filepath.Join(dir, "terraformrc")
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
		func() error { return os.WriteFile(config, fmt.Appendf(nil, mirrorConfig, mirror), 0o600) },
		func() error {
			return remember(variables, settings{
				Project: dryProject, Domain: dryDomain, FirebaseAPIKey: "dry-run", AlertEmails: []string{"operator@facescan.example"},
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

// mirrorConfig has Terraform take providers from the mirror and ask nobody for newer ones.
const mirrorConfig = `disable_checkpoint = true

provider_installation {
  filesystem_mirror {
    path    = %q
    include = ["*/*/*"]
  }
}
`

// providerMirror is the folder that `make tf-provider` puts the provider into.
func providerMirror() (string, error) {
	cache := os.Getenv("XDG_CACHE_HOME")
	if cache == "" {
		home, err := os.UserHomeDir()
		if err != nil {
			return "", err
		}
		cache = filepath.Join(home, ".cache")
	}
	mirror := filepath.Join(cache, "facescan", "tf", "mirror")
	if _, err := os.Stat(mirror); err != nil {
		return "", fmt.Errorf("a dry run needs the Google provider, built from its source: `make tf-provider` does that once (%w)", err)
	}
	return mirror, nil
}

// copyTerraform copies what the repository holds of terraform/, and neither states nor what was downloaded.
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
			strings.HasSuffix(name, ".auto.tfvars.json") || strings.HasSuffix(name, ".local.tfvars.json") {
			return nil
		}
		content, err := os.ReadFile(path) //nolint:gosec // of the repository
		if err != nil {
			return err
		}
		return os.WriteFile(filepath.Join(to, strings.TrimPrefix(path, from)), content, 0o600) //nolint:gosec // into our folder
	})
}

// rehearse does what has to be there before the command.
func (c *cloud) rehearse(ctx context.Context, command string) error {
	c.google = newGoogle(c.environ)
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
