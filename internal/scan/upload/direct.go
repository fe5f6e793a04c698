package upload

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"hash"
	"hash/crc32"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"cloud.google.com/go/firestore"
	"cloud.google.com/go/storage"

	"github.com/facescan/facescan/internal/account"
	"github.com/facescan/facescan/internal/face/report"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/scan"
	"github.com/facescan/facescan/internal/scan/rendition"
	"github.com/facescan/facescan/internal/transact"
)

// maxForm is the largest body of POST /v1/uploads/direct, in bytes: a photo, and the overhead of
// the form.
const maxForm = scan.MaxBytes + 2*httpapi.MaxBody

// formTime is how long that may take to arrive, within the function's time limit.
const formTime = 45 * time.Second

// MaxDirect is the number of photos that an instance takes at once. Its concurrency is set for the
// clients that wait for series, and those hold next to nothing.
const MaxDirect = 80

// chunkBytes is how much of a photo a request holds on its way to Cloud Storage. MaxDirect requests
// at once hold 256 MiB. Chunks are not only for retries: in Cloud Storage's protocol for them the
// last request creates the object and has its length, so that a part of a photo cannot pass for the
// whole, however its upload ends.
const chunkBytes = 1 << 20

// postDirect takes the photo itself, for clients that cannot put it to a signed URL. The photo
// passes through to Cloud Storage as it arrives, so that a request holds a chunk of it and not the
// whole. What can be refused without the photo is refused before it is read. What is refused later
// leaves nothing and costs nothing, because the scan is opened only after the form has been read to
// its end and checked.
func (h *Handler) postDirect(w http.ResponseWriter, r *http.Request) error {
	defer h.direct.Add(-1)
	if h.direct.Add(1) > MaxDirect {
		return fault.New(fault.CodeUnavailable, "Too many photos are arriving: try again.").WithRetryAfter(time.Second)
	}
	form, err := httpapi.OpenForm(w, r, maxForm, formTime)
	if err != nil {
		return err
	}
	fresh, photo, err := h.readForm(r, form)
	if err != nil {
		return err
	}
	up := transfer{Handler: h, fresh: fresh, form: form, photo: photo}
	found, how, err := h.look(r.Context(), fresh)
	if err != nil {
		return err
	}
	if found.State == scan.AwaitingUpload {
		return up.take(w, r)
	}
	if err := up.end(); err != nil {
		return err
	}
	return up.found(w, r, found, how)
}

// transfer is a form whose photo is being received.
type transfer struct {
	*Handler
	// fresh is what the form asks for.
	fresh opening
	form  *httpapi.Form
	photo *photoStream
}

// readForm reads the form up to the photo's first bytes and returns what it asks for.
func (h *Handler) readForm(r *http.Request, form *httpapi.Form) (opening, *photoStream, error) {
	req, photo, err := directRequest(form)
	if err != nil {
		return opening{}, nil, err
	}
	fresh, err := h.scanFor(r.Context(), account.Caller(r), r.Header.Get(httpapi.IdempotencyKey), req)
	return fresh, photo, err
}

// directRequest reads the form up to the first bytes of the photo, which show its type.
func directRequest(form *httpapi.Form) (uploadRequest, *photoStream, error) {
	texts, file, err := form.File("photo", "sha256", "renditions")
	if err != nil {
		return uploadRequest{}, nil, err
	}
	head, err := file.Head()
	if err != nil {
		return uploadRequest{}, nil, err
	}
	kind := report.MediaType(head)
	if !slices.Contains(scan.ContentTypes, kind) {
		return uploadRequest{}, nil, notTaken(fault.CodeUnsupportedMediaType, kind).
			WithField("/photo", "must be one of %s", strings.Join(scan.ContentTypes, ", "))
	}
	if said := cmp.Or(aliases[file.ContentType], file.ContentType, anyBytes); said != anyBytes && said != kind {
		return uploadRequest{}, nil, fault.New(fault.CodeInvalidField, "The photo does not have the type of its part.").
			WithField("/photo", "is %s", kind)
	}
	req := uploadRequest{ContentType: kind, SHA256: texts["sha256"]}
	if sum, given := texts["sha256"]; given && sum == "" {
		return uploadRequest{}, nil, badChecksum()
	}
	if list, ok := texts["renditions"]; ok {
		if req.Renditions, err = httpapi.DecodeText[[]rendition.Rendition]("renditions", list); err != nil {
			return uploadRequest{}, nil, err
		}
	}
	return req, newPhotoStream(file), req.validate()
}

