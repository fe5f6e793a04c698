package systest_test

import (
	"context"
	"encoding/json"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/client/api"
)

// stopLink is the link of a mail's text that turns such mails off.
var stopLink = regexp.MustCompile(`https?://\S+/v1/unsubscribe/\S+`)

// The link in a mail turns off the mails of its kind, and nothing else, without a login.
func TestUnsubscribe_byTheLinkInAMail(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	p, c := s.registered(ctx, t, "unsubscriber")
	link := ""
	s.await(ctx, t, "the welcome by mail", func() bool {
		for _, m := range s.Mail.Messages() {
			if slices.Contains(m.To, p.email) {
				link = stopLink.FindString(m.Text)
			}
		}
		return link != ""
	})
	path, ok := strings.CutPrefix(link, s.URL)
	if !ok {
		t.Fatalf("the link %q is not the API's", link)
	}
	nobody := caller{system: s}
	const click, form = "List-Unsubscribe=One-Click", "application/x-www-form-urlencoded"
	welcome := func() map[string]bool {
		t.Helper()
		var set api.Preferences
		_, answer := c.call(ctx, t, http.MethodGet, "/v1/preferences", "")
		if err := json.Unmarshal(answer, &set); err != nil {
			t.Fatal(err)
		}
		return set.Kinds["welcome"]
	}
	nobody.want(ctx, t, 200, http.MethodGet, path, "")
	if set := welcome(); !set["email"] {
		t.Errorf("looking at the link sets %v", set)
	}
	for range 2 {
		nobody.want(ctx, t, 200, http.MethodPost, path, click, "Content-Type", form)
		if set := welcome(); set["email"] || !set["push"] {
			t.Errorf("the link sets %v", set)
		}
	}
}
