// Package bucket reads, lists, deletes and signs objects of Cloud Storage. Objects are read as they
// are stored, within a size and a time.
package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"cloud.google.com/go/storage"
)

// Timeout bounds a read, from its first request to its last byte. The client library retries for as
// long as its context lasts, without a pause if the object's bytes and not the connection are the
// cause. The largest objects are read in a second or two. work.LeaseTime, within which a holder
// reads and works, is three times as long.
const Timeout = 20 * time.Second

var (
	// ErrTooLarge is returned by a read beyond the limit.
	ErrTooLarge = errors.New("the object is larger than it may be")
	// ErrTimeout is returned by a read that took longer than Timeout. Another read may succeed.
	ErrTimeout = errors.New("the object was not read in time")
)

// Reader reads one object. It must be closed.
type Reader struct {
	// Attrs are the attributes of the object in the answer to the read.
	Attrs storage.ReaderObjectAttrs

	object io.ReadCloser
	ctx    context.Context //nolint:containedctx // a read's own, whose end is the read's error
	cancel context.CancelFunc
	left   int64
}

// Open begins to read an object of at most limit bytes. Its errors, and those of the reads, wrap
// storage.ErrObjectNotExist, ErrTooLarge, ErrTimeout or the client's error.
//
// The bytes are those that are stored: neither Cloud Storage nor the client decompresses an object
// whose Content-Encoding is gzip. The client would take bytes that are not gzip for a broken
// connection and read them again and again, and could not compare the checksum of those that are.
func Open(ctx context.Context, object *storage.ObjectHandle, limit int64) (*Reader, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, Timeout, ErrTimeout)
	r, err := object.ReadCompressed(true).NewReader(ctx)
	if err != nil {
		err = fmt.Errorf("open object: %w", inTime(ctx, err))
		cancel()
		return nil, err
	}
	opened := &Reader{Attrs: r.Attrs, object: r, ctx: ctx, cancel: cancel, left: limit}
	if r.Attrs.Size > limit {
		return nil, errors.Join(ErrTooLarge, opened.Close())
	}
	return opened, nil
}

// Encoded reports whether the object has a Content-Encoding, so that its bytes may not be those of
// its Content-Type.
func (r *Reader) Encoded() bool { return r.Attrs.Decompressed || Encoded(r.Attrs.ContentEncoding) }

// Encoded reports whether the Content-Encoding is an encoding.
func Encoded(contentEncoding string) bool {
	return contentEncoding != "" && contentEncoding != "identity"
}

// Read reads from the object.
func (r *Reader) Read(p []byte) (int, error) {
	n, err := r.object.Read(p)
	if r.left -= int64(n); r.left < 0 {
		return 0, ErrTooLarge
	}
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read object: %w", inTime(r.ctx, err))
	}
	return n, err
}

// Close ends the read.
func (r *Reader) Close() error {
	defer r.cancel()
	return r.object.Close()
}

// All returns the rest of the object.
func (r *Reader) All() ([]byte, error) {
	whole := bytes.NewBuffer(make([]byte, 0, max(r.Attrs.Size, 0)+bytes.MinRead))
	_, err := whole.ReadFrom(r)
	return whole.Bytes(), err
}

// Read returns an object of at most limit bytes. Its errors are those of Open.
func Read(ctx context.Context, object *storage.ObjectHandle, limit int64) ([]byte, error) {
	r, err := Open(ctx, object, limit)
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }() // read only
	return r.All()
}

// inTime replaces err by ErrTimeout if the read's own deadline is the cause.
func inTime(ctx context.Context, err error) error {
	if errors.Is(context.Cause(ctx), ErrTimeout) {
		return errors.Join(ErrTimeout, err)
	}
	return err
}
