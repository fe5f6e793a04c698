//go:build browser

package browser_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/chromedp"

	"github.com/facescan/facescan/internal/client"
	"github.com/facescan/facescan/internal/client/api"
)

// signsIn signs a member in, whom another app has signed up.
func (v visitor) signsIn(m member) {
	v.Helper()
	v.there("#email")
	v.write("#email", m.Email)
	v.write("#password", m.Password)
	v.press("#sign-in")
	v.holds("the user is signed in", `!!document.querySelector("#sign-out")`) // behind the menu of a phone
}

// fails waits for the sentence and the way on of a problem.
func (v visitor) fails(code, way string) {
	v.Helper()
	notice := fmt.Sprintf(".notice[data-code=%q]", code)
	v.there(notice)
	v.there(notice + " " + way)
}

func TestConsole_cameraTrouble(t *testing.T) {
	v := openConsole(t, phone)
	v.enrol("console-no-camera@example.com")
	const refuse = `navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException("", %q))`
	for fault, code := range map[string]string{
		"NotAllowedError": "camera_denied", "NotFoundError": "no_camera", "NotReadableError": "camera_busy",
	} {
		v.runs(fmt.Sprintf(refuse, fault))
		v.press("#tab-test")
		v.press("#tab-camera")
		v.press("#camera-on")
		v.fails(code, "button")
		if code == "camera_denied" {
			v.view("camera-denied")
		}
	}
}

// A camera that is pulled out is said to be gone, and can be turned on again.
func TestConsole_cameraGone(t *testing.T) {
	v := openConsole(t, phone)
	v.enrol("console-camera-gone@example.com")
	v.press("#tab-camera")
	v.press("#camera-on")
	v.shows("#coach", "No face was found")
	v.runs(`document.querySelector("video").srcObject.getTracks()[0].dispatchEvent(new Event("ended"))`)
	v.fails("no_camera", "button")
	v.press(".notice button")
	v.there("#coach")
}

// A picture whose address is over, or that the network does not bring, can be asked for anew.
func TestConsole_pictureGone(t *testing.T) {
	m := enrolled(t, "console-picture-gone@example.com")
	m.scanned(t)
	v := openConsole(t, desk)
	v.signsIn(m)
	v.goes("#/timeline")
	v.press(".rowlink")
	v.there(".mark")
	v.expect("net::ERR_")
	v.connected(false)
	v.press("#picture-overlay")
	v.shows("#picture-panel .notice", "The picture did not come")
	v.view("picture-gone")
	v.connected(true)
	v.press("#picture-panel .notice button")
	v.there(".mark")
	v.press("#picture-overlay")
	v.holds("the overlay is loaded", `document.querySelector(".overlay img")?.naturalWidth > 0`)
}

// The network goes in the middle of an upload and the page is closed. What it goes on with is the
// same scan, once.
func TestConsole_cut(t *testing.T) {
	through := newStrait(t, running.StorageHost())
	rule := running.StorageHost() + " " + through.Listener.Addr().String()
	browser, end, err := launch(context.WithoutCancel(t.Context()), rule)
	prepared(t, err)
	t.Cleanup(end)
	v := visitor{openIn(browser, t, phone)}
	v.visit(running.ConsoleURL())
	v.enrol("console-cut@example.com")
	v.expect("net::ERR_", "412 (Precondition Failed)")
	stop := through.cutNext(t, 10_000)
	v.measure("completed")
	v.awaits(stop.reached)
	through.down.Store(true)
	stop.end()
	v.fails("unreachable", ".title")
	v.view("cut")
	v.visit("about:blank")
	through.down.Store(false)
	v.visit(running.ConsoleURL() + "#/photo")
	v.shows("#main", "A photo is waiting")
	v.view("waiting")
	v.press(`a[href^="#/way/"]`)
	v.there(".mark")
	v.goes("#/timeline")
	v.there(".rowlink")
	if got := must[int](v.page, `document.querySelectorAll(".rowlink").length`); got != 1 {
		t.Errorf("%d scans came of one photo", got)
	}
}

// Without a network the page says so, and goes on by itself when it is back.
func TestConsole_offline(t *testing.T) {
	v := openConsole(t, phone)
	v.enrol("console-offline@example.com")
	v.expect("net::ERR_")
	v.there("[data-code=completed]")
	v.press("[data-code=completed]")
	v.there("#measure")
	v.connected(false)
	v.press("#measure")
	v.fails("unreachable", ".title")
	v.connected(true)
	v.there(".mark")
	v.connected(false)
	v.goes("#/settings")
	v.fails("unreachable", "button")
	v.connected(true)
	v.press(".notice[data-code=unreachable] button")
	v.there("#main form")
}

