package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// Project is what is checked of a project, by calls that the deployer's account may make.
type Project struct {
	Google *gcp.Client
	ID     string
	// Prefix is what every name begins with.
	Prefix string
	Region string
	// Env is the environment's name, and Settings the file that keeps its project's id.
	Env, Settings string
	// Secrets are the names of the secrets without the prefix, and Versions those that are not at
	// their first version.
	Secrets  []string
	Versions map[string]string
	// Functions are what Cloud Run has to admit.
	Functions []Function
	// Public means that anyone may call functions, by a grant to allUsers.
	Public bool
	// BillingAccount is that of the budget, "" without one.
	BillingAccount string
	// Zone is the managed zone of Cloud DNS in which Domain's record is set, "" without one.
	Zone, Domain string
	// Key is the key of Cloud KMS that data is encrypted with, "" without one.
	Key string
	// Protected means that users rely on the environment: localhost may not sign in there.
	Protected bool
}

// Function is how much a function may use at most.
type Function struct {
	Name      string
	CPU       float64
	MemoryMiB int
	Instances int
}

// Bootstrap returns the checks of what has to hold before the bootstrap.
func (p Project) Bootstrap() []Check {
	return []Check{
		{"credentials", p.credentials, "gcloud auth application-default login"},
		{
			"project", p.project,
			"gcloud projects create " + p.ID + ", or correct its id in " + p.Settings,
		},
		{"billing", p.billing, "gcloud billing projects link " + p.ID + " --billing-account=ACCOUNT"},
	}
}

// Deployment returns the checks of what has to hold before a deployment, after those of Bootstrap.
func (p Project) Deployment() []Check {
	bootstrap := "make bootstrap ENV=" + p.Env + " (as an owner)"
	return []Check{
		{"APIs", p.apis, "gcloud services enable " + strings.Join(FirstAPIs, " ") + " --project=" + p.ID},
		{
			"permissions", p.permissions,
			"gcloud auth application-default login --impersonate-service-account=" + p.Deployer(),
		},
		{"state", p.state, bootstrap},
		{"secrets", p.secrets, bootstrap},
		{"service agents", p.agents, bootstrap},
		{"quotas", p.quotas, "https://console.cloud.google.com/iam-admin/quotas?project=" + p.ID},
		{"policies", p.policies, "ask an administrator of the organisation's policies"},
		{
			"budget", p.budget,
			"leave budget out, or have roles/billing.costsManager granted on the billing account to " + p.Deployer(),
		},
		{
			"key", p.key,
			"gcloud kms keys create KEY --keyring=RING --location=" + p.Region + " --purpose=encryption --project=" + p.ID +
				", and correct kms_key",
		},
		{
			"DNS zone", p.zone,
			"gcloud dns managed-zones list --project=" + p.ID + ", and correct dns_zone, or leave it out and set the record " +
				"yourself",
		},
	}
}

// Care returns the checks of what hinders no deployment.
func (p Project) Care() []Check {
	return []Check{
		{"Firebase", p.firebase, "make bootstrap ENV=" + p.Env + " (as an owner)"},
		{"sign-in", p.signIn, ""},
		{"logs", p.logs, ""},
		{
			"basic roles", p.basics,
			"gcloud projects remove-iam-policy-binding " + p.ID + " --role=ROLE --member=MEMBER, and grant narrower roles",
		},
	}
}

// Deployer returns the account that deploys.
func (p Project) Deployer() string {
	return p.Prefix + "-deployer@" + p.ID + ".iam.gserviceaccount.com"
}

// Bucket returns the bucket of the states.
func (p Project) Bucket() string { return p.ID + "-" + p.Prefix + "-state" }

// unasked turns the answer of an API that is off, that there is not, or that the caller may not
// ask, into a skipped check.
func unasked(what string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, gcp.ErrNoFake):
		return Skip(err.Error())
	case gcp.Off(err):
		return Skip(what + " cannot be asked, for its API is not enabled")
	case gcp.Refused(err, http.StatusForbidden):
		return Skip(what + " cannot be asked: " + err.Error())
	default:
		return err
	}
}

