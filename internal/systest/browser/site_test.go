//go:build browser

package browser_test

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
)

// guide is the page for web apps, whose code the site is made of.
const guide = "../../httpapi/guides/web.md"

// site is the web server of an app.
type site struct {
	*httptest.Server
	port string
}

// newSite serves the files of the folder site, the guide's code as guide.js with the addresses of
// API and Auth, and below /npm/ what npm has installed.
func newSite(api, auth, npm string) (*site, error) {
	page, err := os.ReadFile(guide)
	if err != nil {
		return nil, err
	}
	script, err := module(string(page), map[string]string{
		"http://127.0.0.1:8080": api, "http://127.0.0.1:9099": "http://" + auth,
	})
	if err != nil {
		return nil, fmt.Errorf("make a module of %s: %w", guide, err)
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServer(http.Dir("site")))
	mux.Handle("GET /npm/", http.StripPrefix("/npm/", http.FileServer(http.Dir(npm))))
	mux.HandleFunc("GET /guide.js", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = w.Write([]byte(script)) // the browser may be gone
	})
	s := &site{Server: httptest.NewServer(mux)}
	_, s.port, err = net.SplitHostPort(s.Listener.Addr().String())
	return s, err
}

// at returns the site's URL by the name of the host.
func (s *site) at(host string) string { return "http://" + net.JoinHostPort(host, s.port) + "/" }

var fenced = regexp.MustCompile("(?ms)^```js\n(.*?)^```$")

// module returns the page's blocks of JavaScript, one after another, with an address in the place
// of each that the page has.
func module(page string, addresses map[string]string) (string, error) {
	var script strings.Builder
	for _, block := range fenced.FindAllStringSubmatch(page, -1) {
		script.WriteString(block[1] + "\n")
	}
	all := script.String()
	for from, to := range addresses {
		if strings.Count(all, `"`+from+`"`) != 1 {
			return "", fmt.Errorf("its code does not have %q once", from)
		}
		all = strings.Replace(all, from, to, 1)
	}
	return all, nil
}
