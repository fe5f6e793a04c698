package deploy

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/deploy/settings"
)

// cloud is one environment: its project, its variables, and the access to its APIs.
type cloud struct {
	root    string // of the repository
	dir     string // of Terraform's files: the repository's, or a copy for a dry run
	env     string
	project string
	files   []string             // of variables, the later wins
	values  map[string]cty.Value // what the files say
	// declared are the variables of terraform/.
	declared settings.Variables
	// environ is added to the process's environment, for Terraform and for API calls.
	environ map[string]string
	dry     bool
	yes     bool
	options options
	// system is the operating system, that of the machine by default.
	system string

	terminal *terminal
	out      io.Writer // the result of the command
	progress io.Writer // its progress
	google   *gcp.Client
	clock    gcp.Clock
	// phases are the seconds that parts of the run took.
	phases []phase
	// last is the plan that was told last.
	last summary
}

// remember adds the answers to those in the file.
func remember(file string, given answered) error {
	kept := answered{}
	content, err := os.ReadFile(file) //nolint:gosec // of the repository
	if err == nil {
		err = json.Unmarshal(content, &kept)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("read %s: %w", file, err)
	}
	fresh, err := json.Marshal(given)
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

// everyVariable are the variables that differ by project, so no file of the repository has them.
// bootstrap finds the API key by itself.
var everyVariable = []string{"region", "project_id", "domain", "firebase_api_key", "alert_emails", "operator"}

func runOnCloud(ctx context.Context, root, command string, o options) error {
	c := &cloud{
		root: root, dir: filepath.Join(root, "terraform"), env: o.env, options: o, yes: o.yes,
		terminal: newTerminal(os.Stdin, os.Stderr), out: os.Stdout, progress: os.Stderr, clock: gcp.Wall{},
	}
	if o.dryRun {
		return c.rehearse(ctx, command)
	}
	wanted := everyVariable
	switch command {
	case "bootstrap":
		wanted = wanted[:2]
	case "doctor", "output", "releases", "rollback", "rotate":
		wanted = wanted[1:2]
	}
	var err error
	if c.files, c.project, err = complete(ctx, c.terminal, c.dir, o, wanted...); err != nil {
		return err
	}
	c.google = gcp.New(c.project, nil)
	if err := c.load(); err != nil {
		return err
	}
	return c.run(ctx, command)
}

// load reads what the files of variables say, and checks every name in them.
func (c *cloud) load() error {
	var err error
	if c.declared, err = settings.Declared(c.dir); err != nil {
		return err
	}
	keys, err := settingKeys()
	if err != nil {
		return err
	}
	if err := c.declared.Check(c.files, keys); err != nil {
		return err
	}
	if c.values, err = settings.Read(c.files...); err != nil {
		return err
	}
	return c.checkValues()
}

// regionShape is that of a region. A bucket may be in a multi-region such as us, and a function may
// not, which Google would tell only when the bucket is there.
var regionShape = regexp.MustCompile(`^[a-z]+(-[a-z]+)+[0-9]+$`)

// checkValues checks what would be told too late: after the bootstrap has made what keeps its
// region, or never.
func (c *cloud) checkValues() error {
	if says := c.variable("environment"); says != "" && says != c.env {
		return fmt.Errorf("the files for %s say environment = %q: is one a copy of another's?", c.env, says)
	}
	if !regionShape.MatchString(c.region()) {
		return fmt.Errorf("region = %q is no region: it is a name such as %s (the answers are kept in %s)",
			c.region(), defaultRegion, keptFile("terraform", c.env))
	}
	return nil
}

// settingKeys are the names that maps of settings are keyed by.
func settingKeys() (map[string][]string, error) {
	operations, err := appCheckOperations()
	if err != nil {
		return nil, err
	}
	return map[string][]string{
		"scaling": functionNames(), "secret_versions": secretNames(), "app_check_routes": operations,
	}, nil
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
	case "releases":
		return c.releases(ctx)
	case "rotate":
		return c.rotate(ctx, c.options.key, c.options.step)
	case "rollback":
		return c.rollback(ctx)
	default:
		_, err := doctor.Run(ctx, c.progress, slices.Concat(c.before(), c.surveyed().Care(), c.after()))
		return err
	}
}

// variable returns the value of the variable in the files, if it is a text.
func (c *cloud) variable(name string) string { return settings.Text(c.values[name]) }

// off reports whether the files set the variable to false.
func (c *cloud) off(name string) bool {
	v := c.values[name]
	return v != cty.NilVal && v.Type() == cty.Bool && v.IsKnown() && !v.IsNull() && v.False()
}

// prefix is what the names of all cloud resources begin with.
func (c *cloud) prefix() string { return cmp.Or(c.variable("prefix"), "facescan") }

// defaultRegion is that of the variable region.
const defaultRegion = "europe-west1"

func (c *cloud) region() string { return cmp.Or(c.variable("region"), defaultRegion) }

func (c *cloud) database() string { return cmp.Or(c.variable("database"), "(default)") }

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
