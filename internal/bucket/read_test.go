package bucket

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"cloud.google.com/go/storage"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/local/emulator"
)

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// newBucket returns a bucket of a Cloud Storage of the test's own, and the number of requests that
// were made to it.
func newBucket(t *testing.T) (*storage.BucketHandle, *atomic.Int64) {
	t.Helper()
	server, err := emulator.NewStorage(context.WithoutCancel(t.Context()), emulator.StorageOptions{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	if err := server.CreateBucket("photos"); err != nil {
		t.Fatal(err)
	}
	var requests atomic.Int64
	count := transport(func(r *http.Request) (*http.Response, error) {
		requests.Add(1)
		return http.DefaultTransport.RoundTrip(r)
	})
	return clientOver(t, count, server.ClientOptions()...).Bucket("photos"), &requests
}

func clientOver(t *testing.T, send transport, opts ...option.ClientOption) *storage.Client {
	t.Helper()
	client, err := storage.NewClient(t.Context(), append(opts, option.WithHTTPClient(&http.Client{Transport: send}))...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client
}

func write(t *testing.T, object *storage.ObjectHandle, content, encoding string) {
	t.Helper()
	w := object.NewWriter(t.Context())
	w.ContentEncoding, w.ContentType = encoding, "image/jpeg"
	_, err := io.WriteString(w, content)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
}

func gzipped(t *testing.T, content string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	_, err := io.WriteString(w, content)
	if err := errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

func TestRead_asStored(t *testing.T) {
	t.Parallel()
	photos, requests := newBucket(t)
	content := strings.Repeat("photo ", 1000)
	for name, tt := range map[string]struct {
		stored, encoding string
		encoded          bool
	}{
		"bytes that are what they seem":         {content, "", false},
		"bytes that are called gzip and aren't": {content, "gzip", true},
		"gzip":                                  {gzipped(t, content), "gzip", true},
		"an unknown encoding":                   {content, "photo", true},
		"the encoding that is none":             {content, "identity", false},
	} {
		t.Run(name, func(t *testing.T) {
			object := photos.Object(name)
			write(t, object, tt.stored, tt.encoding)
			before := requests.Load()
			r, err := Open(t.Context(), object, int64(len(tt.stored)))
			if err != nil {
				t.Fatal(err)
			}
			defer r.Close()
			got, err := r.All()
			if err != nil || string(got) != tt.stored {
				t.Errorf("read %d bytes, %v; %d are stored", len(got), err, len(tt.stored))
			}
			if r.Encoded() != tt.encoded {
				t.Errorf("Encoded() = %t", r.Encoded())
			}
			if made := requests.Load() - before; made != 1 {
				t.Errorf("%d requests", made)
			}
		})
	}
}

func TestRead_limits(t *testing.T) {
	t.Parallel()
	photos, _ := newBucket(t)
	write(t, photos.Object("a"), "0123456789", "")
	if _, err := Read(t.Context(), photos.Object("a"), 9); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte too large: %v", err)
	}
	if got, err := Read(t.Context(), photos.Object("a"), 10); err != nil || string(got) != "0123456789" {
		t.Errorf("at the limit: %q, %v", got, err)
	}
	if _, err := Read(t.Context(), photos.Object("b"), 10); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("an object that does not exist: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Read(ctx, photos.Object("a"), 10); !errors.Is(err, context.Canceled) || errors.Is(err, ErrTimeout) {
		t.Errorf("cancelled: %v", err)
	}
}

func TestRead_limitsWhatHasNoLength(t *testing.T) {
	t.Parallel()
	client := clientOver(t, func(*http.Request) (*http.Response, error) {
		return answer(http.StatusOK, strings.NewReader("0123456789"))
	})
	object := client.Bucket("photos").Object("a")
	if _, err := Read(t.Context(), object, 9); !errors.Is(err, ErrTooLarge) {
		t.Errorf("one byte too large: %v", err)
	}
	if got, err := Read(t.Context(), object, 10); err != nil || string(got) != "0123456789" {
		t.Errorf("at the limit: %q, %v", got, err)
	}
}

func answer(status int, body io.Reader) (*http.Response, error) {
	return &http.Response{
		StatusCode: status, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, ContentLength: -1,
		Header: http.Header{}, Body: io.NopCloser(body),
	}, nil
}

// The time is the bubble's, so that the deadline takes none.
func TestRead_endsInTime(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]transport{
		"Cloud Storage is silent": func(r *http.Request) (*http.Response, error) {
			<-r.Context().Done()
			return nil, r.Context().Err()
		},
		"Cloud Storage is unavailable": func(*http.Request) (*http.Response, error) {
			return answer(http.StatusServiceUnavailable, strings.NewReader("try later"))
		},
		"the bytes stop coming": func(r *http.Request) (*http.Response, error) {
			return answer(http.StatusOK, io.MultiReader(strings.NewReader("begun"), silent{r.Context()}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := clientOver(t, send)
				began := time.Now()
				_, err := Read(t.Context(), client.Bucket("photos").Object("a"), 100)
				if !errors.Is(err, ErrTimeout) {
					t.Errorf("Read = %v, want ErrTimeout", err)
				}
				if took := time.Since(began); took != Timeout {
					t.Errorf("the read lasted %s, want %s", took, Timeout)
				}
			})
		})
	}
}

// silent is a connection on which nothing more comes.
type silent struct{ until context.Context }

func (s silent) Read([]byte) (int, error) {
	<-s.until.Done()
	return 0, s.until.Err()
}
