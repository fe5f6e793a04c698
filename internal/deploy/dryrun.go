package deploy

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/deploy/fakegcp"
	"github.com/facescan/facescan/internal/deploy/gcp"
)

// The project of a dry run, which does not exist.
const (
	dryProject = "facescan-dry-run"
	dryDomain  = "api.facescan.example"
	dryZone    = "facescan.example."
)

// rehearsal is a cloud that is a fake of Google's APIs: the real Terraform with the real provider
// acts on a copy of terraform/ and keeps its states in the fake's bucket, and nothing leaves this
// machine. Its clock leaps over waits.
type rehearsal struct {
	*cloud
	fake     *fakegcp.Server
	clock    *gcp.Leaps
	provider string // the settings file by which Terraform finds the provider
}

// pretend starts the fake, and makes the copy. end removes both.
func (c *cloud) pretend(ctx context.Context) (r *rehearsal, end func(), err error) {
	provided := c.timed("provider")
	config, err := c.findProvider(ctx)
	if err != nil {
		return nil, nil, err
	}
	provided()
	dir, err := os.MkdirTemp("", "facescan-dry-run-")
	if err != nil {
		return nil, nil, err
	}
	clock := new(gcp.Leaps)
	fake, err := fakegcp.Start(ctx, fakegcp.Options{Project: dryProject, Now: clock.Now})
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	end = func() {
		_ = fake.Close()      // the process ends
		_ = os.RemoveAll(dir) // and a rest in the temporary folder does no harm
	}
	variables, source := filepath.Join(dir, "dry-run.tfvars.json"), c.dir
	c.dry, c.project, c.dir, c.clock = true, dryProject, filepath.Join(dir, "terraform"), clock
	c.files = append([]string{environmentFile(c.dir, c.env)}, append(slices.Clone(c.options.varFiles), variables)...)
	for _, step := range []func() error{
		func() error { return copyTerraform(source, c.dir) },
		func() error {
			return remember(variables, answered{
				Project: dryProject, Domain: dryDomain, FirebaseAPIKey: "dry-run",
				AlertEmails: []string{"operator@facescan.example"},
			})
		},
		c.load,
	} {
		if err := step(); err != nil {
			end()
			return nil, nil, err
		}
	}
	fmt.Fprintf(c.progress, "dry run: project %s is a fake of Google's APIs on this machine\n", dryProject)
	return &rehearsal{c, fake, clock, config}, end, nil
}

// findProvider returns the settings file by which Terraform finds the Google provider, which is
// taken from the registry, or built where that cannot be reached.
func (c *cloud) findProvider(ctx context.Context) (string, error) {
	cmd := exec.CommandContext(ctx, filepath.Join(c.root, "scripts", "tfprovider.sh")) //nolint:gosec // of the repository
	cmd.Stderr = c.progress
	file, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("get the Google provider for the dry run: %w", err)
	}
	return strings.TrimSpace(string(file)), nil
}

// lockFile pins the provider's version.
const lockFile = ".terraform.lock.hcl"

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
		if strings.HasPrefix(name, ".") && name != lockFile || strings.HasPrefix(name, "terraform.tfstate") ||
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

// rehearse runs the command on a fake, after what it requires to be done before. An apply is
// rehearsed whole: deployed twice, destroyed and deployed again unless its data is protected, and
// bootstrapped a second time.
func (c *cloud) rehearse(ctx context.Context, command string) error {
	started := time.Now()
	r, end, err := c.pretend(ctx)
	if err != nil {
		return err
	}
	defer end()
	steps := map[string][]step{
		"bootstrap": {r.first(), r.again()},
		"apply":     {r.first(), r.deploy(), r.replan(), r.again()},
		"destroy":   {r.first(), r.deploy(), r.teardown()},
	}[command]
	if command == "apply" && r.off("protect_data") {
		steps = slices.Insert(steps, 3, r.teardown(), r.deploy(), r.replan())
	}
	if steps == nil { // plan, doctor
		then := func(ctx context.Context) error { return c.run(ctx, command) }
		steps = []step{r.first(), {command + ", as the deployer", r.asDeployer, then}}
	}
	for _, s := range steps {
		fmt.Fprintf(c.progress, "\n=== %s\n", s.title)
		c.phases = append(c.phases, phase{name: s.title})
		s.as()
		if err := s.run(ctx); err != nil {
			return err
		}
	}
	c.tellPhases(time.Since(started), r.clock.Leaped())
	return nil
}

