package deploy

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
)

const secretsPath = "/secrets/projects/facescan-dev/secrets/facescan-"

func TestWriteSecrets(t *testing.T) {
	t.Parallel()
	t.Run("writes the first version of those that have none, and tells no value", func(t *testing.T) {
		t.Parallel()
		all := answers{"GET " + secretsPath + "hash-key/versions/1": map[string]any{"state": "ENABLED"}}
		for _, name := range secretNames() {
			all["POST "+secretsPath+name+":addVersion"] = map[string]any{"name": "1"}
		}
		c, out, sent := cloudOf(t, all)
		term, asked := typing("correct horse\n")
		c.terminal = term
		if err := c.writeSecrets(t.Context()); err != nil {
			t.Fatal(err)
		}
		written := map[string]string{}
		for _, r := range sent() {
			name, is := strings.CutPrefix(r.key, "POST "+secretsPath)
			if !is {
				continue
			}
			payload, _ := r.body["payload"].(map[string]any)
			data, _ := payload["data"].(string)
			value, err := base64.StdEncoding.DecodeString(data)
			if err != nil {
				t.Error(err)
			}
			written[strings.TrimSuffix(name, ":addVersion")] = string(value)
		}
		if _, again := written["hash-key"]; again || len(written) != len(secretNames())-1 {
			t.Errorf("written: %d of %v", len(written), secretNames())
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
		c, _, _ := cloudOf(t, answers{"POST " + secretsPath + "hash-key:addVersion": 403})
		if err := c.writeSecrets(t.Context()); err == nil || !strings.Contains(err.Error(), "facescan-hash-key") {
			t.Errorf("err = %v", err)
		}
	})
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
