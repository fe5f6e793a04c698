package analyze

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"log/slog"
	"runtime/debug"

	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/rendition"
	"github.com/facescan/facescan/internal/telemetry"
)

// renderReserve is the divisor of the lease for the time that must be left when the last rendition
// begins: one half. A rendition takes a few seconds, and only the results are written after it.
const renderReserve = 2

// renditionName returns the name of a rendition's object.
func renditionName(s scan.Scan, r rendition.Rendition) string {
	extension := "." + string(r.Format)
	if r.Format == rendition.JPEG {
		extension = ".jpg"
	}
	return scan.ResultPrefix(s.UID, s.ID) + "renditions/" + r.Name + extension
}

// render makes and stores the scan's renditions, one after the other because of the memory that
// each takes. A rendition that cannot be made is noted and fails nothing else; render returns only
// errors of the storage.
func (c *Consumer) render(ctx context.Context, s scan.Scan, photo []byte) (all []scan.Rendered, err error) {
	if len(s.Renditions) == 0 {
		return nil, nil
	}
	ctx, end := telemetry.Span(ctx, "scan.render")
	defer func() { end(err) }()
	upright, unreadable := c.upright(ctx, s, photo)
	if unreadable != nil {
		slog.ErrorContext(ctx, "no renditions of a photo that was measured", "error", unreadable)
	}
	all = make([]scan.Rendered, len(s.Renditions))
	for i, r := range s.Renditions {
		all[i] = scan.Rendered{Name: r.Name, Format: r.Format}
		switch {
		case c.Now().After(s.Lease.Until.Add(-c.Lease / renderReserve)):
			all[i].Failure = scan.RenditionLate
			continue
		case unreadable != nil:
			all[i].Failure = scan.RenditionFailed
			continue
		}
		file, err := c.renderOne(ctx, s, upright, r)
		if err != nil {
			slog.ErrorContext(ctx, "rendition failed", "format", r.Format, "error", err)
			all[i].Failure = renditionFailure(err)
			continue
		}
		if err := c.keep(ctx, renditionName(s, r), r.Format.ContentType(), file); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// renditionFailure returns the reason that the error of a rendition stands for.
func renditionFailure(err error) string {
	if errors.Is(err, rendition.ErrTooLarge) {
		return scan.RenditionTooLarge
	}
	return scan.RenditionFailed
}

func (c *Consumer) upright(ctx context.Context, s scan.Scan, photo []byte) (image.Image, error) {
	done, err := c.computing(ctx, s)
	if err != nil {
		return nil, err
	}
	defer done()
	return face.Upright(bytes.NewReader(photo), report.Options{MaxBytes: scan.MaxBytes}, rendition.MaxSide)
}

// renderOne makes a rendition and turns a panic into an error, since a faulty rendition must not
// lose the photo's measurement.
func (c *Consumer) renderOne(
	ctx context.Context, s scan.Scan, picture image.Image, r rendition.Rendition,
) (file []byte, err error) {
	done, err := c.computing(ctx, s)
	if err != nil {
		return nil, err
	}
	defer done()
	defer func() {
		if cause := recover(); cause != nil {
			slog.ErrorContext(ctx, "rendition panicked", "panic", cause, "stack_trace", string(debug.Stack()))
			err = fmt.Errorf("rendition panicked: %v", cause)
		}
	}()
	return rendition.Render(picture, r)
}
