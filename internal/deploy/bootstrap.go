package deploy

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hashicorp/terraform-exec/tfexec"
	tfjson "github.com/hashicorp/terraform-json"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/deploy/cost"
	"github.com/facescan/facescan/internal/deploy/doctor"
	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/deploy/pack"
	"github.com/facescan/facescan/internal/deploy/settings"
	"github.com/facescan/facescan/internal/keys"
)

// bootstrap runs the operator's first command, as an owner of the project. It may be repeated, and
// then changes nothing that is as it should be.
func (c *cloud) bootstrap(ctx context.Context) error {
	if _, err := doctor.Run(ctx, c.progress, c.beforehand()); err != nil {
		return err
	}
	if err := c.enable(ctx); err != nil {
		return err
	}
	if err := c.keepBucket(ctx); err != nil {
		return err
	}
	if err := c.makeAgents(ctx); err != nil {
		return err
	}
	fmt.Fprintln(c.progress, "\nterraform/bootstrap: the accounts with their rights, the state's bucket, the secrets")
	dir := filepath.Join(c.dir, bootstrapFolder)
	tf, err := c.initialise(ctx, dir, "bucket="+c.stateBucket(), "prefix="+c.bootstrapPrefix())
	if err != nil {
		return err
	}
	if err := c.moveState(ctx, tf, dir); err != nil {
		return err
	}
	vars, err := c.bootstrapVars(ctx, tf, dir)
	if err != nil {
		return err
	}
	if _, err := c.small(ctx, tf, bootstrapFolder, vars); err != nil {
		return err
	}
	granted := c.last
	if err := c.writeSecrets(ctx); err != nil {
		return err
	}
	if err := c.addFirebase(ctx); err != nil {
		return err
	}
	if err := c.addSignIn(ctx); err != nil {
		return err
	}
	if !granted.empty() {
		if err := c.wait(ctx, grantDelay, "until the grants hold for builds"); err != nil {
			return err
		}
	}
	c.tellByHand()
	fmt.Fprintf(c.out, "\nDone. The next command: make deploy ENV=%s\n", c.env)
	return nil
}

const bootstrapFolder = "bootstrap"

// enable enables the APIs that Terraform needs before it can enable the others.
func (c *cloud) enable(ctx context.Context) error {
	enabled, err := c.surveyed().EnabledAPIs(ctx)
	if err != nil {
		return fmt.Errorf("ask which APIs are enabled: %w", err)
	}
	wanted := slices.Sorted(maps.Keys(c.surveyed().ServiceAgents()))
	off := doctor.Lacking(enabled, slices.Concat(doctor.FirstAPIs, wanted, []string{signInAPI}))
	if len(off) == 0 {
		return nil
	}
	slices.Sort(off)
	off = slices.Compact(off)
	fmt.Fprintf(c.progress, "enabling %s\n", strings.Join(off, ", "))
	var op gcp.Operation
	body := map[string]any{"serviceIds": off}
	err = c.google.Call(ctx, gcp.ServiceUsage, http.MethodPost, "projects/"+c.project+"/services:batchEnable", body, &op)
	if err == nil {
		err = c.google.Await(ctx, c.clock, gcp.ServiceUsage, op)
	}
	if err != nil {
		return fmt.Errorf("enable APIs: %w", err)
	}
	return c.wait(ctx, apiDelay, "until the APIs answer")
}

// apiDelay is how long an enabled API is commonly refused still ("wait a few minutes", its message
// says). What takes longer is tried again.
const apiDelay = 30 * time.Second

// grantDelay is how long a grant commonly takes to hold everywhere, "typically within 2 minutes"
// and up to 7 or more: https://cloud.google.com/iam/docs/access-change-propagation. Builds that are
// refused all the same are tried again.
const grantDelay = 2 * time.Minute

