package analyze

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/telemetry"
)

// photo returns the scan's photo, if it is what its ticket describes. Its errors are
// storage.ErrObjectNotExist, *unfit or transient.
func (c *Consumer) photo(ctx context.Context, s scan.Scan) (photo []byte, err error) {
	ctx, end := telemetry.Span(ctx, "scan.read")
	defer func() { end(err) }()
	r, err := bucket.Open(ctx, c.Uploads.Object(scan.PhotoName(s.UID, s.ID)).Generation(s.Generation), scan.MaxBytes)
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
	photo, err = r.All()
	if err != nil {
		return nil, err
	}
	if found := report.MediaType(photo); found != s.ContentType && slices.Contains(scan.ContentTypes, found) {
		return nil, &unfit{otherType(s.ContentType, found)}
	}
	return photo, nil
}

// keepAll stores the scan's results, all at once.
func (c *Consumer) keepAll(
	ctx context.Context, s scan.Scan, report []byte, pictures []report.Picture,
) (err error) {
	ctx, end := telemetry.Span(ctx, "scan.keep")
	defer func() { end(err) }()
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error { return c.keep(ctx, scan.ReportName(s.UID, s.ID), "application/json", report) })
	for _, p := range pictures {
		group.Go(func() error { return c.keep(ctx, scan.PictureName(s.UID, s.ID, p.Name), "image/jpeg", p.JPEG) })
	}
	return group.Wait()
}

func (c *Consumer) keep(ctx context.Context, name, contentType string, body []byte) error {
	w := c.Results.Object(name).NewWriter(ctx)
	w.ContentType = contentType
	w.ChunkSize = 0 // small enough for a single request, without the buffer of a resumable upload
	_, err := w.Write(body)
	if err := errors.Join(err, w.Close()); err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return nil
}

func (c *Consumer) deleteAll(ctx context.Context, uid account.UID, id scan.ID, generation int64) error {
	return errors.Join(c.deletePhoto(ctx, scan.PhotoName(uid, id), generation),
		bucket.DeleteBelow(ctx, c.Results, scan.ResultPrefix(uid, id)))
}

func (c *Consumer) deletePhoto(ctx context.Context, name string, generation int64) error {
	return scan.DeletePhoto(ctx, c.Uploads, name, generation)
}
