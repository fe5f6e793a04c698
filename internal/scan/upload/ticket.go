package upload

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"strings"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/keys"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/telemetry"
)

// newID returns a random id, or the same for the same user and idempotency key.
func (h *Handler) newID(uid account.UID, key string) scan.ID {
	if key == "" {
		return scan.ID(strings.ToLower(rand.Text()))
	}
	return scan.ID(h.Key.ID(keys.Scan, string(uid), key))
}

// signAttempts bounds the calls of IAM for one signature: the client would go on until the
// request's own end.
const signAttempts = 3

// Ticket is how to upload a scan's photo: this request, with exactly these headers.
type Ticket struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	MaxBytes  int               `json:"maxBytes"`
	ExpiresAt string            `json:"expiresAt"`
}

// sign makes the URL. What it fixes cannot be changed by its holder: type, size, the object's
// not being there yet, and the metadata.
//
// A PUT may have further headers that are not x-goog ones, such as Content-Encoding: a V4 signature
// can fix a header's value but not its absence (a signed header that is not sent is refused). To
// sign "Content-Encoding: identity" would oblige every client to send a value that HTTP reserves
// for Accept-Encoding, and store it with the photo. So the analysis refuses what was put with an
// encoding (see ReasonEncoded).
func (h *Handler) sign(ctx context.Context, s scan.Scan) (*Ticket, error) {
	headers := map[string]string{
		"Content-Type":                s.ContentType,
		"X-Goog-Content-Length-Range": fmt.Sprintf("1,%d", scan.MaxBytes),
		"X-Goog-If-Generation-Match":  "0",
	}
	for name, value := range photoMetadata(ctx, s.UID) {
		headers["X-Goog-Meta-"+strings.ToUpper(name[:1])+name[1:]] = value
	}
	opts := h.Signing
	opts.Method, opts.Expires, opts.ContentType = http.MethodPut, s.TicketExpiresAt, s.ContentType
	for name, value := range headers {
		if name != "Content-Type" {
			opts.Headers = append(opts.Headers, name+":"+value)
		}
	}
	bucket := h.Bucket.Retryer(storage.WithMaxAttempts(signAttempts))
	url, err := bucket.SignedURL(scan.PhotoName(s.UID, s.ID), &opts)
	if err != nil {
		return nil, fault.Wrap(err, fault.CodeUnavailable, "The upload cannot be signed at the moment: try again.")
	}
	return &Ticket{
		Method: http.MethodPut, URL: url, Headers: headers, MaxBytes: scan.MaxBytes,
		ExpiresAt: httpapi.Time(s.TicketExpiresAt),
	}, nil
}

// photoMetadata is what travels with the photo's object: whose it is, and the trace that its
// analysis goes on with.
func photoMetadata(ctx context.Context, uid account.UID) map[string]string {
	metadata := map[string]string{"owner": string(uid)}
	// A header without a value would be left out of the signature, and the upload refused for it.
	if trace := telemetry.Traceparent(ctx); trace != "" {
		metadata["traceparent"] = trace
	}
	return metadata
}