// keepBucket makes the bucket of the states if it is not there. terraform/bootstrap, whose own
// state stands in it, imports it.
func (c *cloud) keepBucket(ctx context.Context) error {
	err, unfit := c.surveyed().Bootstrapped(ctx), new(doctor.Finding)
	switch {
	case err == nil:
		return nil
	case errors.As(err, &unfit):
		return fmt.Errorf("%w\n  -> %s", err, unfit.Mend)
	case !gcp.Refused(err, http.StatusNotFound):
		return fmt.Errorf("look for the state's bucket %s: %w", c.stateBucket(), err)
	}
	body := map[string]any{
		"name": c.stateBucket(), "location": strings.ToUpper(c.region()), "versioning": map[string]any{"enabled": true},
		"iamConfiguration": map[string]any{
			"publicAccessPrevention": "enforced", "uniformBucketLevelAccess": map[string]any{"enabled": true},
		},
	}
	if err := c.google.Call(ctx, gcp.Storage, http.MethodPost, "b?project="+c.project, body, nil); err != nil {
		return fmt.Errorf("make the state's bucket %s: %w", c.stateBucket(), err)
	}
	fmt.Fprintf(c.progress, "made the state's bucket %s in %s\n", c.stateBucket(), c.region())
	return nil
}

// makeAgents has Google make the service agents, which it makes otherwise when an API is first
// used, too late for that use. Those that are there stay as they are:
// https://cloud.google.com/iam/docs/create-service-agents
func (c *cloud) makeAgents(ctx context.Context) error {
	agents := c.surveyed().ServiceAgents()
	for _, api := range slices.Sorted(maps.Keys(agents)) {
		var op gcp.Operation
		path := "projects/" + c.project + "/services/" + api + ":generateServiceIdentity"
		err := c.google.Call(ctx, gcp.ServiceUsageBeta, http.MethodPost, path, map[string]any{}, &op)
		if err == nil {
			err = c.google.Await(ctx, c.clock, gcp.ServiceUsageBeta, op)
		}
		if err != nil {
			return fmt.Errorf("make the service agent of %s: %w", api, err)
		}
	}
	fmt.Fprintf(c.progress, "%d service agents are there\n", len(agents))
	return nil
}

// moveState moves the state that earlier versions kept on the machine into the bucket.
func (c *cloud) moveState(ctx context.Context, tf *tfexec.Terraform, dir string) error {
	old := filepath.Join(dir, "terraform.tfstate.d", c.project+".tfstate")
	if _, err := os.Stat(old); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	there, err := c.google.ListObjects(ctx, c.stateBucket(), c.bootstrapPrefix()+"/")
	if err != nil {
		return fmt.Errorf("look for the state in the bucket: %w", err)
	}
	if len(there) > 0 {
		fmt.Fprintf(c.progress, "%s is left as it is: the state in the bucket counts\n", old)
		return nil
	}
	if err := tf.StatePush(ctx, old); err != nil {
		return fmt.Errorf("move %s into the bucket: %w", old, err)
	}
	fmt.Fprintf(c.progress, "moved %s into the bucket %s\n", old, c.stateBucket())
	return os.Rename(old, old+".moved")
}

// bootstrapVars returns the variables of terraform/bootstrap: what terraform/'s files say of those
// of the same name, and who may deploy, as it is in the state unless the options say otherwise.
func (c *cloud) bootstrapVars(ctx context.Context, tf *tfexec.Terraform, dir string) ([]string, error) {
	declared, err := settings.Declared(dir)
	if err != nil {
		return nil, err
	}
	members, repository, err := c.mayDeploy(ctx, tf)
	if err != nil {
		return nil, err
	}
	values := map[string]cty.Value{
		"project_id": cty.StringVal(c.project), "environment": cty.StringVal(c.env), "region": cty.StringVal(c.region()),
		"deployers": cty.ListValEmpty(cty.String),
	}
	for _, name := range []string{"prefix", "database", "protect_data", "kms_key"} {
		if v, said := c.values[name]; said {
			values[name] = v
		}
	}
	kept, err := c.keptSecrets(ctx)
	if err != nil {
		return nil, err
	}
	if len(kept) > 0 {
		values["kept_secrets"] = textList(kept)
	}
	if days, said := c.values["log_retention_days"]; said && days.IsNull() {
		values["photo_audit"] = cty.False // the project's logging is another's
	}
	if len(members) > 0 {
		values["deployers"] = textList(members)
	}
	if repository != "" {
		values["github_repository"] = cty.StringVal(repository)
	}
	var vars []string
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if !declared.Has(name) {
			continue
		}
		v, err := argument(values[name])
		if err != nil {
			return nil, fmt.Errorf("the variable %s: %w", name, err)
		}
		vars = append(vars, name+"="+v)
	}
	return vars, nil
}

// textList returns the texts, of which there is at least one, as a list.
func textList(texts []string) cty.Value {
	list := make([]cty.Value, len(texts))
	for i, text := range texts {
		list[i] = cty.StringVal(text)
	}
	return cty.ListVal(list)
}

