package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// splitWords and contains are strings.Fields and slices.Contains under names that read.
func splitWords(s string) []string { return strings.Fields(s) }

func contains(list []string, s string) bool { return slices.Contains(list, s) }

// cloud is one environment: its project, its variables, and the access to its APIs.
type cloud struct {
	root    string // of the repository
	dir     string // of Terraform's files: the repository's, or a copy for a dry run
	env     string
	project string
	files   []string // of variables, the later wins
	// environ is added to the process's environment, for Terraform and for API calls.
	environ map[string]string
	dry     bool
	yes     bool
	options options

	terminal *terminal
	out      io.Writer // the result of the command
	progress io.Writer // its progress
	google   *google
}

// remember adds the answers to those in the file.
func remember(file string, answers settings) error {
	kept := settings{}
	content, err := os.ReadFile(file) //nolint:gosec // of the repository
	if err == nil {
		err = json.Unmarshal(content, &kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", file, err)
	}
	fresh, err := json.Marshal(answers)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(fresh, &kept); err != nil { // empty answers are left out, so they overwrite nothing
		return err
	}
	text, err := indented(kept)
	if err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

// everyVariable are the variables that Terraform needs and no file of the repository has. bootstrap
// finds the API key by itself.
var everyVariable = []string{"project_id", "domain", "firebase_api_key", "alert_emails"}

func runOnCloud(ctx context.Context, root, command string, o options) (err error) {
	c := &cloud{
		root: root, dir: filepath.Join(root, "terraform"), env: o.env, options: o, yes: o.yes,
		terminal: newTerminal(os.Stdin, os.Stderr), out: os.Stdout, progress: os.Stderr,
	}
	if o.dryRun {
		end, err := c.pretend(ctx)
		if err != nil {
			return err
		}
		defer end()
		if err := c.rehearse(ctx, command); err != nil {
			return err
		}
	} else {
		wanted := everyVariable
		if command == "bootstrap" || command == "doctor" || command == "output" {
			wanted = wanted[:1]
		}
		if c.files, c.project, err = complete(ctx, c.terminal, c.dir, o, wanted...); err != nil {
			return err
		}
	}
	if c.google == nil {
		c.google = newGoogle(c.project, c.environ)
	}
	return c.run(ctx, command)
}

func (c *cloud) run(ctx context.Context, command string) error {
	switch command {
	case "bootstrap":
		return c.bootstrap(ctx)
	case "plan":
		_, err := c.plan(ctx)
		return err
	case "apply":
		return c.apply(ctx)
	case "destroy":
		return c.destroy(ctx)
	case "output":
		return c.output(ctx)
	default:
		return c.doctor(ctx, append(c.before(), c.after()...))
	}
}

// variable returns the value of the variable in the files, if it is a text.
func (c *cloud) variable(name string) string {
	said, err := given(c.files)
	if err != nil {
		return ""
	}
	return said[name]
}

// environment returns the process's environment with the additions of this environment.
func (c *cloud) environment() map[string]string {
	all := map[string]string{}
	for _, pair := range os.Environ() {
		name, value, _ := strings.Cut(pair, "=")
		if c.dry && account(name) {
			continue
		}
		all[name] = value
	}
	maps.Copy(all, c.environ)
	return all
}

// account reports whether the variable names the caller or Google's endpoints. A dry run must not
// use either.
func account(variable string) bool {
	for _, prefix := range []string{"GOOGLE_", "GCLOUD_", "CLOUDSDK_"} {
		if strings.HasPrefix(variable, prefix) {
			return true
		}
	}
	return false
}
