package deploy

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/hashicorp/go-version"

	"github.com/facescan/facescan/internal/catalog"
)

// check is one condition of a deployment.
type check struct {
	name string
	// run returns what it found. Its error describes what is wrong; an error that wraps errSkipped
	// means that it could not be checked.
	run func(context.Context) (string, error)
	// mend is the command or the action that mends it.
	mend string
}

// errSkipped is wrapped by the error of a check that was not made, with the reason.
var errSkipped = errors.New("skipped")

func skip(why string) error { return fmt.Errorf("%w: %s", errSkipped, why) }

// errSick means that checks failed, which have been printed.
var errSick = errors.New("some checks failed: see FAIL above, each with its remedy")

// doctor runs all checks, even after failures, and fails if one does.
func (c *cloud) doctor(ctx context.Context, checks []check) error {
	failed := false
	for _, k := range checks {
		found, err := k.run(ctx)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		failed = report(c.progress, k, found, err) || failed
	}
	if failed {
		return errSick
	}
	return nil
}

func report(w io.Writer, k check, found string, err error) (failed bool) {
	switch {
	case err == nil:
		fmt.Fprintf(w, "ok    %-14s %s\n", k.name, found)
	case errors.Is(err, errSkipped):
		fmt.Fprintf(w, "skip  %-14s %s\n", k.name, strings.TrimPrefix(err.Error(), errSkipped.Error()+": "))
	default:
		fmt.Fprintf(w, "FAIL  %-14s %s\n      %-14s -> %s\n", k.name, err, "", k.mend)
		return true
	}
	return false
}

// before returns the checks of what apply needs.
func (c *cloud) before() []check {
	project := "--project=" + c.project
	return []check{
		{
			"terraform", c.checkTerraform,
			"install Terraform " + oldestTerraform + " or newer: https://developer.hashicorp.com/terraform/install",
		},
		{"credentials", c.checkCredentials, "gcloud auth application-default login"},
		{"APIs", c.checkAPIs, "gcloud services enable " + strings.Join(firstAPIs, " ") + " " + project},
		{
			"project", c.checkProject,
			"gcloud projects create " + c.project + ", or correct its id in " + keptFile("terraform", c.env),
		},
		{"billing", c.checkBilling, "gcloud billing projects link " + c.project + " --billing-account=ACCOUNT"},
		{
			"permissions", c.checkPermissions,
			"gcloud auth application-default login --impersonate-service-account=facescan-deployer@" + c.project +
				".iam.gserviceaccount.com",
		},
		{"state", c.checkState, "go run ./scripts/deploy bootstrap -env " + c.env},
		{"secrets", c.checkSecrets, "go run ./scripts/deploy bootstrap -env " + c.env},
	}
}

// oldestTerraform is the oldest version that terraform/ supports. A test compares it with
// versions.tf.
const oldestTerraform = "1.11"

func (c *cloud) checkTerraform(ctx context.Context) (string, error) {
	tf, err := c.terraform(ctx, c.dir)
	if err != nil {
		return "", err
	}
	found, _, err := tf.Version(ctx, true)
	if err != nil {
		return "", err
	}
	if found.LessThan(version.Must(version.NewVersion(oldestTerraform))) {
		return "", fmt.Errorf("version %s is older than %s", found, oldestTerraform)
	}
	return found.String(), nil
}

func (c *cloud) checkCredentials(ctx context.Context) (string, error) {
	if _, err := c.google.token(ctx); err != nil {
		return "", fmt.Errorf("nobody is signed in: %w", err)
	}
	return "signed in", nil
}

func (c *cloud) checkProject(ctx context.Context) (string, error) {
	var p struct {
		LifecycleState string `json:"lifecycleState"`
		ProjectNumber  string `json:"projectNumber"`
	}
	if err := c.google.call(ctx, resourceManager, http.MethodGet, "projects/"+c.project, nil, &p); err != nil {
		return "", err
	}
	if p.LifecycleState != "ACTIVE" {
		return "", fmt.Errorf("project %s is %s", c.project, p.LifecycleState)
	}
	return fmt.Sprintf("%s, number %s", c.project, p.ProjectNumber), nil
}

func (c *cloud) checkBilling(ctx context.Context) (string, error) {
	var b struct {
		BillingEnabled bool `json:"billingEnabled"`
	}
	if err := c.google.call(ctx, billing, http.MethodGet, "projects/"+c.project+"/billingInfo", nil, &b); err != nil {
		return "", err
	}
	if !b.BillingEnabled {
		return "", errors.New("no billing account pays for the project")
	}
	return "enabled", nil
}

// firstAPIs are those that the checks and Terraform need before Terraform can enable the others.
var firstAPIs = []string{
	"cloudbilling.googleapis.com", "cloudresourcemanager.googleapis.com", "iam.googleapis.com",
	"secretmanager.googleapis.com",
	"serviceusage.googleapis.com", "storage.googleapis.com",
}

func (c *cloud) checkAPIs(ctx context.Context) (string, error) {
	if c.dry {
		return "", skip("the fake has them all")
	}
	var list struct {
		Services []struct {
			Config struct {
				Name string `json:"name"`
			} `json:"config"`
		} `json:"services"`
	}
	path := "projects/" + c.project + "/services?filter=state:ENABLED&pageSize=200"
	if err := c.google.call(ctx, serviceUsage, http.MethodGet, path, nil, &list); err != nil {
		return "", err
	}
	enabled := map[string]bool{}
	for _, s := range list.Services {
		enabled[s.Config.Name] = true
	}
	var off []string
	for _, name := range firstAPIs {
		if !enabled[name] {
			off = append(off, name)
		}
	}
	if len(off) > 0 {
		return "", fmt.Errorf("switched off: %s", strings.Join(off, ", "))
	}
	return fmt.Sprintf("%d enabled; apply enables the rest", len(enabled)), nil
}

