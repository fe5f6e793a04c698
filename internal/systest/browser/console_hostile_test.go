//go:build browser

package browser_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What people and other programs write stays text, and long words break.
func TestConsole_hostileNames(t *testing.T) {
	at := phone
	at.languages = "de-DE,de"
	email := strings.Repeat("e", 60) + "@" + strings.Repeat("long-", 11) + "host.example.com"
	m := enrolled(t, email)
	v := openConsole(t, at)
	v.signsIn(m)
	v.goes("#/settings")
	v.there(`[autocomplete=nickname]`)
	for _, name := range []string{
		`<img src=x onerror="document.title='broken'">`,
		"\u05d0\u05d3\u05d4 (\u05e9\u05dc\u05d5\u05dd)",
		strings.Repeat("Donaudampfschiff", 4),
	} {
		v.write("[autocomplete=nickname]", name)
		v.runs(`document.querySelector("[autocomplete=nickname]").form.requestSubmit()`)
		v.shows(".outcome", "Gespeichert")
		v.goes("#/")
		v.shows("h1", name)
		v.view("hostile-home")
		v.goes("#/settings")
		v.there(`[autocomplete=nickname]`)
	}
	v.expect("422 (Unprocessable")
	v.write("[autocomplete=username]", "<b>fat</b>")
	v.runs(`document.querySelector("[autocomplete=username]").form.requestSubmit()`)
	v.fails("invalid_field", ".title")
	v.view("hostile-settings")
	v.goes("#/operator/users")
	v.there("#users a")
	v.view("hostile-users")
	v.goes("#/operator/sent")
	v.there("#mails")
	v.view("hostile-sent")
	if got := must[int](v.page, `document.querySelectorAll("#main img, #side img").length`); got != 0 {
		t.Errorf("%d pictures were made of text", got)
	}
}

// Files that are no photos, and one that is too large, are said to be, and leave nothing behind.
func TestConsole_hostileFiles(t *testing.T) {
	v := openConsole(t, phone)
	v.enrol("console-files@example.com")
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		prepared(t, os.WriteFile(path, data, 0o600))
		return path
	}
	choose := func(path string) {
		v.goes("#/photo")
		v.press("#tab-file")
		v.choose("#choose", path)
	}
	choose(write("empty.jpg", nil))
	v.fails("no_picture", ".title")

	choose(write("large.jpg", append(bytes.Clone(photoOf(t, "completed")), make([]byte, 20<<20)...)))
	v.press("#measure")
	v.fails("photo_too_large", `a[href="#/photo"]`)
	v.view("too-large")
	v.press(`.notice a[href="#/photo"]`)
	v.there("#tab-file")
	if v.text("section.notice") != "" {
		t.Error("the photo that is too large waits to be sent again")
	}

	name := "\u202egpj.\u05d0<img src=x onerror=alert(1)>" + strings.Repeat("x", 150) + ".jpg"
	choose(write(name, []byte("no photo at all")))
	v.press("#measure")
	v.refused("unsupported_format")
}

// The page is loaded anew at each step, and the same scan goes on.
func TestConsole_reloads(t *testing.T) {
	v := openConsole(t, phone)
	reload := func(has string) {
		v.visit("about:blank")
		v.runs("history.back()")
		v.there(has)
	}
	v.enrol("console-reload@example.com")
	reload("#tab-test")
	v.measure("completed")
	v.holds("the photo travels", `location.hash.startsWith("#/way/") || !!document.querySelector(".mark")`)
	v.runs("location.reload()")
	v.there(".mark")
	reload(".mark")
	v.goes("#/timeline")
	v.there(".rowlink")
	if got := must[int](v.page, `document.querySelectorAll(".rowlink").length`); got != 1 {
		t.Errorf("%d scans came of one photo", got)
	}
	v.goes("#/leave")
	reload("#erase-sure")
	v.press("#erase-sure")
	v.press("#erase")
	v.shows(".verified", "The signature is good")
	reload(".verified")
}

// A link to a scan of one's own leads there by the sign-in; one to another user's has a sentence.
func TestConsole_links(t *testing.T) {
	own, other := enrolled(t, "console-own@example.com"), enrolled(t, "console-other@example.com")
	foreign, mine := other.ticket(t, "foreign").Scan.ID, own.ticket(t, "own").Scan.ID
	v := openConsole(t, phone)
	v.goes("#/scans/" + mine)
	v.holds("the sign-in is there in the scan's place",
		fmt.Sprintf(`document.getElementById("main").dataset.address === "/scans/%s"`, mine))
	v.signsIn(own)
	v.shows("h1", "The photo is missing")
	v.expect("404 (Not Found)")
	for _, view := range []string{"#/scans/" + foreign, "#/series/" + foreign} {
		v.goes(view)
		v.fails("not_found", `a[href="#/timeline"]`)
		v.view("foreign")
	}
	v.goes("#/leaderboards/no-such-board")
	v.fails("not_found", ".title")
	v.view("no-board")
}

// refused waits for what a photo was refused for.
func (v visitor) refused(code string) {
	v.Helper()
	v.there(fmt.Sprintf(".notice[data-code=%q]", code))
	v.there(`#main a[href="#/photo"]`)
}
