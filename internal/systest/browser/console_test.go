//go:build browser

package browser_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"github.com/facescan/facescan/internal/local/console"
)

// desk is the wide screen of the console.
var desk = screen{width: 1440, height: 900}

// visitor is a person at the console of `make run`.
type visitor struct{ *page }

func openConsole(tb testing.TB, on screen) visitor {
	tb.Helper()
	v := visitor{open(tb, on)}
	v.visit(running.ConsoleURL())
	v.there("#ada")
	return v
}

// goes opens a view by its address, without loading the page anew.
func (v visitor) goes(to string) {
	v.Helper()
	must[string](v.page, fmt.Sprintf("location.hash = %s", quoted(to)))
}

// there waits until an element is shown.
func (v visitor) there(element string) {
	v.Helper()
	v.until(element+" is there", func() bool {
		return must[bool](v.page, fmt.Sprintf("document.querySelector(%s)?.checkVisibility() ?? false", quoted(element)))
	})
}

// press waits for an element and presses it, wherever on the page it is.
func (v visitor) press(element string) {
	v.Helper()
	v.there(element)
	const press = `const e = document.querySelector(%s); e.scrollIntoView({block: "center"}); e.click()`
	v.runs(fmt.Sprintf(press, quoted(element)))
}

// runs runs statements in the page.
func (v visitor) runs(statements string) {
	v.Helper()
	must[bool](v.page, "(() => { "+statements+"; return true })()")
}

// holds waits until an expression is true in the page.
func (v visitor) holds(what, expression string) {
	v.Helper()
	v.until(what, func() bool { return must[bool](v.page, expression) })
}

// enrol signs up and agrees.
func (v visitor) enrol(email string) {
	v.Helper()
	v.there("#email")
	v.write("#email", email)
	v.write("#password", password)
	v.press("#sign-up")
	v.there("#agree")
	v.write("#year", "1990")
	v.press("#sure")
	v.press("#agree")
	v.there("#tab-test")
}

// measure has a test photo measured.
func (v visitor) measure(code string) {
	v.Helper()
	v.goes("#/photo")
	photo := fmt.Sprintf("[data-code=%q]", code)
	v.holds("the test photos are there", fmt.Sprintf("!!document.querySelector(%s)", quoted(photo)))
	v.runs(fmt.Sprintf("document.querySelector(%s).click()", quoted(photo)))
	v.press("#measure")
}

var axe = sync.OnceValues(func() (string, error) {
	script, err := os.ReadFile(filepath.Join(running.modules, "axe-core", "axe.min.js"))
	return string(script), err
})

// violations runs axe-core in the page and says what it finds against WCAG 2.2, level AA. None of
// these rules needs the text of style sheets, and what is right is left out.
const violations = `axe.run(document, {
  runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"], preload: false, resultTypes: ["violations"],
}).then(({violations}) => violations.map((v) => v.id + ": " + v.help + ": " +
    v.nodes.slice(0, 3).map((n) => n.target + " " + (n.any[0]?.message ?? "")).join("; ")))`

// oddities are words that a script has written in the place of a value, and keys of strings.
const oddities = `document.getElementById("main").innerText.match(
  /\b(null|undefined|NaN|false|\[object \w+\])\b|\b(problem|way|metric|test|failed|nav|check)\.[a-z_]+\b/g) ?? []`

// view holds a view to its widths and to axe, light and dark. A phone's visitor sees it dark at
// 390 px and light at 1440 px, one at a desk the other way round, so both journeys of TestConsole
// have all four. Where SHOTS is set each has them, with pictures.
func (v visitor) view(name string) {
	v.Helper()
	script, err := axe()
	if err != nil {
		v.Fatal(err)
	}
	if !must[bool](v.page, `"axe" in globalThis`) {
		v.runs(script)
	}
	v.holds("the view is loaded", `!document.querySelector("[aria-busy=true]")`)
	if odd := must[[]string](v.page, oddities); len(odd) > 0 {
		v.Errorf("%s shows %q", name, odd)
	}
	own, other := "dark", "light"
	if !v.screen.touch {
		own, other = other, own
	}
	for at, schemes := range map[screen][]string{phone: {own, other}, desk: {other, own}} {
		v.fit(at)
		for _, fault := range must[[]string](v.page, overflowing) {
			v.Errorf("%s, at %d px: %s", name, at.width, fault)
		}
		if running.shots == "" {
			schemes = schemes[:1]
		}
		for _, scheme := range schemes {
			v.accessible(name, at, scheme)
		}
	}
	v.paints("")
	v.fit(v.screen)
}

// accessible runs axe on the view as it is on a screen, and takes a picture of it.
func (v visitor) accessible(name string, at screen, scheme string) {
	v.Helper()
	v.paints(scheme)
	for _, found := range must[[]string](v.page, violations) {
		v.Errorf("%s, at %d px, %s: %s", name, at.width, scheme, found)
	}
	if running.shots != "" {
		v.picture(running.shots, fmt.Sprintf("console-%s-%d-%s", name, at.width, scheme))
	}
}

// paints is paint for a person who wants no motion: a colour on its way to another is neither.
func (v visitor) paints(scheme string) {
	v.Helper()
	_, err := chromedp.Call(v.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{
			{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
		},
	})
	if err != nil {
		v.Fatal(err)
	}
}

func TestConsole(t *testing.T) {
	for name, on := range map[string]screen{"on a phone": phone, "at a desk": desk} {
		t.Run(name, func(t *testing.T) {
			v := openConsole(t, on)
			v.view("start")
			v.enrol("console-" + strings.ReplaceAll(name, " ", "-") + "@example.com")
			v.there(".gallery img")
			v.view("photo")
			v.measure("completed_other")
			v.readResult()
			v.wander()
			v.takeAll()
			v.leaves()
		})
	}
}

