//go:build browser

package browser_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/chromedp/chromedp"
)

// focused says where the focus is, and whether it can be seen there.
const focused = `(() => {
  const e = document.activeElement, style = getComputedStyle(e);
  const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
  return { is: e.matches(%s), name: e.tagName + "#" + e.id + "." + e.getAttribute("class"),
    seen: e.matches(":focus-visible") && e.checkVisibility() && (outlined || e.matches(".mark, .chart a")) };
})()`

// keys presses keys, whose press goes to what has the focus.
func (v visitor) keys(keys string, options ...chromedp.KeyOption) {
	v.Helper()
	v.do(chromedp.KeyEvent(keys, options...))
}

// tabs goes on by the Tab key until the element has the focus, which is visible wherever it stops.
func (v visitor) tabs(element string, options ...chromedp.KeyOption) {
	v.Helper()
	v.there(element)
	for range 200 {
		v.keys("\t", options...)
		at := must[struct {
			Is, Seen bool
			Name     string
		}](v.page, fmt.Sprintf(focused, quoted(element)))
		if !at.Seen && at.Name != "BODY#.null" { // which is between the last element and the first
			v.Errorf("the focus is not seen at %s", at.Name)
		}
		if at.Is {
			return
		}
	}
	v.Fatalf("the Tab key does not lead to %s", element)
}

// tabsBack is tabs backwards.
func (v visitor) tabsBack(element string) {
	v.Helper()
	v.tabs(element, chromedp.KeyModifiers(chromedp.ModifierShift))
}

// listen keeps what a screen reader is told.
const listen = `globalThis.told = [];
  new MutationObserver(() => told.push(document.getElementById("said").textContent))
    .observe(document.getElementById("said"), { childList: true, characterData: true, subtree: true })`

// A person without a mouse goes the whole way, and one who does not see hears each stage of it.
func TestConsole_byKeyboard(t *testing.T) {
	v := openConsole(t, desk)
	v.runs(listen)
	v.tabs("#skip")
	v.tabs("#ada")
	v.tabs("#email")
	v.keys("console-keys@example.com\t" + password)
	v.tabs("#sign-up")
	v.keys("\r")
	v.tabs("#year")
	v.keys("1990")
	v.tabs("#sure")
	v.keys(" ")
	v.tabs("#agree")
	v.keys("\r")
	v.tabs("[data-code=completed]")
	v.keys("\r")
	v.holds("what is next has the focus", `document.activeElement.id === "measure"`)
	v.keys("\r")
	v.there(".mark")
	v.holds("the heading has the focus", `document.activeElement.tagName === "H1"`)
	v.tabs("[data-mark=mouth_width]")
	v.shows(".told", "From corner to corner")
	told := must[[]string](v.page, "told")
	for _, stage := range []string{"Ask for an upload ticket", "Upload to Storage", "Wait for the engine", "Result"} {
		if !slices.Contains(told, stage) {
			t.Errorf("a screen reader is not told %q, only %q", stage, told)
		}
	}
	v.runs("history.back()")
	v.shows("h1", "New photo")
	v.runs("history.forward()")
	v.there(".mark")
	v.tabsBack(`[data-title="nav.leave"]`)
	v.keys("\r")
	v.tabs("#erase-sure")
	v.keys(" ")
	v.tabs("#erase")
	v.keys("\r")
	v.shows(".verified", "The signature is good")
}
