package doctor

import (
	"encoding/json"
	"errors"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestSignIn(t *testing.T) {
	t.Parallel()
	now := time.Now()
	quota := func(of string, since time.Duration) object {
		return object{"signUpQuotaConfig": object{
			"quota": of, "startTime": now.Add(-since).Format(time.RFC3339), "quotaDuration": "86400s",
		}}
	}
	for name, tt := range map[string]struct {
		spoil object
		// protected and open are what is told where users rely on the environment, and elsewhere.
		protected, open string
	}{
		"as it should be":   {nil, "ok 10 characters", "ok 10 characters"},
		"a stricter policy": {object{"passwordPolicyConfig": passwords(15)}, "ok 15 characters", "ok 15 characters"},
		"a laxer policy":    {object{"passwordPolicyConfig": passwords(9)}, "FAIL fewer than 10", "warn fewer than 10"},
		"a policy that is not enforced": {
			object{"passwordPolicyConfig": object{"passwordPolicyEnforcementState": "OFF"}},
			"FAIL make bootstrap ENV=dev", "warn make bootstrap ENV=dev",
		},
		"a policy that locks users out": {
			object{"passwordPolicyConfig": merged(passwords(12), object{"forceUpgradeOnSignin": true})},
			"FAIL can neither log in", "warn can neither log in",
		},
		"enumeration": {object{"emailPrivacyConfig": nil}, "FAIL which addresses", "warn which addresses"},
		"localhost":   {object{"authorizedDomains": []any{"localhost"}}, "warn localhost", "ok 10 characters"},
		"the machine's own address": {
			object{"authorizedDomains": []any{"127.0.0.1"}}, "warn make deploy ENV=dev", "ok 10 characters",
		},
		"clients that delete users": {object{"client": nil}, "warn delete its user", "warn delete its user"},
		"no second factor":          {object{"mfa": nil}, "warn second factor", "warn second factor"},
		"a second factor that is off": {
			object{"mfa": object{"providerConfigs": []any{object{"state": "DISABLED", "totpProviderConfig": object{}}}}},
			"warn second factor", "warn second factor",
		},
		"factors by SMS": {
			object{"mfa": object{
				"enabledProviders": []any{"PHONE_SMS"},
				"providerConfigs":  []any{object{"state": "ENABLED", "totpProviderConfig": object{}}},
			}}, "warn by SMS", "warn by SMS",
		},
		"a wider quota": {
			object{"quota": quota("1000", time.Hour)}, "warn 1000 sign-ups an hour", "warn sign_up_quota = null",
		},
		"a narrower quota":       {object{"quota": quota("20", time.Hour)}, "ok 20 sign-ups an", "ok 20 sign-ups an"},
		"a quota that has ended": {object{"quota": quota("1000", 25*time.Hour)}, "ok 100 sign-ups", "ok 100 sign-ups"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			all := healthy()
			config, _ := all["GET /identity"+root+"/config"].(object)
			all["GET /identity"+root+"/config"] = merged(config, tt.spoil)
			p := projectOf(t, all)
			for _, is := range []struct {
				protected bool
				want      string
			}{{true, tt.protected}, {false, tt.open}} {
				p.Protected = is.protected
				var out strings.Builder
				_, err := Run(t.Context(), &out, []Check{{Name: "sign-in", Run: p.signIn}})
				kind, words, _ := strings.Cut(is.want, " ")
				if told := out.String(); !strings.HasPrefix(told, kind) || !strings.Contains(told, words) {
					t.Errorf("protected: %v: %q is not told in:\n%s", is.protected, is.want, &out)
				}
				if errors.Is(err, ErrSick) != (kind == string(Fault)) {
					t.Errorf("protected: %v: err = %v", is.protected, err)
				}
			}
		})
	}
}

// merged is one with the members of the other, and without those that are nil there.
func merged(one, other object) object {
	all := maps.Clone(one)
	for name, value := range other {
		if all[name] = value; value == nil {
			delete(all, name)
		}
	}
	return all
}

func TestParts_mendWhatTheyTell(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		config string
		mask   string
		fewest int
	}{
		"all":            {`{}`, "emailPrivacyConfig,passwordPolicyConfig", 10},
		"passwords only": {`{"emailPrivacyConfig":{"enableImprovedEmailPrivacy":true}}`, "passwordPolicyConfig", 10},
		"a stricter one kept": {`{"emailPrivacyConfig":{"enableImprovedEmailPrivacy":true},"passwordPolicyConfig":` +
			`{"passwordPolicyEnforcementState":"ENFORCE","forceUpgradeOnSignin":true,"passwordPolicyVersions":` +
			`[{"customStrengthOptions":{"minPasswordLength":16}}]}}`, "passwordPolicyConfig", 16},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var s SignIn
			if err := json.Unmarshal([]byte(tt.config), &s); err != nil {
				t.Fatal(err)
			}
			config, mask := ForParts(s.Parts())
			if diff := cmp.Diff(tt.mask, mask); diff != "" {
				t.Error(diff)
			}
			text, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(text, &s); err != nil {
				t.Fatal(err)
			}
			if left := s.Parts(); len(left) > 0 || s.minPassword() != tt.fewest {
				t.Errorf("after the update: %v, %d characters", left, s.minPassword())
			}
		})
	}
}
