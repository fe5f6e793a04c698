package account_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/testkit"
)

func TestLanguage_isThatOfTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	german := terms.Current.In(sentence.German).Purpose
	for _, tt := range []struct {
		locale, accept string
		lang           string
	}{
		{"", "", "en"}, {"", "de-AT, en;q=0.5", "de"}, {"pt-BR", "de", "de"}, {"pt-BR", "pt-BR", "en"},
		{"de-CH", "", "de"}, {"de-CH", "en", "de"}, {"en-GB", "de", "en"},
	} {
		change := `{"locale":"` + tt.locale + `"}`
		if tt.locale == "" {
			change = `{"locale":null}`
		}
		w.call(t, "PATCH", "/v1/me", token, change).want(t, http.StatusOK)
		shown := w.call(t, "GET", "/v1/me/consent", token, "", "Accept-Language", tt.accept)
		purpose := terms.Current.Purpose
		if tt.lang == "de" {
			purpose = german
		}
		body := shown.want(t, http.StatusOK)
		equal(t, body, purpose, "current", "purpose")
		equal(t, body, terms.Current.Version, "current", "version")
		refusal := w.call(t, "POST", "/v1/me/consent", token, `{"version":"1"}`, "Accept-Language", tt.accept)
		refusal.refused(t, fault.CodeConsentOutdated)
		for _, a := range []answer{shown, refusal} {
			if got := a.header.Get("Content-Language"); got != tt.lang || a.header.Get("Vary") != "Accept-Language" {
				t.Errorf("locale %q, accepting %q: %q, want %q: %v", tt.locale, tt.accept, got, tt.lang, a.header)
			}
		}
		if strings.Contains(string(refusal.body), "Es gilt der Text") != (tt.lang == "de") {
			t.Errorf("locale %q, accepting %q: %s", tt.locale, tt.accept, refusal.body)
		}
		if tag := shown.header.Get("ETag"); strings.HasSuffix(tag, `-de"`) != (tt.lang == "de") {
			t.Errorf("locale %q, accepting %q: %s", tt.locale, tt.accept, tag)
		}
	}
}

func TestLanguage_ofAnAvailability(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	w.call(t, "PATCH", "/v1/me", token, `{"locale":"de"}`).want(t, http.StatusOK)
	body := w.call(t, "GET", "/v1/usernames/ad", token, "").want(t, http.StatusOK)
	equal(t, body, "muss 3 bis 20 Zeichen haben", "reason", "detail")
	says, _ := testkit.Member(body, "reason", "says").([]any)
	if len(says) != 1 {
		t.Fatalf("%v", body)
	}
	equal(t, map[string]any{"says": says[0]}, "length", "says", "code")
}

// A consent that was given in German is kept in German, and is no other consent.
func TestConsent_isKeptInTheLanguageOfItsText(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	w.call(t, "PATCH", "/v1/me", token, `{"locale":"de"}`).want(t, http.StatusOK)
	tag := w.call(t, "GET", "/v1/me/consent", token, "").header.Get("ETag")
	w.call(t, "POST", "/v1/me/consent", token, grantBody, "If-Match", `"1"`).refused(t, fault.CodePreconditionFailed)
	w.call(t, "POST", "/v1/me/consent", token, grantBody, "If-Match", tag).want(t, http.StatusCreated)
	if u := w.user(t, uid); u.Consent.Version != terms.Current.Version {
		t.Errorf("consent %+v", u.Consent)
	}
	w.call(t, "PATCH", "/v1/me", token, `{"locale":"en"}`).want(t, http.StatusOK)
	history := w.call(t, "GET", "/v1/me/consent/history", token, "").want(t, http.StatusOK)
	items, _ := history["items"].([]any)
	if len(items) != 1 {
		t.Fatalf("%v", history)
	}
	item, _ := items[0].(map[string]any)
	equal(t, item, terms.Current.In(sentence.German).Retention, "retention")
	w.call(t, "POST", "/v1/me/consent", token, grantBody).want(t, http.StatusOK)
}
