package deploy

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/deploy/pack"
	"github.com/facescan/facescan/internal/deploy/release"
)

// dirty is the end of the release's name where files differ from the commit.
const dirty = "-dirty"

// releaseOf returns the commit that the repository is at, with dirty at its end if files differ
// from it. The hashes of providers do not count: the lock files name versions only, and
// terraform init adds the hashes of what it has installed.
func releaseOf(ctx context.Context, root string) (string, error) {
	commit, err := git(ctx, root, "rev-parse", "HEAD")
	if err != nil {
		return "", err
	}
	changed, err := git(ctx, root, "status", "--porcelain", "--", ".", ":(exclude,glob)**/.terraform.lock.hcl")
	if err != nil {
		return "", err
	}
	if changed != "" {
		commit += dirty
	}
	return commit, nil
}

func git(ctx context.Context, root string, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, "git", args...) //nolint:gosec // arguments of the callers above
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("git %s, for the commit that is deployed: %w", args[0], err)
	}
	return strings.TrimSpace(string(out)), nil
}

// errDirty means that what would be deployed is in no commit.
var errDirty = errors.New("files differ from the commit, so it could not be told later what was deployed: " +
	"commit them, or give -allow-dirty")

// checkTree refuses what is in no commit.
func (c *cloud) checkTree(ctx context.Context) error {
	if c.dry || c.options.allowDirty {
		return nil
	}
	name, err := releaseOf(ctx, c.root)
	if err != nil {
		return err
	}
	if strings.HasSuffix(name, dirty) {
		return errDirty
	}
	return nil
}

// functionNames returns the names of the functions.
func functionNames() []string {
	var names []string
	for _, f := range catalog.Functions() {
		names = append(names, f.Name)
	}
	return names
}

func (c *cloud) services() release.Services {
	return release.Services{
		Google: c.google, Clock: c.clock, Parent: "projects/" + c.project + "/locations/" + c.region(),
		Prefix: c.prefix() + "-", Functions: functionNames(),
	}
}

func (c *cloud) records() release.Records {
	return release.Records{Google: c.google, Bucket: c.stateBucket(), Prefix: c.releasePrefix()}
}

// record keeps what serves now as a deployment whose checks passed.
func (c *cloud) record(ctx context.Context) error {
	content, err := os.ReadFile(filepath.Join(c.dir, pack.File))
	if err != nil {
		return fmt.Errorf("read what was packaged: %w", err)
	}
	var packaged pack.Sources
	if err := json.Unmarshal(content, &packaged); err != nil {
		return fmt.Errorf("read what was packaged: %w", err)
	}
	states, err := c.services().States(ctx)
	if err != nil {
		return err
	}
	r := release.Record{Time: c.clock.Now().UTC(), Commit: packaged.Release, Functions: map[string]release.Function{}}
	for name, revision := range release.Serving(states) {
		hash := strings.TrimSuffix(path.Base(packaged.Functions[name].Object), ".zip")
		r.Functions[name] = release.Function{Source: hash, Revision: revision}
	}
	records, err := c.records().List(ctx)
	if err != nil {
		return err
	}
	if len(records) > 0 && records[0].Commit == r.Commit && maps.Equal(records[0].Functions, r.Functions) {
		return nil // nothing was deployed since
	}
	return c.records().Add(ctx, r)
}

// releases lists the records.
func (c *cloud) releases(ctx context.Context) error {
	records, err := c.records().List(ctx)
	if err != nil {
		return err
	}
	states, err := c.services().States(ctx)
	if err != nil {
		return err
	}
	if len(records) == 0 {
		fmt.Fprintln(c.out, "No deployment was recorded yet.")
	}
	for _, r := range records {
		serves := ""
		if len(r.Changes(states)) == 0 {
			serves = "  serves"
		}
		fmt.Fprintf(c.out, "%s  %-46s  %2d functions%s\n", r.Time.Format(time.RFC3339), r.Commit, len(r.Functions), serves)
	}
	return nil
}

