package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

const (
	// maxObjectBytes bounds uploads whose URL sets no limit; production's 5 TiB would not fit.
	maxObjectBytes = 256 << 20
	// maxDrainBytes is how much of a refused upload is read and thrown away, so that its sender gets
	// to the answer.
	maxDrainBytes = 64 << 20
)

// byteRange is what x-goog-content-length-range allows, both ends included.
type byteRange struct{ min, max int64 }

// serveXML serves the XML API: /BUCKET/OBJECT by signed URLs, and reads of Google's client
// libraries.
func (s *Storage) serveXML(w http.ResponseWriter, r *http.Request) {
	bucket, object, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, "/"), "/")
	s.acrossOrigins(bucket, w, r, func(w http.ResponseWriter, r *http.Request) { s.serveInBucket(w, r, bucket, object) })
}

func (s *Storage) serveInBucket(w http.ResponseWriter, r *http.Request, bucket, object string) {
	if r.Method == http.MethodOptions {
		w.WriteHeader(http.StatusOK)
		return
	}
	if refusal := s.authorize(r); refusal != nil {
		refuseXML(w, r, refusal)
		return
	}
	if !s.disk.storable(bucket) || object != "" && !s.disk.storable(object) {
		refuseXML(w, r, errNoSuchKey)
		return
	}
	if object == "" {
		refuseXML(w, r, errMethod) // bucket listings and POST forms are not part of what FaceScan uses
		return
	}
	if refusal := s.serveObject(w, r, bucket, object); refusal != nil {
		refuseXML(w, r, refusal)
	}
}

// authorize lets signed requests in whose signature holds, and reads by Google's client libraries,
// which send no credentials to an emulator and are known by the header they always send. Everybody
// else is anonymous, and no bucket is public.
func (s *Storage) authorize(r *http.Request) *xmlError {
	if isSigned(r) {
		return verifyV4(r, storageAccount, &s.key.PublicKey, s.now())
	}
	reads := (r.Method == http.MethodGet || r.Method == http.MethodHead) && !fromAfar(r)
	if reads && strings.Contains(r.Header.Get("X-Goog-Api-Client"), "gccl/") {
		return nil
	}
	return accessDenied("Anonymous caller does not have access to the Google Cloud Storage object.")
}

func (s *Storage) serveObject(w http.ResponseWriter, r *http.Request, bucket, object string) *xmlError {
	switch r.Method {
	case http.MethodPut:
		return s.putObject(w, r, bucket, object)
	case http.MethodGet, http.MethodHead:
		return s.getObject(w, r, bucket, object)
	case http.MethodDelete:
		return s.deleteObject(w, r, bucket, object)
	}
	return errMethod
}

// putObject stores the body of a signed PUT.
//
// With x-goog-if-generation-match:0, as FaceScan signs it, a URL writes only where no live object
// is: a second PUT is answered 412. As in production the URL is not used up by that: once the
// object is deleted, the same URL works again until it expires.
func (s *Storage) putObject(w http.ResponseWriter, r *http.Request, bucket, object string) *xmlError {
	limits, refusal := lengthRange(r.Header.Get("X-Goog-Content-Length-Range"))
	if refusal != nil {
		return refusal
	}
	body, size, refusal := s.disk.take(r, limits)
	if refusal != nil {
		return refusal
	}
	defer discard(body)
	// fake-gcs-server ignores the precondition of the XML API, but not that of the JSON API, which it
	// checks and writes under one lock: of many PUTs at once exactly one wins.
	query := url.Values{"uploadType": {"media"}, "name": {object}}
	if match := r.Header.Get("X-Goog-If-Generation-Match"); match != "" {
		query.Set("ifGenerationMatch", match)
	}
	if encoding := r.Header.Get("Content-Encoding"); encoding != "" {
		query.Set("contentEncoding", encoding)
	}
	answer, err := s.ask(r.Context(), http.MethodPost,
		"/upload/storage/v1/b/"+url.PathEscape(bucket)+"/o?"+query.Encode(), objectHeaders(r.Header), body, size)
	if err != nil {
		return invalidArgument(err.Error())
	}
	if refusal := refusalOf(answer, bucket, object, errNoSuchBucket); refusal != nil {
		return refusal
	}
	resource, err := parseObject(answer.body.Bytes())
	if err != nil {
		return invalidArgument(err.Error())
	}
	s.written(resource, answer)
	header := w.Header()
	header.Set("ETag", fmt.Sprintf("%q", resource.text("etag")))
	header.Set("X-Goog-Generation", resource.text("generation"))
	header.Set("X-Goog-Metageneration", "1")
	header.Set("X-Goog-Hash", "crc32c="+resource.text("crc32c")+",md5="+resource.text("md5Hash"))
	header.Set("X-Goog-Stored-Content-Length", resource.text("size"))
	header.Set("X-Goog-Stored-Content-Encoding", cmp.Or(resource.text("contentEncoding"), "identity"))
	w.WriteHeader(http.StatusOK)
	return nil
}

