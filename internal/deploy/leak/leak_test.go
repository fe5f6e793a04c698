package leak_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/deploy/leak"
)

// key returns a private key that was made a moment ago.
func key(t *testing.T) string {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

func TestIn(t *testing.T) {
	t.Parallel()
	x := func(n int) string { return strings.Repeat("a", n) }
	quoted, err := json.Marshal(key(t))
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		text string
		want []string
	}{
		"code that reads keys":    {`bytes.HasPrefix(b, []byte("-----BEGIN PRIVATE KEY-----"))`, nil},
		"an address":              {"https://storage.googleapis.com/b/o?X-Goog-Signature=", nil},
		"a private key":           {"x\n" + key(t), []string{"a private key"}},
		"a private key in JSON":   {string(quoted), []string{"a private key"}},
		"a service account's key": {`{"private_key_id": "` + x(40) + `"}`, []string{"a service account's key"}},
		"a token of Google's":     {"Bearer ya29." + x(40), []string{"a token of Google's"}},
		"a refresh token":         {"1//0" + x(60), []string{"a refresh token"}},
		"a secret of a client":    {"GOCSPX-" + x(28), []string{"a secret of a client"}},
		"a signed token":          {"eyJ" + x(20) + ".eyJ" + x(20) + "." + x(40), []string{"a signed token"}},
		"a token of GitHub's":     {"ghp_" + x(36), []string{"a token of GitHub's"}},
		"a key of Amazon's":       {"AKIA" + strings.Repeat("A", 16), []string{"a key of Amazon's"}},
		"a key of Stripe's":       {"sk_live_" + x(24), []string{"a key of Stripe's"}},
		"a key of Slack's":        {"xoxb-" + x(24), []string{"a key of Slack's"}},
		"a token of few rights":   {"github_pat_" + x(60), []string{"a token of GitHub's"}},
		"a signed URL":            {"?X-Goog-Signature=" + x(64), []string{"a signed URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if diff := cmp.Diff(tt.want, leak.In([]byte(tt.text))); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestNamed(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]bool{
		"functions/rank/function.go": false, "vendor/a/keys.go": false, "go.mod": false, "a/credentials.go": false,
		".env": true, "internal/x/.env.prod": true, "a/server.pem": true, "prod.tfvars": true, "a/b.tfstate": true,
		".git/config": true, "a/my-credentials.json": true, "vendor/a/a_test.go": true, "a/testdata/b.txt": true,
	} {
		if got := leak.Named(file); got != want {
			t.Errorf("%s: %t, want %t", file, got, want)
		}
	}
}

func TestInState(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal(map[string]any{
		"resources": []any{
			map[string]any{"type": "google_secret_manager_secret", "name": "this"},
			map[string]any{"type": "google_secret_manager_secret_version", "name": "first"},
			map[string]any{"type": "google_cloud_run_service", "name": "x", "instances": []any{key(t)}},
		},
		"outputs": map[string]any{
			"url": map[string]any{"sensitive": false}, "password": map[string]any{"sensitive": true},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := leak.InState(text)
	want := []string{"a private key", "google_secret_manager_secret_version.first", "output password"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := leak.InState([]byte("Error: no state")); err == nil {
		t.Error("a text that is no state was read")
	}
}

func TestInPlan(t *testing.T) {
	t.Parallel()
	of := func(kind, name string) map[string]any { return map[string]any{"type": kind, "name": name} }
	text, err := json.Marshal(map[string]any{
		"resource_changes": []any{of("google_secret_manager_secret", "this"), of("random_password", "new")},
		"prior_state": map[string]any{"values": map[string]any{"root_module": map[string]any{
			"child_modules": []any{map[string]any{"resources": []any{
				of("google_service_account_key", "old"), map[string]any{"values": key(t)},
			}}},
		}}},
		"output_changes": map[string]any{
			"url":      map[string]any{"after_sensitive": false},
			"accounts": map[string]any{"after_sensitive": []any{map[string]any{"password": true}}},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := leak.InPlan(text)
	want := []string{"a private key", "google_service_account_key.old", "output accounts", "random_password.new"}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if _, err := leak.InPlan([]byte("Error: no plan")); err == nil {
		t.Error("a text that is no plan was read")
	}
}
