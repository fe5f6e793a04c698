// Package rpc reads and refuses gRPC calls that pass as HTTP/2 requests, for what stands before an
// emulator.
package rpc

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"

	"google.golang.org/grpc/codes"
)

// MaxMessageBytes bounds the first message of a call. Firestore's and Pub/Sub's own limit of a
// request is 10 MiB.
const MaxMessageBytes = 10 << 20

// FirstMessage reads the first message of the call's body, and puts it back.
func FirstMessage(r *http.Request) ([]byte, error) {
	var read bytes.Buffer
	body := io.TeeReader(r.Body, &read)
	var header struct {
		Compressed bool
		Size       uint32
	}
	if err := binary.Read(body, binary.BigEndian, &header); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	if header.Compressed || header.Size > MaxMessageBytes {
		return nil, errors.New("read the request: it is compressed or too large")
	}
	message := make([]byte, header.Size)
	if _, err := io.ReadFull(body, message); err != nil {
		return nil, fmt.Errorf("read the request: %w", err)
	}
	r.Body = struct {
		io.Reader
		io.Closer
	}{io.MultiReader(&read, r.Body), r.Body}
	return message, nil
}

// Refuse answers as a gRPC server does that has nothing to say but an error.
func Refuse(w http.ResponseWriter, code codes.Code, message string) {
	h := w.Header()
	h.Set("Content-Type", "application/grpc")
	h.Set("Grpc-Status", strconv.Itoa(int(code)))
	h.Set("Grpc-Message", message)
	w.WriteHeader(http.StatusOK)
}
