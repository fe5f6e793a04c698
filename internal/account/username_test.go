package account_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
)

func rename(t *testing.T, w *world, token, name string) answer {
	t.Helper()
	return w.call(t, "PUT", "/v1/me/username", token, fmt.Sprintf(`{"username":%q}`, name))
}

func TestUsername(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	uid, token := w.registered(t, "ada@example.com")
	other, otherToken := w.registered(t, "bob@example.com")
	w.told(t, "account.registered.v1 "+uid, "account.registered.v1 "+other)

	equal(t, rename(t, w, token, "Ada.L").want(t, http.StatusOK), "Ada.L", "username")
	w.told(t, "account.updated.v1 "+uid)
	equal(t, rename(t, w, token, "Ada.L").want(t, http.StatusOK), "Ada.L", "username")
	w.told(t)

	rename(t, w, otherToken, "aDA.l").refused(t, fault.CodeUsernameTaken)
	rename(t, w, otherToken, "ＡＤＡ．Ｌ").refused(t, fault.CodeUsernameTaken)

	// Another case of one's own name is another spelling of the same claim.
	equal(t, rename(t, w, token, "ADA.L").want(t, http.StatusOK), "ADA.L", "username")
	w.told(t, "account.updated.v1 "+uid)
	if diff := cmp.Diff([]string{"ada.l"}, w.docs(t, "usernames")); diff != "" {
		t.Error(diff)
	}
}

func TestUsername_cooldown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	_, otherToken := w.registered(t, "bob@example.com")
	mine := func() map[string]any { return w.call(t, "GET", "/v1/me/username", token, "").want(t, http.StatusOK) }
	wait := func(a answer) time.Duration {
		t.Helper()
		a.refused(t, fault.CodeUsernameCooldown)
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		if err != nil {
			t.Fatal(err)
		}
		return time.Duration(seconds) * time.Second
	}

	equal(t, mine(), false, "has")
	rename(t, w, token, "lovelace").want(t, http.StatusOK)
	equal(t, mine(), true, "has")
	equal(t, mine(), "lovelace", "username")
	equal(t, mine(), nil, "renameAllowedAt") // the first choice costs nothing
	rename(t, w, token, "countess").want(t, http.StatusOK)
	if mine()["renameAllowedAt"] == nil {
		t.Error("it is not shown when the next change is allowed")
	}

	if got := wait(rename(t, w, token, "duchess")); got < account.RenameCooldown-time.Minute || got > account.RenameCooldown {
		t.Errorf("retry after %v, want about %v", got, account.RenameCooldown)
	}
	rename(t, w, token, "Countess").want(t, http.StatusOK) // another spelling is no change
	rename(t, w, otherToken, "lovelace").refused(t, fault.CodeUsernameTaken)
	equal(t, w.call(t, "GET", "/v1/usernames/lovelace", otherToken, "").want(t, http.StatusOK), false, "available")
	equal(t, w.call(t, "GET", "/v1/usernames/lovelace", token, "").want(t, http.StatusOK), true, "available")

	rename(t, w, token, "lovelace").want(t, http.StatusOK) // going back needs no waiting
	wait(rename(t, w, token, "duchess"))
	rename(t, w, otherToken, "countess").refused(t, fault.CodeUsernameTaken)

	w.ahead = account.RenameCooldown + time.Minute
	equal(t, mine(), nil, "renameAllowedAt")
	equal(t, w.call(t, "GET", "/v1/usernames/countess", otherToken, "").want(t, http.StatusOK), true, "available")
	rename(t, w, otherToken, "countess").want(t, http.StatusOK) // although TTL has not deleted the reservation
	rename(t, w, token, "countess").refused(t, fault.CodeUsernameTaken)
	rename(t, w, token, "duchess").want(t, http.StatusOK)
}

// A reservation may end for several who wait for the name.
func TestUsername_raceForAReleasedName(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	rename(t, w, token, "lovelace").want(t, http.StatusOK)
	rename(t, w, token, "countess").want(t, http.StatusOK)
	tokens := make([]string, 5)
	for i := range tokens {
		_, tokens[i] = w.registered(t, fmt.Sprintf("u%d@example.com", i))
	}
	w.ahead = account.RenameCooldown + time.Minute
	counts := race(len(tokens), func(i int) answer { return rename(t, w, tokens[i], "lovelace") })
	if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusConflict: 4}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestUsername_available(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	_, otherToken := w.registered(t, "bob@example.com")
	rename(t, w, token, "ada.l").want(t, http.StatusOK)
	for path, want := range map[string]bool{
		"ADA.L": false, "free": true, "admin": false, "no": false, "%20%20%20": false, "%D8%B9%D9%85%D8%B1": true,
	} {
		equal(t, w.call(t, "GET", "/v1/usernames/"+path, otherToken, "").want(t, http.StatusOK), want, "available")
	}
	equal(t, w.call(t, "GET", "/v1/usernames/ada.l", token, "").want(t, http.StatusOK), true, "available")
}

