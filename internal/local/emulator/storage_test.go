package emulator

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"go.uber.org/goleak"
)

const (
	testBucket = "uploads"
	testObject = "uploads/u 1/scan+1=ä.jpg" // characters whose escaping clients get wrong
)

// storageTest is a Storage with one bucket, a clock and clients.
type storageTest struct {
	*Storage
	clock time.Time // what the server takes for now
	mu    sync.Mutex
	http  *http.Client
	gcs   *storage.Client
}

// subscriberLeak is a goroutine that the subscriber of pubsub/v2 leaves behind for a while after
// Receive returned.
var subscriberLeak = goleak.IgnoreTopFunction("cloud.google.com/go/pubsub/v2.(*messageIterator).streamKeepAliveHandler")

func newStorageTest(t *testing.T, change ...func(*StorageOptions)) *storageTest {
	t.Helper()
	leaks := goleak.IgnoreCurrent()
	test := &storageTest{clock: time.Now(), http: &http.Client{Transport: &http.Transport{}}}
	opts := StorageOptions{Now: test.now}
	for _, c := range change {
		c(&opts)
	}
	server, err := NewStorage(context.WithoutCancel(t.Context()), opts)
	if err != nil {
		t.Fatal(err)
	}
	test.Storage = server
	if err := server.CreateBucket(testBucket); err != nil {
		t.Fatal(err)
	}
	if test.gcs, err = storage.NewClient(t.Context(), server.ClientOptions()...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(test.gcs.Close(), server.Close()); err != nil {
			t.Error(err)
		}
		test.http.CloseIdleConnections()
		goleak.VerifyNone(t, leaks, subscriberLeak)
	})
	return test
}

func (s *storageTest) now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.clock
}

func (s *storageTest) advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.clock = s.clock.Add(d)
}

// upload describes a signed PUT as FaceScan makes it.
var uploadHeaders = []string{
	"x-goog-content-length-range:3,10",
	"x-goog-if-generation-match:0",
	"x-goog-meta-owner:user  1",
	"x-goog-meta-traceparent:00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
}

// sign makes a URL for testObject that is good for 15 minutes.
func (s *storageTest) sign(t *testing.T, method, contentType string, headers ...string) string {
	t.Helper()
	signed, err := s.gcs.Bucket(testBucket).SignedURL(testObject, &storage.SignedURLOptions{
		Scheme: storage.SigningSchemeV4, Method: method, Expires: time.Now().Add(15 * time.Minute), Insecure: true,
		GoogleAccessID: s.Account(), PrivateKey: s.SigningKeyPEM(), ContentType: contentType, Headers: headers,
	})
	if err != nil {
		t.Fatal(err)
	}
	return signed
}

// send sends a request with the headers given as "name:value" and returns the response with its
// body read.
func (s *storageTest) send(
	t *testing.T, method, target string, body io.Reader, headers ...string,
) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, target, body)
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range headers {
		name, value, _ := strings.Cut(h, ":")
		req.Header.Set(name, value)
	}
	resp, err := s.http.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp, string(data)
}

// put sends an upload as its URL demands.
func (s *storageTest) put(t *testing.T, target, body string) (*http.Response, string) {
	t.Helper()
	return s.send(t, http.MethodPut, target, strings.NewReader(body), append(uploadHeaders, "Content-Type:image/jpeg")...)
}

// want checks status and error code of an XML answer; code "" is success.
func want(t *testing.T, resp *http.Response, body string, status int, code string) {
	t.Helper()
	var got struct{ Code string }
	if code != "" {
		if err := xml.Unmarshal([]byte(body), &got); err != nil {
			t.Errorf("the answer is no XML: %v: %q", err, body)
		}
	}
	if resp.StatusCode != status || got.Code != code {
		t.Errorf("got %d %q, want %d %q\n%s", resp.StatusCode, got.Code, status, code, body)
	}
}

// read reads testObject by the client library.
func (s *storageTest) read(t *testing.T) string {
	t.Helper()
	r, err := s.gcs.Bucket(testBucket).Object(testObject).NewReader(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// write writes testObject by the client library and returns its generation.
func (s *storageTest) write(t *testing.T, content string) int64 {
	t.Helper()
	w := s.gcs.Bucket(testBucket).Object(testObject).NewWriter(t.Context())
	w.ContentType = "image/jpeg"
	if _, err := io.Copy(w, bytes.NewReader([]byte(content))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return w.Attrs().Generation
}