// anyBytes is the media type that senders use for a part of unknown type.
const anyBytes = "application/octet-stream"

// aliases are other names that browsers and apps use for the media types of photos. A form may use
// them, since a library labels its part more often than the app does. The contentType of POST
// /v1/uploads may not, since the photo must be uploaded under exactly that name.
var aliases = map[string]string{"image/jpg": "image/jpeg", "image/pjpeg": "image/jpeg"}

// take stores the photo, opens the scan that awaits it and queues the analysis. The object is
// created after the scan, by the last request of its upload, so that its finalize event finds the
// scan.
func (u transfer) take(w http.ResponseWriter, r *http.Request) error {
	object := u.Bucket.Object(scan.PhotoName(u.fresh.UID, u.fresh.ID))
	writing, abandon := context.WithCancel(r.Context())
	defer abandon() // no effect on an object that was closed
	out := u.writer(writing, object)
	generation, err := u.send(r.Context(), out, object)
	if err != nil {
		return err
	}
	s, how, err := u.open(r.Context(), u.fresh)
	if err != nil {
		return err
	}
	if s.State != scan.AwaitingUpload { // another request was faster
		return u.found(w, r, s, how)
	}
	if generation == 0 {
		if generation, err = u.complete(r.Context(), out, object); err != nil {
			return err
		}
	}
	s, err = u.queue(r.Context(), s, generation, scan.PhotoHash(u.PhotoKey, s.UID, u.photo.sum()))
	if err != nil {
		return err
	}
	return answer(w, r, http.StatusAccepted, s, uploadView{})
}

// found answers a form that was read to its end and whose scan awaits no photo. If the photo of the
// first request is known, that of a repeated request must be the same.
func (u transfer) found(w http.ResponseWriter, r *http.Request, s scan.Scan, how how) error {
	hashes := scan.PhotoHashes(u.PhotoKey, s.UID, u.photo.sum())
	if how == again && s.Content != "" && !slices.Contains(hashes, s.Content) {
		return errKeyReused
	}
	return answer(w, r, http.StatusOK, s, uploadView{SamePhoto: how == samePhoto})
}

// end reads the form to its end and compares the photo with the announced one.
func (u transfer) end() error {
	if err := u.photo.drain(); err != nil {
		return err
	}
	if err := u.form.End(); err != nil {
		return err
	}
	if u.fresh.Declared != "" && scan.PhotoHash(u.PhotoKey, u.fresh.UID, u.photo.sum()) != u.fresh.Declared {
		return fault.New(fault.CodeInvalidField, "The photo does not have this checksum.").
			WithField("/sha256", "is not the photo's")
	}
	return nil
}

// writer begins the upload of the photo to its object, which is created only when the writer is
// closed.
func (u transfer) writer(ctx context.Context, object *storage.ObjectHandle) *storage.Writer {
	w := object.If(storage.Conditions{DoesNotExist: true}).NewWriter(ctx)
	w.ContentType, w.Metadata = u.fresh.ContentType, photoMetadata(ctx, u.fresh.UID)
	w.ChunkSize = chunkBytes
	return w
}

