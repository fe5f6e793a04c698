package systest_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
)

// TestEveryPath asks for what no operation of the contract is, with the request line as it is
// written: Go's client would tidy it up.
func TestEveryPath(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	const nothing, notAllowed = fault.CodeNotFound, fault.CodeMethodNotAllowed
	for line, want := range map[string]struct {
		code  fault.Code // "" is 204
		allow string
	}{
		"GET /":                       {nothing, ""},
		"GET //":                      {nothing, ""},
		"GET //v1/me":                 {nothing, ""},
		"GET ///evil.example/%2e%2e":  {nothing, ""},
		"GET /v1//me":                 {nothing, ""},
		"GET /./v1/me":                {nothing, ""},
		"GET /v1/./me":                {nothing, ""},
		"GET /v1/../v1/me":            {nothing, ""},
		"GET /v1/scans/..":            {nothing, ""},
		"GET /v1/%2e%2e/me":           {nothing, ""},
		"GET /%2e%2e/v1/me":           {nothing, ""},
		"GET /v1%2Fme":                {nothing, ""},
		"GET /v1/me/":                 {nothing, ""},
		"GET /V1/me":                  {nothing, ""},
		"GET /v1/me;x=1":              {nothing, ""},
		"GET /_events/notify":         {nothing, ""},
		"GET /health/":                {nothing, ""},
		"GET /healthz":                {nothing, ""},
		"GET /readyz":                 {nothing, ""},
		"GET /v2/anything":            {nothing, ""},
		"GET http://127.0.0.1//v1/me": {nothing, ""},
		"POST //v1/auth/login":        {nothing, ""},
		"OPTIONS *":                   {nothing, ""},
		"OPTIONS /nothing":            {nothing, ""},
		"OPTIONS //v1/me":             {nothing, ""},
		"OPTIONS /v1/me":              {"", "DELETE, GET, HEAD, PATCH, OPTIONS"},
		"OPTIONS /v1/uploads":         {"", "POST, OPTIONS"},
		"HEAD /nothing":               {nothing, ""},
		"CONNECT 127.0.0.1:80":        {nothing, ""},
		"CONNECT /v1/me":              {notAllowed, "DELETE, GET, HEAD, PATCH, OPTIONS"},
		"TRACE /v1/me":                {notAllowed, "DELETE, GET, HEAD, PATCH, OPTIONS"},
		"BREW /v1/uploads":            {notAllowed, "POST, OPTIONS"},
		"get /v1/uploads":             {notAllowed, "POST, OPTIONS"},
	} {
		t.Run(line, func(t *testing.T) {
			resp, body := s.raw(ctx, t, line)
			id, allow := resp.Header.Get("X-Request-Id"), resp.Header.Get("Allow")
			if id == "" || allow != want.allow {
				t.Errorf("id %q, Allow %q, want %q", id, allow, want.allow)
			}
			if want.code == "" {
				if resp.StatusCode != http.StatusNoContent {
					t.Errorf("%d %s", resp.StatusCode, body)
				}
				return
			}
			if media := resp.Header.Get("Content-Type"); resp.StatusCode != want.code.Kind().Status() ||
				media != "application/problem+json" {
				t.Errorf("%d %s: %s", resp.StatusCode, media, body)
			}
			var p httpapi.Problem
			if err := json.Unmarshal(body, &p); resp.Request.Method != http.MethodHead && (err != nil || p.Code != want.code ||
				p.RequestID != id) {
				t.Errorf("%s, want %s", body, want.code)
			}
		})
	}
}

// raw sends a request of this line and no token.
func (s *system) raw(ctx context.Context, t *testing.T, line string) (*http.Response, []byte) {
	t.Helper()
	conn, err := s.dial(ctx)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if _, err := fmt.Fprintf(conn, "%s HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n", line); err != nil {
		t.Fatal(err)
	}
	method := http.MethodGet
	if line[:4] == http.MethodHead {
		method = http.MethodHead
	}
	resp, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: method})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, body
}
