package fakegcp

import (
	"bytes"
	"crypto/md5" //nolint:gosec // Cloud Storage's own checksum of an object
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
)

// storage answers Cloud Storage: buckets, whose names have no project, objects with generations and
// preconditions, and notifications.
func (s *Server) storage(c call) (reply, bool) {
	elements := strings.SplitN(c.Path, "/", 4) // b/BUCKET/o/OBJECT
	switch {
	case strings.HasSuffix(c.Path, "/serviceAccount"):
		return ok(object{"email_address": s.storageAgent(), "kind": "storage#serviceAccount"}), true
	case c.Path == "b" && c.Method == http.MethodPost:
		return s.newBucket(c), true
	case len(elements) < 2 || elements[0] != "b":
		return reply{}, false
	}
	bucket, there := s.resources[key(c.Service, "b/"+elements[1])]
	switch {
	case !there:
		return failure(http.StatusNotFound, "notFound", "The specified bucket does not exist."), true
	case len(elements) == 2:
		return s.bucket(c, bucket)
	case elements[2] == "notificationConfigs" && c.Method == http.MethodPost:
		return s.notify(c)
	case elements[2] != "o":
		return reply{}, false
	case strings.HasPrefix(c.http.URL.Path, "/upload/"):
		return s.upload(c), true
	case len(elements) == 3:
		return s.objects(c), true
	}
	return s.object(c), true
}

// storageAgent is Cloud Storage's own account, which is made when it is first asked for.
// https://cloud.google.com/storage/docs/getting-service-agent
func (s *Server) storageAgent() string {
	email := "service-" + s.number + "@gs-project-accounts.iam.gserviceaccount.com"
	s.agents[email] = true
	return email
}

func (s *Server) newBucket(c call) reply {
	name, _ := c.Body["name"].(string)
	if _, there := s.resources[key(c.Service, "b/"+name)]; there {
		return failure(http.StatusConflict, "conflict",
			"Your previous request to create the named bucket succeeded and you already own it.")
	}
	r := object{
		"kind": "storage#bucket", "id": name, "projectNumber": s.number, "metageneration": "1",
		"storageClass": "STANDARD",
		"timeCreated":  s.timestamp(), "updated": s.timestamp(),
	}
	for member, value := range c.Body {
		r[member] = value
	}
	location, is := r["location"].(string)
	if is {
		r["location"] = strings.ToUpper(location)
	}
	if r := s.locked(c, usedKey(r, "encryption", "defaultKmsKeyName"), location); r.status != 0 {
		return r
	}
	return s.keep(c, "b/"+name, r)
}

func (s *Server) bucket(c call, bucket object) (reply, bool) {
	switch c.Method {
	case http.MethodDelete:
		if len(s.list(key(c.Service, c.Path+"/o/"))) > 0 {
			return failure(http.StatusConflict, "conflict", "The bucket you tried to delete is not empty."), true
		}
	case http.MethodPatch, http.MethodPut:
		location, _ := bucket["location"].(string)
		if r := s.locked(c, usedKey(c.Body, "encryption", "defaultKmsKeyName"), location); r.status != 0 {
			return r, true
		}
		n, _ := bucket["metageneration"].(string)
		generation, _ := strconv.Atoi(n) // "1" at first
		bucket["metageneration"] = strconv.Itoa(generation + 1)
	}
	return reply{}, false
}

// notify refuses a notification that Cloud Storage may not publish.
// https://github.com/hashicorp/terraform-provider-google/pull/4354
func (s *Server) notify(c call) (reply, bool) {
	topic, _ := c.Body["topic"].(string)
	p := strings.TrimPrefix(topic, "//pubsub.googleapis.com/")
	topic = "//pubsub.googleapis.com/" + p
	c.Body["topic"] = topic
	email := "service-" + s.number + "@gs-project-accounts.iam.gserviceaccount.com"
	_, there := s.resources[key("pubsub", p)]
	if !there || !s.may("serviceAccount:"+email, "pubsub.topics.publish", "pubsub", p, 0, nil) {
		return failure(http.StatusForbidden, "forbidden", fmt.Sprintf(
			"The service account '%s' does not have permission to publish messages to to the Cloud Pub/Sub topic '%s', or that "+
				"topic does not exist.", email, topic)), true
	}
	return reply{}, false
}

// objects lists by prefix and delimiter.
func (s *Server) objects(c call) reply {
	items, prefixes := []object{}, []string{}
	prefix, delimiter := c.query("prefix"), c.query("delimiter")
	for _, r := range s.list(key(c.Service, c.Path+"/")) {
		name, _ := r["name"].(string)
		rest, within := strings.CutPrefix(name, prefix)
		if !within {
			continue
		}
		if dir, _, deeper := strings.Cut(rest, delimiter); delimiter != "" && deeper {
			prefixes = append(prefixes, prefix+dir+delimiter)
			continue
		}
		items = append(items, r)
	}
	return ok(object{"kind": "storage#objects", "items": items, "prefixes": slices.Compact(prefixes)})
}

