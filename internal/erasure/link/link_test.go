package link_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/erasure/link"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/testkit"
)

var (
	asked = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)
	made  = link.Link{ID: "7", UID: "ada", Address: "ada@example.com", AskedAt: asked}
)

func newLinks(t *testing.T) *link.Links {
	t.Helper()
	links, err := link.New("https://api.example.com/", testkit.Ring(keys.ForDeletions))
	if err != nil {
		t.Fatal(err)
	}
	return links
}

// token returns the token of the link's URL, and checks the rest of it.
func token(t *testing.T, links *link.Links, of link.Link) string {
	t.Helper()
	text, err := links.URL(of, "de")
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	token, found := strings.CutPrefix(u.Path, link.Path)
	if u.Host != "api.example.com" || u.RawQuery != "lang=de" || !found || strings.Contains(token, "ada") {
		t.Fatalf("the URL is %s", text)
	}
	return token
}

func TestLinks_open(t *testing.T) {
	t.Parallel()
	links := newLinks(t)
	good := token(t, links, made)
	longest := made
	longest.UID, longest.Address = strings.Repeat("u", 128), strings.Repeat("a", 254)
	turned := []byte(good)
	turned[len(turned)/2] ^= 1
	sealed, err := links.SealAddress("7", made.Address)
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		token string
		after time.Duration
		want  *link.Link
	}{
		"at once":                       {good, 0, &made},
		"at the last moment":            {good, link.Life - time.Nanosecond, &made},
		"when its time is over":         {good, link.Life, nil},
		"of the longest user":           {token(t, links, longest), 0, &longest},
		"with a bit turned":             {string(turned), 0, nil},
		"cut short":                     {good[:len(good)-1], 0, nil},
		"with more behind it":           {good + "A", 0, nil},
		"empty":                         {"", 0, nil},
		"much too long":                 {strings.Repeat("A", 1<<20), 0, nil},
		"what is sealed for the letter": {sealed, 0, nil},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, ok := links.Open(tt.token, asked.Add(tt.after))
			if ok != (tt.want != nil) {
				t.Fatalf("it opens: %t", ok)
			}
			if !ok {
				return
			}
			if diff := cmp.Diff(*tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestLinks_address(t *testing.T) {
	t.Parallel()
	links := newLinks(t)
	sealed, err := links.SealAddress("7", made.Address)
	if err != nil || strings.Contains(sealed, "ada") {
		t.Fatalf("%q, %v", sealed, err)
	}
	if got, ok := links.OpenAddress("7", sealed); !ok || got != made.Address {
		t.Errorf("it opens as %q, %t", got, ok)
	}
	if got, ok := links.OpenAddress("8", sealed); ok {
		t.Errorf("for another link it opens as %q", got)
	}
	if got, ok := links.OpenAddress("7", token(t, links, made)); ok {
		t.Errorf("a link's token opens as the address %q", got)
	}
}

func TestNew_refuses(t *testing.T) {
	t.Parallel()
	for name, base := range map[string]string{
		"no URL": "", "no scheme": "api.example.com", "another scheme": "ftp://api.example.com",
		"a query": "https://api.example.com?x", "a fragment": "https://api.example.com#x", "no host": "https://",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := link.New(base, testkit.Ring(keys.ForDeletions)); err == nil {
				t.Error("it is taken")
			}
		})
	}
	t.Run("no key", func(t *testing.T) {
		t.Parallel()
		if _, err := link.New("https://api.example.com", keys.Ring{}); err == nil {
			t.Error("it is taken")
		}
	})
}
