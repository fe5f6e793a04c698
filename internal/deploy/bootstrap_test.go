package deploy

import (
	"crypto/ed25519"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
	"github.com/facescan/facescan/internal/deploy/gcp"
	"github.com/facescan/facescan/internal/keys"
)

const secretsPath = "/secrets/projects/facescan-dev/secrets/facescan-"

func TestWriteSecrets(t *testing.T) {
	t.Parallel()
	t.Run("writes the first version of those that have none, and tells no value", func(t *testing.T) {
		t.Parallel()
		root := randomSecret()
		all := answers{
			"GET " + secretsPath + "key-logs/versions/1":               map[string]any{"state": "ENABLED"},
			"GET " + secretsPath + "key-outbox/versions/latest:access": payload(string(root)),
		}
		for _, name := range secretNames() {
			all["POST "+secretsPath+name+":addVersion"] = map[string]any{"name": "1"}
		}
		c, out, sent := cloudOf(t, all)
		term, asked := typing("correct horse\n")
		c.terminal = term
		if err := c.writeSecrets(t.Context()); err != nil {
			t.Fatal(err)
		}
		written := writtenTo(t, sent())
		if _, again := written["key-logs"]; again || len(written) != len(secretNames())-1 {
			t.Errorf("written: %d of %v", len(written), secretNames())
		}
		owed, err := keys.Parse(keys.ForOutbox, string(root))
		if err != nil {
			t.Fatal(err)
		}
		if got, want := written[keys.ForWriter("rank").Secret()], owed.OfWriter("rank").Text(); got != want {
			t.Errorf("rank signs with %q, which the sweep does not know", got)
		}
		if written["smtp-password"] != "correct horse" {
			t.Errorf("the password is %q", written["smtp-password"])
		}
		for name, value := range written {
			if strings.Contains(out.String(), value) || strings.Contains(asked.String(), value) {
				t.Errorf("the value of %s is told", name)
			}
		}
	})
	t.Run("keeps what ids of the version before were made with, behind the new secrets", func(t *testing.T) {
		t.Parallel()
		before, links := "the text of an earlier hash-key, 44 letters..", string(randomSecret())
		c, _, _ := cloudOf(t, answers{
			"GET " + secretsPath + "hash-key/versions/1":                     map[string]any{"state": "ENABLED"},
			"GET " + secretsPath + "hash-key/versions/latest:access":         payload(before),
			"GET " + secretsPath + "unsubscribe-keys/versions/1":             map[string]any{"state": "ENABLED"},
			"GET " + secretsPath + "unsubscribe-keys/versions/latest:access": payload(links),
		})
		kept, err := c.keptSecrets(t.Context())
		if diff := cmp.Diff([]string{"hash-key", "unsubscribe-keys"}, kept); diff != "" || err != nil {
			t.Errorf("kept secrets, %v (-want +got):\n%s", err, diff)
		}
		for _, use := range keys.Uses() {
			text, err := c.secretValue(t.Context(), use.Secret())
			if err != nil {
				t.Fatal(err)
			}
			ring, err := keys.Parse(use, string(text))
			if err != nil {
				t.Fatal(err)
			}
			var want string
			switch use {
			case keys.ForLogs, keys.ForLimits, keys.ForCursors, keys.ForClients, keys.ForOutbox, keys.ForDeletions,
				keys.ForAudit:
				// What was made with them is not looked up, or nothing was.
			case keys.ForUnsubscribing:
				want = links
			default:
				want = base64.StdEncoding.EncodeToString([]byte(before))
			}
			_, earlier, has := strings.Cut(string(text), ",")
			if earlier != want || has != (want != "") || ring.Len() > 2 {
				t.Errorf("%s has %q behind its new secret, want %q", use, earlier, want)
			}
		}
	})
	t.Run("fails where nobody can be asked", func(t *testing.T) {
		t.Parallel()
		c, _, _ := cloudOf(t, answers{})
		c.yes = true
		if _, err := c.secretValue(t.Context(), "smtp-password"); err == nil || !strings.Contains(
			err.Error(), "FACESCAN_SMTP_PASSWORD",
		) {
			t.Errorf("err = %v", err)
		}
	})
	t.Run("takes no empty password", func(t *testing.T) {
		t.Parallel()
		c, _, _ := cloudOf(t, answers{})
		c.terminal, _ = typing("\n")
		if _, err := c.secretValue(t.Context(), "smtp-password"); err == nil {
			t.Error("it does")
		}
	})
	t.Run("tells which could not be written", func(t *testing.T) {
		t.Parallel()
		c, _, _ := cloudOf(t, answers{
			"POST " + secretsPath + "key-audit:addVersion":   map[string]any{},
			"POST " + secretsPath + "key-clients:addVersion": 403,
		})
		if err := c.writeSecrets(t.Context()); err == nil || !strings.Contains(err.Error(), "facescan-key-clients") {
			t.Errorf("err = %v", err)
		}
	})
}