// object reads or deletes one. The JSON API returns the content with alt=media, the XML API always.
func (s *Server) object(c call) reply {
	k := key(c.Service, c.Path)
	r, there := s.resources[k]
	if generation := c.query("generation"); there && generation != "" && generation != r["generation"] {
		there = false
	}
	if !there {
		return failure(http.StatusNotFound, "notFound", "No such object: "+strings.Replace(
			strings.TrimPrefix(c.Path, "b/"), "/o/", "/", 1))
	}
	if refused := precondition(c, r); refused.status != 0 {
		return refused
	}
	xml := !strings.HasPrefix(c.http.URL.Path, "/storage/")
	switch {
	case c.Method == http.MethodDelete:
		s.discard(k)
		return reply{status: http.StatusNoContent}
	case c.Method == http.MethodGet && (xml || c.query("alt") == "media"):
		generation, _ := r["generation"].(string)
		sum, _ := r["md5Hash"].(string)
		content := s.contents[k]
		if content == nil {
			content = []byte{}
		}
		return reply{status: http.StatusOK, content: content, header: map[string]string{
			"X-Goog-Generation": generation, "X-Goog-Metageneration": "1", "X-Goog-Hash": "md5=" + sum,
			"Content-Type": "application/octet-stream", "X-Goog-Stored-Content-Length": strconv.Itoa(len(content)),
			"X-Goog-Stored-Content-Encoding": "identity",
		}}
	case c.Method == http.MethodGet:
		return ok(r)
	}
	return s.change(c)
}

// precondition refuses a request whose object is of another generation than it says; none is
// generation 0. https://cloud.google.com/storage/docs/request-preconditions
func precondition(c call, r object) reply {
	generation, there := r["generation"].(string)
	if !there {
		generation = "0"
	}
	if want := c.query("ifGenerationMatch"); want != "" && want != generation {
		return failure(http.StatusPreconditionFailed, "conditionNotMet",
			"At least one of the pre-conditions you specified did not hold.")
	}
	return reply{}
}

// upload stores an object. Clients send a small one whole, and one of 16 MiB or more in parts, to a
// session that they open for it.
func (s *Server) upload(c call) reply {
	if id := c.query("upload_id"); id != "" {
		return s.resume(c, id)
	}
	r, content := uploaded(c)
	r["kind"], r["bucket"], r["metageneration"] = "storage#object", path.Base(strings.TrimSuffix(c.Path, "/o")), "1"
	if c.query("uploadType") == "resumable" {
		s.made++
		id := fmt.Sprintf("upload-%d", s.made)
		s.uploads[id] = &session{object: r, opened: c}
		return reply{status: http.StatusOK, header: map[string]string{
			"Location": s.url + c.http.URL.Path + "?upload_id=" + id,
		}}
	}
	return s.keepObject(c, r, content)
}

// uploaded returns what a request that begins an upload says of the object, and the content that it
// has.
func uploaded(c call) (object, []byte) {
	r, content := object{}, c.raw
	for member, value := range c.Body {
		r[member] = value
	}
	kind, params, err := mime.ParseMediaType(c.http.Header.Get("Content-Type"))
	if err == nil && strings.HasPrefix(kind, "multipart/") {
		content = readParts(c.raw, params["boundary"], r)
	}
	if name := c.query("name"); name != "" {
		r["name"] = name
	}
	return r, content
}

// written returns the name of the object that an upload writes.
func (s *Server) written(c call) string {
	r, _ := uploaded(c)
	if u, open := s.uploads[c.query("upload_id")]; open {
		r = u.object
	}
	name, _ := r["name"].(string)
	return name
}

// session is an upload in parts.
type session struct {
	object  object
	content []byte
	opened  call
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
	return s.keepObject(u.opened, u.object, u.content)
}

func (s *Server) keepObject(c call, r object, content []byte) reply {
	p := fmt.Sprintf("b/%v/o/%v", r["bucket"], r["name"])
	if refused := precondition(c, s.resources[key(c.Service, p)]); refused.status != 0 {
		return refused
	}
	sum := md5.Sum(content) //nolint:gosec // see the import
	s.made++
	r["crc32c"] = base64.StdEncoding.EncodeToString(
		binary.BigEndian.AppendUint32(nil, crc32.Checksum(content, crc32.MakeTable(crc32.Castagnoli))))
	r["md5Hash"], r["size"] = base64.StdEncoding.EncodeToString(sum[:]), strconv.Itoa(len(content))
	r["generation"], r["updated"] = strconv.FormatInt(s.options.Now().UnixMicro()+int64(s.made), 10), s.timestamp()
	s.contents[key(c.Service, p)] = content
	return s.keep(c, p, r)
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
