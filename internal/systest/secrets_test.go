package systest_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/facescan/facescan/internal/testphoto"
)

// found returns the names of those of the secrets that the text has.
func found(secrets map[string]string, text string) (names []string) {
	for name, secret := range secrets {
		if strings.Contains(text, secret) {
			names = append(names, name)
		}
	}
	return names
}

// checkLine checks that a line of the log is one JSON object.
func checkLine(line []byte) error {
	var object map[string]any
	if err := json.Unmarshal(line, &object); err != nil {
		return fmt.Errorf("not one JSON object: %w", err)
	}
	if bytes.ContainsAny(line, "\r\x1b") {
		return errors.New("has control characters")
	}
	return nil
}

// TestLogsAndSpans_haveNoSecrets is not parallel: the spans of the process go to it alone.
func TestLogsAndSpans_haveNoSecrets(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	spans := tracetest.NewInMemoryExporter()
	s.Process.ExportBy(spans)
	sue := s.app("secretive")
	uid := s.signUp(ctx, t, sue)
	s.moveIn(ctx, t, sue, "systest_secretive")
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	s.scan(ctx, t, sue, "a", photo)
	secrets := map[string]string{
		"the ID token": token(sue), "the address": sue.Email, "the username": "systest_secretive", "the uid": uid,
		"the password": sue.Password, "a signature": "X-Goog-Signature", "a planted name": "planted-7c1",
		"the photo in base64": base64.StdEncoding.EncodeToString(photo[:48]), "the photo": string(photo[:16]),
		// Bytes that are no UTF-8 do not stay as they are in a line of JSON.
		"the photo in JSON": strings.Trim(quoted(string(photo[:16])), `"`),
	}
	odd := "planted-7c1 " + sue.Email + " " + uid + " " + token(sue) + " systest_secretive?X-Goog-Signature=1"
	const injected = "\r\n{\"severity\":\"ERROR\",\"message\":\"injected-7c1\"}\x1b[31m"
	for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, "PLANTED-7C1"} {
		for _, path := range []string{"/v1/me", "/v1/uploads", "/v1/scans/", "/v1/users/", "/", "/v1/leaderboard"} {
			for _, body := range []string{"", "{", `{"username":` + quoted(odd+injected) + `}`, quoted(odd), string(photo)} {
				for _, signedIn := range []bool{false, true} {
					hostileRequest(ctx, t, s, method, path, odd, body, signedIn, token(sue))
				}
			}
		}
	}
	lines := bytes.Split(bytes.TrimSpace([]byte(s.logs.String())), []byte("\n"))
	if len(lines) < 100 {
		t.Errorf("only %d lines", len(lines))
	}
	for _, line := range lines {
		if err := checkLine(line); err != nil {
			t.Errorf("%v: %.300q", err, line)
		}
		if names := found(secrets, string(line)); len(names) > 0 {
			t.Errorf("a line has %q: %.600s", names, line)
		}
	}
	all := spans.GetSpans()
	if len(all) < 100 {
		t.Errorf("only %d spans", len(all))
	}
	for _, span := range all {
		if names := found(secrets, fmt.Sprintf("%+v", span)); len(names) > 0 {
			t.Errorf("the span %s has %q", span.Name, names)
		}
	}
}

func quoted(text string) string {
	data, _ := json.Marshal(text) // text always marshals
	return string(data)
}

func hostileRequest(
	ctx context.Context, t *testing.T, s *system, method, path, odd, body string, signedIn bool, idToken string,
) {
	t.Helper()
	r, err := http.NewRequestWithContext(ctx, method, s.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.URL.Path += strings.ReplaceAll(odd, "/", "_") + "\r\n\x1b[31m"
	if signedIn {
		r.URL.Path = path
		r.Header.Set("Authorization", "Bearer "+idToken)
	} else {
		r.Header.Set("Authorization", "Bearer "+odd)
	}
	r.URL.RawQuery = "q=" + strings.ReplaceAll(odd, " ", "+") + "%0d%0a%1b"
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
		r.URL.RawQuery = ""
	}
	r.Header.Set("User-Agent", odd)
	r.Header.Set("Idempotency-Key", odd)
	r.Header.Set("Traceparent", odd)
	r.Header.Set("X-Request-Id", odd)
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
}