func (p Project) credentials(ctx context.Context) (string, error) {
	if _, err := p.Google.Token(ctx); err != nil {
		return "", fmt.Errorf("nobody is signed in: %w", err)
	}
	return "signed in", nil
}

// numbered returns the project's state and number.
func (p Project) numbered(ctx context.Context) (state, number string, err error) {
	var is struct {
		LifecycleState string `json:"lifecycleState"`
		ProjectNumber  string `json:"projectNumber"`
	}
	err = p.Google.Call(ctx, gcp.ResourceManager, http.MethodGet, "projects/"+p.ID, nil, &is)
	return is.LifecycleState, is.ProjectNumber, err
}

// Number returns the project's number.
func (p Project) Number(ctx context.Context) (string, error) {
	_, number, err := p.numbered(ctx)
	return number, err
}

func (p Project) project(ctx context.Context) (string, error) {
	state, number, err := p.numbered(ctx)
	switch {
	case gcp.Off(err):
		return "", Skip("the API that tells of projects is not enabled yet")
	case err != nil:
		return "", err
	case state != "ACTIVE":
		return "", fmt.Errorf("project %s is %s", p.ID, state)
	}
	return fmt.Sprintf("%s, number %s", p.ID, number), nil
}

func (p Project) billing(ctx context.Context) (string, error) {
	var b struct {
		BillingEnabled bool `json:"billingEnabled"`
	}
	err := p.Google.Call(ctx, gcp.Billing, http.MethodGet, "projects/"+p.ID+"/billingInfo", nil, &b)
	switch {
	case err != nil:
		return "", unasked("billing", err)
	case !b.BillingEnabled:
		return "", errors.New("no billing account pays for the project")
	}
	return "enabled", nil
}

// FirstAPIs are those that the checks and Terraform need before Terraform can enable the others.
var FirstAPIs = []string{
	"cloudbilling.googleapis.com", "cloudresourcemanager.googleapis.com", "iam.googleapis.com",
	"secretmanager.googleapis.com", "serviceusage.googleapis.com", "storage.googleapis.com",
}

// EnabledAPIs returns the APIs that are on.
func (p Project) EnabledAPIs(ctx context.Context) ([]string, error) {
	var names []string
	for token := ""; ; {
		var page struct {
			Services []struct {
				Config struct {
					Name string `json:"name"`
				} `json:"config"`
			} `json:"services"`
			NextPageToken string `json:"nextPageToken"`
		}
		path := "projects/" + p.ID + "/services?filter=state:ENABLED&pageSize=200&pageToken=" + token
		if err := p.Google.Call(ctx, gcp.ServiceUsage, http.MethodGet, path, nil, &page); err != nil {
			return nil, err
		}
		for _, s := range page.Services {
			names = append(names, s.Config.Name)
		}
		if token = page.NextPageToken; token == "" {
			return names, nil
		}
	}
}

func (p Project) apis(ctx context.Context) (string, error) {
	enabled, err := p.EnabledAPIs(ctx)
	if err != nil {
		return "", err
	}
	if off := Lacking(enabled, FirstAPIs); len(off) > 0 {
		return "", fmt.Errorf("switched off: %s", strings.Join(off, ", "))
	}
	return fmt.Sprintf("%d enabled; apply enables the rest", len(enabled)), nil
}

// Lacking returns those of the wanted that are not among what there is.
func Lacking(has, wanted []string) []string {
	var lacking []string
	for _, w := range wanted {
		if !slices.Contains(has, w) {
			lacking = append(lacking, w)
		}
	}
	return lacking
}