// argument returns a value as Terraform's command line takes it: a text bare, the rest in JSON.
func argument(v cty.Value) (string, error) {
	if v.Type() == cty.String {
		return settings.Text(v), nil
	}
	text, err := ctyjson.Marshal(v, v.Type())
	return string(text), err
}

// mayDeploy returns the members who may act as the deployer, and the repository whose workflows
// may.
func (c *cloud) mayDeploy(ctx context.Context, tf *tfexec.Terraform) (members []string, repository string, err error) {
	outputs, err := tf.Output(ctx)
	if err != nil {
		return nil, "", fmt.Errorf("terraform output: %w", err)
	}
	repository = c.options.repository
	if kept, has := outputs["github_repository"]; has && repository == "" && string(kept.Value) != "null" {
		repository = text(kept)
	}
	if members = c.options.deployers; members != nil {
		return members, repository, nil
	}
	if kept, has := outputs["deployers"]; has {
		if err := json.Unmarshal(kept.Value, &members); err != nil {
			return nil, "", fmt.Errorf("read who may deploy: %w", err)
		}
		return members, repository, nil
	}
	members, err = membersInState(ctx, tf)
	return members, repository, err
}

// membersInState returns the deployers in a state that has no output of them yet.
func membersInState(ctx context.Context, tf *tfexec.Terraform) ([]string, error) {
	state, err := tf.Show(ctx)
	if err != nil {
		return nil, fmt.Errorf("terraform show: %w", err)
	}
	var members []string
	for _, r := range cost.Planned(&tfjson.Plan{PlannedValues: state.Values}) {
		if member, is := r.AttributeValues["member"].(string); is && r.Name == "deployers" {
			members = append(members, member)
		}
	}
	return members, nil
}

// small plans one of the small root modules and applies it after a confirmation.
func (c *cloud) small(
	ctx context.Context, tf *tfexec.Terraform, root string, vars []string,
) (map[string]tfexec.OutputMeta, error) {
	file := filepath.Join(c.dir, pack.Folder, root+".tfplan")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // a build folder
		return nil, err
	}
	opts := []tfexec.PlanOption{tfexec.Out(file), tfexec.Parallelism(parallelism)}
	for _, v := range vars {
		opts = append(opts, tfexec.Var(v))
	}
	var plan func(context.Context) (saved, error)
	plan = func(ctx context.Context) (saved, error) {
		defer c.timed("plan")()
		if err := c.runPlan(ctx, tf, opts); err != nil {
			return saved{}, err
		}
		s, err := readPlan(ctx, tf, file)
		s.again = plan
		return s, err
	}
	s, err := plan(ctx)
	if err != nil {
		return nil, err
	}
	c.last = s.summary
	if s.tell(c.out); !s.summary.empty() {
		if err := c.agree(ctx, s.summary); err != nil {
			return nil, err
		}
		if err := c.applyAgreed(ctx, s.summary, s); err != nil {
			return nil, err
		}
	}
	outputs, err := tf.Output(ctx)
	if err != nil {
		return nil, fmt.Errorf("terraform output: %w", err)
	}
	return outputs, nil
}

// addFirebase applies terraform/firebase, and keeps the web API key that it finds.
func (c *cloud) addFirebase(ctx context.Context) error {
	if c.dry {
		fmt.Fprintln(
			c.progress, "\nskip  terraform/firebase: the beta provider cannot be had offline, so nothing here has run it",
		)
		return nil
	}
	fmt.Fprintln(c.progress, "\nterraform/firebase: the project's Firebase and its apps")
	const folder = "firebase"
	tf, err := c.initialise(ctx, filepath.Join(c.dir, folder), "bucket="+c.stateBucket())
	if err != nil {
		return err
	}
	outputs, err := c.small(ctx, tf, folder, []string{"project_id=" + c.project, "environment=" + c.env})
	if err != nil {
		return err
	}
	key := text(outputs["web_api_key"])
	return remember(keptFile(c.dir, c.env), answered{Project: c.project, Region: c.region(), FirebaseAPIKey: key})
}

const signInAPI = "identitytoolkit.googleapis.com"

