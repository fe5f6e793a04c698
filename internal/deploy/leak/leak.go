// Package leak finds secrets in what a deployment hands on: the packages of functions, and the
// plans and states of Terraform. It knows secrets by their form. A value without one, such as a
// password, it does not find: of those a plan or a state is free if it has no resource that holds
// one.
package leak

import (
	"bytes"
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"
)

// form is how a kind of secret looks.
type form struct {
	kind string
	// marks are what a secret has one of. They are looked for first, as packages have many bytes.
	marks []string
	whole *regexp.Regexp
}

// forms are those that are known. A private key counts with what follows its first line, since code
// that reads keys has that line, too.
var forms = []form{
	{"a private key", []string{"PRIVATE KEY-----"}, regexp.MustCompile(
		`-----BEGIN [A-Z ]*PRIVATE KEY-----(\s|\\r|\\n)+[A-Za-z0-9+/=]{32}`)},
	{"a service account's key", []string{"private_key_id"}, regexp.MustCompile(
		`"private_key_id"\s*:\s*"[0-9a-f]{40}"`)},
	{"a token of Google's", []string{"ya29."}, regexp.MustCompile(`\bya29\.[0-9A-Za-z_-]{30}`)},
	{"a refresh token", []string{"1//0"}, regexp.MustCompile(`\b1//0[0-9A-Za-z_-]{40}`)},
	{"a secret of a client", []string{"GOCSPX-"}, regexp.MustCompile(`\bGOCSPX-[0-9A-Za-z_-]{28}\b`)},
	{"a signed token", []string{".eyJ"}, regexp.MustCompile(
		`\beyJ[0-9A-Za-z_-]{10,}\.eyJ[0-9A-Za-z_-]{10,}\.[0-9A-Za-z_-]{20,}`)},
	{"a token of GitHub's", []string{"ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_"}, regexp.MustCompile(
		`\b(gh[pousr]_[0-9A-Za-z]{36}|github_pat_[0-9A-Za-z_]{60})`)},
	{"a key of Amazon's", []string{"AKIA", "ASIA"}, regexp.MustCompile(`\b(AKIA|ASIA)[0-9A-Z]{16}\b`)},
	{"a key of Slack's", []string{"xox"}, regexp.MustCompile(`\bxox[abprs]-[0-9A-Za-z-]{20}`)},
	{"a key of Stripe's", []string{"k_live_"}, regexp.MustCompile(`\b[rs]k_live_[0-9A-Za-z]{20}`)},
	{"a signed URL", []string{"X-Goog-Signature="}, regexp.MustCompile(`X-Goog-Signature=[0-9a-f]{64}`)},
}

// In returns which kinds of secrets the text has, sorted.
func In(text []byte) []string {
	var found []string
	for _, f := range forms {
		marked := slices.ContainsFunc(f.marks, func(mark string) bool { return bytes.Contains(text, []byte(mark)) })
		if marked && f.whole.Match(text) {
			found = append(found, f.kind)
		}
	}
	slices.Sort(found)
	return found
}

// names are files that hold secrets, or that hold what a developer's machine has.
var names = []string{
	".env", ".env.*", "*.pem", "*.key", "*.p12", "*.pfx", "*.jks", "*.tfstate", "*.tfstate.*", "*.tfvars",
	"id_rsa*", "id_ed25519*", "*credentials*.json", "*service-account*.json", ".netrc", ".npmrc", ".git",
	"*_test.go", "testdata",
}

// Named reports whether a file of the name, or one in such a folder, has no place in a package.
func Named(file string) bool {
	for part := range strings.SplitSeq(file, "/") {
		for _, pattern := range names {
			if ok, err := path.Match(pattern, part); ok && err == nil {
				return true
			}
		}
	}
	return false
}

// holders are types of resources whose attributes are secret values.
var holders = []string{
	"google_secret_manager_secret_version", "google_service_account_key", "google_storage_hmac_key",
	"google_apikeys_key", "random_password", "tls_private_key",
}

// resource is a resource or a data source as Terraform's JSON names it.
type resource struct{ Type, Name string }

// InState returns what is secret in a state of Terraform, as `terraform state pull` prints it:
// texts that look like secrets, resources that hold some, and outputs that are marked as sensitive.
func InState(text []byte) ([]string, error) {
	var state struct {
		Resources []resource
		Outputs   map[string]struct{ Sensitive bool }
	}
	if err := json.Unmarshal(text, &state); err != nil {
		return nil, fmt.Errorf("read a state: %w", err)
	}
	found := append(In(text), holding(state.Resources)...)
	for name, output := range state.Outputs {
		if output.Sensitive {
			found = append(found, "output "+name)
		}
	}
	slices.Sort(found)
	return found, nil
}

// module is a module of the values that a plan begins with.
type module struct {
	Resources []resource
	Children  []module `json:"child_modules"`
}

func (m module) all() []resource {
	all := m.Resources
	for _, child := range m.Children {
		all = append(all, child.all()...)
	}
	return all
}

// InPlan returns what is secret in a plan of Terraform, as `terraform show -json` prints it: what
// InState finds, be it there already, or to be made by the plan.
func InPlan(text []byte) ([]string, error) {
	var plan struct {
		Changes []resource `json:"resource_changes"`
		Prior   struct {
			Values struct {
				Root module `json:"root_module"`
			}
		} `json:"prior_state"`
		Outputs map[string]struct {
			// Sensitive is true, or says of which parts of the value it is.
			Sensitive json.RawMessage `json:"after_sensitive"`
		} `json:"output_changes"`
	}
	if err := json.Unmarshal(text, &plan); err != nil {
		return nil, fmt.Errorf("read a plan: %w", err)
	}
	found := append(In(text), holding(append(plan.Changes, plan.Prior.Values.Root.all()...))...)
	for name, output := range plan.Outputs {
		if bytes.Contains(output.Sensitive, []byte("true")) {
			found = append(found, "output "+name)
		}
	}
	slices.Sort(found)
	return slices.Compact(found), nil
}

// holding returns the resources whose attributes are secret values.
func holding(all []resource) (found []string) {
	for _, r := range all {
		if slices.Contains(holders, r.Type) {
			found = append(found, r.Type+"."+r.Name)
		}
	}
	return found
}
