package systest_test

import (
	"bytes"
	"context"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/testphoto"
)

// Web origins, of a page under development on this machine and of pages elsewhere.
const (
	pageOrigin = "http://localhost:5173"
	evilOrigin = "https://evil.example"
)

var pathParameter = regexp.MustCompile(`\{[^}]+\}`)

// TestPreflights asks before each operation of the contract as a browser does for a page that sends
// all headers that the API takes, and those of instrumented pages.
func TestPreflights(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	const headers = "authorization,baggage,content-type,idempotency-key,if-match,if-none-match,traceparent,tracestate," +
		"x-firebase-appcheck,x-request-id"
	for _, op := range operations(s.exchanges.doc) {
		path := pathParameter.ReplaceAllString(op.path, "x")
		ask := func(origin string) http.Header {
			resp, _ := bare(t, s.request(ctx, t, http.MethodOptions, path, "Origin", origin,
				"Access-Control-Request-Method", op.method, "Access-Control-Request-Headers", headers))
			if resp.StatusCode != http.StatusNoContent {
				t.Errorf("%s %s: the preflight from %s is answered %s", op.method, op.path, origin, resp.Status)
			}
			return resp.Header
		}
		if h := ask(pageOrigin); h.Get("Access-Control-Allow-Origin") != pageOrigin ||
			h.Get("Access-Control-Allow-Methods") != op.method || h.Get("Access-Control-Allow-Headers") != headers {
			t.Errorf("%s %s from %s: %v", op.method, op.path, pageOrigin, h)
		}
		for _, origin := range []string{evilOrigin, "null", "http://localhost.evil.example", "https://localhost:5173"} {
			if h := ask(origin); admits(h) {
				t.Errorf("%s %s from %s: %v", op.method, op.path, origin, h)
			}
		}
	}
}

// admits reports whether an answer lets the page that asked do anything.
func admits(h http.Header) bool {
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-Allow-") {
			return true
		}
	}
	return false
}

// TestPageScans goes the way of a photo as a page does: the PUT with the ticket's headers, and the
// pictures with the original by their links.
func TestPageScans(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), deadline)
	defer cancel()
	s := start(t)
	photo, err := testphoto.Sample(ctx)
	if err != nil {
		t.Fatal(err)
	}
	c := s.app("page")
	s.enrol(ctx, t, c, "systest_page")
	opened, err := c.Open(ctx, "page", api.UploadRequestContentTypeImageJpeg)
	if err != nil || opened.Upload == nil {
		t.Fatalf("open: %+v, %v", opened, err)
	}
	s.pagePuts(ctx, t, opened.Upload, photo)
	if _, err := c.AwaitScan(ctx, opened.Scan.ID); err != nil {
		t.Fatal(err)
	}
	listed, err := c.API().ListImagesWithResponse(ctx, opened.Scan.ID)
	if err != nil || listed.JSON200 == nil {
		t.Fatalf("images: %v, %v", listed, err)
	}
	original := false
	for _, image := range listed.JSON200.Items {
		original = original || image.Name == "original"
		t.Run(image.Name, func(t *testing.T) { s.under(t).pageGets(ctx, t, image.URL, int(image.Bytes)) })
	}
	if !original {
		t.Errorf("no original among %+v", listed.JSON200.Items)
	}
}

func (s *system) pagePuts(ctx context.Context, t *testing.T, ticket *api.UploadTicket, photo []byte) {
	t.Helper()
	var names []string
	for name := range ticket.Headers {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	for origin, admitted := range map[string]bool{pageOrigin: true, evilOrigin: false} {
		resp, _ := bare(t, to(ctx, t, http.MethodOptions, ticket.URL, nil, map[string]string{
			"Origin": origin, "Access-Control-Request-Method": string(ticket.Method),
			"Access-Control-Request-Headers": strings.Join(names, ","),
		}))
		if admits(resp.Header) != admitted {
			t.Errorf("the preflight from %s is answered %s, %v", origin, resp.Status, resp.Header)
		}
	}
	put := to(ctx, t, string(ticket.Method), ticket.URL, photo, ticket.Headers)
	put.Header.Set("Origin", pageOrigin)
	resp, body := bare(t, put)
	if resp.StatusCode != http.StatusOK || resp.Header.Get("Access-Control-Allow-Origin") != pageOrigin {
		t.Fatalf("PUT: %s, %v: %s", resp.Status, resp.Header, body)
	}
}

func (s *system) pageGets(ctx context.Context, t *testing.T, url string, size int) {
	t.Helper()
	for origin, admitted := range map[string]bool{pageOrigin: true, evilOrigin: false} {
		resp, body := bare(t, to(ctx, t, http.MethodGet, url, nil, map[string]string{"Origin": origin}))
		if resp.StatusCode != http.StatusOK || len(body) != size || admits(resp.Header) != admitted {
			t.Errorf("from %s: %s, %d bytes of %d, %v", origin, resp.Status, len(body), size, resp.Header)
		}
	}
}

// to returns a request to any URL.
func to(
	ctx context.Context, t *testing.T, method, url string, body []byte, headers map[string]string,
) *http.Request {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, method, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range headers {
		req.Header.Set(name, value)
	}
	return req
}
