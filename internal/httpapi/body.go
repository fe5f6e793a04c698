package httpapi

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"strconv"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/facescan/facescan/internal/fault"
)

// MaxBody is the largest JSON body taken, in bytes.
const MaxBody = 64 << 10

// bodyTimeout is how long a body may take to arrive where [Options] say nothing else: ages for 64
// KiB, even from a phone in a lift.
const bodyTimeout = 10 * time.Second

// BodyWithin gives the rest of the request's body that much time to arrive, instead of what
// [Options] give; reading fails after that. A handler that takes more than a JSON body calls it
// first, and calls it with 0 once it has read a body to its end, which is without end: the time of
// a slow body is not taken off the handler's.
func BodyWithin(w http.ResponseWriter, d time.Duration) {
	var deadline time.Time
	if d > 0 {
		deadline = time.Now().Add(d)
	}
	_ = http.NewResponseController(w).SetReadDeadline(deadline) // only a test's writer is not connected to anything
}

// ReadBody reads the request's body to its end. One over the limit, in bytes, is body_too_large,
// one that breaks off malformed_body.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if err != nil {
		return nil, readFault(err)
	}
	BodyWithin(w, 0)
	return body, nil
}

func readFault(err error) error {
	var tooLarge *http.MaxBytesError
	if errors.As(err, &tooLarge) {
		return fault.Wrap(err, fault.CodeBodyTooLarge, "The body is over %d bytes.", tooLarge.Limit)
	}
	return fault.Wrap(err, fault.CodeMalformedBody, "The body could not be read to its end.")
}

// Write answers with the value as JSON. "&", "<" and ">" stay as they are, so that a URL can be
// copied from the answer: nosniff keeps browsers from reading it as HTML.
func Write(w http.ResponseWriter, status int, value any) error {
	// Rendered first, so that a value that cannot be marshalled is a clean 500 and not half an answer.
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body.Bytes()) // a client that is gone cannot be told
	return nil
}

// Problem is the body of every error, RFC 9457 application/problem+json.
type Problem struct {
	Type      string        `json:"type"`
	Title     string        `json:"title"`
	Status    int           `json:"status"`
	Code      fault.Code    `json:"code"`
	Detail    string        `json:"detail"`
	RequestID string        `json:"requestId,omitempty"`
	Fields    []fault.Field `json:"fields,omitempty"`
}

// WriteProblem answers with the error: its public part to the caller, an internal one's cause to
// the log only.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) {
	f := fault.From(err)
	kind := f.Code.Kind()
	logProblem(r.Context(), f.Code, err)
	if f.RetryAfter > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(f.RetryAfter.Seconds()))))
	}
	if kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="facescan"`)
	}
	body, _ := json.Marshal(Problem{
		Type: "urn:facescan:problem:" + string(f.Code), Title: kind.Title(), Status: kind.Status(),
		Code: f.Code, Detail: f.Detail, RequestID: requestID(r.Context()), Fields: f.Fields,
	}) // strings and numbers marshal always
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(kind.Status())
	_, _ = w.Write(body) // a client that is gone cannot be told
}

// logProblem logs a fault of the service as ERROR, and overload, which asks for more capacity, as
// WARN. That a client left before its answer is no fault, whatever was under way.
func logProblem(ctx context.Context, code fault.Code, err error) {
	switch {
	case fault.Expected(err) && code.Kind() == fault.Unavailable:
		slog.WarnContext(ctx, "request refused", "code", code, "error", err)
	case fault.Expected(err):
		slog.InfoContext(ctx, "request refused", "code", code, "error", err)
	case canceled(err) && errors.Is(ctx.Err(), context.Canceled):
		slog.InfoContext(ctx, "request abandoned", "code", code, "error", err)
	default:
		slog.ErrorContext(ctx, "request failed", "code", code, "error", err)
	}
}

// canceled reports whether the error is that of a context or, as Firestore has it, of a call that
// was cancelled.
func canceled(err error) bool {
	return errors.Is(err, context.Canceled) || status.Code(err) == codes.Canceled
}

// IntParam is the whole number in the query parameter, or fallback where it is absent. Anything but
// a whole number of lo to hi is invalid_parameter.
func IntParam(r *http.Request, name string, fallback, lo, hi int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || text[0] == '+' || n < lo || n > hi {
		return 0, fault.New(fault.CodeInvalidParameter, "A query parameter is out of range.").
			WithField("query/"+name, "must be a whole number of %d to %d", lo, hi)
	}
	return n, nil
}

// Time is t as responses show it: UTC, RFC 3339, whole milliseconds.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
