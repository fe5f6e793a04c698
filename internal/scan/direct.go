package scan

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
	"github.com/facescan/facescan/internal/face"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/httpapi"
	"github.com/facescan/facescan/internal/rendition"
)

// maxForm is the largest body of POST /v1/uploads/direct, in bytes: a photo, and what the form adds to it.
const maxForm = MaxBytes + 2*httpapi.MaxBody

// formTime is how long that may take to arrive: what the function's time limit leaves room for.
const formTime = 45 * time.Second

// chunkBytes is how much of a photo a request holds on its way to Cloud Storage: 80 requests at once have 256 MiB. Chunks
// are not only for trying one again: they are Cloud Storage's protocol in which an object comes about by a last request
// that says how long it is, so that half a photo cannot pass for a whole one, however its upload ends.
const chunkBytes = 1 << 20

// postDirect takes the photo itself, for clients that cannot put it to a signed URL. It passes through to Cloud Storage as
// it comes in, so that a request holds a chunk of it and not the whole.
func (u *Uploads) postDirect(w http.ResponseWriter, r *http.Request) error {
	form, err := httpapi.OpenForm(w, r, maxForm, formTime)
	if err != nil {
		return err
	}
	req, photo, err := directRequest(form)
	if err != nil {
		return err
	}
	uid := account.Caller(r)
	id, err := u.newID(uid, r.Header.Get("Idempotency-Key"))
	if err != nil {
		return err
	}
	s, how, err := u.open(r.Context(), id, uid, req)
	if err != nil {
		return err
	}
	if s.State == AwaitingUpload {
		return u.take(w, r, s, form, photo)
	}
	if how == again {
		if err := u.sameAgain(s, form, photo); err != nil {
			return err
		}
	}
	return answer(w, http.StatusOK, uploadResponse{Scan: show(s), SamePhoto: how == samePhoto})
}

// directRequest reads the form up to the photo's first bytes, which tell its type.
func directRequest(form *httpapi.Form) (uploadRequest, *photoStream, error) {
	texts, file, err := form.File("photo", "sha256", "renditions")
	if err != nil {
		return uploadRequest{}, nil, err
	}
	head, err := file.Head()
	if err != nil {
		return uploadRequest{}, nil, err
	}
	kind := face.MediaType(head)
	if !slices.Contains(ContentTypes, kind) {
		return uploadRequest{}, nil, fault.New(fault.CodeUnsupportedMediaType, "%s", notTaken(kind)).
			WithField("/photo", "must be one of %s", strings.Join(ContentTypes, ", "))
	}
	if said := cmp.Or(file.ContentType, anyBytes); said != anyBytes && said != kind {
		return uploadRequest{}, nil, fault.New(fault.CodeInvalidField, "The photo is not of the type that its part says.").
			WithField("/photo", "is %s", kind)
	}
	req := uploadRequest{ContentType: kind, SHA256: texts["sha256"]}
	if list, ok := texts["renditions"]; ok {
		if req.Renditions, err = httpapi.DecodeText[[]rendition.Rendition]("renditions", list); err != nil {
			return uploadRequest{}, nil, err
		}
	}
	return req, newPhotoStream(file), req.validate()
}

// anyBytes is the media type of a part whose sender knows no better.
const anyBytes = "application/octet-stream"

// take stores the photo of a scan that awaits it and hands the scan to the analysis.
func (u *Uploads) take(w http.ResponseWriter, r *http.Request, s Scan, form *httpapi.Form, photo *photoStream) error {
	generation, err := u.store(r.Context(), s, form, photo)
	if err != nil {
		return err
	}
	s, err = u.queue(r.Context(), s, generation, photoHash(u.Key, s.UID, photo.sum()))
	if err != nil {
		return err
	}
	return answer(w, http.StatusAccepted, uploadResponse{Scan: show(s)})
}

// sameAgain holds the photo of a repeated request to that of the first, where that one is known.
func (u *Uploads) sameAgain(s Scan, form *httpapi.Form, photo *photoStream) error {
	if s.Content == "" {
		return nil
	}
	if err := photo.drain(); err != nil {
		return err
	}
	if err := form.End(); err != nil {
		return err
	}
	if photoHash(u.Key, s.UID, photo.sum()) != s.Content {
		return errKeyReused
	}
	return nil
}

