package doctor

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/facescan/facescan/internal/deploy/gcp"
)

// MinPassword is the fewest characters of a new password. Both doors bound the guesses, so what has
// to be out of reach are the passwords that are tried first, and most of those are shorter. There
// are no rules of composition, against which NIST SP 800-63B advises.
const MinPassword = 10

// StandingSignUps is how many accounts an hour Identity Platform lets one address open, unless a
// quota for a time says otherwise: https://cloud.google.com/identity-platform/quotas
const StandingSignUps = 100

// SignIn is what is read of Identity Platform's configuration:
// https://cloud.google.com/identity-platform/docs/reference/rest/v2/Config
type SignIn struct {
	AuthorizedDomains  []string `json:"authorizedDomains"`
	EmailPrivacyConfig struct {
		EnableImprovedEmailPrivacy bool `json:"enableImprovedEmailPrivacy"`
	} `json:"emailPrivacyConfig"`
	PasswordPolicyConfig struct {
		PasswordPolicyEnforcementState string `json:"passwordPolicyEnforcementState"`
		ForceUpgradeOnSignin           bool   `json:"forceUpgradeOnSignin"`
		PasswordPolicyVersions         []struct {
			CustomStrengthOptions struct {
				MinPasswordLength int `json:"minPasswordLength"`
			} `json:"customStrengthOptions"`
		} `json:"passwordPolicyVersions"`
	} `json:"passwordPolicyConfig"`
	Client struct {
		Permissions struct {
			DisabledUserDeletion bool `json:"disabledUserDeletion"`
		} `json:"permissions"`
	} `json:"client"`
	Mfa struct {
		EnabledProviders []string `json:"enabledProviders"`
		ProviderConfigs  []struct {
			State              string    `json:"state"`
			TotpProviderConfig *struct{} `json:"totpProviderConfig"`
		} `json:"providerConfigs"`
	} `json:"mfa"`
	Quota struct {
		SignUpQuotaConfig struct {
			Quota         string    `json:"quota"`
			StartTime     time.Time `json:"startTime"`
			QuotaDuration string    `json:"quotaDuration"`
		} `json:"signUpQuotaConfig"`
	} `json:"quota"`
}

// SignIn reads Identity Platform's configuration.
func (p Project) SignIn(ctx context.Context) (SignIn, error) {
	var s SignIn
	err := p.Google.Call(ctx, gcp.Identity, http.MethodGet, "projects/"+p.ID+"/config", nil, &s)
	return s, err
}

// minPassword returns the fewest characters that the policy asks for, 0 if it is not enforced.
func (s SignIn) minPassword() int {
	policy := s.PasswordPolicyConfig
	if policy.PasswordPolicyEnforcementState != "ENFORCE" || len(policy.PasswordPolicyVersions) == 0 {
		return 0
	}
	return policy.PasswordPolicyVersions[0].CustomStrengthOptions.MinPasswordLength
}

// Part is a part of the configuration that Terraform's provider cannot set.
type Part struct {
	// Mask names it in an update, and Value is what it should be.
	Mask  string
	Value any
	// Lacks tells what follows from its not being so.
	Lacks string
}

// Parts returns what the bootstrap has to set: nothing if all is as it should be. A stricter policy
// is left as it is. A password that was good when it was chosen stays good: with the upgrade forced
// at sign-in, the login and the web page for the account's deletion would refuse its owner, and
// would tell who guesses that the password is right.
func (s SignIn) Parts() []Part {
	var parts []Part
	if !s.EmailPrivacyConfig.EnableImprovedEmailPrivacy {
		parts = append(parts, Part{
			"emailPrivacyConfig", map[string]any{"enableImprovedEmailPrivacy": true},
			"anyone with the API key can ask Identity Platform which addresses have accounts",
		})
	}
	var lacks string
	switch {
	case s.minPassword() < MinPassword:
		lacks = fmt.Sprintf("passwords of fewer than %d characters are taken", MinPassword)
	case s.PasswordPolicyConfig.ForceUpgradeOnSignin:
		lacks = "users with a password from before the policy can neither log in nor delete their account"
	default:
		return parts
	}
	return append(parts, Part{
		"passwordPolicyConfig", map[string]any{
			"passwordPolicyEnforcementState": "ENFORCE", "forceUpgradeOnSignin": false,
			"passwordPolicyVersions": []any{map[string]any{
				"customStrengthOptions": map[string]any{"minPasswordLength": max(s.minPassword(), MinPassword)},
			}},
		}, lacks,
	})
}

