package httpapi_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/store"
	"github.com/facescan/facescan/internal/telemetry"
)

func pets(opts httpapi.Options) *httpapi.API {
	api := httpapi.New(opts)
	ok := func(w http.ResponseWriter, _ *http.Request) error {
		w.WriteHeader(http.StatusNoContent)
		return nil
	}
	api.Handle("GET /v1/pets/{id}", httpapi.Public, ok)
	api.Handle("DELETE /v1/pets/{id}", httpapi.Public, ok)
	api.Handle(
		"GET /v1/panic", httpapi.Public, func(http.ResponseWriter, *http.Request) error { panic("password=hunter2") },
	)
	api.Handle(
		"GET /v1/abort", httpapi.Public, func(http.ResponseWriter, *http.Request) error { panic(http.ErrAbortHandler) },
	)
	return api
}

func TestRouting(t *testing.T) {
	t.Parallel()
	const allowed = "DELETE, GET, HEAD, OPTIONS"
	api := pets(httpapi.Options{})
	for name, tt := range map[string]struct {
		method, path string
		status       int
		allow        string
	}{
		"a route":               {"GET", "/v1/pets/7", http.StatusNoContent, ""},
		"HEAD where GET is":     {"HEAD", "/v1/pets/7", http.StatusNoContent, ""},
		"nothing there":         {"GET", "/v1/cats/7", http.StatusNotFound, ""},
		"the root":              {"GET", "/", http.StatusNotFound, ""},
		"below a route":         {"GET", "/v1/pets/7/name", http.StatusNotFound, ""},
		"a method too few":      {"PUT", "/v1/pets/7", http.StatusMethodNotAllowed, allowed},
		"a method of no use":    {"BREW", "/v1/pets/7", http.StatusMethodNotAllowed, allowed},
		"TRACE":                 {"TRACE", "/v1/pets/7", http.StatusMethodNotAllowed, allowed},
		"CONNECT":               {"CONNECT", "/v1/pets/7", http.StatusMethodNotAllowed, allowed},
		"OPTIONS":               {"OPTIONS", "/v1/pets/7", http.StatusNoContent, allowed},
		"OPTIONS of what's not": {"OPTIONS", "/v1/cats", http.StatusNotFound, ""},
		"OPTIONS of all":        {"OPTIONS", "*", http.StatusNotFound, ""},
		"CONNECT to a host":     {"CONNECT", "", http.StatusNotFound, ""},
		"slashes":               {"GET", "//", http.StatusNotFound, ""},
		"slashes before":        {"GET", "//v1/pets/7", http.StatusNotFound, ""},
		"slashes within":        {"GET", "/v1//pets/7", http.StatusNotFound, ""},
		"a slash behind":        {"GET", "/v1/pets/7/", http.StatusNotFound, ""},
		"a dot":                 {"GET", "/v1/./pets/7", http.StatusNotFound, ""},
		"dots":                  {"GET", "/v1/pets/x/../7", http.StatusNotFound, ""},
		"dots behind":           {"GET", "/v1/pets/7/..", http.StatusNotFound, ""},
		"encoded dots":          {"GET", "/v1/%2e%2e/pets/7", http.StatusNotFound, ""},
		"an encoded slash":      {"GET", "/v1%2fpets/7", http.StatusNotFound, ""},
		"a parameter of dots":   {"GET", "/v1/pets/%2e%2e", http.StatusNoContent, ""},
		"OPTIONS of slashes":    {"OPTIONS", "/v1//pets/7", http.StatusNotFound, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			req := httptest.NewRequestWithContext(t.Context(), tt.method, "/", nil)
			req.URL.Path, req.URL.RawPath = tt.path, tt.path
			if unescaped, err := url.PathUnescape(tt.path); err == nil {
				req.URL.Path = unescaped
			}
			rec := httptest.NewRecorder()
			api.ServeHTTP(rec, req)
			if rec.Header().Get("X-Request-Id") == "" {
				t.Errorf("it has no id: %v", rec.Header())
			}
			switch tt.status {
			case http.StatusNotFound:
				problem(t, rec, fault.CodeNotFound)
			case http.StatusMethodNotAllowed:
				problem(t, rec, fault.CodeMethodNotAllowed)
			}
			if rec.Code != tt.status || rec.Header().Get("Allow") != tt.allow {
				t.Errorf("status %d, Allow %q, want %d, %q", rec.Code, rec.Header().Get("Allow"), tt.status, tt.allow)
			}
		})
	}
}

func TestEveryAnswer_isSafeAndHasItsOwnID(t *testing.T) {
	t.Parallel()
	api := pets(httpapi.Options{})
	ids := map[string]bool{}
	for _, path := range []string{"/v1/pets/7", "/v1/pets/7", "/nowhere", "/v1/panic"} {
		header := send(t, api, "GET", path, "", nil).Header()
		ids[header.Get("X-Request-Id")] = true
		if header.Get("X-Content-Type-Options") != "nosniff" || header.Get("Cache-Control") != "no-store" ||
			header.Get("Strict-Transport-Security") != "max-age=63072000" {
			t.Errorf("%s: header %v", path, header)
		}
	}
	if len(ids) != 4 || ids[""] {
		t.Errorf("request ids = %v", ids)
	}
}