// payload is Secret Manager's answer with a version's value.
func payload(value string) map[string]any {
	data := base64.StdEncoding.EncodeToString([]byte(value))
	return map[string]any{"payload": map[string]any{"data": data}}
}

func TestSecretFromTheEnvironment(t *testing.T) {
	t.Setenv("FACESCAN_SMTP_PASSWORD", "of CI")
	c := &cloud{yes: true}
	if value, err := c.secretValue(t.Context(), "smtp-password"); err != nil || string(value) != "of CI" {
		t.Errorf("%q, %v", value, err)
	}
}

func TestRandomSecret(t *testing.T) {
	t.Parallel()
	one, other := randomSecret(), randomSecret()
	if string(one) == string(other) || len(one) < 32 {
		t.Errorf("%d bytes, or the same twice", len(one))
	}
	seed, err := base64.StdEncoding.DecodeString(string(one))
	if err != nil || len(seed) != ed25519.SeedSize {
		t.Fatalf("it is no seed: %d bytes, %v", len(seed), err)
	}
	public, err := base64.StdEncoding.DecodeString(publicKey(one))
	if err != nil {
		t.Fatal(err)
	}
	message := []byte("receipt")
	if !ed25519.Verify(public, message, ed25519.Sign(ed25519.NewKeyFromSeed(seed), message)) {
		t.Error("the public key is another key's")
	}
	if got := publicKey([]byte("no seed")); got != "" {
		t.Errorf("the public key of no seed is %q", got)
	}
}

func TestAddSignIn(t *testing.T) {
	t.Parallel()
	const path = "/identity/projects/facescan-dev/config"
	const initialize = "POST /identity/projects/facescan-dev/identityPlatform:initializeAuth"
	set := map[string]any{
		"emailPrivacyConfig": map[string]any{"enableImprovedEmailPrivacy": true},
		"passwordPolicyConfig": map[string]any{
			"passwordPolicyEnforcementState": "ENFORCE",
			"passwordPolicyVersions": []any{
				map[string]any{"customStrengthOptions": map[string]any{"minPasswordLength": 10}},
			},
		},
	}
	for name, tt := range map[string]struct {
		all    answers
		values map[string]cty.Value
		want   []string
		fails  bool
	}{
		"sets what is not as it should be": {
			answers{"GET " + path: map[string]any{}, "PATCH " + path: map[string]any{}}, nil, []string{"PATCH " + path}, false,
		},
		"leaves what is": {answers{"GET " + path: set}, nil, nil, false},
		"leaves it to the project's first one": {
			nil, map[string]cty.Value{"identity_enabled": cty.False}, nil, false,
		},
		"fails where it may not": {answers{initialize: 403}, nil, []string{initialize}, true},
		"fails where it may not change it": {
			answers{"GET " + path: map[string]any{}, "PATCH " + path: 403}, nil, []string{"PATCH " + path}, true,
		},
		"sets nothing up that it could not look for": {answers{"GET " + path: 403}, nil, nil, true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, sent := cloudOf(t, tt.all)
			c.values = tt.values
			if err := c.addSignIn(t.Context()); (err != nil) != tt.fails {
				t.Errorf("err = %v", err)
			}
			var changes []string
			for _, r := range sent() {
				if !strings.HasPrefix(r.key, "GET ") {
					changes = append(changes, r.key)
				}
			}
			if diff := cmp.Diff(tt.want, changes); diff != "" {
				t.Errorf("changes (-want +got):\n%s", diff)
			}
		})
	}
}

// On the fake, which refuses what the API's reference forbids.
func TestAddSignIn_twice(t *testing.T) {
	t.Parallel()
	fake, err := fakegcp.Start(t.Context(), fakegcp.Options{
		Project: "facescan-dev", Enabled: []string{signInAPI}, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fake.Close(); err != nil {
			t.Error(err)
		}
	})
	var out strings.Builder
	c := &cloud{
		env: "dev", project: "facescan-dev", out: &out, progress: &out, clock: new(gcp.Leaps),
		google: gcp.Offline("facescan-dev", fake.Environ()),
	}
	for _, tells := range []string{"setting up Identity Platform", ""} {
		out.Reset()
		if err := c.addSignIn(t.Context()); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(out.String(), tells) || tells == "" && out.Len() > 0 {
			t.Errorf("it tells %q, want %q", &out, tells)
		}
	}
	is, err := c.surveyed().SignIn(t.Context())
	if err != nil || len(is.Parts()) > 0 {
		t.Errorf("%v is left to set, err = %v", is.Parts(), err)
	}
}

