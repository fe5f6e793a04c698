package emulator

import (
	"bytes"
	"compress/gzip"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
)

func TestSignedPutStoresTheObject(t *testing.T) {
	s := newStorageTest(t)
	resp, body := s.put(t, s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...), "12345")
	want(t, resp, body, http.StatusOK, "")
	if body != "" {
		t.Errorf("body %q, production sends none", body)
	}
	attrs, err := s.gcs.Bucket(testBucket).Object(testObject).Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if attrs.ContentType != "image/jpeg" || attrs.Size != 5 || attrs.Metadata["owner"] != "user  1" ||
		!strings.HasPrefix(attrs.Metadata["traceparent"], "00-0af") {
		t.Errorf("object %+v", attrs)
	}
	if got := resp.Header.Get("X-Goog-Generation"); got != strconv.FormatInt(attrs.Generation, 10) {
		t.Errorf("x-goog-generation %s, want %d", got, attrs.Generation)
	}
}

func TestSignedPutRefusals(t *testing.T) {
	s := newStorageTest(t)
	signed := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
	headers := func(change string) []string {
		name, _, _ := strings.Cut(change, ":")
		all := []string{"Content-Type:image/jpeg"}
		for _, h := range uploadHeaders {
			if !strings.HasPrefix(h, name+":") {
				all = append(all, h)
			}
		}
		return append(all, change)
	}
	replaced := func(old, with string) string {
		changed := strings.Replace(signed, old, with, 1)
		if changed == signed {
			t.Fatalf("no %q in %s", old, signed)
		}
		return changed
	}
	tests := map[string]struct {
		method  string
		url     string
		body    string
		headers []string
		status  int
		code    string
	}{
		"other content type": {headers: headers("Content-Type:image/png"), status: 403, code: "SignatureDoesNotMatch"},
		"other metadata":     {headers: headers("x-goog-meta-owner:somebody"), status: 403, code: "SignatureDoesNotMatch"},
		"wider range": {
			headers: headers("x-goog-content-length-range:0,99"), status: 403, code: "SignatureDoesNotMatch",
		},
		"other precondition": {
			headers: headers("x-goog-if-generation-match:1"), status: 403, code: "SignatureDoesNotMatch",
		},
		"header left out": {headers: uploadHeaders, status: 400, code: "MalformedSecurityHeader"},
		"unsigned x-goog": {headers: headers("x-goog-acl:public-read"), status: 400, code: "MalformedSecurityHeader"},
		"other path":      {url: replaced("scan", "scam"), status: 403, code: "SignatureDoesNotMatch"},
		"other bucket":    {url: replaced("/uploads/", "/results/"), status: 403, code: "SignatureDoesNotMatch"},
		"other method":    {method: http.MethodDelete, status: 403, code: "SignatureDoesNotMatch"},
		"longer life": {
			url: replaced("X-Goog-Expires=", "X-Goog-Expires=1"), status: 403, code: "SignatureDoesNotMatch",
		},
		"more query": {
			url: signed + "&response-content-type=text%2Fhtml", status: 403, code: "SignatureDoesNotMatch",
		},
		"other signature": {
			url: replaced("X-Goog-Signature=", "X-Goog-Signature=00"), status: 403, code: "SignatureDoesNotMatch",
		},
		"no signature": {
			url: replaced("X-Goog-Signature=", "X-Goog-Unknown="), status: 400, code: "MalformedSecurityHeader",
		},
		"other account": {
			url: replaced("X-Goog-Credential=signer", "X-Goog-Credential=other"), status: 403, code: "AccessDenied",
		},
		"other algorithm": {
			url: replaced("GOOG4-RSA-SHA256", "GOOG4-HMAC-SHA256"), status: 400, code: "MalformedSecurityHeader",
		},
		"unsigned": {url: strings.Split(signed, "?")[0], status: 403, code: "AccessDenied"},
		"unsigned GET": {
			method: http.MethodGet, url: strings.Split(signed, "?")[0], status: 403, code: "AccessDenied",
		},
		"too large":            {body: "12345678901", status: 400, code: "EntityTooLarge"},
		"much too large":       {body: strings.Repeat("x", 5<<20), status: 400, code: "EntityTooLarge"},
		"too small":            {body: "12", status: 400, code: "EntityTooSmall"},
		"fake-gcs's own pages": {url: "http://" + s.Host() + "/_internal/delete_all", status: 404, code: "NoSuchBucket"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			if test.method == "" {
				test.method = http.MethodPut
			}
			if test.url == "" {
				test.url = signed
			}
			if test.body == "" {
				test.body = "12345"
			}
			if test.headers == nil {
				test.headers = headers("Content-Type:image/jpeg")
			}
			resp, body := s.send(t, test.method, test.url, strings.NewReader(test.body), test.headers...)
			want(t, resp, body, test.status, test.code)
			if test.body == "12345" {
				return
			}
			chunked := struct{ io.Reader }{strings.NewReader(test.body)} // hides the length
			resp, body = s.send(t, test.method, test.url, chunked, test.headers...)
			want(t, resp, body, test.status, test.code)
		})
	}
	if _, err := s.gcs.Bucket(testBucket).Object(testObject).Attrs(t.Context()); !errors.Is(
		err, storage.ErrObjectNotExist,
	) {
		t.Errorf("a refused PUT left an object, or: %v", err)
	}
}

