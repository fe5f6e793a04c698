//go:build browser

package browser_test

import (
	"context"
	"net/url"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/facescan/facescan/internal/local/faults"
)

// ashore opens the console in a browser that reaches the API and Auth by networks that can be cut.
func ashore(t *testing.T, on screen) (v visitor, api, auth *strait) {
	t.Helper()
	address, err := url.Parse(running.URL)
	prepared(t, err)
	api, auth = newStrait(t, "127.0.0.1:"+address.Port()), newStrait(t, running.AuthHost)
	browser, end, err := launch(context.WithoutCancel(t.Context()),
		"127.0.0.1:"+address.Port()+" "+api.Listener.Addr().String(),
		running.AuthHost+" "+auth.Listener.Addr().String())
	prepared(t, err)
	t.Cleanup(end)
	v = visitor{openIn(browser, t, on)}
	v.visit(running.ConsoleURL())
	v.there("#ada")
	v.there("html[data-loaded]")
	return v, api, auth
}

// heard waits for a complaint in the console, which is expected.
func (v visitor) heard(part string) {
	v.Helper()
	v.expect(part)
	v.until("the console has "+part, func() bool {
		return slices.ContainsFunc(v.console(), func(m chromedp.ConsoleMessage) bool {
			return strings.Contains(line(m), part)
		})
	})
}

// The network goes in the middle of the long poll for a scan, and with it the API and Auth.
func TestConsole_longPoll(t *testing.T) {
	at := phone
	at.languages = "de-DE,de"
	m := enrolled(t, "console-poll@example.com")
	v, api, _ := ashore(t, at)
	v.signsIn(m)
	opened := m.ticket(t, "poll")
	v.goes("#/scans/" + opened.Scan.ID)
	v.shows("h1", "Das Foto fehlt")
	v.until("the long poll is under way", func() bool { return api.wasAsked(opened.Scan.ID + "?wait=25") })
	api.cut()
	v.fails("unreachable", "button")
	v.shows("#main", "Die API antwortet nicht")
	v.shows("#main", "Der nächste Versuch kommt in")
	v.view("poll-cut")
	v.heard("net::ERR_")
	before := api.times("/v1/scans/" + opened.Scan.ID)
	api.mend()
	v.press(".notice button")
	v.holds("the page waits again", `!document.querySelector(".notice")`)
	if api.times("/v1/scans/"+opened.Scan.ID) == before {
		t.Error("the notice is there until a long poll ends")
	}
	prepared(t, m.Put(t.Context(), opened.Upload, photoOf(t, "completed")))
	v.there(".mark")
	v.shows("h1", "Dein Ergebnis")
}

// While Auth is down, the sign-in has a sentence, and who is signed in goes on.
func TestConsole_withoutAuth(t *testing.T) {
	m := enrolled(t, "console-auth@example.com")
	v, _, auth := ashore(t, desk)
	auth.cut()
	v.write("#email", m.Email)
	v.write("#password", m.Password)
	v.press("#sign-in")
	v.fails("auth_unreachable", "button")
	v.view("auth-down")
	v.heard("net::ERR_")
	auth.mend()
	v.press(".notice button")
	v.there("#sign-out")
	auth.cut()
	v.goes("#/inbox")
	v.there(".mail")
}

// expire has the browser keep a token that is over and looks good, as by a clock that is wrong.
const expire = `(async () => {
  const settled = (request) => new Promise((done, failed) => {
    request.onsuccess = () => done(request.result);
    request.onerror = () => failed(request.error);
  });
  const database = await settled(indexedDB.open("firebaseLocalStorageDb"));
  const users = database.transaction("firebaseLocalStorage", "readwrite").objectStore("firebaseLocalStorage");
  for (const one of await settled(users.getAll())) {
    const tokens = one.value.stsTokenManager, [head, claims, end] = tokens.accessToken.split(".");
    const said = JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/")));
    const over = btoa(JSON.stringify({ ...said, exp: said.iat - 3600 })).replace(/=+$/, "");
    tokens.accessToken = [head, over.replaceAll("+", "-").replaceAll("/", "_"), end].join(".");
    await settled(users.put(one));
  }
  database.close();
  return true;
})()`

