package web_test

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/facescan/facescan/internal/erasure/receipt"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/web"
)

// getPage is the page as a browser gets it.
func getPage(t *testing.T) (page string, header http.Header) {
	t.Helper()
	api := httpapi.New(httpapi.Options{AppCheck: httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}})
	web.DeletionRoutes(api)
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, server.URL+"/account-deletion", nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	_ = resp.Body.Close()
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%d, %v", resp.StatusCode, err)
	}
	return string(body), resp.Header
}

// between is the page's one text between the two tags.
func between(t *testing.T, page, begin, end string) string {
	t.Helper()
	_, rest, found := strings.Cut(page, begin)
	text, after, ended := strings.Cut(rest, end)
	if !found || !ended || strings.Contains(after, begin) {
		t.Fatalf("not one %s...%s", begin, end)
	}
	return text
}

func TestPage_policy(t *testing.T) {
	t.Parallel()
	page, header := getPage(t)
	directives := map[string]string{}
	for d := range strings.SplitSeq(header.Get("Content-Security-Policy"), "; ") {
		name, value, _ := strings.Cut(d, " ")
		directives[name] = value
	}
	hashOf := func(text string) string {
		sum := sha256.Sum256([]byte(text))
		return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
	}
	for name, want := range map[string]string{
		"default-src": "'none'", "connect-src": "'self'", "frame-ancestors": "'none'", "base-uri": "'none'",
		"form-action": "'none'",
		"script-src":  hashOf(between(t, page, "<script>", "</script>")),
		"style-src":   hashOf(between(t, page, "<style>", "</style>")),
	} {
		if directives[name] != want {
			t.Errorf("%s is %q, want %q", name, directives[name], want)
		}
		delete(directives, name)
	}
	if len(directives) > 0 {
		t.Errorf("also: %v", directives)
	}
	for name, want := range map[string]string{
		"Content-Type": "text/html; charset=utf-8", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
		"Cache-Control": "no-store",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	// What the policy would block: attributes that run or style, and what comes from elsewhere.
	if found := regexp.MustCompile(`(?i)\s(on\w+|style|src|href)=|https?:`).FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
}

func TestPage_isAccessible(t *testing.T) {
	t.Parallel()
	page, _ := getPage(t)
	for _, needed := range []string{
		`<html lang="en">`, "<title>", "<main>", "<h1>", `name="viewport"`, `role="status"`, "<noscript>",
	} {
		if !strings.Contains(page, needed) {
			t.Errorf("the page lacks %s", needed)
		}
	}
	for _, input := range regexp.MustCompile(`<input id="(\w+)"`).FindAllStringSubmatch(page, -1) {
		if !strings.Contains(page, `<label for="`+input[1]+`">`) {
			t.Errorf("the input %s has no label", input[1])
		}
	}
	// The script finds what it looks for.
	for _, id := range regexp.MustCompile(`getElementById\("(\w+)"\)`).FindAllStringSubmatch(page, -1) {
		if strings.Count(page, ` id="`+id[1]+`"`) != 1 {
			t.Errorf("the page has not one %s", id[1])
		}
	}
}

// The page promises what a receipt says, no less and no more.
func TestPage_saysWhatRemains(t *testing.T) {
	t.Parallel()
	page, _ := getPage(t)
	r := receipt.New("who", time.Time{}, nil, time.Time{})
	rows := regexp.MustCompile(`<tr><td>(.*)</td><td>(\d+ days)</td></tr>`).FindAllStringSubmatch(page, -1)
	if len(rows) != len(r.Residuals) || len(rows) == 0 {
		t.Fatalf("%d rows, the receipt has %d residuals", len(rows), len(r.Residuals))
	}
	for i, row := range rows {
		if got := html.UnescapeString(row[1]); got != r.Residuals[i].What {
			t.Errorf("row %d is %q, the receipt says %q", i, got, r.Residuals[i].What)
		}
	}
	for _, fact := range []string{"about 25 minutes later", "can be read for 30 days"} {
		if !strings.Contains(page, fact) {
			t.Errorf("the page does not say %q", fact)
		}
	}
}
