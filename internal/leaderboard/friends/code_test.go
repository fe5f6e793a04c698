package friends

import (
	"net/http"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/local/emulator/emulatortest"
	"github.com/facescan/facescan/internal/testkit"
)

func TestParseCode(t *testing.T) {
	t.Parallel()
	const code = "7KQ2M9XD40TBZR6N"
	for name, tt := range map[string]struct{ written, want string }{
		"as it is shown":                 {"7KQ2-M9XD-40TB-ZR6N", code},
		"without dashes":                 {code, code},
		"in small letters":               {"7kq2-m9xd-40tb-zr6n", code},
		"with spaces around and between": {" 7kq2 m9xd\t40tb zr6n\n", code},
		"with dashes of a keyboard":      {"7kq2–m9xd—40tb‑zr6n", code},
		"with dashes anywhere":           {"-7-k-q-2-m-9-x-d-4-0-t-b-z-r-6-n-", code},
		"with letters for digits":        {"OoiIlL00111AAAAA", "0011110011" + "1AAAAA"},
		"empty":                          {"", ""},
		"dashes only":                    {strings.Repeat("-", 16), ""},
		"one too few":                    {code[1:], ""},
		"one too many":                   {code + "0", ""},
		"a letter that codes lack":       {"UKQ2M9XD40TBZR6N", ""},
		"a look-alike in another script": {"7КQ2M9XD40TBZR6N", ""},
		"wide letters":                   {"７ＫＱ２M9XD40TBZR6N", ""},
		"a dotless i":                    {"ıKQ2M9XD40TBZR6N", ""},
		"a long s":                       {"ſKQ2M9XD40TBZR6N", ""},
		"the Kelvin sign":                {"7\u212aQ2M9XD40TBZR6N", ""},
		"no width":                       {"7KQ2\u200bM9XD40TBZR6N", ""},
		"text from right to left":        {"\u202e7KQ2M9XD40TBZR6N", ""},
		"a NUL":                          {"\x007KQ2M9XD40TBZR6N", ""},
		"no UTF-8":                       {"\xff7KQ2M9XD40TBZR6N", ""},
		"a path":                         {"../../users/ada0", ""},
		"a megabyte":                     {strings.Repeat("0", 1<<20), ""},
		"a code in a megabyte of dashes": {strings.Repeat("-", 1<<20) + code, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := parseCode(tt.written)
			if ok != (tt.want != "") || ok && got != tt.want {
				t.Errorf("parseCode = %q, %v, want %q", got, ok, tt.want)
			}
		})
	}
}

// Whatever a code is made of, it is read as it is shown, and depends on all of it.
func TestNewCode(t *testing.T) {
	t.Parallel()
	shown := regexp.MustCompile(`^[0-9A-HJKMNP-TV-Z]{4}(-[0-9A-HJKMNP-TV-Z]{4}){3}$`)
	rapid.Check(t, func(t *rapid.T) {
		secret, uid := rapid.SliceOf(rapid.Byte()).Draw(t, "key"), account.UID(rapid.String().Draw(t, "uid"))
		key, another := keys.NewRing(keys.ForFriends, secret), keys.NewRing(keys.ForFriends, append(secret, 'x'))
		seed := rapid.SliceOfN(rapid.Byte(), seedLength, seedLength).Draw(t, "seed")
		code := newCode(key, uid, seed)
		if got, ok := parseCode(showCode(code)); !ok || got != code || !shown.MatchString(showCode(code)) {
			t.Errorf("%s is read as %s, %v", showCode(code), got, ok)
		}
		if newCode(key, uid+"x", seed) == code || newCode(another, uid, seed) == code ||
			newCode(key, uid, append(seed[1:], seed[0]+1)) == code {
			t.Errorf("%s does not depend on key, user and seed", code)
		}
	})
}

