package account_test

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/account/terms"
	"github.com/facescan/facescan/internal/fault"
)

func TestConsentHistory(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	page := func(query string) (actions []string, next string) {
		t.Helper()
		body := w.call(t, "GET", "/v1/me/consent/history?"+query, token, "").want(t, http.StatusOK)
		for _, item := range body["items"].([]any) {
			actions = append(actions, item.(map[string]any)["action"].(string))
		}
		next, _ = body["nextCursor"].(string)
		return actions, next
	}
	if actions, next := page(""); len(actions) > 0 || next != "" {
		t.Errorf("before any consent: %v, %q", actions, next)
	}
	w.call(t, "POST", "/v1/me/consent", token, grantBody).want(t, http.StatusCreated)
	w.call(t, "DELETE", "/v1/me/consent", token, "").want(t, http.StatusOK)
	w.call(t, "POST", "/v1/me/consent", token, grantBody).want(t, http.StatusCreated)

	newest, next := page("limit=2")
	if diff := cmp.Diff([]string{"granted", "withdrawn"}, newest); diff != "" || next == "" {
		t.Errorf("first page (-want +got), next %q:\n%s", next, diff)
	}
	oldest, end := page("limit=2&cursor=" + url.QueryEscape(next))
	if diff := cmp.Diff([]string{"granted"}, oldest); diff != "" || end != "" {
		t.Errorf("last page (-want +got), next %q:\n%s", end, diff)
	}
	body := w.call(t, "GET", "/v1/me/consent/history?limit=1", token, "").want(t, http.StatusOK)
	item, _ := body["items"].([]any)[0].(map[string]any)
	delete(item, "changedAt")
	want := map[string]any{
		"epoch": 3.0, "action": "granted", "version": terms.Current.Version, "purpose": terms.Current.Purpose,
		"retention": terms.Current.Retention, "appVersion": "1.2.3",
	}
	if diff := cmp.Diff(want, item); diff != "" {
		t.Errorf("record (-want +got):\n%s", diff)
	}

	w.call(t, "GET", "/v1/me/consent/history?cursor=x", token, "").refused(t, fault.CodeInvalidParameter)
	_, other := w.registered(t, "bob@example.com")
	w.call(
		t, "GET", "/v1/me/consent/history?cursor="+url.QueryEscape(next), other, "",
	).refused(t, fault.CodeInvalidParameter)
}

func TestGetMe_ifNoneMatch(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	_, token := w.registered(t, "ada@example.com")
	for ifNoneMatch, status := range map[string]int{
		`"1"`: http.StatusNotModified, `W/"1"`: http.StatusNotModified, `"7", "1"`: http.StatusNotModified,
		`*`:   http.StatusNotModified,
		`"2"`: http.StatusOK,
	} {
		got := w.call(t, "GET", "/v1/me", token, "", "If-None-Match", ifNoneMatch)
		if got.status != status || got.header.Get("ETag") != `"1"` ||
			(len(got.body) == 0) != (status == http.StatusNotModified) {
			t.Errorf("%s: status %d, ETag %s, %d bytes", ifNoneMatch, got.status, got.header.Get("ETag"), len(got.body))
		}
	}
	for _, malformed := range []string{"1", ""} {
		fields := w.call(t, "GET", "/v1/me", token, "", "If-None-Match", malformed).refused(t, fault.CodeInvalidParameter)
		if diff := cmp.Diff([]string{"header/If-None-Match"}, fields); diff != "" {
			t.Errorf("fields (-want +got):\n%s", diff)
		}
	}
}