// rollback sends requests back to the revisions of an earlier deployment, or with -latest to the
// latest ones again.
func (c *cloud) rollback(ctx context.Context) error {
	services := c.services()
	states, err := services.States(ctx)
	if err != nil {
		return err
	}
	var to map[string]string
	if c.options.latest {
		to = pinned(states)
	} else {
		records, err := c.records().List(ctx)
		if err != nil {
			return err
		}
		target, err := release.Choose(records, release.Serving(states), c.options.to)
		if err != nil {
			return err
		}
		fmt.Fprintf(c.out, "Back to the deployment of %s, commit %s.\n", target.Time.Format(time.RFC3339), target.Commit)
		to = target.Changes(states)
	}
	if len(to) == 0 {
		fmt.Fprintln(c.out, "Nothing to do: these revisions serve already.")
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(to)) {
		next := to[name]
		if next == "" {
			next = states[name].Latest + " (the latest)"
		}
		fmt.Fprintf(c.out, "  %-12s %s -> %s\n", name, release.Serving(states)[name], next)
	}
	fmt.Fprintln(c.out, "Nothing else changes: not Terraform's other resources, no documents, no secrets.")
	if !c.dry && !c.yes {
		if err := c.terminal.confirm(ctx, fmt.Sprintf("\nDo it in project %s?", c.project), "yes"); err != nil {
			return err
		}
	}
	return c.send(ctx, services, to)
}

// send sends the requests to the revisions, and checks that they go there and that all is well.
func (c *cloud) send(ctx context.Context, services release.Services, to map[string]string) error {
	started := c.clock.Now()
	if err := services.Send(ctx, to); err != nil {
		return err
	}
	states, err := services.States(ctx)
	if err != nil {
		return err
	}
	for name, revision := range to {
		if states[name].Pinned != revision {
			return fmt.Errorf("the requests of %s go to %s", name, release.Serving(states)[name])
		}
	}
	fmt.Fprintf(c.out, "Done in %.0f s.\n", c.clock.Now().Sub(started).Seconds())
	_, err = doctor.Run(ctx, c.progress, c.after())
	return err
}

// pinned returns the functions whose requests go to a named revision, to be sent to the latest.
func pinned(states map[string]release.State) map[string]string {
	to := map[string]string{}
	for name, s := range states {
		if s.Pinned != "" {
			to[name] = ""
		}
	}
	return to
}

// settle does what Terraform leaves undone. A rollback's revisions would stay in use for functions
// that the deployment did not change, and a function whose update failed to build has in
// Terraform's eyes all that it should have: it compares settings only, and those were taken.
func (c *cloud) settle(ctx context.Context) error {
	if err := c.rebuild(ctx); err != nil {
		return err
	}
	states, err := c.services().States(ctx)
	if err != nil {
		return err
	}
	to := pinned(states)
	if len(to) == 0 {
		return nil
	}
	fmt.Fprintf(c.progress, "%d functions go back to their latest revisions, after a rollback\n", len(to))
	return c.services().Send(ctx, to)
}

// rebuild builds again the functions whose last build failed. Of those that were never built,
// Terraform takes care: they are tainted in its state, and replaced
// (resource_cloudfunctions2_function.go sets the id before it waits for the build).
func (c *cloud) rebuild(ctx context.Context) error {
	parent := "projects/" + c.project + "/locations/" + c.region() + "/functions/"
	for _, name := range functionNames() {
		var f struct {
			State       string         `json:"state"`
			BuildConfig map[string]any `json:"buildConfig"`
		}
		function := parent + c.prefix() + "-" + name
		err := c.google.Call(ctx, gcp.Functions, http.MethodGet, function, nil, &f)
		if gcp.Absent(err) || err == nil && f.State != "FAILED" {
			continue
		}
		if err != nil {
			return fmt.Errorf("ask for the state of %s: %w", name, err)
		}
		fmt.Fprintf(c.progress, "building %s again, whose last build failed\n", name)
		// What only the API sets:
		// https://cloud.google.com/functions/docs/reference/rest/v2/projects.locations.functions#BuildConfig
		delete(f.BuildConfig, "build")
		delete(f.BuildConfig, "sourceProvenance")
		var op gcp.Operation
		body := map[string]any{"buildConfig": f.BuildConfig}
		err = c.google.Call(ctx, gcp.Functions, http.MethodPatch, function+"?updateMask=buildConfig", body, &op)
		if err == nil {
			err = c.google.Await(ctx, c.clock, gcp.Functions, op)
		}
		if err != nil {
			return fmt.Errorf("build %s again: %w", name, err)
		}
	}
	return nil
}
