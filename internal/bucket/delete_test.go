package bucket

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"cloud.google.com/go/storage"
	"github.com/google/go-cmp/cmp"
)

func names(t *testing.T, b *storage.BucketHandle, prefix string) []string {
	t.Helper()
	all := []string{}
	for o, err := range List(t.Context(), b, prefix) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, o.Name)
	}
	return all
}

func TestList(t *testing.T) {
	t.Parallel()
	photos, _ := newBucket(t)
	for _, name := range []string{"u/b", "u/a", "u/c/d", "v/a"} {
		write(t, photos.Object(name), "bytes", "")
	}
	if diff := cmp.Diff([]string{"u/a", "u/b", "u/c/d"}, names(t, photos, "u/")); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
	for o, err := range List(t.Context(), photos, "u/") {
		if err != nil || o.ContentType != "image/jpeg" || o.Size != 5 {
			t.Errorf("the first is %+v, %v", o, err)
		}
		break
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	faults := 0
	for o, err := range List(ctx, photos, "u/") {
		if faults++; err == nil || o != nil {
			t.Errorf("listed %v, %v after the end", o, err)
		}
	}
	if faults != 1 {
		t.Errorf("%d errors", faults)
	}
}

func TestDelete(t *testing.T) {
	t.Parallel()
	photos, _ := newBucket(t)
	object := photos.Object("a")
	if err := Delete(t.Context(), object); err != nil {
		t.Errorf("one that is not there: %v", err)
	}
	write(t, object, "bytes", "")
	attrs, err := object.Attrs(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other := storage.Conditions{GenerationMatch: attrs.Generation + 1}
	if err := Delete(t.Context(), object.If(other)); err != nil {
		t.Errorf("one of another generation: %v", err)
	}
	if got := names(t, photos, ""); len(got) != 1 {
		t.Fatalf("left are %v", got)
	}
	if err := Delete(t.Context(), object.If(storage.Conditions{GenerationMatch: attrs.Generation})); err != nil {
		t.Error(err)
	}
	if got := names(t, photos, ""); len(got) != 0 {
		t.Errorf("left are %v", got)
	}
}

func TestDelete_below(t *testing.T) {
	t.Parallel()
	for name, empty := range map[string]func(context.Context, *storage.BucketHandle, string) error{
		"DeleteBelow":    DeleteBelow,
		"DeleteVersions": DeleteVersions,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			photos, _ := newBucket(t)
			for i := range pageSize + 1 {
				write(t, photos.Object(fmt.Sprintf("u/%d", i)), "bytes", "")
			}
			write(t, photos.Object("uu/a"), "bytes", "")
			if err := empty(t.Context(), photos, "u"); err == nil {
				t.Error("a prefix of several folders was taken")
			}
			if err := empty(t.Context(), photos, "u/"); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff([]string{"uu/a"}, names(t, photos, "")); diff != "" {
				t.Errorf("left (-want +got):\n%s", diff)
			}
			if err := empty(t.Context(), photos, "u/"); err != nil {
				t.Errorf("an empty folder: %v", err)
			}
		})
	}
}

// Cloud Storage is a script here, since the emulator keeps no noncurrent generation.
func TestDeletePage_generations(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	deleted := map[string]bool{}
	client := clientOver(t, func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodDelete {
			mu.Lock()
			defer mu.Unlock()
			deleted[r.URL.Query().Get("generation")] = true
			return answer(http.StatusNoContent, http.NoBody)
		}
		if r.URL.Query().Get("versions") != "true" {
			t.Errorf("asked for %s", r.URL)
		}
		return answer(http.StatusOK, strings.NewReader(`{"items": [
			{"name": "u/a", "generation": "1"}, {"name": "u/a", "generation": "2"}]}`))
	})
	found, err := DeletePage(t.Context(), client.Bucket("photos"), "u/")
	if err != nil || found != 2 {
		t.Errorf("DeletePage = %d, %v", found, err)
	}
	if diff := cmp.Diff(map[string]bool{"1": true, "2": true}, deleted); diff != "" {
		t.Errorf("deleted generations (-want +got):\n%s", diff)
	}
}

func TestDeleteBelow_triesEach(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	tried := map[string]bool{}
	client := clientOver(t, func(r *http.Request) (*http.Response, error) {
		if r.Method == http.MethodDelete {
			mu.Lock()
			defer mu.Unlock()
			tried[r.URL.Path[strings.LastIndex(r.URL.Path, "/")+1:]] = true
			return answer(http.StatusForbidden, strings.NewReader(`{}`))
		}
		return answer(http.StatusOK, strings.NewReader(`{"items": [{"name": "u/a"}, {"name": "u/b"}]}`))
	})
	if err := DeleteBelow(t.Context(), client.Bucket("photos"), "u/"); err == nil {
		t.Error("no error though nothing was deleted")
	}
	if diff := cmp.Diff(map[string]bool{"a": true, "b": true}, tried); diff != "" {
		t.Errorf("tried (-want +got):\n%s", diff)
	}
}

func TestLink(t *testing.T) {
	t.Parallel()
	photos, _ := newBucket(t)
	signing := storage.SignedURLOptions{
		GoogleAccessID: "signer@example.com", Scheme: storage.SigningSchemeV4,
		SignBytes: func([]byte) ([]byte, error) { return []byte("signature"), nil },
	}
	got, err := Link(
		t.Context(), photos, signing, "u/a.jpg", File{Name: "my photo.jpg", ContentType: "image/jpeg"},
		time.Now().Add(time.Minute),
	)
	if err != nil {
		t.Fatal(err)
	}
	link, err := url.Parse(got)
	if err != nil {
		t.Fatal(err)
	}
	query := link.Query()
	if !strings.HasSuffix(link.Path, "/photos/u/a.jpg") ||
		query.Get("response-content-type") != "image/jpeg" ||
		query.Get("response-content-disposition") != `attachment; filename="my photo.jpg"` {
		t.Errorf("the link is %s", got)
	}
	if signing.Method != "" || signing.QueryParameters != nil {
		t.Errorf("the caller's options were changed: %+v", signing)
	}
}