func TestKeepBucket(t *testing.T) {
	t.Parallel()
	const bucket = "GET /storage/b/facescan-dev-facescan-state"
	const create = "POST /storage/b"
	at := func(location string) answers { return answers{bucket: map[string]any{"location": location}} }
	for name, tt := range map[string]struct {
		all   answers
		makes bool
		want  string
	}{
		"makes it where there is none":                 {answers{create: map[string]any{}}, true, ""},
		"leaves what is there":                         {at("EUROPE-WEST1"), false, ""},
		"refuses another region than the one there is": {at("US-EAST1"), false, `region = "us-east1"`},
		"refuses another environment's": {
			answers{bucket: map[string]any{"location": "EUROPE-WEST1", "labels": map[string]any{"environment": "prod"}}},
			false, "a prefix and a database of its own",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, _, sent := cloudOf(t, tt.all)
			err := c.keepBucket(t.Context())
			if (err == nil) != (tt.want == "") || err != nil && !strings.Contains(err.Error(), tt.want) {
				t.Errorf("err = %v", err)
			}
			made := false
			for _, r := range sent() {
				if r.key != create {
					continue
				}
				made = true
				iam, _ := r.body["iamConfiguration"].(map[string]any)
				if r.body["location"] != "EUROPE-WEST1" || iam["publicAccessPrevention"] != "enforced" {
					t.Errorf("made as %v", r.body)
				}
			}
			if made != tt.makes {
				t.Errorf("made: %t", made)
			}
		})
	}
}

func TestMayDeploy(t *testing.T) {
	t.Parallel()
	const kept = `{"deployers":{"value":["user:ada@example.com"],"type":["set","string"]},` +
		`"github_repository":{"value":"acme/facescan","type":"string"}}`
	for name, tt := range map[string]struct {
		outputs    string
		options    options
		members    []string
		repository string
	}{
		"keeps those there are": {kept, options{}, []string{"user:ada@example.com"}, "acme/facescan"},
		"takes those that are given": {
			kept, options{deployers: []string{"user:bob@example.com"}, repository: "acme/other"},
			[]string{"user:bob@example.com"}, "acme/other",
		},
		"finds those of a state without outputs": {"{}", options{}, []string{"user:eve@example.com"}, ""},
		"takes a repository that is null for none": {
			`{"deployers":{"value":[],"type":["set","string"]},"github_repository":{"value":null,"type":"string"}}`,
			options{}, []string{}, "",
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tf, script := scriptedCloud(t, nil, nil)
			c.options = tt.options
			const state = `{"format_version":"1.0","terraform_version":"1.11.4","values":{"root_module":{"resources":[` +
				`{"type":"google_service_account_iam_member","name":"deployers","values":{"member":"user:eve@example.com"}}]}}}`
			for file, content := range map[string]string{"output": tt.outputs, "state": state} {
				if err := os.WriteFile(filepath.Join(script, file), []byte(content), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			members, repository, err := c.mayDeploy(t.Context(), tf)
			if diff := cmp.Diff(tt.members, members); diff != "" || err != nil || repository != tt.repository {
				t.Errorf("%q, %v\n%s", repository, err, diff)
			}
		})
	}
}

func TestBootstrapVars(t *testing.T) {
	t.Parallel()
	c, tf, _ := scriptedCloud(t, nil, nil)
	c.options = options{deployers: []string{"user:ada@example.com", "group:ops@example.com"}, repository: "acme/facescan"}
	c.values = map[string]cty.Value{
		"protect_data": cty.False, "prefix": cty.StringVal("fs"), "log_retention_days": cty.NullVal(cty.DynamicPseudoType),
	}
	got, err := c.bootstrapVars(t.Context(), tf, filepath.Join("..", "..", "terraform", bootstrapFolder))
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		`deployers=["user:ada@example.com","group:ops@example.com"]`, "environment=dev", "github_repository=acme/facescan",
		"photo_audit=false", "prefix=fs", "project_id=facescan-dev", "protect_data=false", "region=europe-west1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// A state that earlier versions kept on the machine goes into the bucket, once.
func TestMoveState(t *testing.T) {
	t.Parallel()
	const list = "GET /storage/b/facescan-dev-facescan-state/o"
	there := map[string]any{"items": []any{map[string]any{"name": "facescan/bootstrap/default.tfstate"}}}
	for name, tt := range map[string]struct {
		all   answers
		old   bool
		moved bool
	}{
		"where the bucket has none": {answers{list: map[string]any{}}, true, true},
		"not over a newer one":      {answers{list: there}, true, false},
		"where there is none":       {answers{}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, tf, script := scriptedCloud(t, nil, nil)
			google, _, _ := cloudOf(t, tt.all)
			c.google = google.google
			dir := t.TempDir()
			old := filepath.Join(dir, "terraform.tfstate.d", c.project+".tfstate")
			if tt.old {
				if err := os.MkdirAll(filepath.Dir(old), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(old, []byte("{}"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			if err := c.moveState(t.Context(), tf, dir); err != nil {
				t.Fatal(err)
			}
			_, err := os.Stat(old + ".moved")
			pushed, _ := os.ReadFile(filepath.Join(script, "note"))
			if (err == nil) != tt.moved || strings.Contains(string(pushed), "state push "+old) != tt.moved {
				t.Errorf("moved: %v, Terraform was called with %q", err, pushed)
			}
		})
	}
}