// getObject answers a read. fake-gcs-server handles ranges and the object's headers.
func (s *Storage) getObject(w http.ResponseWriter, r *http.Request, bucket, object string) *xmlError {
	live, err := s.live(bucket, object)
	if err != nil {
		return errNoSuchKey
	}
	query := r.URL.Query()
	if match := r.Header.Get("X-Goog-If-Generation-Match"); match != "" {
		if match != live {
			return errPrecondition
		}
		query.Set("generation", match)
	}
	if asked := query.Get("generation"); asked != "" && asked != live {
		return errNoSuchKey
	}
	to := r.Clone(r.Context())
	to.Host = s.server.host // any other is the name of a bucket to fake-gcs-server
	to.URL.Path = "/download/storage/v1/b/" + bucket + "/o/" + object
	to.URL.RawPath = "/download/storage/v1/b/" + url.PathEscape(bucket) + "/o/" + url.PathEscape(object)
	to.URL.RawQuery = query.Encode()
	s.fake.HTTPHandler().ServeHTTP(&download{ResponseWriter: w, query: r.URL.Query(), rules: corsOf(w.Header())}, to)
	return nil
}

// download answers with the headers that fake-gcs-server does not know: those that a signed URL
// asks for by response-content-type and its like, and those of decompressive transcoding
// (https://cloud.google.com/storage/docs/transcoding). fake-gcs-server inflates an object whose
// Content-Encoding is gzip for a request without Accept-Encoding: gzip, and serves bytes that are
// no gzip as they are, with the Content-Encoding that they do not have. Production has been seen to
// answer the latter with 503. And fake-gcs-server admits pages of every origin.
type download struct {
	http.ResponseWriter
	query url.Values
	rules http.Header // what the bucket's rules have a page's browser told
}

// WriteHeader puts the headers in place of the object's own.
func (o *download) WriteHeader(status int) {
	for name := range corsOf(o.Header()) {
		o.Header().Del(name)
	}
	maps.Copy(o.Header(), o.rules)
	for _, name := range []string{"Content-Type", "Content-Disposition", "Cache-Control"} {
		if value := o.query.Get("response-" + strings.ToLower(name)); value != "" && status < http.StatusBadRequest {
			o.Header().Set(name, value)
		}
	}
	inflated := o.Header().Get("X-Goog-Stored-Content-Encoding") == "gzip" && o.Header().Get("Content-Encoding") == ""
	if inflated {
		o.Header().Del("Content-Length")
		o.Header().Set("Warning", "214 UploadServer gunzipped")
	}
	o.ResponseWriter.WriteHeader(status)
	if inflated {
		_ = http.NewResponseController(o.ResponseWriter).Flush() // or net/http measures a short body itself
	}
}

// deleteObject answers a signed DELETE.
func (s *Storage) deleteObject(w http.ResponseWriter, r *http.Request, bucket, object string) *xmlError {
	query := url.Values{}
	if generation := r.URL.Query().Get("generation"); generation != "" {
		query.Set("generation", generation)
	}
	path := "/storage/v1/b/" + url.PathEscape(bucket) + "/o/" + url.PathEscape(object)
	match := r.Header.Get("X-Goog-If-Generation-Match")
	answer, err := s.conditionally(bucket, object, match, query, func(query url.Values) (*answer, error) {
		return s.ask(r.Context(), http.MethodDelete, path+"?"+query.Encode(), http.Header{}, http.NoBody, 0)
	})
	if err != nil {
		return invalidArgument(err.Error())
	}
	if refusal := refusalOf(answer, bucket, object, errNoSuchKey); refusal != nil {
		return refusal
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// lengthRange parses "MIN,MAX" in bytes; without it every size up to maxObjectBytes is allowed.
func lengthRange(header string) (byteRange, *xmlError) {
	if header == "" {
		return byteRange{max: maxObjectBytes}, nil
	}
	low, high, _ := strings.Cut(header, ",")
	from, errFrom := strconv.ParseInt(strings.TrimSpace(low), 10, 64)
	to, errTo := strconv.ParseInt(strings.TrimSpace(high), 10, 64)
	if errFrom != nil || errTo != nil || from < 0 || to < from {
		return byteRange{}, invalidArgument("x-goog-content-length-range is not MIN,MAX: " + header)
	}
	return byteRange{min: from, max: min(to, maxObjectBytes)}, nil
}

// objectHeaders keeps the headers that become part of an object.
func objectHeaders(from http.Header) http.Header {
	kept := http.Header{"Content-Type": {"application/octet-stream"}}
	for name, values := range from {
		switch {
		case strings.HasPrefix(name, "X-Goog-Meta-"):
			kept[name] = values
		case name == "Content-Type", name == "Cache-Control", name == "Content-Disposition", name == "Content-Language":
			kept[name] = values
		}
	}
	return kept
}

// refusalOf translates a refusal of the JSON API into one of the XML API.
func refusalOf(a *answer, bucket, object string, notFound *xmlError) *xmlError {
	switch a.status {
	case http.StatusOK, http.StatusNoContent:
		return nil
	case http.StatusNotFound:
		return notFound
	case http.StatusPreconditionFailed:
		return errPrecondition
	}
	if a.status >= http.StatusInternalServerError {
		return diskFault(errors.New(a.body.String()))
	}
	return invalidArgument(fmt.Sprintf("%s/%s: %d %s", bucket, object, a.status, a.body.String()))
}

// refuseXML throws the rest of a body away, so that a sender who does not listen before it has sent
// all gets the answer rather than a broken connection, and answers.
func refuseXML(w http.ResponseWriter, r *http.Request, refusal *xmlError) {
	_, _ = io.CopyN(io.Discard, r.Body, maxDrainBytes)
	writeXMLError(w, refusal)
}
