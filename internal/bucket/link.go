package bucket

import (
	"context"
	"mime"
	"net/http"
	"net/url"
	"time"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/reached"
)

// File is the name and type of a downloaded object.
type File struct {
	Name, ContentType string
}

// Link returns a URL that downloads an object until expires. The URL fixes the file's type and
// name, and that it is saved instead of shown as a page. On the local stack its host is the one by
// which the client reaches it.
func Link(
	ctx context.Context, b *storage.BucketHandle, signing storage.SignedURLOptions, object string, as File,
	expires time.Time,
) (string, error) {
	signing.Method, signing.Expires = http.MethodGet, expires
	signing.Hostname = reached.Host(ctx, signing.Hostname)
	signing.QueryParameters = url.Values{
		"response-content-type":        {as.ContentType},
		"response-content-disposition": {mime.FormatMediaType("attachment", map[string]string{"filename": as.Name})},
	}
	return b.SignedURL(object, &signing)
}
