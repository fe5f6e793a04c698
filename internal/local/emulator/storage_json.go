package emulator

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// serveJSON serves the JSON API, which Google's client libraries use. It passes to fake-gcs-server,
// but for preconditions that would be ignored there, notification configs, and objects written,
// which are made known.
//
// A web page has no access: production asks for credentials that it does not have, and here any
// page that the user visits could write and read.
func (s *Storage) serveJSON(w http.ResponseWriter, r *http.Request) {
	path := r.URL.EscapedPath()
	r.Host = s.server.host // any other is the name of a bucket to fake-gcs-server
	switch {
	case r.Header.Get("Origin") != "":
		writeJSONError(w, http.StatusForbidden, "forbidden", "Web pages have no access.")
	case s.disk.keeps && !s.disk.addressed(r):
		writeJSONError(w, http.StatusNotFound, "notFound", "There is no such thing here.")
	case strings.HasPrefix(path, "/upload/"):
		s.upload(w, r)
	case strings.Contains(path, "/notificationConfigs"):
		s.notify.serve(w, r)
	case r.Method == http.MethodPost:
		s.copyOrCompose(w, r)
	default:
		s.jsonObject(w, r)
	}
}

// upload passes an upload on and makes the object known that it finished, if it did: the first
// request of a resumable upload names the object without creating it, and the ones in between end
// with a status of 308.
func (s *Storage) upload(w http.ResponseWriter, r *http.Request) {
	a := s.forward(r)
	query := r.URL.Query()
	begins := query.Get("uploadType") == "resumable" && !query.Has("upload_id")
	goesOn := a.header.Get("X-Http-Status-Code-Override") == "308"
	if a.status == http.StatusOK && !begins && !goesOn {
		if resource, err := parseObject(a.body.Bytes()); err == nil {
			s.written(resource, a)
		}
	}
	a.send(w)
}

// copyOrCompose passes a POST on and makes the object known that it wrote, if it wrote one.
func (s *Storage) copyOrCompose(w http.ResponseWriter, r *http.Request) {
	a := s.forward(r)
	if a.status == http.StatusOK {
		if resource, err := parseWritten(a.body.Bytes()); err == nil {
			s.written(resource, a)
		}
	}
	a.send(w)
}

// written gives an object that was just written the time of this storage's clock, if that is moved,
// and makes the object known. It changes the answer with the object alike.
func (s *Storage) written(resource objectResource, a *answer) {
	now := s.now().UTC()
	if time.Until(now).Abs() > time.Second { // fake-gcs-server has no clock that could be moved
		resource["timeCreated"], resource["updated"] = now.Format(time.RFC3339Nano), now.Format(time.RFC3339Nano)
		before := resource.text("generation")
		if after, ok := s.date(resource.text("bucket"), resource.text("name"), before, now); ok {
			resource["generation"] = after
			body := bytes.ReplaceAll(a.body.Bytes(), []byte(before), []byte(after))
			a.body = *bytes.NewBuffer(body)
		}
	}
	s.notify.finalized(resource, now)
}

// date writes the generation of an object once more, as one that was created at that time, and
// returns the generation that it has then. It does nothing if the generation has been replaced or
// deleted meanwhile.
func (s *Storage) date(bucket, name, before string, created time.Time) (generation string, ok bool) {
	object, err := s.fake.GetObject(bucket, name)
	if err != nil || strconv.FormatInt(object.Generation, 10) != before {
		return "", false
	}
	object.Created, object.Updated = created, created
	if s.disk.keeps {
		object.Generation = 0 // fake-gcs-server takes none there
	}
	s.fake.CreateObject(object)
	generation, err = s.live(bucket, name)
	return generation, err == nil
}

// parseWritten finds the object in the answer of copyTo and compose, or inside that of rewriteTo.
func parseWritten(body []byte) (objectResource, error) {
	var rewritten struct {
		Kind     string
		Resource json.RawMessage
	}
	if err := json.Unmarshal(body, &rewritten); err == nil && rewritten.Kind == "storage#rewriteResponse" {
		return parseObject(rewritten.Resource)
	}
	return parseObject(body)
}

// jsonObject passes the remaining requests on, after checking the preconditions of those that name
// an object.
func (s *Storage) jsonObject(w http.ResponseWriter, r *http.Request) {
	match := r.URL.Query().Get("ifGenerationMatch")
	bucket, object, ok := objectOf(r.URL.EscapedPath())
	if !ok || match == "" {
		s.fake.HTTPHandler().ServeHTTP(w, r)
		return
	}
	a, err := s.conditionally(bucket, object, match, r.URL.Query(), func(query url.Values) (*answer, error) {
		to := r.Clone(r.Context())
		to.URL.RawQuery = query.Encode()
		return s.forward(to), nil
	})
	switch {
	case err != nil:
		writeJSONError(w, http.StatusInternalServerError, "backendError", err.Error())
	case a.status == http.StatusPreconditionFailed:
		writeJSONError(w, a.status, "conditionNotMet", errPrecondition.Message)
	default:
		a.send(w)
	}
}

// conditionally performs a request on one object under the precondition that its generation is
// match; "" is no precondition. fake-gcs-server has no preconditions there, but honours the
// parameter "generation", atomically, so the request is pinned to the generation asked for: if that
// is not the live one any more, nothing is done.
func (s *Storage) conditionally(bucket, object, match string, query url.Values,
	do func(url.Values) (*answer, error),
) (*answer, error) {
	failed := &answer{status: http.StatusPreconditionFailed}
	if match == "" {
		return do(query)
	}
	live, err := s.live(bucket, object)
	if err == nil && live != match {
		return failed, nil
	}
	if err == nil && !query.Has("generation") {
		query.Set("generation", match)
	}
	a, err := do(query)
	if err != nil || a.status != http.StatusNotFound {
		return a, err
	}
	if live, err := s.live(bucket, object); err == nil && live != match {
		return failed, nil // replaced between the check and the request
	}
	return a, nil
}

// objectOf returns bucket and object of /storage/v1/b/BUCKET/o/OBJECT and of its /download twin.
func objectOf(path string) (bucket, object string, ok bool) {
	rest, ok := strings.CutPrefix(strings.TrimPrefix(path, "/download"), "/storage/v1/b/")
	if !ok {
		return "", "", false
	}
	parts := strings.Split(rest, "/")
	if len(parts) != 3 || parts[1] != "o" || parts[2] == "" {
		return "", "", false
	}
	bucket, errBucket := url.PathUnescape(parts[0])
	object, errObject := url.PathUnescape(parts[2])
	return bucket, object, errBucket == nil && errObject == nil
}
