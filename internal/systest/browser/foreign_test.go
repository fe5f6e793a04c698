//go:build browser

package browser_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/client/api"
)

// request is what a page sends, a PUT with the photo as its body.
type request struct {
	Name    string            `json:"name"`
	URL     string            `json:"url"`
	Method  string            `json:"method"`
	Headers map[string]string `json:"headers,omitempty"`
	Body    *string           `json:"body,omitempty"`
}

// refused is what a page reads of an answer that the browser keeps from it.
const refused = "TypeError"

// ask, in a page, sends requests one after the other, and returns of each the status, or the name
// of the error.
const ask = `(async (requests, photo) => {
  const found = {};
  for (const { name, url, method, headers, body } of requests) {
    const sent = method === "PUT" ? Uint8Array.from(atob(photo), (c) => c.charCodeAt(0)) : body;
    found[name] = await fetch(url, { method, headers, body: sent }).then((a) => String(a.status), (fault) => fault.name);
  }
  return found;
})(%s, "%s")`

// asked returns the status of each answer that the page may read.
func (p *page) asked(requests []request) map[string]string {
	p.Helper()
	photo, err := os.ReadFile(running.photo)
	if err != nil {
		p.Fatal(err)
	}
	list, err := json.Marshal(requests)
	if err != nil {
		p.Fatal(err)
	}
	return must[map[string]string](p, fmt.Sprintf(ask, list, base64.StdEncoding.EncodeToString(photo)))
}

// requestsOf are requests of each kind that an app makes: to the API, simple and with a preflight,
// with the user's token, and to Storage by signed URLs.
func requestsOf(t *testing.T, m member) []request {
	t.Helper()
	bearer := map[string]string{"Authorization": "Bearer " + m.token}
	change := map[string]string{"Authorization": "Bearer " + m.token, "Content-Type": "application/json"}
	name := `{"displayName":"Changed"}`
	images := m.scanned(t)
	ticket := m.ticket(t, "asked").Upload
	all := []request{
		{Name: "health", Method: "GET", URL: running.URL + "/ready"},
		{Name: "profile", Method: "GET", URL: running.URL + "/v1/me", Headers: bearer},
		{Name: "change", Method: "PATCH", URL: running.URL + "/v1/me", Headers: change, Body: &name},
		{Name: "photo", Method: "PUT", URL: ticket.URL, Headers: ticket.Headers},
		{Name: "photo again", Method: "PUT", URL: ticket.URL, Headers: ticket.Headers},
	}
	for _, image := range images {
		all = append(all, request{Name: image.Name, Method: "GET", URL: image.URL})
	}
	return append(all, request{Name: "deletion", Method: "DELETE", URL: running.URL + "/v1/me", Headers: bearer})
}

// The same page with the same requests is at an origin that is not admitted, and at one that is.
func TestOrigins(t *testing.T) {
	m := enrolled(t, "origins@example.com")
	requests := requestsOf(t, m)
	everything := map[string]string{}
	for _, r := range requests {
		everything[r.Name] = refused
	}
	t.Run("one that is not admitted reads nothing and changes nothing", func(t *testing.T) {
		a := app{open(t, phone)}
		a.expect("blocked by CORS policy", "net::ERR_FAILED")
		a.start(elsewhere)
		if diff := cmp.Diff(everything, a.asked(requests)); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
		a.expect("403 (Forbidden)")
		a.write("#email", "elsewhere@example.com")
		a.write("#password", password)
		a.tap("#sign-up")
		a.shows("#status", "FirebaseError: auth/")
		blocked := 0
		for _, said := range a.console() {
			if strings.Contains(said.Text, "blocked by CORS policy") {
				blocked++
			}
		}
		if blocked < len(requests) {
			t.Errorf("CORS has blocked %d of %d requests", blocked, len(requests))
		}
		profile, err := m.API().GetProfileWithResponse(t.Context(), nil)
		if err != nil || profile.JSON200 == nil || profile.JSON200.DisplayName == nil ||
			*profile.JSON200.DisplayName != "A member" {
			t.Errorf("profile = %+v, %v", profile, err)
		}
		if opened := m.ticket(t, "asked"); opened.Scan.State != api.ScanStateAwaitingUpload {
			t.Errorf("scan = %+v", opened.Scan)
		}
	})
	t.Run("one that is admitted reads every answer", func(t *testing.T) {
		want := map[string]string{"photo again": "412", "deletion": "202"}
		for _, r := range requests {
			if want[r.Name] == "" {
				want[r.Name] = "200"
			}
		}
		a := openApp(t, phone)
		a.expect("412 (Precondition Failed)")
		if diff := cmp.Diff(want, a.asked(requests)); diff != "" {
			t.Errorf("answers (-want +got):\n%s", diff)
		}
	})
}
