package bucket

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strings"

	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"
	"google.golang.org/api/googleapi"
	"google.golang.org/api/iterator"
)

const (
	// pageSize is the largest number of objects that one call of DeletePage deletes.
	pageSize = 200
	// parallel is the number of objects deleted at once.
	parallel = 8
)

// List returns the objects whose names begin with prefix, with their names, types, sizes,
// generations, times of creation and metadata, sorted by name. It ends at the first error.
func List(ctx context.Context, b *storage.BucketHandle, prefix string) iter.Seq2[*storage.ObjectAttrs, error] {
	attrs := []string{"Name", "ContentType", "Size", "Generation", "Created", "Metadata"}
	return list(ctx, b, &storage.Query{Prefix: prefix}, attrs...)
}

func list(
	ctx context.Context, b *storage.BucketHandle, query *storage.Query, attrs ...string,
) iter.Seq2[*storage.ObjectAttrs, error] {
	return func(yield func(*storage.ObjectAttrs, error) bool) {
		if err := query.SetAttrSelection(attrs); err != nil {
			yield(nil, fmt.Errorf("select attributes: %w", err))
			return
		}
		for objects := b.Objects(ctx, query); ; {
			o, err := objects.Next()
			switch {
			case errors.Is(err, iterator.Done):
				return
			case err != nil:
				yield(nil, fmt.Errorf("list objects: %w", err))
				return
			case !yield(o, nil):
				return
			}
		}
	}
}

// Delete deletes the object. It succeeds if the object is gone, or of another generation than the
// handle's condition.
func Delete(ctx context.Context, object *storage.ObjectHandle) error {
	err := object.Delete(ctx)
	var api *googleapi.Error
	gone := errors.Is(err, storage.ErrObjectNotExist) || errors.As(err, &api) && api.Code == http.StatusPreconditionFailed
	if err != nil && !gone {
		return fmt.Errorf("delete object: %w", err)
	}
	return nil
}

// DeleteBelow deletes the objects whose names begin with prefix. It tries all of them, even if some
// fail.
func DeleteBelow(ctx context.Context, b *storage.BucketHandle, prefix string) error {
	if err := checkFolder(prefix); err != nil {
		return err
	}
	var all []*storage.ObjectHandle
	for o, err := range List(ctx, b, prefix) {
		if err != nil {
			return err
		}
		all = append(all, b.Object(o.Name))
	}
	return deleteEach(ctx, all)
}

// DeletePage deletes up to 200 generations, noncurrent ones included, of the objects whose names
// begin with prefix, and returns the number found, 0 if none is left.
func DeletePage(ctx context.Context, b *storage.BucketHandle, prefix string) (found int, err error) {
	if err := checkFolder(prefix); err != nil {
		return 0, err
	}
	var page []*storage.ObjectHandle
	for o, err := range list(ctx, b, &storage.Query{Prefix: prefix, Versions: true}, "Name", "Generation") {
		if err != nil {
			return 0, err
		}
		if page = append(page, b.Object(o.Name).Generation(o.Generation)); len(page) == pageSize {
			break
		}
	}
	return len(page), deleteEach(ctx, page)
}

// DeleteVersions deletes all generations of the objects whose names begin with prefix.
func DeleteVersions(ctx context.Context, b *storage.BucketHandle, prefix string) error {
	for {
		if n, err := DeletePage(ctx, b, prefix); err != nil || n == 0 {
			return err
		}
	}
}

// checkFolder refuses a prefix that is not below one owner's folder, such as the empty one.
func checkFolder(prefix string) error {
	if !strings.Contains(prefix, "/") {
		return fmt.Errorf("the prefix %q is not in a folder", prefix)
	}
	return nil
}

func deleteEach(ctx context.Context, objects []*storage.ObjectHandle) error {
	var group errgroup.Group
	group.SetLimit(parallel)
	for _, o := range objects {
		group.Go(func() error { return Delete(ctx, o) })
	}
	return group.Wait()
}