func TestCode_life(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob")
	b.refused(fault.CodeNotFound, "ada", http.MethodGet, codePath, "")
	b.refused(fault.CodeNotFound, "ada", http.MethodDelete, codePath, "")
	made := b.want(http.StatusCreated, "ada", http.MethodPost, codePath, "")
	for _, method := range []string{http.MethodPost, http.MethodGet} {
		if again := b.want(http.StatusOK, "ada", method, codePath, ""); again.body != made.body {
			t.Errorf("%s: %s, want %s", method, again.body, made.body)
		}
	}
	rotated := b.want(http.StatusCreated, "ada", http.MethodPost, codePath+"/rotate", "")
	first, second := decode[codeView](t, made).Code, decode[codeView](t, rotated).Code
	if first == second || second == b.code("bob") {
		t.Errorf("the codes %s and %s are the same", first, second)
	}
	if got := b.add("bob", first); got.status != http.StatusNotFound {
		t.Errorf("the replaced code: %d %s", got.status, got.body)
	}
	if got := b.add("bob", second); got.status != http.StatusCreated {
		t.Errorf("the new code: %d %s", got.status, got.body)
	}
	b.want(http.StatusNoContent, "ada", http.MethodDelete, codePath, "")
	b.refused(fault.CodeNotFound, "ada", http.MethodGet, codePath, "")
	b.refused(fault.CodeNotFound, "ada", http.MethodDelete, codePath, "")
	if left, err := b.fs.Collection("friendcodes").Where("uid", "==", "ada").Documents(t.Context()).GetAll(); err != nil ||
		len(left) > 0 {
		t.Errorf("%d codes are left, %v", len(left), err)
	}
	b.want(http.StatusCreated, "ada", http.MethodPost, codePath, "")
	if got := b.names("ada", root); len(got) != 1 {
		t.Errorf("friends after revocation: %q", got)
	}
}

// However many make one, a user has one code.
func TestCode_madeAtOnce(t *testing.T) {
	t.Parallel()
	one := newBench(t)
	one.members("ada")
	var all []func() answer
	for _, b := range []*bench{one, one.again()} {
		for i := range 10 {
			path := codePath
			if i%2 == 0 {
				path += "/rotate"
			}
			all = append(all, func() answer { return b.ask("ada", http.MethodPost, path, "") })
		}
	}
	if got := atOnce(all); got[http.StatusOK]+got[http.StatusCreated] != len(all) {
		t.Errorf("answers: %v", got)
	}
	left, err := one.fs.Collection("friendcodes").Documents(t.Context()).GetAll()
	if err != nil || len(left) != 1 {
		t.Errorf("%d codes, %v", len(left), err)
	}
	one.members("bob")
	if got := one.add("bob", one.code("ada")); got.status != http.StatusCreated {
		t.Errorf("the code that stayed: %d %s", got.status, got.body)
	}
}

func TestCode_isNotInTheDatabase(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada")
	shown := b.code("ada")
	code, _ := parseCode(shown)
	for _, text := range []string{shown, code, strings.ToLower(code)} {
		if found := emulatortest.Mentions(t, b.fs, text); len(found) > 0 {
			t.Errorf("%s is in %q", text, found)
		}
	}
}

// After a rotation codes and what is between users stay as they are, until the earlier secret is
// dropped.
func TestRotation(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob", "cy")
	before := b.code("ada")
	b.want(http.StatusCreated, "bob", http.MethodPost, root, `{"code":"`+before+`"}`)
	bob := pairIDs(b.handler.Key, "ada", "bob")[0]
	both := keys.NewRing(keys.ForFriends, []byte("new"), testkit.Secret(keys.ForFriends))
	b.serve(both)
	if now := b.code("ada"); now != before {
		t.Errorf("ada's code is %s, was %s", now, before)
	}
	b.want(http.StatusCreated, "cy", http.MethodPost, root, `{"code":"`+before+`"}`)
	if got := b.add("bob", before); got.status != http.StatusOK {
		t.Errorf("a friendship of before: %d %s", got.status, got.body)
	}
	b.want(http.StatusNoContent, "ada", http.MethodPost, root+"/"+bob+"/block", "")
	if got := b.add("bob", before); got.status != http.StatusNotFound {
		t.Errorf("a block of before: %d %s", got.status, got.body)
	}
	after := decode[codeView](t, b.want(http.StatusCreated, "ada", http.MethodPost, codePath+"/rotate", "")).Code
	b.serve(keys.NewRing(keys.ForFriends, []byte("new")))
	if now := b.code("ada"); now != after {
		t.Errorf("ada's code is %s, was made anew as %s", now, after)
	}
}

// With another key the codes are dead, and their owners get others.
func TestCode_ofAnotherKey(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	b.members("ada", "bob")
	before := b.code("ada")
	b.serve(keys.NewRing(keys.ForFriends, []byte("another key")))
	b.refused(fault.CodeNotFound, "ada", http.MethodGet, codePath, "")
	b.want(http.StatusCreated, "ada", http.MethodPost, codePath, "")
	if got := b.add("bob", before); got.status != http.StatusNotFound {
		t.Errorf("the code of before: %d %s", got.status, got.body)
	}
	if left, err := b.fs.Collection("friendcodes").Documents(t.Context()).GetAll(); err != nil || len(left) != 1 {
		t.Errorf("%d codes, %v", len(left), err)
	}
}
