package upload

import (
	"context"
	"fmt"
	"net/http"
	"strings"

	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/reached"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/telemetry"
)

// signAttempts bounds the calls of IAM for one signature. Without it the client would retry until
// the request's own end.
const signAttempts = 3

// Ticket is how to upload a scan's photo: by this request, with exactly these headers.
type Ticket struct {
	Method    string            `json:"method"`
	URL       string            `json:"url"`
	Headers   map[string]string `json:"headers"`
	MaxBytes  int               `json:"maxBytes"`
	ExpiresAt string            `json:"expiresAt"`
}

// sign makes the URL. Its holder cannot change what it fixes: type, size, the metadata, and that
// the object must not exist yet.
//
// A PUT may have further headers that are not x-goog ones, such as Content-Encoding: a V4 signature
// can fix a header's value but not its absence, since a signed header that is not sent is refused.
// Signing "Content-Encoding: identity" would oblige every client to send a value that HTTP reserves
// for Accept-Encoding, and store it with the photo. So the analysis refuses photos that were
// uploaded with an encoding (see ReasonEncoded).
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
	opts.Hostname = reached.Host(ctx, opts.Hostname)
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

// photoMetadata returns the metadata of the photo's object: its owner, and the trace that its
// analysis continues.
func photoMetadata(ctx context.Context, uid account.UID) map[string]string {
	metadata := map[string]string{"owner": string(uid)}
	// A header without a value would be left out of the signature, and the upload would be refused for
	// it.
	if trace := telemetry.Traceparent(ctx); trace != "" {
		metadata["traceparent"] = trace
	}
	return metadata
}
