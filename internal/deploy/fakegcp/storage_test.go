package fakegcp_test

import (
	"errors"
	"io"
	"net/http"
	"testing"

	"cloud.google.com/go/storage"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
	"google.golang.org/api/option"

	"github.com/facescan/facescan/internal/deploy/fakegcp"
)

// client returns the real client, which reads by the XML API unless told otherwise.
func client(c *cloud, opts ...option.ClientOption) *storage.Client {
	c.Helper()
	gcs, err := storage.NewClient(c.Context(), append(opts, option.WithoutAuthentication(),
		option.WithEndpoint(c.Environ()["GOOGLE_BACKEND_STORAGE_CUSTOM_ENDPOINT"]))...)
	if err != nil {
		c.Fatal(err)
	}
	c.Cleanup(func() { _ = gcs.Close() })
	return gcs
}

func put(c *cloud, o *storage.ObjectHandle, content string) error {
	c.Helper()
	w := o.NewWriter(c.Context())
	_, err := io.WriteString(w, content)
	return errors.Join(err, w.Close())
}

// code is the status of a refusal.
func code(err error) int {
	var refused *googleapi.Error
	if errors.As(err, &refused) {
		return refused.Code
	}
	return 0
}

func TestObjects_haveGenerationsAndPreconditions(t *testing.T) {
	t.Parallel()
	for name, opts := range map[string][]option.ClientOption{
		"by the XML API": nil, "by the JSON API": {storage.WithJSONReads()},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := newCloud(t, fakegcp.Options{})
			c.must(http.MethodPost, "storage/v1/b", `{"name":"state"}`)
			lock := client(c, opts...).Bucket("state").Object("facescan/default.tflock")
			if err := put(c, lock.If(storage.Conditions{DoesNotExist: true}), `{"ID":"1"}`); err != nil {
				t.Fatal(err)
			}
			first, err := lock.Attrs(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if err := put(c, lock.If(storage.Conditions{DoesNotExist: true}),
				"{}"); code(err) != http.StatusPreconditionFailed {
				t.Errorf("a second lock: %v, want 412", err)
			}
			if err := put(c, lock, `{"ID":"2"}`); err != nil {
				t.Fatal(err)
			}
			err = lock.If(storage.Conditions{GenerationMatch: first.Generation}).Delete(t.Context())
			if code(err) != http.StatusPreconditionFailed {
				t.Errorf("a deletion of the former generation: %v, want 412", err)
			}
			r, err := lock.NewReader(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			content, err := io.ReadAll(r)
			if err := errors.Join(err, r.Close()); err != nil || string(content) != `{"ID":"2"}` {
				t.Errorf("read %q, %v", content, err)
			}
			if r.Attrs.Generation <= first.Generation {
				t.Errorf("generation %d after %d", r.Attrs.Generation, first.Generation)
			}
			if err := lock.If(storage.Conditions{GenerationMatch: r.Attrs.Generation}).Delete(t.Context()); err != nil {
				t.Error(err)
			}
			if _, err := lock.NewReader(t.Context()); !errors.Is(err, storage.ErrObjectNotExist) {
				t.Errorf("a deleted object: %v", err)
			}
		})
	}
}

func TestObjects_areListedByPrefix(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	c.must(http.MethodPost, "storage/v1/b", `{"name":"b"}`)
	bucket := client(c).Bucket("b")
	for _, name := range []string{"a", "in/b", "in/c", "in/deep/d", "in/deep/e"} {
		if err := put(c, bucket.Object(name), name); err != nil {
			t.Fatal(err)
		}
	}
	if err := bucket.Object("in/b").Delete(t.Context()); err != nil {
		t.Fatal(err)
	}
	var got []string
	for all := bucket.Objects(t.Context(), &storage.Query{Prefix: "in/", Delimiter: "/"}); ; {
		o, err := all.Next()
		if errors.Is(err, iterator.Done) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, o.Name+o.Prefix)
	}
	if len(got) != 2 || got[0] != "in/c" || got[1] != "in/deep/" {
		t.Errorf("listed %q, want in/c and in/deep/", got)
	}
}

func TestBuckets(t *testing.T) {
	t.Parallel()
	c := newCloud(t, fakegcp.Options{})
	c.refused(http.StatusNotFound, "bucket does not exist", http.MethodGet, "storage/v1/b/b/o/x", "")
	c.refused(http.StatusNotFound, "bucket does not exist", http.MethodPost,
		"upload/storage/v1/b/b/o?uploadType=media&name=x", "x")
	c.must(http.MethodPost, "storage/v1/b", `{"name":"b"}`)
	c.refused(http.StatusConflict, "you already own it", http.MethodPost, "storage/v1/b", `{"name":"b"}`)
	c.refused(http.StatusNotFound, "No such object: b/x", http.MethodGet, "storage/v1/b/b/o/x", "")
	if a := c.upload("b", "x", "x"); a.code != http.StatusOK {
		t.Fatal(a.raw)
	}
	c.refused(http.StatusConflict, "not empty", http.MethodDelete, "storage/v1/b/b", "")
	c.must(http.MethodDelete, "storage/v1/b/b/o/x", "")
	c.must(http.MethodDelete, "storage/v1/b/b", "")
}