// The default logger is the process's, so this test is not parallel.
func TestPanic(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(telemetry.NewLogger(&log, telemetry.Traces{Project: "p"}, slog.LevelInfo))
	defer slog.SetDefault(before)

	rec := send(t, pets(httpapi.Options{}), "GET", "/v1/panic", "", nil)
	p := problem(t, rec, fault.CodeInternal)
	if strings.Contains(rec.Body.String(), "hunter2") || strings.Contains(rec.Body.String(), "goroutine") {
		t.Errorf("body = %s", rec.Body)
	}
	for _, want := range []string{"hunter2", "stack_trace", p.RequestID} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log lacks %q: %s", want, log.String())
		}
	}
}

// A value of the wrong type may be a password; the decoder's own error would quote it.
func TestLog_quotesNoBody(t *testing.T) {
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(telemetry.NewLogger(&log, telemetry.Traces{Project: "p"}, slog.LevelInfo))
	defer slog.SetDefault(before)

	for _, body := range []string{
		`{"name":271828}`, `{"name":{"x":271828}}`, `{"legs":271828.5}`, `{"legs":"271828"}`, `{"x":271828}`, `271828`,
		`{"name":"271828","name":"271828"}`, `271828{`,
	} {
		if rec := send(
			t, echo(), "POST", "/pets", jsonType, strings.NewReader(body),
		); strings.Contains(rec.Body.String(), "271828") {
			t.Errorf("%s: %s", body, rec.Body)
		}
	}
	if !strings.Contains(log.String(), "invalid_field") || strings.Contains(log.String(), "271828") {
		t.Errorf("log:\n%s", log.String())
	}
}

// ERROR is for faults of the service alone: the playbook looks for it.
func TestLog_level(t *testing.T) {
	httpapi.CanceledBy(func(err error) bool { return status.Code(err) == codes.Canceled })
	var log bytes.Buffer
	before := slog.Default()
	slog.SetDefault(telemetry.NewLogger(&log, telemetry.Traces{Project: "p"}, slog.LevelInfo))
	defer slog.SetDefault(before)

	gone, leave := context.WithCancel(t.Context())
	leave()
	overload := fault.New(fault.CodeUnavailable, "Too many.").WithRetryAfter(time.Second)
	for name, tt := range map[string]struct {
		ctx               context.Context
		err               error
		severity, message string
	}{
		"a refusal": {t.Context(), fault.New(fault.CodeNotFound, "x"), "INFO", "request refused"},
		"a rate limit": {
			t.Context(), fault.New(fault.CodeRateLimited, "x").WithRetryAfter(time.Second), "INFO", "request refused",
		},
		"overload":           {t.Context(), overload, "WARNING", "request refused"},
		"a wrapped overload": {t.Context(), fmt.Errorf("x: %w", overload), "WARNING", "request refused"},
		"a failing store": {
			t.Context(), fault.Wrap(errors.New("x"), fault.CodeUnavailable, "x").WithRetryAfter(time.Second), "ERROR",
			"request failed",
		},
		"an error":             {t.Context(), errors.New("x"), "ERROR", "request failed"},
		"a call cut off by us": {t.Context(), fmt.Errorf("read: %w", context.Canceled), "ERROR", "request failed"},
		"a client that left":   {gone, fmt.Errorf("read: %w", context.Canceled), "INFO", "request abandoned"},
		"the same of Firestore": {
			gone, fmt.Errorf("read: %w", status.Error(codes.Canceled, "x")), "INFO", "request abandoned",
		},
		"an error, and it left": {gone, errors.New("x"), "ERROR", "request failed"},
	} {
		t.Run(name, func(t *testing.T) {
			log.Reset()
			r := httptest.NewRequestWithContext(tt.ctx, http.MethodGet, "/", nil)
			httpapi.WriteProblem(httptest.NewRecorder(), r, tt.err)
			var line struct{ Severity, Message string }
			if err := json.Unmarshal(log.Bytes(), &line); err != nil || line.Severity != tt.severity ||
				line.Message != tt.message {
				t.Errorf("logged %s, want %s %q", log.String(), tt.severity, tt.message)
			}
		})
	}
}