// readResult looks at the result: a score with its interval, and marks that say what they are.
func (v visitor) readResult() {
	v.Helper()
	v.there(".mark")
	v.holds("the address is the scan's", `location.hash.startsWith("#/scans/")`)
	v.shows(".reading", "likely between")
	v.runs(`document.querySelector("[data-mark=mouth_width]").focus()`)
	v.shows(".told", "From corner to corner")
	v.holds("the crop is loaded", `document.querySelector(".face img").naturalWidth > 0`)
	v.view("result")
	v.publish("console", "html")
	v.press("#picture-overlay")
	v.holds("the overlay is loaded", `document.querySelector(".overlay img")?.naturalWidth > 0`)
	v.publish("overlay", ".overlay img")
	v.press("#picture-halves")
	v.there(".halves img")
}

// wander goes through the other views and back.
func (v visitor) wander() {
	v.Helper()
	for _, view := range []struct{ to, name, has, says string }{
		{"#/timeline", "timeline", ".chart svg", ""},
		{"#/leaderboards", "board", ".standing", "You do not take part"},
		{"#/inbox", "inbox", ".mail", "Your scan is ready"},
		{"#/settings", "settings", ".kinds", ""},
		{"#/operator", "operator", ".tiles", "Mails"},
		{"#/nothing", "missing", "h1", "There is no such page"},
	} {
		v.finds(view.to, view.has)
		v.shows("#main", view.says)
		v.view(view.name)
	}
	v.goes("#/settings")
	v.shows("h1", "Settings")
	v.goes("#/operator")
	v.shows("h1", "System")
	v.runs("history.back()")
	v.shows("h1", "Settings")
}

// finds opens a view, again and again until it has what an event brings.
func (v visitor) finds(to, element string) {
	v.Helper()
	v.until(element+" is at "+to, func() bool {
		v.goes("#/leave")
		v.goes(to)
		v.holds("the view is loaded", `!!document.querySelector("#main h1") && !document.querySelector("[aria-busy=true]")`)
		return must[bool](v.page, fmt.Sprintf("!!document.querySelector(%s)", quoted(element)))
	})
}

// takeAll exports everything.
func (v visitor) takeAll() {
	v.Helper()
	v.expect("404 (Not Found)") // no export was asked for yet
	v.goes("#/export")
	v.shows("#main", "It takes seconds")
	v.press("#main button.primary")
	v.shows("#main", "The export is ready")
	v.view("export")
	v.press("#main button.primary")
	v.shows("#main", "Its checksum is right")
}

// leaves erases the account, and reads the receipt that the page has verified.
func (v visitor) leaves() {
	v.Helper()
	v.goes("#/leave")
	v.press("#erase-sure")
	v.view("leave")
	v.press("#erase")
	v.shows(".verified", "The signature is good")
	v.view("receipt")
}

func TestConsole_inGerman(t *testing.T) {
	at := desk
	at.languages = "de-DE,de"
	v := openConsole(t, at)
	v.shows("h1", "Wie gleichmäßig ist ein Gesicht")
	v.enrol("console-german@example.com")
	v.measure("turned_away")
	v.shows("#main", "Der Kopf ist abgewandt")
	v.shows("#main", "Dreh den Kopf") // the API's own sentence
	v.view("failed-de")
	v.measure("completed")
	v.shows(".reading", "wahrscheinlich zwischen")
	v.view("result-de")
	v.expect("404 (Not Found)")    // no export was asked for yet
	for _, view := range []string{ // without the logs, whose long lines are cut until one is opened
		"", "consent", "photo", "timeline", "leaderboards", "inbox", "settings", "export", "leave", "operator",
		"operator/traces", "operator/sent", "operator/faults", "operator/stuck", "operator/counts",
	} {
		v.goes("#/" + view)
		v.holds("the view is there", fmt.Sprintf(`document.getElementById("main").dataset.address === "/%s"`, view))
		v.holds("the view is loaded", `!document.querySelector("[aria-busy=true]")`)
		v.fits(view + "-de")
	}
}

// Ada is there by one press, and the board has her once she takes part.
func TestConsole_asAda(t *testing.T) {
	v := openConsole(t, phone)
	v.expect("400 (Bad Request)") // Ada is not there yet
	v.press("#ada")
	v.there("#agree")
	v.view("consent")
	v.press("#sure")
	v.press("#agree")
	v.measure("completed_high")
	v.there(".mark")
	v.goes("#/")
	v.there(".curve")
	v.view("home")
	v.press("#menu")
	v.there("#side")
	v.view("menu")
	v.press("#sign-out")
	v.shows("#main", "You are signed out")
	v.press("#ada")
	v.there(".curve")
}

// The page is its own: what it loads is its host's, and it asks for nothing else than the stack.
func TestConsole_paintsBeforeTheAPIAnswers(t *testing.T) {
	v := visitor{open(t, phone)}
	v.expect("net::ERR_")
	v.visit(running.ConsoleURL())
	v.there("#ada")
	v.there("html[data-loaded]") // until then, the page cannot paint what it has not fetched
	v.connected(false)
	v.goes("#/operator")
	v.shows("h1", "System")
	v.connected(true)
	asked := must[[]string](v.page, `performance.getEntriesByType("resource").map(({name}) => new URL(name).host)`)
	for _, host := range asked {
		if !strings.Contains(running.ConsoleURL(), host) {
			t.Errorf("the first page asks %s", host)
		}
	}
	if got := must[string](v.page, "location.pathname"); got != console.Path {
		t.Errorf("its path is %s", got)
	}
}
