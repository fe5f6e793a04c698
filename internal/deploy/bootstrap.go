package deploy

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/hashicorp/terraform-exec/tfexec"
)

// withoutBootstrap is the number of the first checks of before that must hold before bootstrap.
const withoutBootstrap = 5

// bootstrap runs the operator's first command, once for each project. Running it again changes
// nothing that exists.
func (c *cloud) bootstrap(ctx context.Context) error {
	if err := c.doctor(ctx, c.before()[:withoutBootstrap]); err != nil {
		return err
	}
	vars := []string{"project_id=" + c.project, "environment=" + c.env}
	deployers, err := deployersVar(c.options.deployers)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.progress, "\nterraform/bootstrap: the state's bucket, the deployer's account, the secrets")
	if _, err := c.small(
		ctx, "bootstrap", "path="+filepath.Join("terraform.tfstate.d", c.project+".tfstate"),
		append(vars, "region="+c.region(), deployers),
	); err != nil {
		return err
	}
	if err := c.writeSecrets(ctx); err != nil {
		return err
	}
	if c.dry {
		fmt.Fprintln(
			c.progress, "\nskip  terraform/firebase: the beta provider cannot be had offline, so nothing here has run it",
		)
		return nil
	}
	fmt.Fprintln(c.progress, "\nterraform/firebase: the project's Firebase and its apps")
	outputs, err := c.small(ctx, "firebase", "bucket="+c.stateBucket(), vars)
	if err != nil {
		return err
	}
	key := text(outputs["web_api_key"])
	if err := remember(keptFile(c.dir, c.env), settings{Project: c.project, FirebaseAPIKey: key}); err != nil {
		return err
	}
	fmt.Fprintf(c.out, "\nDone. The next command: go run ./scripts/deploy apply -env %s\n", c.env)
	return nil
}

// region returns the region in the files, or the variable's default.
func (c *cloud) region() string {
	if region := c.variable("region"); region != "" {
		return region
	}
	return "europe-west1"
}

// deployersVar returns the variable deployers in the form of Terraform's command line.
func deployersVar(members []string) (string, error) {
	list, err := json.Marshal(orEmpty(members))
	return "deployers=" + string(list), err
}

// small applies one of the small root modules after a confirmation.
func (c *cloud) small(ctx context.Context, root, backend string, vars []string) (map[string]tfexec.OutputMeta, error) {
	dir := filepath.Join(c.dir, root)
	tf, err := c.initialise(ctx, dir, backend)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(c.dir, buildFolder, root+".tfplan")
	if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil { //nolint:gosec // a build folder
		return nil, err
	}
	opts := []tfexec.PlanOption{tfexec.Out(file)}
	for _, v := range vars {
		opts = append(opts, tfexec.Var(v))
	}
	p := &progress{out: c.progress}
	_, err = tf.PlanJSON(ctx, p.writer(), opts...)
	tf.SetStdout(io.Discard)
	if err := p.wrap("terraform plan", err); err != nil {
		return nil, err
	}
	s, err := c.tell(ctx, tf, file)
	if err != nil {
		return nil, err
	}
	if !s.summary.empty() {
		if err := c.agree(ctx, s.summary); err != nil {
			return nil, err
		}
		if err := c.applySaved(ctx, s); err != nil {
			return nil, err
		}
	}
	outputs, err := tf.Output(ctx)
	if err != nil {
		return nil, fmt.Errorf("terraform output: %w", err)
	}
	return outputs, nil
}

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
		has, err := c.hasVersion(ctx, name)
		if err != nil {
			return err
		}
		if has {
			fmt.Fprintf(c.progress, "  secret facescan-%s has its first version\n", name)
			continue
		}
		value, err := c.secretValue(ctx, name)
		if err != nil {
			return err
		}
		if err := c.addVersion(ctx, name, value); err != nil {
			return err
		}
		fmt.Fprintf(c.progress, "  secret facescan-%s: first version written\n", name)
		if name == receiptKey {
			fmt.Fprintf(c.out, "  receipts are verified with the public key %s\n", publicKey(value))
		}
	}
	return nil
}

// secretValue returns a random secret, or the operator's input.
func (c *cloud) secretValue(ctx context.Context, name string) ([]byte, error) {
	question, typed := asked[name]
	if !typed || c.dry {
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

// randomSecret returns 32 random bytes in base64.
func randomSecret() []byte {
	seed := make([]byte, secretBytes)
	_, _ = rand.Read(seed) // never fails, by its documentation
	return []byte(base64.StdEncoding.EncodeToString(seed))
}

func (c *cloud) addVersion(ctx context.Context, name string, value []byte) error {
	body := map[string]any{"payload": map[string]any{"data": value}}
	if err := c.google.call(ctx, secretManager, http.MethodPost, c.secretPath(name)+":addVersion", body, nil); err != nil {
		return fmt.Errorf("write the first version of facescan-%s: %w", name, err)
	}
	return nil
}

// secretVariable returns the environment variable in which CI may pass the secret.
func secretVariable(name string) string {
	return "FACESCAN_" + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}