// Permissions has one for each product that apply creates resources of. A caller with all of them
// has the deployer's role, which terraform/modules/access makes, or is an owner.
var Permissions = []string{
	"cloudfunctions.functions.create", "cloudscheduler.jobs.create",
	"compute.backendServices.create", "compute.securityPolicies.create", "datastore.databases.create",
	"datastore.indexes.create", "firebaseappcheck.services.update", "firebaserules.releases.create",
	"logging.buckets.update", "monitoring.alertPolicies.create", "pubsub.subscriptions.create", "pubsub.topics.create",
	"run.services.setIamPolicy", "run.services.update", "serviceusage.services.enable", "storage.buckets.create",
}

func (p Project) permissions(ctx context.Context) (string, error) {
	var has struct {
		Permissions []string `json:"permissions"`
	}
	asked := map[string]any{"permissions": Permissions}
	if err := p.Google.Call(
		ctx, gcp.ResourceManager, http.MethodPost, "projects/"+p.ID+":testIamPermissions", asked, &has,
	); err != nil {
		return "", err
	}
	if lacking := Lacking(has.Permissions, Permissions); len(lacking) > 0 {
		return "", fmt.Errorf("who is signed in lacks %s", strings.Join(lacking, ", "))
	}
	return fmt.Sprintf("%d of %d", len(has.Permissions), len(Permissions)), nil
}

func (p Project) state(ctx context.Context) (string, error) {
	if err := p.Bootstrapped(ctx); err != nil {
		if f := new(Finding); errors.As(err, &f) {
			return "", f
		}
		return "", fmt.Errorf("the state's bucket %s: %w", p.Bucket(), err)
	}
	return p.Bucket(), nil
}

// Bootstrapped fails unless there is a bucket of the states. It is a fault if the bootstrap was in
// another region, where all that there is would stay, or for another environment, whose state this
// one would take for its own.
func (p Project) Bootstrapped(ctx context.Context) error {
	var bucket struct {
		Location string            `json:"location"`
		Labels   map[string]string `json:"labels"`
	}
	if err := p.Google.Call(ctx, gcp.Storage, http.MethodGet, "b/"+p.Bucket(), nil, &bucket); err != nil {
		return err
	}
	location, environment := strings.ToLower(bucket.Location), bucket.Labels["environment"]
	switch {
	case environment != "" && environment != p.Env:
		return Faulty(fmt.Sprintf(
			"give %[1]s a prefix and a database of its own in terraform/environments/%[1]s.tfvars, or another project; if it "+
				"is %[3]s renamed: gcloud storage buckets update gs://%[2]s --update-labels=environment=%[1]s",
			p.Env, p.Bucket(), environment,
		), "bucket %s has the state of environment %s, not of %s", p.Bucket(), environment, p.Env)
	case location != p.Region:
		return Faulty(fmt.Sprintf("set region = %q in %s", location, p.Settings),
			"region is %s, and project %s was bootstrapped in %s: a region cannot be changed", p.Region, p.ID, location)
	}
	return nil
}

// SecretPath returns the resource of a secret.
func (p Project) SecretPath(name string) string {
	return "projects/" + p.ID + "/secrets/" + p.Prefix + "-" + name
}

// secrets checks for the versions that the functions are pinned to.
func (p Project) secrets(ctx context.Context) (string, error) {
	for _, name := range p.Secrets {
		number := p.Versions[name]
		if number == "" {
			number = "1"
		}
		has, err := p.HasVersion(ctx, name, number)
		if err != nil {
			return "", err
		}
		if !has {
			return "", fmt.Errorf("%s-%s has no version %s that is enabled", p.Prefix, name, number)
		}
	}
	return fmt.Sprintf("%d, each with a version", len(p.Secrets)), nil
}

// HasVersion reports whether the secret has the version, enabled.
func (p Project) HasVersion(ctx context.Context, name, number string) (bool, error) {
	var v struct {
		State string `json:"state"`
	}
	path := p.SecretPath(name) + "/versions/" + number
	err := p.Google.Call(ctx, gcp.SecretManager, http.MethodGet, path, nil, &v)
	if gcp.Refused(err, http.StatusNotFound) {
		return false, nil
	}
	return v.State == "ENABLED", err
}
