package fakegcp

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Cloud Storage's own checksum of an object
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"strings"
)

// upload stores an object. Clients send a small one whole, and one of 16 MiB or more in parts, to a
// session that they open for it.
func (s *Server) upload(c call) reply {
	query := c.http.URL.Query()
	if id := query.Get("upload_id"); id != "" {
		return s.resume(c, id)
	}
	bucket := path.Base(strings.TrimSuffix(c.Path, "/o"))
	r := object{"kind": "storage#object", "bucket": bucket, "generation": "1", "metageneration": "1"}
	for member, value := range c.Body {
		r[member] = value
	}
	content := c.raw
	kind, params, err := mime.ParseMediaType(c.http.Header.Get("Content-Type"))
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		content = readParts(c.raw, params["boundary"], r)
	}
	if name := query.Get("name"); name != "" {
		r["name"] = name
	}
	if query.Get("uploadType") == "resumable" {
		s.made++
		id := fmt.Sprintf("upload-%d", s.made)
		s.uploads[id] = &session{object: r}
		return reply{status: http.StatusOK, header: map[string]string{
			"Location": s.url + c.http.URL.Path + "?upload_id=" + id,
		}}
	}
	return s.keepObject(c, r, content)
}

// session is an upload in parts.
type session struct {
	object  object
	content []byte
}

// resume receives a part. The last one has the object's size in its range, as in "bytes
// 16777216-17000000/17000001".
func (s *Server) resume(c call, id string) reply {
	u, open := s.uploads[id]
	if !open {
		return notFound(id)
	}
	u.content = append(u.content, c.raw...)
	if strings.HasSuffix(c.http.Header.Get("Content-Range"), "/*") {
		return reply{status: http.StatusOK, header: map[string]string{"X-Http-Status-Code-Override": "308"}}
	}
	delete(s.uploads, id)
	return s.keepObject(c, u.object, u.content)
}

func (s *Server) keepObject(c call, r object, content []byte) reply {
	sum := md5.Sum(content) //nolint:gosec // see the import
	r["md5Hash"] = base64.StdEncoding.EncodeToString(sum[:])
	bucket, _ := r["bucket"].(string)
	name, _ := r["name"].(string)
	return s.keep(c, "b/"+bucket+"/o/"+name, r)
}

// readParts reads a related upload: the object's metadata into r, then its content.
func readParts(raw []byte, boundary string, r object) (content []byte) {
	parts := multipart.NewReader(bytes.NewReader(raw), boundary)
	if metadata, err := parts.NextPart(); err == nil {
		_ = json.NewDecoder(metadata).Decode(&r) // a malformed one shows as an object without a name
	}
	if body, err := parts.NextPart(); err == nil {
		content, _ = io.ReadAll(body)
	}
	return content
}