func TestUsername_validates(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	_, otherToken := w.registered(t, "bob@example.com")
	rename(t, w, otherToken, "maria_1").want(t, http.StatusOK)
	for name, code := range map[string]fault.Code{
		"":                          fault.CodeInvalidField,
		"ab":                        fault.CodeInvalidField,
		strings.Repeat("a", 21):     fault.CodeInvalidField,
		strings.Repeat("a", 40<<10): fault.CodeInvalidField,
		"a b c":                     fault.CodeInvalidField,
		"a/b":                       fault.CodeInvalidField,
		"...":                       fault.CodeInvalidField,
		"__abc__":                   fault.CodeInvalidField,
		"ada😀":                      fault.CodeInvalidField,
		"ada\u202el":                fault.CodeInvalidField,
		"\u0430dmin":                fault.CodeInvalidField, // begins with Cyrillic a
		"ﷺ":                         fault.CodeInvalidField, // one rune, of 18 in NFKC with spaces
		"admin":                     fault.CodeUsernameTaken,
		"FaceScan":                  fault.CodeUsernameTaken,
		"ｓｕｐｐｏｒｔ":                   fault.CodeUsernameTaken,
		"Ad.m_in":                   fault.CodeUsernameTaken,
		"ádmin":                     fault.CodeUsernameTaken,
		"adm1n":                     fault.CodeUsernameTaken,
		"the_facescan_team":         fault.CodeUsernameTaken,
		"MARlA_I":                   fault.CodeUsernameTaken, // a small L, a capital I
		"rnaria_1":                  fault.CodeUsernameTaken,
		"ada\u0661":                 fault.CodeInvalidField, // an Arabic digit after Latin letters
	} {
		rename(t, w, token, name).refused(t, code)
	}
	for _, name := range []string{"abc", strings.Repeat("a", 20), "a.b_c-d", "007", "Straße", "Ольга", "さくらサクラ桜"} {
		w.ahead += account.RenameCooldown
		equal(t, rename(t, w, token, name).want(t, http.StatusOK), name, "username")
	}
}

func TestUsername_raceOfTwenty(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const n = 20
	tokens := make([]string, n)
	for i := range tokens {
		_, tokens[i] = w.registered(t, fmt.Sprintf("u%d@example.com", i))
	}
	w.bus.take(t)
	spellings := []string{"highlander", "Highlander", "HIGHLANDER", "ｈighlander"}
	counts := race(n, func(i int) answer { return rename(t, w, tokens[i], spellings[i%len(spellings)]) })
	if diff := cmp.Diff(map[int]int{http.StatusOK: 1, http.StatusConflict: n - 1}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
	if told := w.bus.take(t); len(told) != 1 {
		t.Errorf("published %v", told)
	}
	if diff := cmp.Diff([]string{account.Key("highlander")}, w.docs(t, "usernames")); diff != "" {
		t.Error(diff)
	}
}

func TestUsername_twinsBothSucceed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	counts := race(3, func(int) answer { return rename(t, w, token, "ada.l") })
	if diff := cmp.Diff(map[int]int{http.StatusOK: 3}, counts); diff != "" {
		t.Errorf("statuses (-want +got):\n%s", diff)
	}
}

func TestFold_properties(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		name := rapid.String().Draw(t, "name")
		folded := account.Fold(name)
		if again := account.Fold(folded); again != folded {
			t.Fatalf("Fold(%+q) = %+q, folded again %+q", name, folded, again)
		}
		if key := account.Key(name); account.Key(key) != key {
			t.Fatalf("Key(%+q) = %+q, whose key is %+q", name, key, account.Key(key))
		}
		for form, other := range map[string]string{
			"NFD": norm.NFD.String(name), "NFC": norm.NFC.String(name), "NFKC": norm.NFKC.String(name), "NFKD": norm.NFKD.String(name),
		} {
			if got := account.Fold(other); got != folded {
				t.Fatalf("Fold(%+q) = %+q, of its %s %+q", name, folded, form, got)
			}
		}
	})
}

func TestKey(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		a, b string
		same bool
	}{
		"another case":                     {"Ada", "aDA", true},
		"a capital I for a small L":        {"Illy", "lily", true},
		"digits for letters":               {"b0b1", "Bobi", true},
		"two letters for one":              {"burner", "bumer", true},
		"Cyrillic for Latin":               {"сосо", "coco", true},
		"Cyrillic capitals for Latin":      {"ВОВ", "BOB", true},
		"Greek capitals for Latin":         {"ΑΚΤΟ", "AKTO", true},
		"Armenian for Latin":               {"սոօ", "uno", true},
		"an accent is another name":        {"bób", "bob", false},
		"a separator is another name":      {"ada.l", "ada_l", false},
		"another letter is another name":   {"Анна", "Инна", false},
		"what no Latin letters look like":  {"Ольга", "Olga", false},
		"a compatibility form, look-alike": {"ⅼily", "Iily", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a, b := account.Key(tt.a), account.Key(tt.b); (a == b) != tt.same {
				t.Errorf("keys %+q and %+q, want them the same: %t", a, b, tt.same)
			}
		})
	}
}
