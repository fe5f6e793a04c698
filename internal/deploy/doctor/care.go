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

// firebase checks that the project is one of Firebase's. That the caller has accepted its terms no
// API tells: without it, the call that adds Firebase is refused by a bare 403.
func (p Project) firebase(ctx context.Context) (string, error) {
	err := p.Google.Call(ctx, gcp.Firebase, http.MethodGet, "projects/"+p.ID, nil, nil)
	switch {
	case gcp.Refused(err, http.StatusNotFound):
		return "", ToDo("accept Firebase's terms at https://console.firebase.google.com, then make bootstrap ENV="+p.Env,
			"%s is no Firebase project yet", p.ID)
	case err != nil:
		return "", unasked("Firebase", err)
	}
	return "added to the project", nil
}

// basics looks for members with a basic role. A new bucket lets the project's viewers read its
// objects, and its editors change them, so they read the photos:
// https://cloud.google.com/storage/docs/access-control/iam-roles#basic-roles-modifiable. Compute
// Engine's own account may be an editor from its beginning, and a function that names no account
// for its build is built as it:
// https://cloud.google.com/build/docs/cloud-build-service-account-updates
func (p Project) basics(ctx context.Context) (string, error) {
	bindings, err := p.bindings(ctx)
	if err != nil {
		return "", err
	}
	var warnings []error
	for _, b := range bindings {
		if b.Role != "roles/editor" && b.Role != "roles/viewer" {
			continue
		}
		members := slices.DeleteFunc(slices.Clone(b.Members), func(member string) bool {
			return strings.HasSuffix(member, "@cloudservices.gserviceaccount.com") // Google's own, that has to be one
		})
		own := slices.ContainsFunc(members, func(member string) bool {
			return strings.HasSuffix(member, "-compute@developer.gserviceaccount.com")
		})
		switch {
		case own:
			warnings = append(warnings, Warn("", "Compute Engine's own account has %s, and may read photos", b.Role))
		case len(members) > 0:
			warnings = append(warnings, Warn("", "%d members with %s may read photos", len(members), b.Role))
		}
	}
	return "no viewer or editor of the project reads photos", errors.Join(warnings...)
}

// identityConfig is what is read of Identity Platform's settings:
// https://cloud.google.com/identity-platform/docs/reference/rest/v2/Config
type identityConfig struct {
	AuthorizedDomains  []string `json:"authorizedDomains"`
	EmailPrivacyConfig struct {
		EnableImprovedEmailPrivacy bool `json:"enableImprovedEmailPrivacy"`
	} `json:"emailPrivacyConfig"`
	PasswordPolicyConfig struct {
		PasswordPolicyEnforcementState string `json:"passwordPolicyEnforcementState"`
	} `json:"passwordPolicyConfig"`
	Quota struct {
		SignUpQuotaConfig *struct {
			Quota string `json:"quota"`
		} `json:"signUpQuotaConfig"`
	} `json:"quota"`
}

// protections are the settings by which Identity Platform itself holds what the API promises: the
// web API key lets anyone call it directly. Each has the part of the configuration that sets it.
var protections = []struct {
	off  func(Project, identityConfig) bool
	text string
	mask string
	body string
}{
	{
		func(_ Project, c identityConfig) bool { return !c.EmailPrivacyConfig.EnableImprovedEmailPrivacy },
		"anyone can ask which addresses have accounts", "emailPrivacyConfig",
		`{"emailPrivacyConfig":{"enableImprovedEmailPrivacy":true}}`,
	},
	{
		func(_ Project, c identityConfig) bool {
			return c.PasswordPolicyConfig.PasswordPolicyEnforcementState != "ENFORCE"
		},
		"any password of six characters is taken", "passwordPolicyConfig",
		`{"passwordPolicyConfig":{"passwordPolicyEnforcementState":"ENFORCE","passwordPolicyVersions":` +
			`[{"customStrengthOptions":{"minPasswordLength":10}}]}}`,
	},
	{
		func(_ Project, c identityConfig) bool { return c.Quota.SignUpQuotaConfig == nil },
		"sign-ups have no quota", "quota.signUpQuotaConfig",
		`{"quota":{"signUpQuotaConfig":{"quota":"1000","quotaDuration":"86400s"}}}`,
	},
	{
		func(p Project, c identityConfig) bool {
			return p.Protected && slices.Contains(c.AuthorizedDomains, "localhost")
		},
		"localhost is an authorised domain", "authorizedDomains",
		`{"authorizedDomains":["PROJECT.firebaseapp.com","PROJECT.web.app"]}`,
	},
}

// identity reads the settings that protect the users' accounts.
func (p Project) identity(ctx context.Context) (string, error) {
	var config identityConfig
	err := p.Google.Call(ctx, gcp.Identity, http.MethodGet, "projects/"+p.ID+"/config", nil, &config)
	switch {
	case gcp.Absent(err):
		return "", Skip("Identity Platform is not set up yet: apply does it")
	case err != nil:
		return "", unasked("Identity Platform", err)
	}
	var warnings []error
	for _, is := range protections {
		if is.off(p, config) {
			warnings = append(warnings, Warn(p.patch(is.mask, is.body), "%s", is.text))
		}
	}
	return fmt.Sprintf("%d protections are on", len(protections)), errors.Join(warnings...)
}

// patch returns the command that sets a part of Identity Platform's configuration.
func (p Project) patch(mask, body string) string {
	return fmt.Sprintf(`curl -X PATCH -H "Authorization: Bearer $(gcloud auth print-access-token)" `+
		`-H "X-Goog-User-Project: %[1]s" -H "Content-Type: application/json" `+
		`"https://identitytoolkit.googleapis.com/admin/v2/projects/%[1]s/config?updateMask=%[2]s" -d '%[3]s'`,
		p.ID, mask, strings.ReplaceAll(body, "PROJECT", p.ID))
}