// permissions has one for each product that apply creates resources of. A caller with all of them
// has the roles.
var permissions = []string{
	"artifactregistry.repositories.create", "cloudfunctions.functions.create", "cloudscheduler.jobs.create",
	"compute.backendServices.create", "compute.securityPolicies.create", "datastore.databases.create",
	"datastore.indexes.create", "firebaseappcheck.services.update", "firebaserules.releases.create",
	"iam.roles.create", "iam.serviceAccounts.actAs", "iam.serviceAccounts.create", "iam.serviceAccounts.setIamPolicy",
	"logging.buckets.update", "monitoring.alertPolicies.create", "pubsub.subscriptions.create", "pubsub.topics.create",
	"resourcemanager.projects.setIamPolicy", "run.services.setIamPolicy", "secretmanager.secrets.setIamPolicy",
	"serviceusage.services.enable", "storage.buckets.create", "storage.objects.create",
}

func (c *cloud) checkPermissions(ctx context.Context) (string, error) {
	if c.dry {
		return "", skip("the fake admits everybody to everything")
	}
	var has struct {
		Permissions []string `json:"permissions"`
	}
	asked := map[string]any{"permissions": permissions}
	if err := c.google.call(
		ctx, resourceManager, http.MethodPost, "projects/"+c.project+":testIamPermissions", asked, &has,
	); err != nil {
		return "", err
	}
	var lacking []string
	for _, p := range permissions {
		if !contains(has.Permissions, p) {
			lacking = append(lacking, p)
		}
	}
	if len(lacking) > 0 {
		return "", fmt.Errorf("who is signed in lacks %s", strings.Join(lacking, ", "))
	}
	return fmt.Sprintf("%d of %d", len(has.Permissions), len(permissions)), nil
}

func (c *cloud) checkState(ctx context.Context) (string, error) {
	if err := c.google.call(ctx, storageAPI, http.MethodGet, "b/"+c.stateBucket(), nil, nil); err != nil {
		return "", fmt.Errorf("the state's bucket %s: %w", c.stateBucket(), err)
	}
	return c.stateBucket(), nil
}

// secretNames returns the secrets that the functions read, sorted.
func secretNames() []string {
	all := map[string]bool{}
	for _, f := range catalog.Functions() {
		for _, name := range f.Secrets {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

func (c *cloud) secretPath(name string) string {
	return "projects/" + c.project + "/secrets/facescan-" + name
}

// checkSecrets checks for the version that the functions are pinned to.
func (c *cloud) checkSecrets(ctx context.Context) (string, error) {
	if c.dry {
		return "", skip("the fake keeps no versions of secrets")
	}
	for _, name := range secretNames() {
		has, err := c.hasVersion(ctx, name)
		if err != nil {
			return "", err
		}
		if !has {
			return "", fmt.Errorf("facescan-%s has no version 1 that is enabled", name)
		}
	}
	return fmt.Sprintf("%d, each with a version", len(secretNames())), nil
}

func (c *cloud) hasVersion(ctx context.Context, name string) (bool, error) {
	var v struct {
		State string `json:"state"`
	}
	err := c.google.call(ctx, secretManager, http.MethodGet, c.secretPath(name)+"/versions/1", nil, &v)
	if refused := new(apiError); errors.As(err, &refused) && refused.Status == http.StatusNotFound {
		return false, nil
	}
	return v.State == "ENABLED", err
}

// lookup resolves a host. Tests replace it.
var lookup = func(ctx context.Context, host string) ([]string, error) {
	return net.DefaultResolver.LookupHost(ctx, host)
}

func (c *cloud) checkDomain(ctx context.Context) (string, error) {
	domain := c.variable("domain")
	if c.dry {
		return "", skip("in a dry run nobody serves " + domain)
	}
	outputs, err := c.outputs(ctx)
	if err != nil {
		return "", err
	}
	address := outputs["api_address"]
	if address == "" {
		return "", skip("nothing was applied yet, so there is no address")
	}
	return address, pointsAt(ctx, domain, address)
}

// pointsAt fails unless the domain's only addresses are this one.
func pointsAt(ctx context.Context, domain, address string) error {
	found, err := lookup(ctx, domain)
	if err != nil {
		return fmt.Errorf(
			"%s has no A record yet; it has to point at %s, and the certificate is issued within the hour after that: %w",
			domain, address, err,
		)
	}
	if !contains(found, address) || len(found) > 1 {
		return fmt.Errorf("%s points at %s and has to point at %s alone", domain, strings.Join(found, ", "), address)
	}
	return nil
}

// outputs returns apply's outputs as texts.
func (c *cloud) outputs(ctx context.Context) (map[string]string, error) {
	tf, err := c.main(ctx)
	if err != nil {
		return nil, err
	}
	all, err := tf.Output(ctx)
	if err != nil {
		return nil, fmt.Errorf("terraform output: %w", err)
	}
	texts := map[string]string{}
	for name, o := range all {
		texts[name] = text(o)
	}
	return texts, nil
}