// step is a part of a rehearsal, and who acts in it.
type step struct {
	title string
	as    func()
	run   func(context.Context) error
}

func (r *rehearsal) first() step {
	return step{"bootstrap, as the owner", r.asOwner, func(ctx context.Context) error {
		if err := r.makeZone(ctx); err != nil {
			return err
		}
		return r.bootstrap(ctx)
	}}
}

// makeZone makes the managed zone that the files name, which an operator has before the first
// command.
func (r *rehearsal) makeZone(ctx context.Context) error {
	name := r.variable("dns_zone")
	if name == "" {
		return nil
	}
	const enable = "projects/" + dryProject + "/services/dns.googleapis.com:enable"
	if err := r.google.Call(ctx, gcp.ServiceUsage, http.MethodPost, enable, map[string]any{}, nil); err != nil {
		return fmt.Errorf("enable Cloud DNS: %w", err)
	}
	zone := map[string]any{"name": name, "dnsName": dryZone}
	if err := r.google.Call(
		ctx, gcp.DNS, http.MethodPost, "projects/"+dryProject+"/managedZones", zone, nil,
	); err != nil {
		return fmt.Errorf("make the zone %s: %w", name, err)
	}
	return nil
}

func (r *rehearsal) deploy() step { return step{"deploy, as the deployer", r.asDeployer, r.apply} }

func (r *rehearsal) teardown() step {
	return step{"destroy, as the deployer", r.asDeployer, r.destroy}
}

func (r *rehearsal) replan() step {
	return step{"the same again", r.asDeployer, func(ctx context.Context) error {
		if err := r.apply(ctx); err != nil {
			return err
		}
		return r.nothing("the second deployment")
	}}
}

func (r *rehearsal) again() step {
	return step{"bootstrap again, as the owner", r.asOwner, func(ctx context.Context) error {
		if err := r.bootstrap(ctx); err != nil {
			return err
		}
		return r.nothing("the second bootstrap")
	}}
}

// nothing fails unless the plan that was told last had nothing to do.
func (r *rehearsal) nothing(what string) error {
	if !r.last.empty() {
		return fmt.Errorf("%s has something to do", what)
	}
	return nil
}

func (r *rehearsal) asOwner() { r.as(r.fake.Environ()) }

func (r *rehearsal) asDeployer() {
	r.as(r.fake.EnvironAs("serviceAccount:" + doctor.Project{ID: r.project, Prefix: r.prefix()}.Deployer()))
}

func (r *rehearsal) as(environ map[string]string) {
	environ["TF_CLI_CONFIG_FILE"] = r.provider
	r.environ, r.google = environ, gcp.Offline(r.project, environ)
}

// tellPhases prints how long the parts of the run took. The machine took that time: the fake
// answers at once, and Google takes minutes.
func (c *cloud) tellPhases(all, leaped time.Duration) {
	fmt.Fprintln(c.progress, "\nseconds on this machine, where Google itself takes none")
	for _, p := range c.phases {
		if p.took == 0 { // a step of the rehearsal, whose parts follow
			fmt.Fprintf(c.progress, " %s\n", p.name)
			continue
		}
		fmt.Fprintf(c.progress, "  %-10s %6.1f\n", p.name, p.took.Seconds())
	}
	fmt.Fprintf(c.progress, " together     %6.1f, and %s of waits that were leaped over\n", all.Seconds(),
		leaped.Round(time.Second))
}