// A token that is over is refreshed, which no view shows.
func TestConsole_tokenExpired(t *testing.T) {
	m := enrolled(t, "console-expired@example.com")
	v := openConsole(t, phone)
	v.signsIn(m)
	must[bool](v.page, expire)
	v.visit("about:blank")
	v.visit(running.ConsoleURL() + "#/inbox")
	v.there(".mail")
	v.heard("401 (Unauthorized)")
}

// A function without its database has a sentence, and the page goes on when it is back.
func TestConsole_functionDown(t *testing.T) {
	m := enrolled(t, "console-away@example.com")
	at := desk
	at.languages = "de-DE,de"
	v := openConsole(t, at)
	v.signsIn(m)
	v.goes("#/inbox")
	v.there(".mail")
	t.Cleanup(func() { running.Faults().Set(nil) })
	spec, err := faults.Parse("firestore.5xx=1")
	prepared(t, err)
	running.Faults().Set(spec)
	v.goes("#/timeline")
	v.fails("unavailable", "button")
	v.shows(".notice", "Das System ist beschäftigt, oder eine Funktion ist aus")
	v.view("function-down")
	v.heard("503 (Service Unavailable)")
	running.Faults().Set(nil)
	v.until("the timeline is there", func() bool {
		v.runs(`document.querySelectorAll(".notice button").forEach((button) => button.click())`)
		return must[bool](v.page, `!document.querySelector(".notice") && !document.querySelector("[aria-busy=true]")`)
	})
}

// The functions' process is killed while a photo travels, which brings its result nevertheless.
func TestConsole_functionKilled(t *testing.T) {
	v := openConsole(t, phone)
	v.enrol("console-killed@example.com")
	v.expect("502 (Bad Gateway)", "503 (Service Unavailable)", "net::ERR_")
	v.measure("completed")
	v.there("[data-step=queue][data-state=now], [data-step=measure][data-state=now], .mark")
	killed := running.PID()
	process, err := os.FindProcess(killed)
	prepared(t, err)
	prepared(t, process.Kill())
	v.there(".mark")
	v.until("another process serves", func() bool { return running.PID() != 0 && running.PID() != killed })
}

// While the stack does not answer, the operator's live views have a sentence, and then they go on.
func TestConsole_stackDown(t *testing.T) {
	v := openConsole(t, desk)
	v.there("html[data-loaded]")
	v.expect("net::ERR_")
	for view, has := range map[string]string{
		"#/operator": `[data-node="consumer:analyze"]`, "#/operator/logs": "#q", "#/operator/counts": "#counts table",
	} {
		v.goes(view)
		v.there(has)
		v.connected(false)
		v.fails("unreachable", ".title")
		v.shows("#main", "It is asked again until it answers")
		v.connected(true)
		v.holds("it goes on", `!document.querySelector(".notice")`)
	}
}

// On a slow network the page is there before what it loads, and the upload says how far it is.
func TestConsole_slowNetwork(t *testing.T) {
	v := visitor{open(t, phone)}
	v.slow()
	v.visit(running.ConsoleURL())
	v.enrol("console-slow@example.com")
	v.runs(`globalThis.seen = new Set();
	  new MutationObserver(() => {
	    for (const step of document.querySelectorAll("[data-step=upload] .took")) seen.add(step.textContent);
	  }).observe(document.getElementById("main"), { childList: true, subtree: true, characterData: true })`)
	v.measure("completed")
	v.there(".mark")
	v.shows(".reading", "likely between")
	if got := must[[]string](v.page, `[...seen].filter((text) => text.includes(" of "))`); len(got) < 2 {
		t.Errorf("of the upload it says %q", got)
	}
	painted := must[float64](v.page, `performance.getEntriesByName("first-contentful-paint")[0].startTime`)
	loaded := must[float64](v.page, `Math.max(...performance.getEntriesByType("resource")
	  .filter(({ name }) => name.endsWith("firebase-auth.js")).map(({ responseEnd }) => responseEnd))`)
	if painted > loaded {
		t.Errorf("the first paint is after %.0f ms, the SDK after %.0f ms", painted, loaded)
	}
}
