package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/facescan/facescan/internal/fault"
)

// ReadTexts returns the texts of a form of at most [MaxBody] bytes, by their names. The route must
// list [Texts].
func ReadTexts(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	body, err := ReadBody(w, r, MaxBody)
	if err != nil {
		return nil, err
	}
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil {
		return nil, fault.New(fault.CodeUnsupportedMediaType, "Send the body as %s.", mediaTexts)
	}
	if media == mediaTexts {
		texts, err := url.ParseQuery(string(body))
		if err != nil {
			return nil, fault.New(fault.CodeMalformedBody, "The body is not a form.")
		}
		return texts, nil
	}
	texts, parts := url.Values{}, multipart.NewReader(bytes.NewReader(body), params["boundary"])
	for {
		part, err := parts.NextPart()
		if ended(err) {
			return texts, nil
		}
		if err != nil {
			return nil, readFault(err)
		}
		value, err := text(part)
		if err != nil {
			return nil, err
		}
		texts.Add(part.FormName(), value)
	}
}

// Form reads a body of multipart/form-data with texts and, as its last part, a file. It reads as
// the body arrives, so that a file is never held in memory.
type Form struct {
	answer http.ResponseWriter
	parts  *multipart.Reader
}

// headBytes is how much of a file [File.Head] returns, the length that http.DetectContentType
// considers.
const headBytes = 512

// OpenForm begins to read the request's body, of at most limit bytes, which must arrive within the
// duration. A media type without a boundary is unsupported_media_type, and a body announced as
// larger is body_too_large. The route must list [Multipart].
func OpenForm(w http.ResponseWriter, r *http.Request, limit int64, within time.Duration) (*Form, error) {
	BodyWithin(w, within)
	media, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != mediaForm || params["boundary"] == "" {
		return nil, fault.New(fault.CodeUnsupportedMediaType, "Send the body as %s.", mediaForm).
			WithParameter(fault.InHeader, "Content-Type", "must have a boundary")
	}
	if r.ContentLength > limit {
		return nil, readFault(&http.MaxBytesError{Limit: limit})
	}
	return &Form{answer: w, parts: multipart.NewReader(http.MaxBytesReader(w, r.Body, limit), params["boundary"])}, nil
}

// File reads the texts before the file of the name, and returns them with the unread file. A text
// of another name is unknown_field, one that comes twice malformed_body, and one over [MaxBody]
// body_too_large.
func (f *Form) File(name string, texts ...string) (map[string]string, *File, error) {
	values := map[string]string{}
	for {
		part, err := f.parts.NextPart()
		if ended(err) {
			return nil, nil, fault.New(fault.CodeInvalidField, "The form has no file.").WithField(pointer(name), "is missing")
		}
		if err != nil {
			return nil, nil, readFault(err)
		}
		field := part.FormName()
		if field == name {
			file, err := newFile(part)
			return values, file, err
		}
		if !slices.Contains(texts, field) {
			return nil, nil, fault.New(fault.CodeUnknownField, "The form has a part that is not known here.").
				WithField(pointer(field), "is not known")
		}
		if _, twice := values[field]; twice {
			return nil, nil, fault.New(
				fault.CodeMalformedBody, "The form names a part twice.",
			).WithField(pointer(field), "is given twice")
		}
		if values[field], err = text(part); err != nil {
			return nil, nil, err
		}
	}
}

// pointer returns the JSON pointer of the part, as if the form were an object.
func pointer(name string) string { return string(jsontext.Pointer("").AppendToken(name)) }

func text(part *multipart.Part) (string, error) {
	value, err := io.ReadAll(io.LimitReader(part, MaxBody+1))
	if err != nil {
		return "", readFault(err)
	}
	if len(value) > MaxBody {
		return "", readFault(&http.MaxBytesError{Limit: MaxBody})
	}
	return string(value), nil
}

// End returns an error unless the body is complete and nothing follows the file.
func (f *Form) End() error {
	part, err := f.parts.NextPart()
	if ended(err) {
		BodyWithin(f.answer, 0)
		return nil
	}
	if err != nil {
		return readFault(err)
	}
	return fault.New(fault.CodeMalformedBody, "The form goes on after the file: put it last.").
		WithField(pointer(part.FormName()), "must come before the file")
}

// ended reports whether err marks the form's own end. A body that is cut off gives an error that
// wraps the same.
func ended(err error) bool { return err == io.EOF } //nolint:errorlint // see above

// File is the file of a form.
type File struct {
	// ContentType is the media type that the client declares, in lower case and without parameters, ""
	// if it declares none.
	ContentType string
	content     *bufio.Reader
}

// newFile returns the file of the part. A malformed Content-Type is invalid_field. Faults in its
// parameters do not matter, since they are ignored.
func newFile(part *multipart.Part) (*File, error) {
	file := &File{content: bufio.NewReaderSize(part, headBytes)}
	said := part.Header.Get("Content-Type")
	if strings.TrimSpace(said) == "" {
		return file, nil
	}
	media, _, err := mime.ParseMediaType(said)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return nil, fault.Wrap(err, fault.CodeInvalidField, "The Content-Type of a part is malformed.").
			WithField(pointer(part.FormName()), "has a malformed Content-Type")
	}
	file.ContentType = media
	return file, nil
}

// Head returns the beginning of the file, at most 512 bytes, without consuming it.
func (f *File) Head() ([]byte, error) {
	head, err := f.content.Peek(headBytes)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, readFault(err)
	}
	return head, nil
}

// Read reads from the file. Its errors other than io.EOF are faults: body_too_large, or
// malformed_body if the body is cut off.
func (f *File) Read(p []byte) (int, error) {
	n, err := f.content.Read(p)
	if err != nil && err != io.EOF { //nolint:errorlint // readers return io.EOF unwrapped
		err = readFault(err)
	}
	return n, err
}
