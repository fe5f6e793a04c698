//go:build terraform

package checks

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A key encrypts all that has something of users in it, or a forgotten bucket would be read without
// it.
func TestKey_encryptsAllThatUsersHave(t *testing.T) {
	for name, want := range map[string]string{"prod": "", "prod with a key": testKey} {
		t.Run(name, func(t *testing.T) {
			plan := plans[name](t)
			check := func(kind, attribute string) {
				for _, r := range resources(plan, kind) {
					if kind == "google_storage_bucket" && r.Name == "source" {
						continue // which has code
					}
					if got := r.text(attribute); got != want {
						t.Errorf("%s is encrypted with %q, want %q", r.Address, got, want)
					}
				}
			}
			check("google_storage_bucket", "encryption.0.default_kms_key_name")
			check("google_firestore_database", "cmek_config.0.kms_key_name")
			check("google_pubsub_topic", "kms_key_name")
		})
	}
}

// The owner opens a key of the project to the products' own accounts, and to no account of
// FaceScan's: these are given data, not the key. Whom the grants name is known after the apply, and
// the fake refuses what is to be encrypted with a key that does not admit its product.
func TestKey_isOpenToGooglesProducts(t *testing.T) {
	const encrypts = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
	for name, want := range map[string]map[string]string{
		"prod": {}, "with another's key": {},
		"with a key": {
			"agents storage": encrypts, "agents pubsub": encrypts, "agents firestore": encrypts,
			"deployer " + deployer: "roles/cloudkms.viewer",
		},
	} {
		t.Run(name, func(t *testing.T) {
			got := map[string]string{}
			for _, r := range resources(owners[name](t), "google_kms_crypto_key_iam_member") {
				to := r.key()
				if r.text("member") != "" {
					to = r.text("member")
				}
				got[r.Name+" "+to] = r.text("role")
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("grants (-want +got):\n%s", diff)
			}
		})
	}
}