// A sign-in that another device has ended leads back to the sign-in, and that to where one was.
func TestConsole_revoked(t *testing.T) {
	m := enrolled(t, "console-revoked@example.com")
	v := openConsole(t, phone)
	v.signsIn(m)
	v.goes("#/inbox")
	v.there(".mail") // nothing else is under way
	v.expect("401 (Unauthorized)", "403 (Forbidden)", "400 (Bad Request)")
	ended, err := m.API().SignOutEverywhereWithResponse(t.Context())
	prepared(t, err)
	if ended.StatusCode() >= 300 {
		t.Fatal(ended.Status())
	}
	v.goes("#/timeline")
	v.there("#sign-in")
	v.shows("#main", "You are signed out")
	v.signsIn(m)
	v.shows("h1", "Timeline")
}

// An account that another app has erased leads to the sign-in, which knows of none.
func TestConsole_erasing(t *testing.T) {
	m := enrolled(t, "console-erasing@example.com")
	v := openConsole(t, phone)
	v.signsIn(m)
	v.goes("#/inbox")
	v.there(".mail") // nothing else is under way
	v.expect("401 (Unauthorized)", "403 (Forbidden)", "400 (Bad Request)", "404 (Not Found)")
	_, err := m.Erase(t.Context())
	prepared(t, err)
	v.goes("#/timeline")
	v.shows("#main", "You are signed out")
	// Which of these it is depends on how far the erasure is.
	v.there(`.notice[data-code=account_erasing], .notice[data-code=user_disabled],
	  .notice[data-code=token_revoked], .notice[data-code=token_invalid]`)
	v.view("erased-elsewhere")
	v.write("#email", m.Email)
	v.write("#password", m.Password)
	v.press("#sign-in")
	v.there(`.notice[data-code=invalid_credentials], .notice[data-code=user_disabled],
	  .notice[data-code=account_erasing]`)
	v.view("erased-sign-in")
}

// Two tabs are one sign-in: it ends in both, and so does an account that one erases, with the
// receipt in both.
func TestConsole_tabs(t *testing.T) {
	m := enrolled(t, "console-tabs@example.com")
	v := openConsole(t, desk)
	v.signsIn(m)
	ctx, end := chromedp.NewContext(v.ctx)
	t.Cleanup(end)
	other := visitor{&page{TB: t, ctx: ctx, screen: desk}}
	prepared(t, chromedp.Do(ctx))
	other.visit(running.ConsoleURL())
	other.holds("the other tab is signed in", `!!document.querySelector("#sign-out")`)
	other.runs(`document.querySelector("#sign-out").click()`)
	v.shows("#main", "You are signed out")
	v.signsIn(m)
	other.holds("the other tab is signed in again", `!!document.querySelector("#sign-out")`)
	v.goes("#/inbox")
	v.there(".mail")
	other.goes("#/leave")
	other.press("#erase-sure")
	other.press("#erase")
	other.shows(".verified", "The signature is good")
	v.shows("#main", "You are signed out")
	v.press(`.notice a[href="#/leave"]`)
	v.shows(".verified", "The signature is good")
}

// Twenty photos and one more have their places in the chart and in the list.
func TestConsole_manyPhotos(t *testing.T) {
	m := enrolled(t, "console-many@example.com")
	photo := photoOf(t, "completed")
	var ids []string
	for i := range 21 { // all are on their way before the first is awaited
		look, err := client.Look(photo, i)
		prepared(t, err)
		opened, err := m.Open(t.Context(), fmt.Sprintf("look-%d", i), api.UploadRequestContentTypeImageJpeg)
		prepared(t, err)
		prepared(t, m.Put(t.Context(), opened.Upload, look))
		ids = append(ids, opened.Scan.ID)
	}
	for _, id := range ids {
		_, err := m.AwaitScan(t.Context(), id)
		prepared(t, err)
	}
	v := openConsole(t, phone)
	v.signsIn(m)
	v.goes("#/timeline")
	v.there(".chart svg")
	v.there(".rowlink")
	v.view("timeline-many")
	if got := must[int](v.page, `document.querySelectorAll(".chart a").length`); got != 20 {
		t.Errorf("the chart has %d points", got)
	}
	v.press("#main > .loaded:last-child button")
	v.holds("all are listed", `document.querySelectorAll(".rowlink").length === 21`)
}
