package emulator

import (
	"errors"
	"net/http"
	"sync"
	"testing"

	"cloud.google.com/go/storage"
)

// The preconditions that fake-gcs-server ignores hold in the client library.
func TestClientPreconditions(t *testing.T) {
	s := newStorageTest(t)
	ctx := t.Context()
	object := s.gcs.Bucket(testBucket).Object(testObject)
	old := s.write(t, "one")
	live := s.write(t, "two")
	other := storage.Conditions{GenerationMatch: old}

	if err := object.If(other).Delete(ctx); statusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("delete if the generation is an old one: %v", err)
	}
	if err := object.Generation(old).Delete(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("delete of an old generation: %v", err)
	}
	if _, err := object.If(other).NewReader(ctx); statusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("read if the generation is an old one: %v", err)
	}
	if _, err := object.Generation(old).NewReader(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("read of an old generation: %v", err)
	}
	if _, err := object.If(other).Attrs(ctx); statusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("attributes if the generation is an old one: %v", err)
	}
	update := storage.ObjectAttrsToUpdate{Metadata: map[string]string{"a": "b"}}
	if _, err := object.If(other).Update(ctx, update); statusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("update if the generation is an old one: %v", err)
	}
	w := object.If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	if err := w.Close(); statusOf(err) != http.StatusPreconditionFailed {
		t.Errorf("write if there is no object: %v", err)
	}
	if got := s.read(t); got != "two" {
		t.Errorf("the object holds %q", got)
	}
	r, err := object.Generation(live).NewReader(ctx)
	if err != nil {
		t.Fatalf("read of the live generation: %v", err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if err := object.If(storage.Conditions{GenerationMatch: live}).Delete(ctx); err != nil {
		t.Errorf("delete of the live generation: %v", err)
	}
	if _, err := object.Attrs(ctx); !errors.Is(err, storage.ErrObjectNotExist) {
		t.Errorf("after the delete: %v", err)
	}
}

// Of a delete that holds for one generation and overwrites at the same time, no overwrite is lost.
func TestConditionalDeleteSparesNewerObjects(t *testing.T) {
	s := newStorageTest(t)
	object := s.gcs.Bucket(testBucket).Object(testObject)
	for range 20 {
		old := s.write(t, "old")
		var all sync.WaitGroup
		all.Go(func() { s.write(t, "new") })
		all.Go(func() {
			err := object.If(storage.Conditions{GenerationMatch: old}).Delete(t.Context())
			if status := statusOf(err); err != nil && status != http.StatusPreconditionFailed {
				t.Errorf("delete: %v", err)
			}
		})
		all.Wait()
		if got := s.read(t); got != "new" {
			t.Fatalf("the object holds %q", got)
		}
	}
}
