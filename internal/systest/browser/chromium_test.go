//go:build browser

package browser_test

import (
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/chromedp/chromedp"

	"github.com/facescan/facescan/internal/local/emulator/machine"
)

// elsewhere is a host that the browser finds on this machine, and that is not admitted.
const elsewhere = "elsewhere.example"

// launch starts a browser, which ends with the context and by end. It finds no other hosts than
// this machine, and those that the rules name: "HOST:PORT HOST:PORT" leads from one to another.
func launch(ctx context.Context, rules ...string) (browser context.Context, end func(), err error) {
	return launchWith(ctx, nil, rules...)
}

// launchWith is launch with further flags of the browser.
func launchWith(
	ctx context.Context, flags []chromedp.ExecAllocatorOption, rules ...string,
) (browser context.Context, end func(), err error) {
	program, err := machine.This().Chromium()
	if err != nil {
		return nil, nil, err
	}
	rules = append(rules, elsewhere+" 127.0.0.1", "localhost 127.0.0.1", "127.0.0.1 127.0.0.1", "* ~NOTFOUND")
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(program),
		chromedp.Flag("host-resolver-rules", "MAP "+strings.Join(rules, ", MAP ")),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("use-fake-device-for-media-stream", true),
		chromedp.Flag("use-fake-ui-for-media-stream", true),
	)
	options = append(options, flags...)
	if os.Geteuid() == 0 { // the sandbox refuses root
		options = append(options, chromedp.NoSandbox)
	}
	ctx, endProcess := chromedp.NewExecAllocator(ctx, options...)
	browser, endBrowser := chromedp.NewContext(ctx)
	end = func() {
		endBrowser()
		endProcess()
		chromedp.FromContext(browser).Allocator.Wait()
	}
	if err := chromedp.Do(browser); err != nil {
		end()
		return nil, nil, fmt.Errorf("start %s: %w", program, err)
	}
	return browser, end, nil
}
