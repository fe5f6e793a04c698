//go:build browser

package browser_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// overflowing lists what of the page is beyond the screen and cannot be reached by scrolling within
// an element, and whether the page scrolls sideways.
const overflowing = `(() => {
  const root = document.documentElement, width = root.clientWidth, found = [];
  if (root.scrollWidth > width) found.push("the page is " + root.scrollWidth + " wide");
  const scrolls = (e) => e && e !== document.body && e !== root &&
    (/auto|scroll/.test(getComputedStyle(e).overflowX) || scrolls(e.parentElement));
  const look = (what, boxes, parent) => {
    const beyond = [...boxes].find((box) => box.width && box.height && (box.right > width + 1 || box.left < -1));
    if (beyond && parent.checkVisibility() && !scrolls(parent)) found.push(what + " ends at " + Math.round(beyond.right));
  };
  for (const e of document.body.querySelectorAll("*")) {
    look(e.tagName.toLowerCase() + " " + (e.id || e.className), e.getClientRects(), e.parentElement);
  }
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), range = document.createRange();
  while (texts.nextNode()) {
    range.selectNodeContents(texts.currentNode);
    look(JSON.stringify(texts.currentNode.data.trim().slice(0, 60)), range.getClientRects(), texts.currentNode.parentElement);
  }
  return found.slice(0, 5);
})()`

// look holds the page to its screens, and where SHOTS is set writes pictures of the whole page at
// each, light and dark.
func (p *page) look(name string) {
	p.Helper()
	p.fits(name)
	if running.shots == "" {
		return
	}
	for _, at := range []screen{phone, laptop} {
		p.fit(at)
		for _, scheme := range []string{"light", "dark"} {
			p.paint(scheme)
			p.picture(running.shots, fmt.Sprintf("%s-%d-%s", name, at.width, scheme))
		}
	}
	p.paint("")
	p.fit(p.screen)
}

// fits holds the page to the widths of a phone and a desktop.
func (p *page) fits(name string) {
	p.Helper()
	for _, at := range []screen{phone, laptop} {
		p.fit(at)
		for _, fault := range must[[]string](p, overflowing) {
			p.Errorf("%s, at %d px: %s", name, at.width, fault)
		}
	}
	p.fit(p.screen)
}

// paint has the page believe that its reader wants light or dark pages.
func (p *page) paint(scheme string) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	if err != nil {
		p.Fatal(err)
	}
}

// picture writes a picture of the whole page.
func (p *page) picture(dir, name string) {
	p.Helper()
	png, err := chromedp.Run(p.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = write(dir, name+".png", png)
	}
	if err != nil {
		p.Errorf("take a picture: %v", err)
	}
}

// traces is the folder for what is left of tests that fail.
var traces = sync.OnceValues(func() (string, error) {
	if running.shots != "" {
		return running.shots, nil
	}
	return os.MkdirTemp("", "facescan-browser-failed-")
})

// record writes a picture of the page, and what console and functions said.
func (p *page) record() {
	dir, err := traces()
	if err != nil {
		p.Errorf("make a folder: %v", err)
		return
	}
	name := strings.NewReplacer("/", "-", " ", "-").Replace("failed-" + p.Name())
	p.Logf("a picture of the page and the logs are in %s", filepath.Join(dir, name+".*"))
	p.picture(dir, name)
	var console strings.Builder
	for _, m := range p.console() {
		console.WriteString(line(m) + "\n")
	}
	for end, text := range map[string]string{".console.txt": console.String(), ".functions.txt": running.logs.String()} {
		if err := write(dir, name+end, []byte(text)); err != nil {
			p.Error(err)
		}
	}
}

func write(dir, name string, content []byte) error {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, name), content, 0o600)
}