// addSignIn sets up Identity Platform, if it is not, and a deployment takes it over. One would be
// refused, as is reported: the permission that Google names for it is not all that it takes.
// https://github.com/hashicorp/terraform-provider-google/issues/19111
//
// Then it sets what Terraform's provider has no fields for. A deployment leaves that alone, since
// the provider's updates name the fields that it has.
func (c *cloud) addSignIn(ctx context.Context) error {
	if v, said := c.values["identity_enabled"]; said && v.RawEquals(cty.False) {
		return nil
	}
	project := "projects/" + c.project
	config, err := c.surveyed().SignIn(ctx)
	if gcp.Refused(err, http.StatusNotFound) {
		fmt.Fprintln(c.progress, "setting up Identity Platform, by which users sign in")
		body := map[string]any{}
		err = c.google.Call(ctx, gcp.Identity, http.MethodPost, project+"/identityPlatform:initializeAuth", body, nil)
		if err == nil {
			config, err = c.surveyed().SignIn(ctx)
		}
	}
	if err != nil {
		return fmt.Errorf("set up Identity Platform: %w", err)
	}
	parts := config.Parts()
	if len(parts) == 0 {
		return nil
	}
	for _, part := range parts {
		fmt.Fprintf(c.progress, "setting Identity Platform's %s, since %s\n", part.Mask, part.Lacks)
	}
	body, mask := doctor.ForParts(parts)
	if err := c.google.Call(
		ctx, gcp.Identity, http.MethodPatch, project+"/config?updateMask="+mask, body, nil,
	); err != nil {
		return fmt.Errorf("set Identity Platform's %s: %w", mask, err)
	}
	return nil
}

// byHand is what no API does, with the place where it is done; %[1]s is the project.
const byHand = `
To do by hand, once a project, if it is not done:
  Firebase            accept its terms: https://console.firebase.google.com/project/%[1]s
  pushes to iPhones   upload the APNs key: https://console.firebase.google.com/project/%[1]s/settings/cloudmessaging
  App Check           register App Attest and Play Integrity: https://console.firebase.google.com/project/%[1]s/appcheck
  mail                let the mail server sign for the domain of mail.from, and publish SPF, DKIM and DMARC for it
`

func (c *cloud) tellByHand() { fmt.Fprintf(c.out, byHand, c.project) }

// secretBytes is the length of a random secret: its base64 text is longer than the 32 bytes that
// the functions require, and itself exactly an ed25519 seed of 32 bytes.
const secretBytes = 32

// receiptKey is the ed25519 seed that signs receipts of erasure.
const receiptKey = "receipt-key"

// publicKey returns the public half of the seed, which the verifier of a receipt needs, or "" if it
// is not a seed.
func publicKey(seed []byte) string {
	raw, err := base64.StdEncoding.DecodeString(string(seed))
	if err != nil || len(raw) != ed25519.SeedSize {
		return ""
	}
	public, _ := ed25519.NewKeyFromSeed(raw).Public().(ed25519.PublicKey)
	return base64.StdEncoding.EncodeToString(public)
}

// asked are the secrets that another party issues.
var asked = map[string]string{"smtp-password": "Password of the mail server: "}

// writeSecrets writes the first version of each secret that has none. Values go to Secret Manager
// and nowhere else: not to the terminal, not to a file, not to Terraform's state.
func (c *cloud) writeSecrets(ctx context.Context) error {
	for _, name := range secretNames() {
		has, err := c.surveyed().HasVersion(ctx, name, "1")
		if err != nil {
			return err
		}
		if has {
			fmt.Fprintf(c.progress, "  secret %s-%s has its first version\n", c.prefix(), name)
			continue
		}
		value, err := c.secretValue(ctx, name)
		if err != nil {
			return err
		}
		if _, err := c.addVersion(ctx, name, value); err != nil {
			return err
		}
		fmt.Fprintf(c.progress, "  secret %s-%s: first version written\n", c.prefix(), name)
		if name == receiptKey {
			fmt.Fprintf(c.out, "  receipts are verified with the public key %s\n", publicKey(value))
		}
	}
	return nil
}

// retired are the secrets of the versions before, which functions no longer read, by the name of
// the secret that has what was made with them as its earlier one. Every function knew hash-key,
// whose text was a key; unsubscribe-keys were a list already.
var retired = map[string]string{
	keys.ForScans.Secret(): hashKey, keys.ForPhotos.Secret(): hashKey, keys.ForRatings.Secret(): hashKey,
	keys.ForFriends.Secret(): hashKey, keys.ForReceipts.Secret(): hashKey, keys.ForErased.Secret(): hashKey,
	keys.ForUnsubscribing.Secret(): unsubscribeKeys,
}