// send uploads the photo and reads the form to its end. generation is 0 unless the object exists
// already, from an earlier request that got that far and then died or lost its answer.
func (u transfer) send(
	ctx context.Context, out *storage.Writer, object *storage.ObjectHandle,
) (generation int64, err error) {
	_, sending := io.Copy(out, u.photo)
	if reading := new(fault.Error); errors.As(sending, &reading) {
		return 0, reading
	}
	if err := u.end(); err != nil || sending == nil {
		return 0, err
	}
	return u.stored(ctx, object, sending)
}

// complete creates the object from what was sent and returns its generation.
func (u transfer) complete(
	ctx context.Context, out *storage.Writer, object *storage.ObjectHandle,
) (generation int64, err error) {
	if err := out.Close(); err != nil {
		return u.stored(ctx, object, err)
	}
	return out.Attrs().Generation, nil
}

// stored returns the generation of an object that exists although sending the photo failed: from an
// earlier request, or from this one if only its answer was lost. If there is no object, the cause
// makes the service unavailable. If it is another photo, the key was used before.
func (u transfer) stored(ctx context.Context, object *storage.ObjectHandle, cause error) (generation int64, err error) {
	attrs, err := object.Attrs(ctx)
	if err != nil {
		return 0, fault.Wrap(cause, fault.CodeUnavailable, "The photo cannot be stored at the moment: try again.")
	}
	if attrs.Size != u.photo.size || attrs.CRC32C != u.photo.crc.Sum32() {
		return 0, errKeyReused
	}
	return attrs.Generation, nil
}

// queue hands the scan with its photo to the analysis, unless the analysis was faster. If the user
// does not admit the scan any more, or the scan is gone, queue deletes the photo.
func (h *Handler) queue(
	ctx context.Context, opened scan.Scan, generation int64, content string,
) (s scan.Scan, err error) {
	on := scan.Ref(h.Firestore, opened.ID)
	err = transact.Run(ctx, h.Firestore, on, func(_ context.Context, tx *firestore.Transaction) error {
		user, err := account.ReadActive(ctx, tx, h.Firestore, opened.UID)
		if err == nil {
			err = user.Held()
		}
		if err != nil {
			return err
		}
		s, err = scan.Read(tx, h.Firestore, opened.ID)
		if errors.Is(err, scan.ErrNotFound) {
			return fault.New(fault.CodeNotFound, "The scan was deleted during the upload.")
		}
		if err != nil {
			return err
		}
		if !user.Admits(s.ConsentEpoch) {
			return fault.New(fault.CodeConsentRequired, "The consent was withdrawn during the upload.")
		}
		if s.State != scan.AwaitingUpload {
			return nil
		}
		s.Enqueue(generation, content, h.Now().UTC())
		return scan.Write(tx, h.Firestore, s)
	})
	var refused *fault.Error
	if errors.As(err, &refused) {
		err = errors.Join(err, scan.DeletePhoto(ctx, h.Bucket, scan.PhotoName(opened.UID, opened.ID), generation))
	}
	return s, err
}

// photoStream is a photo being received. It counts and hashes the bytes.
type photoStream struct {
	from   io.Reader
	size   int64
	sha256 hash.Hash
	crc    hash.Hash32
}

func newPhotoStream(from io.Reader) *photoStream {
	return &photoStream{from: from, sha256: sha256.New(), crc: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
}

// Read reads from the photo. Beyond MaxBytes it fails with body_too_large.
func (p *photoStream) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.size += int64(n)
	if p.size > scan.MaxBytes {
		return 0, fault.New(fault.CodeBodyTooLarge, "The photo is over %d bytes.", scan.MaxBytes)
	}
	_, _ = p.sha256.Write(b[:n]) // hash.Hash never returns an error
	_, _ = p.crc.Write(b[:n])
	return n, err
}

// drain reads the rest, for the size and the hash only.
func (p *photoStream) drain() error {
	_, err := io.Copy(io.Discard, p)
	return err
}

// sum returns the SHA-256 of what was read, in hex.
func (p *photoStream) sum() string { return hex.EncodeToString(p.sha256.Sum(nil)) }
