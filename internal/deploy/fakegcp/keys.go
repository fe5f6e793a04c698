package fakegcp

import (
	"fmt"
	"net/http"
	"path"
	"strings"
)

// kms keeps keys, which have their ids in the query, and can never be deleted.
// https://cloud.google.com/kms/docs/reference/rest/v1/projects.locations.keyRings.cryptoKeys
func (s *Server) kms(c call) (reply, bool) {
	if c.Method != http.MethodPost || path.Base(c.Path) != "cryptoKeys" {
		return reply{}, false
	}
	p := c.Path + "/" + c.query("cryptoKeyId")
	if _, there := s.resources[key(c.Service, p)]; there {
		return failure(http.StatusConflict, "ALREADY_EXISTS", "CryptoKey "+p+" already exists."), true
	}
	return s.keep(c, p, object{
		"purpose": "ENCRYPT_DECRYPT", "primary": object{"name": p + "/cryptoKeyVersions/1", "state": "ENABLED"},
	}), true
}

// encrypter is a product that encrypts with a key, as its own service agent.
type encrypter struct {
	// agent is the account's domain.
	agent string
	// denied is what the product answers where the account may not use the key, with the account and
	// the key.
	status  int
	reason  string
	message string
	// anywhere means that the key may be in another location than the data.
	anywhere bool
}

// encrypters are the products that take a key, by service.
var encrypters = map[string]encrypter{
	// https://github.com/ollionorg/gcp-landing-zone/pull/59
	"storage": {
		"gs-project-accounts", http.StatusForbidden, "forbidden",
		"Permission denied on Cloud KMS key. Please ensure that your Cloud Storage service account has been authorized to " +
			"use this key.", false,
	},
	"pubsub": {
		"gcp-sa-pubsub", http.StatusBadRequest, "FAILED_PRECONDITION",
		"Cloud Pub/Sub did not have the necessary permissions configured to support this operation. Please verify that the " +
			"service account %s was granted the Cloud KMS CryptoKey Encrypter/Decrypter role for the CryptoKey %s.", true,
	},
	"firestore": {
		"gcp-sa-firestore", http.StatusBadRequest, "FAILED_PRECONDITION",
		"The service account %s may not use the Cloud KMS key %s.", false,
	},
}

// locked refuses what is to be encrypted with a key that is not there, is elsewhere, or that the
// product's own account may not use. A reply without status lets it pass.
func (s *Server) locked(c call, used, location string) reply {
	if used == "" {
		return reply{}
	}
	e := encrypters[c.Service]
	if _, there := s.resources[key("cloudkms", used)]; !there {
		return failure(http.StatusNotFound, "NOT_FOUND", "CryptoKey "+used+" not found.")
	}
	if parts := strings.Split(used, "/"); !e.anywhere && !strings.EqualFold(parts[3], location) {
		return invalid(fmt.Sprintf("The key %s is in %s, and what it is to encrypt in %s.", used, parts[3], location))
	}
	agent := "service-" + s.number + "@" + e.agent + ".iam.gserviceaccount.com"
	for _, permission := range []string{"useToEncrypt", "useToDecrypt"} {
		if !s.may("serviceAccount:"+agent, "cloudkms.cryptoKeyVersions."+permission, "cloudkms", used, 0, nil) {
			message := e.message
			if strings.Contains(message, "%s") {
				message = fmt.Sprintf(message, agent, used)
			}
			return failure(e.status, e.reason, message)
		}
	}
	return reply{}
}

// usedKey returns the text at the path of members, "" if there is none.
func usedKey(of object, members ...string) string {
	for _, name := range members[:len(members)-1] {
		of, _ = of[name].(map[string]any)
	}
	text, _ := of[members[len(members)-1]].(string)
	return text
}