// A database that is away for now is no fault that the caller has to tell us of.
func TestProblem_ofAServiceThatIsAway(t *testing.T) {
	httpapi.AwayBy(store.Away)
	for name, tt := range map[string]struct {
		err    error
		status int
	}{
		"away":      {status.Error(codes.Unavailable, "x"), http.StatusServiceUnavailable},
		"contended": {fmt.Errorf("write: %w", status.Error(codes.Aborted, "x")), http.StatusServiceUnavailable},
		"among others": {
			errors.Join(errors.New("x"), status.Error(codes.Unavailable, "x")), http.StatusServiceUnavailable,
		},
		"refused": {status.Error(codes.InvalidArgument, "x"), http.StatusInternalServerError},
		"said by the function": {
			fault.Wrap(status.Error(codes.Unavailable, "x"), fault.CodeNotFound, "x"), http.StatusNotFound,
		},
	} {
		t.Run(name, func(t *testing.T) {
			rec := httptest.NewRecorder()
			httpapi.WriteProblem(rec, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", nil), tt.err)
			again := rec.Header().Get("Retry-After") != ""
			if rec.Code != tt.status || again != (tt.status == http.StatusServiceUnavailable) {
				t.Errorf("%d, Retry-After %q; want %d", rec.Code, rec.Header().Get("Retry-After"), tt.status)
			}
		})
	}
}

func TestPanic_abortStaysOne(t *testing.T) {
	t.Parallel()
	defer func() {
		if err, _ := recover().(error); !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v", err)
		}
	}()
	send(t, pets(httpapi.Options{}), "GET", "/v1/abort", "", nil)
}

func TestCORS(t *testing.T) {
	t.Parallel()
	const app, other = "https://app.example.com", "https://evil.example.com"
	api := pets(httpapi.Options{Origins: []string{app}})
	ask := func(method, origin string, header ...string) http.Header {
		req := httptest.NewRequestWithContext(t.Context(), method, "/v1/pets/7", nil)
		req.Header.Set("Origin", origin)
		for i := 0; i+1 < len(header); i += 2 {
			req.Header.Set(header[i], header[i+1])
		}
		rec := httptest.NewRecorder()
		api.ServeHTTP(rec, req)
		if rec.Code != http.StatusNoContent {
			t.Errorf("%s from %s: status %d", method, origin, rec.Code)
		}
		return rec.Header()
	}
	const (
		allowOrigin  = "Access-Control-Allow-Origin"
		allowMethods = "Access-Control-Allow-Methods"
		allowHeaders = "Access-Control-Allow-Headers"
	)
	preflight := func(origin, method, headers string) http.Header {
		return ask("OPTIONS", origin, "Access-Control-Request-Method", method, "Access-Control-Request-Headers", headers)
	}

	t.Run("the app's origin may ask", func(t *testing.T) {
		h := preflight(
			app, "PATCH", "authorization,baggage,content-type,idempotency-key,if-match,if-none-match,traceparent,tracestate,"+
				"x-firebase-appcheck,x-request-id",
		)
		if h.Get(allowOrigin) != app || h.Get(allowMethods) != "PATCH" || h.Get(allowHeaders) == "" ||
			h.Get("Access-Control-Max-Age") != "3600" {
			t.Errorf("header = %v", h)
		}
	})
	t.Run("and asks what is allowed", func(t *testing.T) {
		if h := ask("OPTIONS", app); h.Get("Allow") != "DELETE, GET, HEAD, OPTIONS" || h.Get(allowOrigin) != app {
			t.Errorf("header = %v", h)
		}
	})
	t.Run("and learns that nothing is there", func(t *testing.T) {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/v1//pets", nil)
		req.Header.Set("Origin", app)
		rec := httptest.NewRecorder()
		api.ServeHTTP(rec, req)
		problem(t, rec, fault.CodeNotFound)
		if rec.Header().Get(allowOrigin) != app {
			t.Errorf("header = %v", rec.Header())
		}
	})
	t.Run("and reads the answer with its headers", func(t *testing.T) {
		h := ask("GET", app)
		if h.Get(allowOrigin) != app || !strings.Contains(strings.ToLower(h.Get("Access-Control-Expose-Headers")), "etag") {
			t.Errorf("header = %v", h)
		}
		if h.Get("Access-Control-Allow-Credentials") != "" {
			t.Error("credentials are allowed")
		}
	})
	for name, h := range map[string]http.Header{
		"another origin's preflight":     preflight(other, "GET", "authorization"),
		"another origin's request":       ask("GET", other),
		"the null origin":                ask("GET", "null"),
		"an origin that begins like it":  ask("GET", app+".evil.com"),
		"a method that is not listed":    preflight(app, "TRACE", ""),
		"a header that is not listed":    preflight(app, "GET", "x-evil"),
		"the app's host without its TLS": ask("GET", "http://app.example.com"),
	} {
		t.Run(name+" is refused", func(t *testing.T) {
			if h.Get(allowOrigin) != "" || h.Get(allowMethods) != "" || h.Get(allowHeaders) != "" {
				t.Errorf("header = %v", h)
			}
			if !strings.Contains(h.Get("Vary"), "Origin") {
				t.Errorf("Vary = %q", h.Get("Vary"))
			}
		})
	}
	t.Run("no origin is admitted by default", func(t *testing.T) {
		req := httptest.NewRequestWithContext(t.Context(), "GET", "/v1/pets/7", nil)
		req.Header.Set("Origin", app)
		rec := httptest.NewRecorder()
		pets(httpapi.Options{}).ServeHTTP(rec, req)
		if rec.Header().Get(allowOrigin) != "" {
			t.Errorf("header = %v", rec.Header())
		}
	})
}
