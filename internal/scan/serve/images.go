package serve

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path"
	"strings"
	"time"

	"cloud.google.com/go/storage"
	"golang.org/x/sync/errgroup"

	"github.com/facescan/facescan/internal/bucket"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
)

// imageLife is how long the URL of an image is valid.
const imageLife = 5 * time.Minute

// originalImage is the name of the photo among the images.
const originalImage = "original"

// imageView is one picture of a scan and its URL.
type imageView struct {
	Name        string `json:"name"`
	ContentType string `json:"contentType"`
	// Bytes is the size.
	Bytes int64  `json:"bytes"`
	URL   string `json:"url"`
}

// imagesView is the answer with the images of a scan.
type imagesView struct {
	httpapi.List[imageView]

	// URLExpiresAt is the end of all the URLs.
	URLExpiresAt string `json:"urlExpiresAt"`
}

// images answers GET /v1/scans/{id}/images. It lists the pictures in the bucket, so that renditions
// are included, and the photo as long as it is kept.
func (h *Handler) images(w http.ResponseWriter, r *http.Request) error {
	found, err := h.owned(r)
	if err != nil {
		return err
	}
	if found.State != scan.Completed {
		return notCompleted()
	}
	view, err := h.imagesOf(r.Context(), found)
	if err != nil {
		return err
	}
	return httpapi.Write(w, http.StatusOK, view)
}

// imagesOf returns the signed images of the completed scan.
func (h *Handler) imagesOf(ctx context.Context, of scan.Scan) (imagesView, error) {
	kept, err := h.keptImages(ctx, of)
	if err != nil {
		return imagesView{}, err
	}
	expires := h.Now().UTC().Add(imageLife)
	view := imagesView{URLExpiresAt: httpapi.Time(expires)}
	view.Items = make([]imageView, len(kept))
	// In production each signature is a call, so they are made concurrently.
	var group errgroup.Group
	for i, p := range kept {
		group.Go(func() error {
			var err error
			view.Items[i], err = h.sign(ctx, p, of.ID, expires)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return imagesView{}, fault.Wrap(err, fault.CodeUnavailable, "The images cannot be signed at the moment: try again.")
	}
	return view, nil
}

func notCompleted() error {
	return fault.New(fault.CodeScanNotCompleted, "The scan is not completed yet.")
}

// keptImage is an image in a bucket.
type keptImage struct {
	name   string
	bucket *storage.BucketHandle
	attrs  *storage.ObjectAttrs
}

func (h *Handler) keptImages(ctx context.Context, of scan.Scan) ([]keptImage, error) {
	prefix := scan.ResultPrefix(of.UID, of.ID)
	var all []keptImage
	for o, err := range bucket.List(ctx, h.Results, prefix) {
		if err != nil {
			return nil, err
		}
		if strings.HasPrefix(o.ContentType, "image/") {
			name := strings.TrimPrefix(o.Name, prefix)
			all = append(all, keptImage{strings.TrimSuffix(name, path.Ext(name)), h.Results, o})
		}
	}
	photo, err := h.Uploads.Object(scan.PhotoName(of.UID, of.ID)).Generation(of.Generation).Attrs(ctx)
	if errors.Is(err, storage.ErrObjectNotExist) {
		return all, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for the photo: %w", err)
	}
	return append(all, keptImage{originalImage, h.Uploads, photo}), nil
}

// sign returns the picture with a URL to download it.
func (h *Handler) sign(ctx context.Context, p keptImage, id scan.ID, expires time.Time) (imageView, error) {
	extension := path.Ext(p.attrs.Name)
	if p.name == originalImage {
		extension = "." + strings.TrimPrefix(p.attrs.ContentType, "image/")
	}
	file := string(id) + "-" + path.Base(p.name) + extension
	as := bucket.File{Name: file, ContentType: p.attrs.ContentType}
	signed, err := bucket.Link(ctx, p.bucket, h.Signing, p.attrs.Name, as, expires)
	return imageView{Name: p.name, ContentType: p.attrs.ContentType, Bytes: p.attrs.Size, URL: signed}, err
}