func TestSignedURLExpires(t *testing.T) {
	s := newStorageTest(t)
	signed := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
	s.advance(15*time.Minute + 2*time.Second)
	resp, body := s.put(t, signed, "12345")
	want(t, resp, body, http.StatusBadRequest, "ExpiredToken")

	s.advance(-20 * time.Minute)
	resp, body = s.put(t, signed, "12345")
	want(t, resp, body, http.StatusOK, "")

	s.advance(-time.Hour)
	resp, body = s.put(t, signed, "12345")
	want(t, resp, body, http.StatusForbidden, "AccessDenied")
}

// TestClockMovedBack: the Go client dates a URL by the machine's time.
func TestClockMovedBack(t *testing.T) {
	s := newStorageTest(t)
	s.advance(-48 * time.Hour)
	until := func(d time.Duration) string {
		signed, err := s.gcs.Bucket(testBucket).SignedURL(testObject, &storage.SignedURLOptions{
			Scheme: storage.SigningSchemeV4, Method: http.MethodPut, Expires: s.now().Add(d), Insecure: true,
			GoogleAccessID: s.Account(), PrivateKey: s.SigningKeyPEM(), ContentType: "image/jpeg",
		})
		if err != nil {
			t.Fatal(err)
		}
		return signed
	}
	for name, tt := range map[string]struct {
		url, code string
		status    int
	}{
		"in time":   {until(15 * time.Minute), "", http.StatusOK},
		"late":      {until(-time.Minute), "ExpiredToken", http.StatusBadRequest},
		"not moved": {until(48*time.Hour + time.Minute), "AccessDenied", http.StatusForbidden},
		"long ago":  {until(-50 * time.Hour), "ExpiredToken", http.StatusBadRequest},
	} {
		resp, body := s.send(t, http.MethodPut, tt.url, strings.NewReader("12345"), "Content-Type:image/jpeg")
		t.Log(name)
		want(t, resp, body, tt.status, tt.code)
	}
	signed := until(15 * time.Minute)
	s.advance(16 * time.Minute)
	resp, body := s.send(t, http.MethodPut, signed, strings.NewReader("12345"), "Content-Type:image/jpeg")
	want(t, resp, body, http.StatusBadRequest, "ExpiredToken")
}

