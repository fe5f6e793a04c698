package scan

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/face/report"
)

// photo returns the scan's photo, if it is what its ticket says. Its errors are
// storage.ErrObjectNotExist, *unfit or transient.
func (a *Analyzer) photo(ctx context.Context, s Scan) ([]byte, error) {
	r, err := bucket.Open(ctx, a.Uploads.Object(PhotoName(s.UID, s.ID)).Generation(s.Generation), MaxBytes)
	if errors.Is(err, bucket.ErrTooLarge) {
		return nil, &unfit{tooLarge}
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // read only
	if r.Encoded() {
		return nil, &unfit{encoded}
	}
	photo, err := r.All()
	if err != nil {
		return nil, err
	}
	if found := report.MediaType(photo); found != s.ContentType && slices.Contains(ContentTypes, found) {
		return nil, &unfit{otherType(s.ContentType, found)}
	}
	return photo, nil
}

// keepAll writes the scan's results, all at once, and meanwhile shows that it does.
func (a *Analyzer) keepAll(ctx context.Context, s Scan, report []byte, pictures []report.Picture) error {
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { a.enter(ctx, s, Writing); return nil })
	group.Go(func() error { return a.keep(ctx, reportName(s.UID, s.ID), "application/json", report) })
	for _, p := range pictures {
		group.Go(func() error { return a.keep(ctx, pictureName(s.UID, s.ID, p.Name), "image/jpeg", p.JPEG) })
	}
	return group.Wait()
}

func (a *Analyzer) keep(ctx context.Context, name, contentType string, body []byte) error {
	w := a.Results.Object(name).NewWriter(ctx)
	w.ContentType = contentType
	w.ChunkSize = 0 // small enough for one request, without the buffer of a resumable upload
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (a *Analyzer) deleteAll(ctx context.Context, uid account.UID, id ID, generation int64) error {
	return errors.Join(a.deletePhoto(ctx, PhotoName(uid, id), generation), bucket.DeleteBelow(ctx, a.Results, ResultPrefix(uid, id)))
}

func (a *Analyzer) deletePhoto(ctx context.Context, name string, generation int64) error {
	return deletePhoto(ctx, a.Uploads, name, generation)
}

// deletePhoto deletes this generation and no other.
func deletePhoto(ctx context.Context, uploads *storage.BucketHandle, name string, generation int64) error {
	return bucket.Delete(ctx, uploads.Object(name).If(storage.Conditions{GenerationMatch: generation}))
}
