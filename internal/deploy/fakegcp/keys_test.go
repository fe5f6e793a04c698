package fakegcp_test

import (
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

// What is to be encrypted with a key, by the product's own account.
func TestKey_hasToBeUsableByTheProduct(t *testing.T) {
	t.Parallel()
	const ring = "cloudkms/v1/" + root + "/locations/europe-west1/keyRings"
	const name = root + "/locations/europe-west1/keyRings/r/cryptoKeys/k"
	for product, tt := range map[string]struct {
		agent, denied          string
		status                 int
		method, path           string
		body, elsewhere, later string
	}{
		"Cloud Storage": {
			"gs-project-accounts", "Permission denied on Cloud KMS key", http.StatusForbidden, http.MethodPost, "storage/v1/b",
			`{"name":"b","location":"EUROPE-WEST1","encryption":{"defaultKmsKeyName":"` + name + `"}}`,
			`{"name":"b","location":"EUROPE-WEST4","encryption":{"defaultKmsKeyName":"` + name + `"}}`, "",
		},
		"Pub/Sub": {
			"gcp-sa-pubsub", "CryptoKey Encrypter/Decrypter role", http.StatusBadRequest, http.MethodPut,
			"pubsub/v1/" + root + "/topics/t", `{"kmsKeyName":"` + name + `"}`, "",
			`{"topic":{"kmsKeyName":"` + name + `"},"updateMask":"kmsKeyName"}`,
		},
		"Firestore": {
			"gcp-sa-firestore", "may not use the Cloud KMS key", http.StatusBadRequest, http.MethodPost,
			"firestore/v1/" + root + "/databases?databaseId=d",
			`{"locationId":"europe-west1","cmekConfig":{"kmsKeyName":"` + name + `"}}`,
			`{"locationId":"eur3","cmekConfig":{"kmsKeyName":"` + name + `"}}`, "",
		},
	} {
		t.Run(product, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, fakegcp.Options{})
			const usage, beta = "serviceusage/v1/" + root + "/services", "serviceusage/v1beta1/" + root + "/services/"
			c.must(http.MethodPost, usage+":batchEnable", `{"serviceIds":["cloudkms.googleapis.com"]}`)
			c.refused(http.StatusNotFound, "not found", tt.method, tt.path, tt.body)
			c.must(http.MethodPost, ring+"?keyRingId=r", "{}")
			c.must(http.MethodPost, ring+"/r/cryptoKeys?cryptoKeyId=k", `{"purpose":"ENCRYPT_DECRYPT"}`)
			c.refused(http.StatusConflict, "already exists", http.MethodPost, ring+"/r/cryptoKeys?cryptoKeyId=k", "{}")
			if tt.elsewhere != "" {
				c.refused(http.StatusBadRequest, "is in europe-west1", tt.method, tt.path, tt.elsewhere)
			}
			c.refused(tt.status, tt.denied, tt.method, tt.path, tt.body)

			for _, api := range []string{"pubsub", "firestore"} {
				c.must(http.MethodPost, beta+api+".googleapis.com:generateServiceIdentity", "{}")
			}
			c.must(http.MethodGet, "storage/v1/"+root+"/serviceAccount", "")
			c.must(http.MethodPost, "cloudkms/v1/"+name+":setIamPolicy", c.policyWith("cloudkms/v1/"+name+":getIamPolicy",
				"roles/cloudkms.cryptoKeyEncrypterDecrypter",
				"serviceAccount:service-"+number+"@"+tt.agent+".iam.gserviceaccount.com", ""))
			c.must(tt.method, tt.path, tt.body)
			if tt.later != "" {
				c.must(http.MethodPatch, tt.path, tt.later)
			}
		})
	}
}
