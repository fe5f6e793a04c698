package httpapi_test

import (
	"bytes"
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/telemetry"
	"github.com/facescan/facescan/internal/testkit"
)

// fakeApps takes one token for an app's; how real ones are checked is tested in
// internal/boot/identity.
type fakeApps struct{}

func (fakeApps) VerifyApp(_ context.Context, token string) error {
	switch token {
	case "good":
		return nil
	case "unsure":
		return fault.New(fault.CodeUnavailable, "No keys.")
	default:
		return fault.New(fault.CodeAppCheckInvalid, "Not valid.")
	}
}

// The default logger is the process's, so this test is not parallel.
func TestAppCheck(t *testing.T) {
	const missing, invalid, unsure = fault.CodeAppCheckMissing, fault.CodeAppCheckInvalid, fault.CodeUnavailable
	watchedButFresh := httpapi.AppCheck{Mode: httpapi.AppCheckMonitor, Routes: map[string]httpapi.AppCheckMode{
		"GET /fresh": httpapi.AppCheckEnforce, "GET /public": httpapi.AppCheckOff,
	}}
	for name, tt := range map[string]struct {
		mode     httpapi.AppCheck
		path     string
		token    string
		answered fault.Code // "" is a success
		logged   fault.Code // as a warning
	}{
		"off, and no token":           {httpapi.AppCheck{Mode: httpapi.AppCheckOff}, "/public", "", "", ""},
		"off, and a wrong one":        {httpapi.AppCheck{Mode: httpapi.AppCheckOff}, "/user", "bad", "", ""},
		"watched, and no token":       {httpapi.AppCheck{Mode: httpapi.AppCheckMonitor}, "/public", "", "", missing},
		"watched, and a wrong one":    {httpapi.AppCheck{Mode: httpapi.AppCheckMonitor}, "/user", "bad", "", invalid},
		"watched, and a good one":     {httpapi.AppCheck{Mode: httpapi.AppCheckMonitor}, "/user", "good", "", ""},
		"watched, and nobody can say": {httpapi.AppCheck{Mode: httpapi.AppCheckMonitor}, "/fresh", "unsure", "", unsure},
		"enforced, and no token":      {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/user", "", missing, ""},
		"enforced, and a wrong one":   {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/public", "bad", invalid, ""},
		"enforced, and a good one":    {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/public", "good", "", ""},
		"enforced for the sensitive":  {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/fresh", "bad", invalid, ""},
		"enforced, nobody can say":    {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/user", "unsure", unsure, ""},
		"enforced, but it is open":    {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/open", "", "", ""},
		"open to an app, too":         {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/open", "good", "", ""},
		"open to a wrong one":         {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/open", "bad", "", ""},
		"open, and nobody can say":    {httpapi.AppCheck{Mode: httpapi.AppCheckMonitor}, "/open", "unsure", "", ""},
		"open, off and a good one":    {httpapi.AppCheck{Mode: httpapi.AppCheckOff}, "/open", "good", "", ""},
		"watched, but here enforced":  {watchedButFresh, "/fresh", "", missing, ""},
		"watched, and enforced there": {watchedButFresh, "/user", "", "", missing},
		"watched, but here off":       {watchedButFresh, "/public", "", "", ""},
		"enforced, but one may leave": {httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}, "/leave", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			var log bytes.Buffer
			before := slog.Default()
			slog.SetDefault(telemetry.NewLogger(&log, telemetry.Traces{Project: "p"}, slog.LevelInfo))
			defer slog.SetDefault(before)
			attested := false
			api := httpapi.New(httpapi.Options{
				Verifier: &fakeVerifier{token: httpapi.Token{UID: "u"}}, AppCheck: tt.mode, Apps: fakeApps{},
				LogKey: testkit.Ring(keys.ForLogs),
			})
			for path, access := range map[string]httpapi.Access{
				"/open": httpapi.Open, "/public": httpapi.Public, "/user": httpapi.User, "/fresh": httpapi.FreshUser,
				"/leave": httpapi.Leaving,
			} {
				api.Handle("GET "+path, access, func(_ http.ResponseWriter, r *http.Request) error {
					attested = httpapi.Attested(r.Context())
					return nil
				})
			}
			req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, tt.path, nil)
			req.Header.Set("Authorization", "Bearer x")
			req.Header.Set("X-Firebase-AppCheck", tt.token)
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, req)
			if tt.answered != "" {
				problem(t, rec, tt.answered)
			} else if rec.Code != http.StatusOK {
				t.Errorf("status %d: %s", rec.Code, rec.Body)
			}
			if attested != (tt.token == "good" && tt.mode.Mode != httpapi.AppCheckOff) {
				t.Errorf("attested: %v", attested)
			}
			warned := strings.Contains(log.String(), "app check would refuse")
			if warned != (tt.logged != "") || !strings.Contains(log.String(), string(tt.logged)) {
				t.Errorf("log = %s, want a warning of %q", log.String(), tt.logged)
			}
			if tt.token != "" && strings.Contains(log.String(), `"`+tt.token+`"`) {
				t.Errorf("the token is logged: %s", log.String())
			}
		})
	}
}

// A function without routes that ask for an app has nothing to check tokens with.
func TestAppCheck_withoutVerifier(t *testing.T) {
	t.Parallel()
	api := httpapi.New(httpapi.Options{AppCheck: httpapi.AppCheck{Mode: httpapi.AppCheckEnforce}})
	api.Handle("GET /open", httpapi.Open, func(_ http.ResponseWriter, r *http.Request) error {
		if httpapi.Attested(r.Context()) {
			t.Error("attested by nothing")
		}
		return nil
	})
	req := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/open", nil)
	req.Header.Set("X-Firebase-AppCheck", "good")
	rec := httptest.NewRecorder()
	api.ServeHTTP(rec, req)
	if rec.Code != http.StatusOK {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}

func TestAppCheck_UnmarshalText(t *testing.T) {
	t.Parallel()
	type routes = map[string]httpapi.AppCheckMode
	for text, want := range map[string]httpapi.AppCheck{
		"off":     {Mode: httpapi.AppCheckOff, Routes: routes{}},
		"monitor": {Mode: httpapi.AppCheckMonitor, Routes: routes{}},
		"enforce,GET /v1/scans/{id}=off,POST /v1/me/consent=monitor": {Mode: httpapi.AppCheckEnforce, Routes: routes{
			"GET /v1/scans/{id}": httpapi.AppCheckOff, "POST /v1/me/consent": httpapi.AppCheckMonitor,
		}},
	} {
		var got httpapi.AppCheck
		if err := got.UnmarshalText([]byte(text)); err != nil {
			t.Errorf("%q: %v", text, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", text, diff)
		}
	}
	for _, text := range []string{
		"", "on", "Enforce", "enforce ", "off,", "off,enforce", "off,/v1/me=off", "off,GET /v1/me", "off,GET /v1/me=on",
		"off, GET /v1/me=off",
	} {
		if err := new(httpapi.AppCheck).UnmarshalText([]byte(text)); err == nil {
			t.Errorf("%q is taken", text)
		}
	}
}