// store writes the photo to its object and returns its generation. The object comes about only when the form has been
// read to its end and fits; whatever happens before, nothing is left. If an earlier request has got that far, and then
// died or lost its answer, its object is the one.
func (u *Uploads) store(ctx context.Context, s Scan, form *httpapi.Form, photo *photoStream) (generation int64, err error) {
	object := u.Bucket.Object(objectName(s.UID, s.ID))
	writing, abandon := context.WithCancel(ctx)
	defer abandon() // without effect on what is closed
	w := object.If(storage.Conditions{DoesNotExist: true}).NewWriter(writing)
	w.ContentType, w.Metadata = s.ContentType, photoMetadata(ctx, s.UID)
	w.ChunkSize = chunkBytes
	if _, err := io.Copy(w, photo); err != nil {
		return u.notStored(ctx, object, photo, err)
	}
	if err := errors.Join(form.End(), u.asAnnounced(s, photo)); err != nil {
		return 0, err
	}
	if err := w.Close(); err != nil {
		return u.notStored(ctx, object, photo, err)
	}
	return w.Attrs().Generation, nil
}

// asAnnounced holds the photo that has been read to the announced one.
func (u *Uploads) asAnnounced(s Scan, photo *photoStream) error {
	if s.Declared != "" && photoHash(u.Key, s.UID, photo.sum()) != s.Declared {
		return fault.New(fault.CodeInvalidField, "The photo does not have this checksum.").WithField("/sha256", "is not the photo's")
	}
	return nil
}

// notStored tells what went wrong, unless the object is there already: of an earlier request, or of this one, where only
// the answer was lost.
func (u *Uploads) notStored(ctx context.Context, object *storage.ObjectHandle, photo *photoStream, cause error) (int64, error) {
	var reading *fault.Error
	if errors.As(cause, &reading) {
		return 0, reading
	}
	if err := photo.drain(); err != nil {
		return 0, err
	}
	attrs, err := object.Attrs(ctx)
	if err != nil {
		return 0, fault.Wrap(cause, fault.CodeUnavailable, "The photo cannot be stored at the moment: try again.")
	}
	if attrs.Size != photo.size || attrs.CRC32C != photo.crc.Sum32() {
		return 0, errKeyReused
	}
	return attrs.Generation, nil
}

// queue hands the scan with its photo to the analysis, unless that has been faster. If the user does not admit the scan
// any more, or it is gone, the photo is deleted.
func (u *Uploads) queue(ctx context.Context, opened Scan, generation int64, content string) (s Scan, err error) {
	err = u.Firestore.RunTransaction(ctx, func(_ context.Context, tx *firestore.Transaction) error {
		user, err := account.ReadActive(tx, u.Firestore, opened.UID)
		if err != nil {
			return err
		}
		s, err = read(tx, u.Firestore, opened.ID)
		if errors.Is(err, errNoScan) {
			return fault.New(fault.CodeNotFound, "The scan was deleted during the upload.")
		}
		if err != nil {
			return err
		}
		if !user.Admits(s.ConsentEpoch) {
			return fault.New(fault.CodeConsentRequired, "The consent was withdrawn during the upload.")
		}
		if s.State != AwaitingUpload {
			return nil
		}
		s.queue(generation, content, u.Now().UTC())
		return write(tx, u.Firestore, s)
	})
	var refused *fault.Error
	if errors.As(err, &refused) {
		err = errors.Join(err, deletePhoto(ctx, u.Bucket, objectName(opened.UID, opened.ID), generation))
	}
	return s, err
}

// photoStream is a photo on its way, of which it keeps count.
type photoStream struct {
	from   io.Reader
	size   int64
	sha256 hash.Hash
	crc    hash.Hash32
}

func newPhotoStream(from io.Reader) *photoStream {
	return &photoStream{from: from, sha256: sha256.New(), crc: crc32.New(crc32.MakeTable(crc32.Castagnoli))}
}

// Read reads on; over MaxBytes it fails with body_too_large.
func (p *photoStream) Read(b []byte) (int, error) {
	n, err := p.from.Read(b)
	p.size += int64(n)
	if p.size > MaxBytes {
		return 0, fault.New(fault.CodeBodyTooLarge, "The photo is over %d bytes.", MaxBytes)
	}
	_, _ = p.sha256.Write(b[:n]) // a hash never fails
	_, _ = p.crc.Write(b[:n])
	return n, err
}

// drain reads the rest for the sums only.
func (p *photoStream) drain() error {
	_, err := io.Copy(io.Discard, p)
	return err
}

// sum is the SHA-256 of what was read, in hex.
func (p *photoStream) sum() string { return hex.EncodeToString(p.sha256.Sum(nil)) }
