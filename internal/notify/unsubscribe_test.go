package notify

import (
	"net/url"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/keys"
)

// unsubKey returns a ring of secrets of the letters.
func unsubKey(of ...string) keys.Ring {
	var secrets [][]byte
	for _, one := range of {
		secrets = append(secrets, []byte(strings.Repeat(one, 32)))
	}
	return keys.NewRing(keys.ForUnsubscribing, secrets...)
}

func unsubscriber(t *testing.T, key keys.Ring) *Unsubscriber {
	t.Helper()
	u, err := NewUnsubscriber("https://api.example/", key)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// tokenOf returns the token of a link.
func tokenOf(t *testing.T, u *Unsubscriber, uid account.UID, kinds ...Kind) string {
	t.Helper()
	link, err := u.URL(uid, kinds, German)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := url.Parse(link)
	if err != nil || parsed.Scheme != "https" || parsed.Host != "api.example" || parsed.RawQuery != "lang=de" {
		t.Fatalf("link %q, %v", link, err)
	}
	token, ok := strings.CutPrefix(parsed.Path, UnsubscribePath)
	if !ok || strings.Contains(token, "/") || strings.Contains(token, string(uid)) {
		t.Fatalf("link %q", link)
	}
	return token
}

func TestUnsubscriber(t *testing.T) {
	t.Parallel()
	old, present, foreign := unsubscriber(t, unsubKey("a")), unsubscriber(t, unsubKey("b", "a")),
		unsubscriber(t, unsubKey("c"))
	token := tokenOf(t, old, "user-1", ScanCompleted)
	type opened struct {
		UID   account.UID
		Kinds []Kind
		OK    bool
	}
	good := opened{"user-1", []Kind{ScanCompleted}, true}
	for name, tt := range map[string]struct {
		by    *Unsubscriber
		token string
		want  opened
	}{
		"its own":         {old, token, good},
		"after a change":  {present, token, good},
		"of the new key":  {present, tokenOf(t, present, "user-1", ScanCompleted), good},
		"before a change": {old, tokenOf(t, present, "user-1", ScanCompleted), opened{}},
		"foreign":         {foreign, token, opened{}},
		"several kinds": {
			old, tokenOf(t, old, "user-1", ScanCompleted, ScanFailed), opened{"user-1", []Kind{ScanCompleted, ScanFailed}, true},
		},
		"kinds that cannot be turned off": {
			old, tokenOf(t, old, "user-1", Security, PersonalBest, "horoscope", Welcome),
			opened{"user-1", []Kind{Welcome}, true},
		},
		"no kinds":            {old, tokenOf(t, old, "user-1"), opened{UID: "user-1", OK: true}},
		"empty":               {old, "", opened{}},
		"a key's id alone":    {old, token[:keyID], opened{}},
		"truncated":           {old, token[:len(token)-1], opened{}},
		"with something more": {old, token + "A", opened{}},
		"with padding":        {old, token + "==", opened{}},
		"of another key's id": {present, tokenOf(t, present, "user-1", Welcome)[:keyID] + token[keyID:], opened{}},
		"too long":            {old, token[:keyID] + strings.Repeat("A", maxToken), opened{}},
		"not base64":          {old, token[:keyID] + "!!!!", opened{}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var got opened
			got.UID, got.Kinds, got.OK = tt.by.Open(tt.token)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	t.Run("with any letter changed", func(t *testing.T) {
		t.Parallel()
		for i := range token {
			changed := []byte(token)
			changed[i] ^= 1
			if uid, kinds, ok := old.Open(string(changed)); ok {
				t.Errorf("changed at %d it opens as %s, %v", i, uid, kinds)
			}
		}
	})
	t.Run("twice of the same", func(t *testing.T) {
		t.Parallel()
		if again := tokenOf(t, old, "user-1", ScanCompleted); again == token {
			t.Error("two mails have one token, which tells that they are for the same user")
		}
	})
}

func TestNewUnsubscriber_refuses(t *testing.T) {
	t.Parallel()
	if _, err := NewUnsubscriber("https://api.example", keys.Ring{}); err == nil {
		t.Error("no key is accepted")
	}
	for name, base := range map[string]string{
		"no URL": "", "no scheme": "api.example", "no host": "https://", "another scheme": "ftp://api.example",
		"a query": "https://api.example?x=y",
	} {
		if _, err := NewUnsubscriber(base, unsubKey("a")); err == nil {
			t.Errorf("a base with %s is accepted", name)
		}
	}
}

// A header line is at most 998 characters (RFC 5322, section 2.1.1), and a URL in it has no place
// to fold.
func TestUnsubscriber_longestURL(t *testing.T) {
	t.Parallel()
	u, err := NewUnsubscriber("https://"+strings.Repeat("x", 253), unsubKey("a"))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []Kind
	for _, r := range Rules {
		kinds = append(kinds, r.Kind)
	}
	uid := account.UID(strings.Repeat("u", 128)) // the longest of Firebase
	link, err := u.URL(uid, kinds, German)
	if err != nil {
		t.Fatal(err)
	}
	if line := "List-Unsubscribe: <" + link + ">"; len(line) > 998 {
		t.Errorf("the header has %d characters", len(line))
	}
	token, _, _ := strings.Cut(link[strings.Index(link, UnsubscribePath)+len(UnsubscribePath):], "?")
	if got, _, ok := u.Open(token); !ok || got != uid {
		t.Errorf("a token of %d characters does not open", len(token))
	}
}
