package emulator

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

// live returns the generation of the live object, or an error when there is none.
func (s *Storage) live(bucket, object string) (string, error) {
	found, err := s.fake.GetObjectStreaming(bucket, object)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(found.Generation, 10), found.Close()
}

// answer is a whole response of fake-gcs-server.
type answer struct {
	status int
	header http.Header
	body   bytes.Buffer
}

// ask sends fake-gcs-server a request with a body of so many bytes.
func (s *Storage) ask(
	ctx context.Context, method, target string, header http.Header, body io.ReadCloser, size int64,
) (*answer, error) {
	to, err := url.ParseRequestURI(target)
	if err != nil {
		return nil, fmt.Errorf("build a request to fake-gcs-server: %w", err)
	}
	r := &http.Request{
		Method: method, URL: to, Host: s.server.host, Header: header,
		Body: body, ContentLength: size,
	}
	return s.forward(r.WithContext(ctx)), nil
}

// forward passes a request to fake-gcs-server and keeps the response instead of sending it.
func (s *Storage) forward(r *http.Request) *answer {
	a := &answer{status: http.StatusOK, header: http.Header{}}
	s.fake.HTTPHandler().ServeHTTP(a, r)
	return a
}

// Header implements http.ResponseWriter.
func (a *answer) Header() http.Header { return a.header }

// WriteHeader implements http.ResponseWriter.
func (a *answer) WriteHeader(status int) { a.status = status }

// Write implements http.ResponseWriter.
func (a *answer) Write(b []byte) (int, error) { return a.body.Write(b) }

// send passes a kept response on.
func (a *answer) send(w http.ResponseWriter) {
	for name, values := range a.header {
		w.Header()[name] = values
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body.Bytes())
}

// objectResource is a storage#object as JSON; numbers are strings in it.
type objectResource map[string]any

func parseObject(data []byte) (objectResource, error) {
	var resource objectResource
	if err := json.Unmarshal(data, &resource); err != nil {
		return nil, fmt.Errorf("parse storage#object: %w", err)
	}
	if resource.text("kind") != "storage#object" || resource.text("generation") == "" {
		return nil, errors.New("not a storage#object")
	}
	return resource, nil
}

// text returns a field that is a string, or "".
func (o objectResource) text(field string) string {
	value, _ := o[field].(string)
	return value
}
