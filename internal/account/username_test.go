package account_test

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/usertext"
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
	first := w.claim(t, "ada.l")
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
	if again := w.claim(t, "ada.l"); !again.CreatedAt.Equal(first.CreatedAt) {
		t.Errorf("the name is claimed since %v, and was since %v", again.CreatedAt, first.CreatedAt)
	}
}

// claim is the claim on the key.
func (w *world) claim(t *testing.T, key string) (c account.Claim) {
	t.Helper()
	snap, err := account.ClaimRef(w.fs, key).Get(t.Context())
	if err == nil {
		err = snap.DataTo(&c)
	}
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// Keys that look like a slash or dots are documents like others, and of different keys different
// ones.
func TestClaimRef(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keys := []string{"ada", ".", "..", "...", "=..", "__ada__", "a/b", "ab"}
	for _, key := range keys {
		if _, err := account.ClaimRef(w.fs, key).Create(t.Context(), account.Claim{UID: account.UID(key)}); err != nil {
			t.Errorf("key %q: %v", key, err)
		}
	}
	if got := w.docs(t, "usernames"); len(got) != len(keys) {
		t.Errorf("documents %q", got)
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

	equal(t, mine(), nil, "username")
	rename(t, w, token, "lovelace").want(t, http.StatusOK)
	equal(t, mine(), "lovelace", "username")
	equal(t, mine(), nil, "renameAllowedAt") // the first choice costs nothing
	rename(t, w, token, "countess").want(t, http.StatusOK)
	if mine()["renameAllowedAt"] == nil {
		t.Error("it is not shown when the next change is allowed")
	}

	if got := wait(
		rename(t, w, token, "duchess"),
	); got < account.RenameCooldown-time.Minute || got > account.RenameCooldown {
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
	for path, reason := range map[string]any{
		"ADA.L": "taken", "free": nil, "admin": "taken", "no": "invalid", "%20%20%20": "invalid", "%D8%B9%D9%85%D8%B1": nil,
	} {
		answer := w.call(t, "GET", "/v1/usernames/"+path, otherToken, "").want(t, http.StatusOK)
		equal(t, answer, reason == nil, "available")
		if reason != nil {
			equal(t, answer, reason, "reason", "code")
		}
	}
	equal(t, w.call(t, "GET", "/v1/usernames/ada.l", token, "").want(t, http.StatusOK), true, "available")
}

// Every name with its verdict: "" is a username, otherwise the code and what of the field's detail
// says why.
func TestUsername_verdicts(t *testing.T) {
	t.Parallel()
	const (
		taken      = "username_taken"
		length     = "invalid_field: 3 to 20 characters"
		insult     = "invalid_field: must not have a word that insults others"
		characters = "invalid_field: must consist of letters and digits"
		start      = "invalid_field: must begin"
		mixed      = "invalid_field: must not mix scripts"
		digits     = "invalid_field: must not mix digits"
		marks      = "invalid_field: marks"
	)
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	_, otherToken := w.registered(t, "bob@example.com")
	rename(t, w, otherToken, "maria_1").want(t, http.StatusOK)
	for _, tt := range []struct{ what, name, verdict string }{
		{"the shortest", "abc", ""},
		{"the longest", strings.Repeat("a", 20), ""},
		{"separators", "a.b_c-d", ""},
		{"digits", "007", ""},
		{"German", "Straße", ""},
		{"Spanish", "José_Núñez", ""},
		{"Vietnamese", "Nguyễn.Thị.Minh", ""},
		{"Turkish", "Işıl", ""},
		{"Polish", "Łukasz", ""},
		{"Icelandic", "Þórður", ""},
		{"Russian", "Ольга", ""},
		{"Ukrainian", "Їжачок", ""},
		{"Greek", "Ελένη", ""},
		{"Armenian", "Արմեն", ""},
		{"Georgian", "ნინო", ""},
		{"Arabic", "محمد", ""},
		{"Arabic with marks", "مُحَمَّد", ""},
		{"Arabic with its digits", "عمر٢٠", ""},
		{"Persian", "پریسا", ""},
		{"Urdu", "فاطمہ", ""},
		{"Hebrew", "משה", ""},
		{"Hindi", "हिन्दी", ""},
		{"Marathi", "ज्ञानेश्वर", ""},
		{"Bengali", "বাংলা", ""},
		{"Punjabi", "ਗੁਰਪ੍ਰੀਤ", ""},
		{"Gujarati", "ગુજરાતી", ""},
		{"Odia", "ଓଡ଼ିଆ", ""},
		{"Tamil", "தமிழ்", ""},
		{"Telugu", "తెలుగు", ""},
		{"Kannada", "ಕನ್ನಡ", ""},
		{"Malayalam", "മലയാളം", ""},
		{"Sinhala", "සිංහල", ""},
		{"Thai", "สวัสดี", ""},
		{"Lao", "ລາວລາວ", ""},
		{"Khmer", "ខ្មែរ", ""},
		{"Burmese", "မြန်မာ", ""},
		{"Tibetan", "བསྒྲུབས", ""},
		{"Amharic", "አበበች", ""},
		{"Korean", "김철수", ""},
		{"Japanese", "さくらサクラ桜", ""},
		{"Chinese", "李小龙", ""},
		{"Chinese with Latin", "李小龙Bruce", ""},
		{"letters and an ASCII digit", "Ольга2", ""},
		{"a slash by its looks", "ノノノ", ""},
		{"dots by their looks", "٠٠٠", ""},

		{"nothing", "", length},
		{"too short", "ab", length},
		{"too long", strings.Repeat("a", 21), length},
		{"far too long", strings.Repeat("a", 40<<10), length},
		{"a ligature of 18 characters", "ﷺ", characters}, // with spaces, in NFKC
		{"spaces", "a b c", characters},
		{"a slash", "a/bc", characters},
		{"an emoji", "ada😀", characters},
		{"Hangul fillers", "\u3164\u3164\u3164\u3164\u3164\u3164", characters},
		{"choseong fillers", "\u115F\u115F\u115F", characters},
		{"halfwidth fillers", "\uFFA0\uFFA0\uFFA0", characters},
		{"Braille blanks", "\u2800\u2800\u2800", characters},
		{"an override", "ada\u202el", characters},
		{"a zero width space", "ad\u200Ba", characters},
		{"a joiner", "ad\u200Da", characters},
		{"a soft hyphen", "ad\u00ADa", characters},
		{"a variation selector", "ada\uFE0F", characters},
		{"small capitals", "ᴀᴅᴍɪɴ", characters},
		{"Lisu", "ꓮꓓꓟꓲꓠ", characters},
		{"Lisu for the service", "ꓝꓮꓚꓰꓢꓚꓮꓠ", characters},
		{"Cherokee", "ᎪᎠᎷᎥᏁ", characters},
		{"dots", "...", start},
		{"low lines", "__abc__", start},
		{"a mark first", "\u0301abc", start},
		{"Latin with a Cyrillic letter", "\u0430dmin", mixed},
		{"Latin with a Greek letter", "adαm", mixed},
		{"Latin with an Arabic digit", "ada\u0661", mixed},
		{"Latin with Devanagari", "adaह", mixed},
		{"Japanese with Korean", "さくら김", mixed},
		{"digits of two scripts", "عمر٢3", digits},
		{"a tower of marks", "z\u0300\u0301\u0302\u0303\u0304alg", marks},

		{"an insult", "Stronzo", insult},
		{"an insult with separators", "f.u_c-k", insult},
		{"an insult with look-alikes", "fuсk1", mixed},
		{"a town with an insult in it", "Scunthorpe", ""},

		{"reserved", "admin", taken},
		{"the service", "FaceScan", taken},
		{"the service within", "the_facescan_team", taken},
		{"reserved in fullwidth", "ｓｕｐｐｏｒｔ", taken},
		{"reserved with separators", "Ad.m_in", taken},
		{"reserved with accents", "ádmïn", taken},
		{"reserved with a stroke", "suppørt", taken},
		{"reserved with a digit", "adm1n", taken},
		{"reserved with two digits", "m0derat0r", taken},
		{"reserved with two letters for one", "adrnin", taken},
		{"reserved with a dotless i", "admın", taken},
		{"reserved in mathematical letters", "𝐚𝐝𝐦𝐢𝐧", taken},
		{"reserved in Cyrillic capitals", "ТЕАМ", taken},
		{"reserved in Cyrillic small letters", "теам", taken},
		{"reserved in Armenian", "սսеr", mixed},
		{"reserved with a Katakana slash", "adminノ", taken},
		{"another user's", "MARlA_I", taken}, // a small L, a capital I
		{"another user's with two letters for one", "rnaria_1", taken},
	} {
		t.Run(tt.what, func(t *testing.T) {
			w.ahead += account.RenameCooldown
			a := rename(t, w, token, tt.name)
			if tt.verdict == "" {
				equal(t, a.want(t, http.StatusOK), tt.name, "username")
				return
			}
			code, detail, _ := strings.Cut(tt.verdict, ": ")
			a.refused(t, fault.Code(code))
			if !strings.Contains(string(a.body), detail) {
				t.Errorf("%s, want %q in it", a.body, detail)
			}
		})
	}
}

// A name that looks like another's as it is written is refused, whichever user came first.
func TestUsername_looks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, ada := w.registered(t, "ada@example.com")
	_, bob := w.registered(t, "bob@example.com")
	rename(t, w, ada, "anna").want(t, http.StatusOK)
	rename(t, w, bob, "ΑΝΝΑ").refused(t, fault.CodeUsernameTaken) // Greek capitals
	rename(t, w, bob, "αννα").want(t, http.StatusOK)
	rename(t, w, bob, "ΑΝΝΑ").refused(t, fault.CodeUsernameTaken)
	rename(t, w, bob, "Αννα").want(t, http.StatusOK)

	w.ahead += account.RenameCooldown + time.Minute
	rename(t, w, ada, "lovelace").want(t, http.StatusOK)
	w.ahead += account.RenameCooldown + time.Minute
	rename(t, w, bob, "ΑΝΝΑ").want(t, http.StatusOK)
	if diff := cmp.Diff([]string{"anna", "awa", "lovelace"}, w.docs(t, "usernames")); diff != "" {
		t.Error(diff)
	}
	w.ahead += account.RenameCooldown + time.Minute
	rename(t, w, ada, "anna").refused(t, fault.CodeUsernameTaken)
	rename(t, w, bob, "αννα").want(t, http.StatusOK) // which gives the other look up at once
	rename(t, w, ada, "anna").want(t, http.StatusOK)
}

// A name is reserved for the account that gave it up, and withdrawing the consent changes nothing
// about names.
func TestUsername_outlivesTheConsent(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	_, otherToken := w.registered(t, "bob@example.com")
	w.call(t, "POST", "/v1/me/consent", token, grantBody).want(t, http.StatusCreated)
	rename(t, w, token, "lovelace").want(t, http.StatusOK)
	rename(t, w, token, "countess").want(t, http.StatusOK)
	w.call(t, "DELETE", "/v1/me/consent", token, "").want(t, http.StatusOK)
	equal(t, w.call(t, "GET", "/v1/me", token, "").want(t, http.StatusOK), "countess", "username")
	w.ahead += account.RenameCooldown - time.Minute
	for _, name := range []string{"lovelace", "countess"} {
		rename(t, w, otherToken, name).refused(t, fault.CodeUsernameTaken)
	}
	w.ahead += 2 * time.Minute
	rename(t, w, otherToken, "countess").refused(t, fault.CodeUsernameTaken)
	rename(t, w, otherToken, "lovelace").want(t, http.StatusOK)
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
	if diff := cmp.Diff([]string{usertext.Key("highlander")}, w.docs(t, "usernames")); diff != "" {
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
