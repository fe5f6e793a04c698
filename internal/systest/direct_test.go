package systest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"testing"

	"github.com/facescan/facescan/internal/client/api"
	"github.com/facescan/facescan/internal/fault"
)

// photoForm is a form of the texts, names and values alternating, and the photo.
func photoForm(t *testing.T, photo []byte, texts ...string) (body, contentType string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for i := 0; i+1 < len(texts); i += 2 {
		_ = w.WriteField(texts[i], texts[i+1]) // a buffer takes everything
	}
	file, err := w.CreateFormFile("photo", "photo.jpg")
	if err != nil {
		t.Fatal(err)
	}
	_, _ = file.Write(photo)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String(), w.FormDataContentType()
}

// direct uploads a photo as a form that the user has had measured already.
func (c caller) direct(ctx context.Context, t *testing.T, measured []byte) {
	t.Helper()
	const uploads, path = "/v1/uploads", "/v1/uploads/direct"
	body, form := photoForm(
		t, measured, "renditions", `[{"name":"grey","format":"webp","operations":[{"op":"grayscale"}]}]`,
	)
	c.want(ctx, t, 202, "POST", path, body, "Content-Type", form, "Idempotency-Key", "direct")
	_, answer := c.call(ctx, t, "POST", path, body, "Content-Type", form, "Idempotency-Key", "direct")
	var taken api.OpenedScan
	if err := json.Unmarshal(answer, &taken); err != nil {
		t.Fatal(err)
	}
	var done api.Scan
	c.await(ctx, t, "the end of the scan", func() bool {
		_, answer := c.call(ctx, t, "GET", "/v1/scans/"+taken.Scan.ID, "")
		return json.Unmarshal(answer, &done) == nil && done.State == api.ScanStateCompleted
	})
	if done.Renditions == nil || len(*done.Renditions) != 1 || (*done.Renditions)[0].FailureCode != nil {
		t.Errorf("renditions %v", done.Renditions)
	}
	if done.DuplicateOf == nil || done.Result.Rankable {
		t.Errorf(
			"scan %s of a known photo is a duplicate of %v, rankable %v", done.ID, done.DuplicateOf, done.Result.Rankable,
		)
	}

	sum := fmt.Sprintf("%x", sha256.Sum256(measured))
	body, form = photoForm(t, measured, "sha256", sum)
	c.want(ctx, t, 200, "POST", path, body, "Content-Type", form)
	c.want(ctx, t, 200, "POST", uploads, `{"contentType":"image/jpeg","sha256":"`+sum+`"}`)
	c.refused(ctx, t, fault.CodeIdempotencyReused, "POST", path, body, "Content-Type", form, "Idempotency-Key", "direct")
	body, form = photoForm(t, measured)
	c.refused(ctx, t, fault.CodeMalformedBody, "POST", path, body[:len(body)/2], "Content-Type", form)
	c.refused(ctx, t, fault.CodeUnsupportedMediaType, "POST", path, `{}`)
	for name, code := range map[string]fault.Code{"sha256": fault.CodeInvalidField, "size": fault.CodeUnknownField} {
		body, form = photoForm(t, measured, name, "1")
		c.refused(ctx, t, code, "POST", path, body, "Content-Type", form)
	}
}