// The size limits hold at their ends, and a body is not read far beyond them.
func TestLengthRange(t *testing.T) {
	s := newStorageTest(t)
	for _, length := range []int{3, 10} {
		signed := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
		resp, body := s.put(t, signed, strings.Repeat("x", length))
		want(t, resp, body, http.StatusOK, "")
		if err := s.gcs.Bucket(testBucket).Object(testObject).Delete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	source := &countingReader{}
	r := &http.Request{ContentLength: -1, Body: io.NopCloser(source)}
	if _, _, refusal := s.disk.take(r, byteRange{min: 1, max: 1000}); refusal != errTooLarge {
		t.Errorf("an endless body: %v", refusal)
	}
	if source.read > 4096 {
		t.Errorf("%d bytes were read of a body that may have 1000", source.read)
	}
	for _, header := range []string{"5", "a,b", "-1,5", "6,5"} {
		if _, refusal := lengthRange(header); refusal == nil {
			t.Errorf("the range %q was accepted", header)
		}
	}
}

// countingReader never ends.
type countingReader struct{ read int }

func (c *countingReader) Read(b []byte) (int, error) {
	c.read += len(b)
	return len(b), nil
}

func TestGenerationMatchZero_writesOnce(t *testing.T) {
	s := newStorageTest(t)
	signed := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
	resp, body := s.put(t, signed, "first")
	want(t, resp, body, http.StatusOK, "")
	resp, body = s.put(t, signed, "second")
	want(t, resp, body, http.StatusPreconditionFailed, "PreconditionFailed")
	if got := s.read(t); got != "first" {
		t.Errorf("the object holds %q", got)
	}
	// As in production a URL is not used up: where no object is, generation 0 matches again.
	if err := s.gcs.Bucket(testBucket).Object(testObject).Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	resp, body = s.put(t, signed, "third")
	want(t, resp, body, http.StatusOK, "")
}

func TestOfManyPutsOneWins(t *testing.T) {
	s := newStorageTest(t)
	signed := s.sign(t, http.MethodPut, "image/jpeg", uploadHeaders...)
	const writers = 20
	statuses := make(chan int, writers)
	var all sync.WaitGroup
	for range writers {
		all.Go(func() {
			resp, _ := s.put(t, signed, "12345")
			statuses <- resp.StatusCode
		})
	}
	all.Wait()
	close(statuses)
	count := map[int]int{}
	for status := range statuses {
		count[status]++
	}
	if count[http.StatusOK] != 1 || count[http.StatusPreconditionFailed] != writers-1 {
		t.Errorf("statuses %v, want one 200 and %d times 412", count, writers-1)
	}
}

func TestSignedReadAndDelete(t *testing.T) {
	s := newStorageTest(t)
	s.write(t, "0123456789")
	get := s.sign(t, http.MethodGet, "")
	resp, body := s.send(t, http.MethodGet, get, nil)
	want(t, resp, body, http.StatusOK, "")
	if body != "0123456789" || resp.Header.Get("Content-Type") != "image/jpeg" {
		t.Errorf("got %q, %v", body, resp.Header)
	}
	resp, body = s.send(t, http.MethodGet, get, nil, "Range:bytes=2-4")
	want(t, resp, body, http.StatusPartialContent, "")
	if body != "234" {
		t.Errorf("range: got %q", body)
	}
	resp, body = s.send(t, http.MethodDelete, s.sign(t, http.MethodDelete, ""), nil)
	want(t, resp, body, http.StatusNoContent, "")
	resp, body = s.send(t, http.MethodDelete, s.sign(t, http.MethodDelete, ""), nil)
	want(t, resp, body, http.StatusNotFound, "NoSuchKey")
	resp, body = s.send(t, http.MethodGet, get, nil)
	want(t, resp, body, http.StatusNotFound, "NoSuchKey")
}

// What a signer may vary: query parameters, which are signed, and the port, which the Go client
// leaves out of the host that it signs while the specification has it in.
func TestSignersDiffer(t *testing.T) {
	s := newStorageTest(t)
	s.write(t, "content")
	withQuery, err := s.gcs.Bucket(testBucket).SignedURL(testObject, &storage.SignedURLOptions{
		Scheme: storage.SigningSchemeV4, Method: http.MethodGet, Expires: time.Now().Add(time.Minute), Insecure: true,
		GoogleAccessID: s.Account(), PrivateKey: s.SigningKeyPEM(),
		QueryParameters: url.Values{"response-content-disposition": {`attachment; filename="a+b ~ü.jpg"`}},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp, body := s.send(t, http.MethodGet, withQuery, nil)
	want(t, resp, body, http.StatusOK, "")
	if got := resp.Header.Get("Content-Disposition"); !strings.HasPrefix(got, "attachment") {
		t.Errorf("Content-Disposition %q", got)
	}

	now := time.Now().UTC()
	scope := now.Format("20060102") + "/auto/storage/goog4_request"
	query := url.Values{
		"X-Goog-Algorithm": {v4Algorithm}, "X-Goog-Credential": {s.Account() + "/" + scope},
		"X-Goog-Date": {now.Format(v4Time)}, "X-Goog-Expires": {"60"}, "X-Goog-SignedHeaders": {"host"},
	}
	path := "/" + testBucket + canonicalPath("/"+testObject)
	request := strings.Join(
		[]string{"GET", path, query.Encode(), "host:" + s.Host(), "", "host", "UNSIGNED-PAYLOAD"}, "\n",
	)
	digest := sha256.Sum256([]byte(request))
	toSign := strings.Join([]string{v4Algorithm, now.Format(v4Time), scope, hex.EncodeToString(digest[:])}, "\n")
	sum := sha256.Sum256([]byte(toSign))
	signature, err := rsa.SignPKCS1v15(nil, s.key, crypto.SHA256, sum[:])
	if err != nil {
		t.Fatal(err)
	}
	query.Set("X-Goog-Signature", hex.EncodeToString(signature))
	resp, body = s.send(t, http.MethodGet, "http://"+s.Host()+path+"?"+query.Encode(), nil)
	want(t, resp, body, http.StatusOK, "")
}

// A header that is not signed may come with a PUT; Content-Encoding is stored, and decides how the
// object is served.
func TestContentEncoding(t *testing.T) {
	s := newStorageTest(t)
	zipped := gzipped(t, "0123456789")
	upload := s.sign(t, http.MethodPut, "image/jpeg")
	get := s.sign(t, http.MethodGet, "")
	const stored = "X-Goog-Stored-Content-Encoding"

	resp, body := s.send(t, http.MethodPut, upload, strings.NewReader(zipped),
		"Content-Type:image/jpeg", "Content-Encoding:gzip")
	want(t, resp, body, http.StatusOK, "")
	if got := resp.Header.Get(stored); got != "gzip" {
		t.Errorf("stored encoding %q", got)
	}
	for _, tt := range []struct {
		name, accept, body, encoding string
		length                       int64
	}{
		{"who takes gzip gets the bytes as stored", "gzip", zipped, "gzip", int64(len(zipped))},
		{"who does not gets them inflated, of unknown length", "identity", "0123456789", "", -1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			resp, body := s.send(t, http.MethodGet, get, nil, "Accept-Encoding:"+tt.accept)
			want(t, resp, body, http.StatusOK, "")
			if body != tt.body || resp.Header.Get("Content-Encoding") != tt.encoding || resp.ContentLength != tt.length {
				t.Errorf("got %q of %d bytes, %v", body, resp.ContentLength, resp.Header)
			}
			if got := resp.Header.Get(stored); got != "gzip" {
				t.Errorf("stored encoding %q", got)
			}
		})
	}
	attrs, err := s.gcs.Bucket(testBucket).Object(testObject).Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if attrs.ContentEncoding != "gzip" || attrs.Size != int64(len(zipped)) {
		t.Errorf("stored as %q of %d bytes", attrs.ContentEncoding, attrs.Size)
	}
}

func gzipped(t *testing.T, text string) string {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}
