//go:build browser

package browser_test

import (
	"fmt"

	cdp "github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// pictureLimit is what a picture of the repository stays below, in bytes.
const pictureLimit = 200_000

// publish writes a small picture of an element, light and as it is on a wide screen, for README.md.
// The face in it must be a test photo's: those are drawn.
func (v visitor) publish(name, element string) {
	v.Helper()
	if running.pictures == "" || v.screen.touch {
		return
	}
	v.paints("light")
	const frame = `(({left, top, width, height}) => [left, top, width, height])(
	  document.querySelector(%s).getBoundingClientRect())`
	v.runs("scrollTo(0, 0)")
	at := must[[]float64](v.page, fmt.Sprintf(frame, quoted(element)))
	height := min(at[3], float64(v.screen.height))
	quality, beyond := int64(85), true
	shot, err := chromedp.Call(v.ctx, cdp.CaptureScreenshot, cdp.CaptureScreenshotParams{
		Format: cdp.CaptureScreenshotFormatWebp, Quality: &quality,
		Clip:                  &cdp.Viewport{X: at[0], Y: at[1], Width: at[2], Height: height, Scale: 1},
		CaptureBeyondViewport: &beyond,
	})
	if err != nil {
		v.Fatal(err)
	}
	if len(shot.Data) >= pictureLimit {
		v.Errorf("the picture %s has %d bytes", name, len(shot.Data))
	}
	if err := write(running.pictures, name+".webp", shot.Data); err != nil {
		v.Fatal(err)
	}
	v.paints("")
}
