//go:build browser

package browser_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// patience bounds each wait. A scan on two busy cores takes a small part of it.
const patience = time.Minute

// screen is where a page is seen.
type screen struct {
	width, height int64
	touch         bool
	// languages are those of the person, the best first, such as "de-DE,de"; "" is English.
	languages string
}

var (
	phone  = screen{width: 390, height: 844, touch: true}
	laptop = screen{width: 1280, height: 800}
)

// page is a tab, with storage that no other page has.
type page struct {
	testing.TB
	ctx    context.Context
	screen screen
	// expected are parts of the messages that do not fail the test.
	expected []string

	mu   sync.Mutex
	said []chromedp.ConsoleMessage
}

// open opens an empty page in the shared browser.
func open(tb testing.TB, on screen) *page {
	tb.Helper()
	return openIn(running.chromium, tb, on)
}

// openIn opens an empty page. At the end of the test it is held to what the console has.
func openIn(browser context.Context, tb testing.TB, on screen) *page {
	tb.Helper()
	ctx, end := chromedp.NewContext(browser, chromedp.WithNewBrowserContext())
	tb.Cleanup(end)
	p := &page{TB: tb, ctx: ctx, screen: on}
	if err := chromedp.Do(ctx); err != nil { // opens the tab, which lasts as long as its context
		tb.Fatal(err)
	}
	messages := chromedp.Console(ctx)
	go func() {
		for m, err := range messages {
			if err != nil {
				return // the page has ended
			}
			p.mu.Lock()
			p.said = append(p.said, m)
			p.mu.Unlock()
		}
	}()
	tb.Cleanup(p.review)
	p.fit(on)
	if on.languages != "" {
		p.speak(on.languages)
	}
	return p
}

// do runs actions, all within patience.
func (p *page) do(actions ...chromedp.Action[chromedp.Void]) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	if err := chromedp.Do(ctx, actions...); err != nil {
		p.Fatal(err)
	}
}

// eval returns the value of an expression in the page, or that of its promise.
func eval[T any](p *page, expression string) (T, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Run(ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// must is eval of what cannot fail in a page that works.
func must[T any](p *page, expression string) T {
	p.Helper()
	v, err := eval[T](p, expression)
	if err != nil {
		p.Fatalf("%s: %v", expression, err)
	}
	return v
}

func (p *page) fit(to screen) {
	p.Helper()
	options := []chromedp.EmulateViewportOption{}
	if to.touch {
		options = append(options, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulatePortrait)
	}
	p.do(chromedp.EmulateViewport(to.width, to.height, options...))
}

func (p *page) speak(languages string) {
	p.Helper()
	agent := must[string](p, "navigator.userAgent")
	_, err := chromedp.Call(p.ctx, emulation.SetUserAgentOverride, emulation.SetUserAgentOverrideParams{
		UserAgent: agent, AcceptLanguage: languages,
	})
	if err != nil {
		p.Fatal(err)
	}
}

// visit opens the URL and waits until all of it is loaded.
func (p *page) visit(url string) {
	p.Helper()
	p.do(chromedp.Navigate(url))
}

// tap touches the middle of the element, or clicks there.
func (p *page) tap(element string) {
	p.Helper()
	if p.screen.touch {
		p.do(chromedp.Tap(chromedp.CSS(element), chromedp.NodeVisible))
		return
	}
	p.do(chromedp.Click(chromedp.CSS(element), chromedp.NodeVisible))
}

// write types into the field, in the place of what it has.
func (p *page) write(field, text string) {
	p.Helper()
	selectAll := fmt.Sprintf("document.querySelector(%s).select()", quoted(field))
	p.do(chromedp.Focus(chromedp.CSS(field)), chromedp.Evaluate[chromedp.Void](selectAll), chromedp.KeyEvent(text))
}

// quoted returns the text as a literal of JavaScript.
func quoted(text string) string {
	literal, _ := json.Marshal(text) // a text has one
	return string(literal)
}

// choose gives the file to the field.
func (p *page) choose(field, file string) {
	p.Helper()
	p.do(chromedp.SetUploadFiles(chromedp.CSS(field), []string{file}))
}

// text returns what the element shows, "" if it is not there.
func (p *page) text(element string) string {
	p.Helper()
	text, err := eval[string](p, fmt.Sprintf(`document.querySelector(%s)?.innerText ?? ""`, quoted(element)))
	if err != nil && p.ctx.Err() != nil {
		p.Fatal(err)
	}
	return text // of a page that is being left, none
}

// shows waits until the element shows a text with the words in it, and returns that.
func (p *page) shows(element, words string) string {
	p.Helper()
	shown := ""
	p.until(fmt.Sprintf("%s shows %q", element, words), func() bool {
		shown = p.text(element)
		return strings.Contains(shown, words)
	})
	return shown
}

// until waits until the condition holds.
func (p *page) until(what string, holds func() bool) {
	p.Helper()
	if !p.wait(holds) {
		p.Fatalf("%s: not within %s; it shows:\n%s", what, patience, p.text("body"))
	}
}

// wait reports whether the condition holds within patience.
func (p *page) wait(holds func() bool) bool {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-ctx.Done():
			return false
		case <-tick.C:
		}
	}
	return true
}

// expect names parts of messages in the console that do not fail the test.
func (p *page) expect(parts ...string) { p.expected = append(p.expected, parts...) }

// console returns all messages so far.
func (p *page) console() []chromedp.ConsoleMessage {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.said)
}

// complaints returns the errors and warnings in the console that no test expects. What was said
// before the call is among them.
func (p *page) complaints() (all []string, err error) {
	const mark = "all so far was heard"
	if _, err := eval[chromedp.Void](p, fmt.Sprintf("console.debug(%q)", mark)); err != nil {
		return nil, err
	}
	heard := p.wait(func() bool {
		return slices.ContainsFunc(p.console(), func(m chromedp.ConsoleMessage) bool { return m.Text == mark })
	})
	if !heard {
		return nil, errors.New("the console is not heard any more")
	}
	for _, m := range p.console() {
		bad := m.IsException() || m.Type == chromedp.ConsoleError || m.Type == chromedp.ConsoleWarning
		if said := line(m); bad && !p.expects(said) {
			all = append(all, said)
		}
	}
	return all, nil
}

func (p *page) expects(said string) bool {
	return slices.ContainsFunc(p.expected, func(part string) bool { return strings.Contains(said, part) })
}

// line returns a message of the console on one line.
func line(m chromedp.ConsoleMessage) string {
	return strings.TrimSpace(strings.ReplaceAll(fmt.Sprintf("%s (%s) %s", m, m.Source, m.URL), "\n", " "))
}

// review holds the test to the console at its end, and records the page of a test that has failed.
func (p *page) review() {
	if running.interrupted() != nil {
		return
	}
	all, err := p.complaints()
	if err != nil {
		p.Errorf("read the console: %v", err)
	}
	for _, one := range all {
		p.Errorf("the console has: %s", one)
	}
	if p.Failed() {
		p.record()
	}
}