// ForParts returns what the parts change and the mask that names them.
func ForParts(parts []Part) (config map[string]any, mask string) {
	config = map[string]any{}
	masks := make([]string, len(parts))
	for i, part := range parts {
		masks[i] = part.Mask
		config[part.Mask] = part.Value
	}
	return config, strings.Join(masks, ",")
}

// signIn reads the settings by which Identity Platform itself holds what the API promises: the web
// API key lets anyone call it directly. What the bootstrap sets is a fault to lack where users rely
// on the environment; the rest comes with a deployment, which may be the first.
func (p Project) signIn(ctx context.Context) (string, error) {
	config, err := p.SignIn(ctx)
	switch {
	case gcp.Absent(err):
		return "", Skip("Identity Platform is not set up yet: make bootstrap does it")
	case err != nil:
		return "", unasked("Identity Platform", err)
	}
	var findings []error
	bootstrap, deploy := "make bootstrap ENV="+p.Env+" (as an owner)", "make deploy ENV="+p.Env
	for _, part := range config.Parts() {
		if p.Protected {
			findings = append(findings, Faulty(bootstrap, "%s", part.Lacks))
			continue
		}
		findings = append(findings, Warn(bootstrap, "%s", part.Lacks))
	}
	if p.Protected && slices.ContainsFunc(config.AuthorizedDomains, local) {
		findings = append(findings, Warn(deploy, "a page on the visitor's own machine may sign in: localhost is authorised"))
	}
	if !config.Client.Permissions.DisabledUserDeletion {
		findings = append(findings, Warn(deploy, "a client can delete its user at Firebase and leave the user's data here"))
	}
	if len(config.Mfa.EnabledProviders) > 0 {
		findings = append(findings, Warn(deploy, "second factors go out by SMS, each for money, to any number"))
	}
	if !config.totp() {
		findings = append(findings, Warn(deploy, "users cannot protect their account by a second factor"))
	}
	told, err := config.signUps(time.Now())
	findings = append(findings, err)
	return fmt.Sprintf("%d characters a password, no enumeration, TOTP, %s", config.minPassword(), told),
		errors.Join(findings...)
}

func local(domain string) bool { return domain == "localhost" || domain == "127.0.0.1" }

func (s SignIn) totp() bool {
	for _, p := range s.Mfa.ProviderConfigs {
		if p.TotpProviderConfig != nil && p.State == "ENABLED" {
			return true
		}
	}
	return false
}

// signUps tells how many accounts an hour one address may open. A quota is for a time only, and
// afterwards Identity Platform's own counts again.
func (s SignIn) signUps(now time.Time) (string, error) {
	quota := s.Quota.SignUpQuotaConfig
	length, _ := time.ParseDuration(quota.QuotaDuration)
	end := quota.StartTime.Add(length)
	if quota.Quota == "" || !now.Before(end) {
		return fmt.Sprintf("%d sign-ups an hour and address", StandingSignUps), nil
	}
	told := fmt.Sprintf("%s sign-ups an hour and address until %s", quota.Quota, end.UTC().Format("2006-01-02 15:04"))
	if n, err := strconv.Atoi(quota.Quota); err == nil && n > StandingSignUps {
		return told, Warn("sign_up_quota = null as soon as it is not needed", "%s", told)
	}
	return told, nil
}
