package account_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

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

	rename(t, w, token, "countess").want(t, http.StatusOK)
	if diff := cmp.Diff([]string{"countess"}, w.docs(t, "usernames")); diff != "" {
		t.Error(diff)
	}
	equal(t, rename(t, w, otherToken, "ada.l").want(t, http.StatusOK), "ada.l", "username")
	w.told(t, "account.updated.v1 "+uid, "account.updated.v1 "+other)
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
	} {
		rename(t, w, token, name).refused(t, code)
	}
	for _, name := range []string{"abc", strings.Repeat("a", 20), "a.b_c-d", "007", "Straße", "Ольга", "さくらサクラ桜"} {
		equal(t, rename(t, w, token, name).want(t, http.StatusOK), name, "username")
	}
	if names := w.docs(t, "usernames"); len(names) != 1 {
		t.Errorf("usernames = %v", names)
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
	if diff := cmp.Diff([]string{"highlander"}, w.docs(t, "usernames")); diff != "" {
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
		for form, other := range map[string]string{
			"NFD": norm.NFD.String(name), "NFC": norm.NFC.String(name), "NFKC": norm.NFKC.String(name), "NFKD": norm.NFKD.String(name),
		} {
			if got := account.Fold(other); got != folded {
				t.Fatalf("Fold(%+q) = %+q, of its %s %+q", name, folded, form, got)
			}
		}
	})
}
