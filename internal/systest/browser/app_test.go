//go:build browser

package browser_test

import (
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const password = "correct horse"

// app is the guide's app in a page.
type app struct{ *page }

// openApp opens the app at an admitted origin, which is not the API's.
func openApp(tb testing.TB, on screen) app {
	tb.Helper()
	a := app{open(tb, on)}
	a.start("localhost")
	return a
}

// start opens the app at the name of a host and waits until its script has run.
func (a app) start(host string) {
	a.Helper()
	a.visit(running.site.at(host))
	a.until("the app's script has run", func() bool { return must[bool](a.page, "document.body.dataset.ready === 'yes'") })
}

// enrol takes a new user from the sign-up to the agreement.
func (a app) enrol(email string) {
	a.Helper()
	a.write("#email", email)
	a.write("#password", password)
	a.tap("#sign-up")
	a.shows("#status", "registered")
	a.write("#year", "1990")
	a.tap("#agree")
	a.shows("#status", "agreed")
}

// completed waits for the result, which has the score with its interval and the original's size.
func (a app) completed() (scan string) {
	a.Helper()
	said := a.shows("#status", "completed:")
	found := regexp.MustCompile(`^completed: [\d.]+, [\d.]+ to [\d.]+; original of [1-9]\d+ bytes; scan ([a-z2-7]{26})$`).
		FindStringSubmatch(said)
	if found == nil {
		a.Fatalf("the app says %q", said)
	}
	return found[1]
}

// pictures are the names of those that the app shows.
func (a app) pictures() []string {
	a.Helper()
	a.until("all pictures are loaded", func() bool {
		return must[bool](a.page, "[...document.images].every((i) => i.complete && i.naturalWidth > 0)")
	})
	return must[[]string](a.page, "[...document.images].map((i) => i.alt).sort()")
}

func TestJourney(t *testing.T) {
	for name, on := range map[string]screen{"on a phone": phone, "on a laptop": laptop} {
		t.Run(name, func(t *testing.T) {
			a := openApp(t, on)
			email := strings.ReplaceAll(name, " ", "-") + "@example.com"
			a.look("app-sign-up")
			a.enrol(email)
			a.choose("#photo", running.photo)
			a.tap("#measure")
			a.completed()
			want := []string{"crop", "left-left", "original", "overlay", "right-right", "thumbnail"}
			if diff := cmp.Diff(want, a.pictures()); diff != "" {
				t.Errorf("pictures (-want +got):\n%s", diff)
			}
			a.look("app-result")

			a.tap("#sign-out")
			a.shows("#status", "signed out")
			a.write("#email", email)
			a.write("#password", password)
			a.tap("#sign-in")
			a.shows("#status", "signed in")
			a.tap("#leave")
			a.readReceipt(a.shows("#status", "/v1/erasures/"))
		})
	}
}

// readReceipt waits in the app, as a program does, until the erasure is done, and opens the receipt
// as a person does.
func (a app) readReceipt(url string) {
	a.Helper()
	a.until("the account is erased", func() bool {
		return must[string](a.page, `fetch("`+url+`").then((r) => r.json()).then((r) => r.state)`) == "erased"
	})
	a.visit(url)
	a.shows("h1", "Your account was deleted")
	a.look("receipt")
}