const (
	hashKey         = "hash-key"
	unsubscribeKeys = "unsubscribe-keys"
)

// keptSecrets returns the retired secrets that the project has. Terraform leaves them, as what is
// in them is nowhere else.
func (c *cloud) keptSecrets(ctx context.Context) ([]string, error) {
	var kept []string
	for _, name := range []string{hashKey, unsubscribeKeys} {
		has, err := c.surveyed().HasVersion(ctx, name, "1")
		if err != nil {
			return nil, err
		}
		if has {
			kept = append(kept, name)
		}
	}
	return kept, nil
}

// secretValue returns a random secret with what it replaces behind it, or the operator's input.
func (c *cloud) secretValue(ctx context.Context, name string) ([]byte, error) {
	question, typed := asked[name]
	if use, is := keys.UseOf(catalog.Variable(name)); is && use.Writer() != "" {
		return c.writerSecret(ctx, use)
	}
	if !typed {
		earlier, err := c.earlier(ctx, name)
		if err != nil || earlier == "" {
			return randomSecret(), err
		}
		return []byte(string(randomSecret()) + "," + earlier), nil
	}
	if c.dry {
		return randomSecret(), nil
	}
	if value := os.Getenv(secretVariable(name)); value != "" {
		return []byte(value), nil
	}
	if c.yes {
		return nil, fmt.Errorf("-yes asks no questions: put the secret %s into %s", name, secretVariable(name))
	}
	value, err := c.terminal.secret(ctx, question)
	if err != nil {
		return nil, err
	}
	if value == "" {
		return nil, fmt.Errorf("the secret %s may not be empty", name)
	}
	return []byte(value), nil
}

// writerSecret returns the secret of a writer of the outbox, which is derived from the outbox's
// own. That was written before: names are in order.
func (c *cloud) writerSecret(ctx context.Context, use keys.Use) ([]byte, error) {
	text, err := c.access(ctx, keys.ForOutbox.Secret())
	if err != nil {
		return nil, err
	}
	root, err := keys.Parse(keys.ForOutbox, string(text))
	if err != nil {
		return nil, fmt.Errorf("read %s-%s: %w", c.prefix(), keys.ForOutbox.Secret(), err)
	}
	return []byte(root.OfWriter(use.Writer()).Text()), nil
}

// access returns the latest version of the secret.
func (c *cloud) access(ctx context.Context, name string) ([]byte, error) {
	var version struct {
		Payload struct {
			Data []byte `json:"data"`
		} `json:"payload"`
	}
	path := c.surveyed().SecretPath(name) + "/versions/latest:access"
	if err := c.google.Call(ctx, gcp.SecretManager, http.MethodGet, path, nil, &version); err != nil {
		return nil, fmt.Errorf("read the secret %s-%s: %w", c.prefix(), name, err)
	}
	return version.Payload.Data, nil
}

// earlier returns what the retired secret of the secret has, as part of a list of secrets, or "" if
// the project has none.
func (c *cloud) earlier(ctx context.Context, name string) (string, error) {
	from, is := retired[name]
	if !is {
		return "", nil
	}
	has, err := c.surveyed().HasVersion(ctx, from, "1")
	if err != nil || !has {
		return "", err
	}
	value, err := c.access(ctx, from)
	if err != nil || from == unsubscribeKeys {
		return string(value), err
	}
	return base64.StdEncoding.EncodeToString(value), nil
}

// randomSecret returns 32 random bytes in base64.
func randomSecret() []byte {
	seed := make([]byte, secretBytes)
	_, _ = rand.Read(seed) // never fails, by its documentation
	return []byte(base64.StdEncoding.EncodeToString(seed))
}

// addVersion writes a version of the secret and returns its resource's name.
func (c *cloud) addVersion(ctx context.Context, name string, value []byte) (version string, err error) {
	var made struct {
		Name string `json:"name"`
	}
	body := map[string]any{"payload": map[string]any{"data": value}}
	if err := c.google.Call(
		ctx, gcp.SecretManager, http.MethodPost, c.surveyed().SecretPath(name)+":addVersion", body, &made,
	); err != nil {
		return "", fmt.Errorf("write a version of %s-%s: %w", c.prefix(), name, err)
	}
	return made.Name, nil
}

// secretVariable returns the environment variable in which CI may pass the secret.
func secretVariable(name string) string {
	return "FACESCAN_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
