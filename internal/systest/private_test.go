package systest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"strings"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/facescan/facescan/internal/catalog"
	"github.com/facescan/facescan/internal/fault"
)

// TestEventsOnThePublicPort: the local stack's event functions take deliveries without a token, so
// no client of the API may reach them.
func TestEventsOnThePublicPort(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	for _, f := range catalog.Functions() {
		if f.Trigger == catalog.HTTP {
			continue
		}
		if strings.HasPrefix(s.EventURL(f.Name), s.URL) {
			t.Errorf("%s is delivered to the public port: %s", f.Name, s.EventURL(f.Name))
		}
		for _, path := range []string{"/_events/" + f.Name, "/events/" + f.Name, "/" + f.Name} {
			t.Run(path, func(t *testing.T) {
				caller{system: s.under(t)}.refused(ctx, t, fault.CodeNotFound, http.MethodPost, path, "{}")
			})
		}
	}
}

// What was sent to the users can be read beside the API.
func TestSentMessages_areListed(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	s.enrol(ctx, t, s.app("addressee"), "systest_addressee")
	s.await(ctx, t, "a mail", func() bool { return len(s.Mail.Messages()) > 0 })
	s.await(ctx, t, "a push message", func() bool { return len(s.Push.Messages()) > 0 })
	hasAtLeast(t, s.MailURL(), s.Mail.Messages())
	hasAtLeast(t, s.PushURL(), s.Push.Messages())
	shows(t, s.MailboxURL(), s.Mail.Messages()[0].Subject)
	shows(t, s.PushboxURL(), s.Push.Messages()[0].Title)
}

// shows checks that the page has the text.
func shows(t *testing.T, url, text string) {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK || !bytes.Contains(body, []byte(html.EscapeString(text))) {
		t.Errorf("%s: %d, %v, without %q", url, resp.StatusCode, err, text)
	}
}

// compacted compares raw JSON without its white space.
var compacted = gocmp.Transformer("compacted", func(raw json.RawMessage) string {
	var to bytes.Buffer
	if err := json.Compact(&to, raw); err != nil {
		return err.Error()
	}
	return to.String()
})

// hasAtLeast checks that the list at the URL begins with the messages; more may have come.
func hasAtLeast[T any](t *testing.T, url string, messages []T) {
	t.Helper()
	got := fetchAll[T](t, url)
	if diff := gocmp.Diff(messages, got[:min(len(messages), len(got))], cmpopts.EquateEmpty(), compacted); diff != "" {
		t.Errorf("%s (-want +got):\n%s", url, diff)
	}
}

func fetchAll[T any](t *testing.T, url string) []T {
	t.Helper()
	resp, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all []T
	if err := json.Unmarshal(body, &all); err != nil {
		t.Fatalf("%s: %d %.300s: %v", url, resp.StatusCode, body, err)
	}
	return all
}
