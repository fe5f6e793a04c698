//go:build browser

package browser_test

import (
	"bytes"
	"context"
	"image"
	"image/color"
	"image/jpeg"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"
	"github.com/google/go-cmp/cmp"
)

// The network goes while a photo of a phone's size is under way, and comes back. What the guide's
// app has then is one scan, whose photo arrived once.
func TestCut(t *testing.T) {
	photo := writeLargePhoto(t)
	size := fileSize(t, photo)
	through := newStrait(t, running.StorageHost())
	browser, end, err := launch(t.Context(), running.StorageHost()+" "+through.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
	for name, test := range map[string]struct {
		// after is where the PUT stops, as in cut.
		after int64
		// closed is whether the page is closed then, and opened when the network is back.
		closed bool
		// taken is how many PUTs Storage takes afterwards.
		taken int
	}{
		"in the middle of the PUT":                   {after: size / 2, taken: 1},
		"in the middle, and the page is closed":      {after: size / 2, closed: true, taken: 1},
		"when the photo is there, before the answer": {after: -1},
	} {
		t.Run(name, func(t *testing.T) {
			a := app{openIn(browser, t, phone)}
			a.start("localhost")
			a.enrol(strings.NewReplacer(" ", "-", ",", "").Replace(name) + "@example.com")
			before := len(through.statuses())
			a.expect("net::ERR_", "412 (Precondition Failed)")
			stop := through.cutNext(t, test.after)
			a.choose("#photo", photo)
			a.tap("#measure")
			a.awaits(stop.reached)
			a.disconnect(through, stop, test.closed)
			a.reconnect(through, test.closed)
			scan := a.completed()
			later := through.statuses()[before:]
			taken := len(slices.DeleteFunc(later, func(status int) bool { return status == http.StatusPreconditionFailed }))
			if taken != test.taken {
				t.Errorf("Storage has taken %d photos after the cut", taken)
			}
			if diff := cmp.Diff([]string{scan}, a.scans()); diff != "" {
				t.Errorf("scans (-want +got):\n%s", diff)
			}
		})
	}
}

// awaits waits until the channel is closed.
func (p *page) awaits(done <-chan struct{}) {
	p.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	select {
	case <-done:
	case <-ctx.Done():
		p.Fatal("the upload does not get to the place of the cut")
	}
}

// disconnect cuts the network, and waits until the page, if it is not closed, has noticed.
func (a app) disconnect(through *strait, stop *cut, closing bool) {
	a.Helper()
	if closing {
		a.visit("about:blank")
	}
	a.connected(false)
	through.down.Store(true)
	stop.end()
	if closing {
		return
	}
	a.until("the PUT breaks off", func() bool {
		for _, m := range a.console() {
			if strings.Contains(m.Text, "net::ERR_") && strings.HasPrefix(m.URL, "http://"+running.StorageHost()) {
				return true
			}
		}
		return false
	})
	if online := must[bool](a.page, "navigator.onLine"); online || a.text("#status") != "measuring" {
		a.Fatalf("online is %t, and the app says %q", online, a.text("#status"))
	}
}

// reconnect has the network back, and opens the page if it was closed.
func (a app) reconnect(through *strait, closed bool) {
	a.Helper()
	through.down.Store(false)
	a.connected(true)
	if closed {
		a.visit(running.site.at("localhost"))
	}
}

// connected has the browser believe that this page has a network, or none.
func (p *page) connected(online bool) {
	p.Helper()
	p.network(network.Conditions{Offline: !online, DownloadThroughput: -1, UploadThroughput: -1})
}

// slow gives this page the network of a phone at the edge of its cell.
func (p *page) slow() {
	p.Helper()
	p.network(network.Conditions{Latency: 400, DownloadThroughput: 50_000, UploadThroughput: 25_000})
}

// network has this page's network be as it is under the conditions.
func (p *page) network(as network.Conditions) {
	p.Helper()
	_, err := chromedp.Call(p.ctx, network.OverrideNetworkState, network.OverrideNetworkStateParams{
		Offline: as.Offline, Latency: as.Latency,
		DownloadThroughput: as.DownloadThroughput, UploadThroughput: as.UploadThroughput,
	})
	if err != nil {
		p.Fatal(err)
	}
	_, err = chromedp.Call(p.ctx, conditions, conditionsParams{
		Offline: as.Offline, MatchedNetworkConditions: []*network.Conditions{&as},
	})
	if err != nil {
		p.Fatal(err)
	}
}

// conditions is network.EmulateNetworkConditionsByRule with the member offline, which Chromium 148
// demands beside that of the rules and later ones do not know.
var conditions = cdp.Command[conditionsParams, cdp.Empty]{Method: network.CommandEmulateNetworkConditionsByRule}

type conditionsParams struct {
	Offline                  bool                  `json:"offline"`
	MatchedNetworkConditions []*network.Conditions `json:"matchedNetworkConditions"`
}

// scans are the ids of the user's scans.
func (a app) scans() []string {
	a.Helper()
	return must[[]string](a.page,
		`import("./guide.js").then((guide) => guide.call("/v1/scans")).then(({ items }) => items.map(({ id }) => id))`)
}

// writeLargePhoto writes the sample as a phone's camera would have it, with a grain: 12 megapixels.
func writeLargePhoto(t *testing.T) string {
	t.Helper()
	file, err := os.ReadFile(running.photo)
	if err != nil {
		t.Fatal(err)
	}
	sample, err := jpeg.Decode(bytes.NewReader(file))
	if err != nil {
		t.Fatal(err)
	}
	const width, height = 3000, 4000
	from, large := sample.Bounds(), image.NewRGBA(image.Rect(0, 0, width, height))
	grain := rand.New(rand.NewPCG(1, 2))
	for y := range height {
		for x := range width {
			r, g, b, _ := sample.At(from.Min.X+x*from.Dx()/width, from.Min.Y+y*from.Dy()/height).RGBA()
			n := grain.IntN(9) - 4
			speck := func(v uint32) uint8 { return uint8(min(max(int(v>>8)+n, 0), 255)) }
			large.SetRGBA(x, y, color.RGBA{R: speck(r), G: speck(g), B: speck(b), A: 255})
		}
	}
	var out bytes.Buffer
	if err := jpeg.Encode(&out, large, &jpeg.Options{Quality: 92}); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "large.jpg")
	if err := os.WriteFile(path, out.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func fileSize(t *testing.T, path string) int64 {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Size()
}
