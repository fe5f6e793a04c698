package httpapi

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"net/http"
	"runtime/debug"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/telemetry"
)

// MaxBody is the largest JSON body accepted, in bytes.
const MaxBody = 64 << 10

// bodyTimeout is how long a body may take to arrive if [Options] do not set it. It is ample for 64
// KiB, even from a phone in a lift.
const bodyTimeout = 10 * time.Second

// BodyWithin limits the time for the rest of the request's body to d, instead of the timeout in
// [Options]. Reading fails after that. A handler that accepts more than a JSON body calls it first.
// After reading the body to its end the handler calls it with 0, which removes the limit, so that
// the time of a slow body is not taken off the handler's.
func BodyWithin(w http.ResponseWriter, d time.Duration) {
	var deadline time.Time
	if d > 0 {
		deadline = time.Now().Add(d)
	}
	_ = http.NewResponseController(w).SetReadDeadline(deadline) // only the writer of a test has no connection
}

// ReadBody reads the whole body of the request. A body over limit bytes is body_too_large, one that
// is cut off malformed_body.
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
	return fault.Wrap(err, fault.CodeMalformedBody, "The body could not be read completely.")
}

// Write answers with the value as JSON. "&", "<" and ">" are not escaped, so that a URL can be
// copied from the answer. nosniff keeps browsers from reading it as HTML.
func Write(w http.ResponseWriter, status int, value any) error {
	// Encoding first makes a value that cannot be marshalled a clean 500 instead of half an answer.
	body, err := encode(value)
	if err != nil {
		return err
	}
	writeBody(w, status, body)
	return nil
}

// WriteIn is like [Write] for a value with sentences in the language of the answer.
func WriteIn(w http.ResponseWriter, status int, lang sentence.Lang, value any) error {
	sentence.SetHeader(w.Header(), lang)
	return Write(w, status, value)
}

// WriteTagged answers 200 like [Write], with a strong entity tag that is made of the body. If the
// request's If-None-Match includes the tag, it answers 304 without the body. The route must list
// [IfNoneMatch].
func WriteTagged(w http.ResponseWriter, r *http.Request, value any) error {
	body, err := encode(value)
	if err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	tag := strconv.Quote(base64.RawURLEncoding.EncodeToString(sum[:16]))
	w.Header().Set("ETag", tag)
	if NoneMatch(r).Include(tag) {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	writeBody(w, http.StatusOK, body)
	return nil
}

func encode(value any) ([]byte, error) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false)
	err := encoder.Encode(value)
	return body.Bytes(), err
}

func writeBody(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // the client may be gone
}

// Problem is the body of every error, RFC 9457 application/problem+json.
type Problem struct {
	// Type is the path of the code's page. It is relative, so that it is the same and opens from
	// whatever host the API was asked at, and before a process has read its configuration (RFC 9457,
	// 3.1.1).
	Type   string     `json:"type"`
	Title  string     `json:"title"`
	Status int        `json:"status"`
	Code   fault.Code `json:"code"`
	Detail string     `json:"detail"`
	// Params are what Detail says it of.
	Params    []string      `json:"params,omitempty"`
	RequestID string        `json:"requestId,omitempty"`
	Fields    []fault.Field `json:"fields,omitempty"`
}

// WriteProblem answers with the error. The caller sees its public part; the cause of an internal
// error goes to the log only.
func WriteProblem(w http.ResponseWriter, r *http.Request, err error) { writeProblem(w, r, err, nil) }

func writeProblem(w http.ResponseWriter, r *http.Request, err error, show Show) {
	f := public(err)
	kind := f.Code.Kind()
	logProblem(r.Context(), f.Code, err)
	switch {
	case f.RetryAfter > 0:
		ComeAgain(w, f.RetryAfter)
	case kind == fault.Unavailable:
		ComeAgain(w, time.Second)
	}
	if kind == fault.Unauthenticated {
		w.Header().Set("WWW-Authenticate", `Bearer realm="facescan"`)
	}
	if show != nil {
		w.Header().Add("Vary", "Accept")
		if show(w, r, f) {
			return
		}
	}
	lang := sentence.OfAnswer(r)
	body, _ := json.Marshal(Problem{
		Type: "/problems/" + string(f.Code), Title: sentence.Title(lang, kind.Title()), Status: kind.Status(), Code: f.Code,
		Detail:    sentence.In(lang, f.Said.Format, f.Said.Args...),
		Params:    sentence.Params(f.Said.Format, f.Said.Args...),
		RequestID: requestID(r.Context()), Fields: sentence.Fields(lang, f.Fields),
	}) // strings and numbers always marshal
	w.Header().Set("Content-Type", "application/problem+json")
	sentence.SetHeader(w.Header(), lang)
	w.WriteHeader(kind.Status())
	_, _ = w.Write(body) // the client may be gone
}

// public returns what the caller is told of err.
func public(err error) *fault.Error {
	f := fault.From(err)
	if is := awayBy.Load(); is != nil && f.Code == fault.CodeInternal && (*is)(err) {
		return fault.Wrap(err, fault.CodeUnavailable, "The service is not ready: try again.")
	}
	return f
}

// ComeAgain asks the client to come again after d, by Retry-After. It is for an answer about work
// that is under way.
func ComeAgain(w http.ResponseWriter, d time.Duration) {
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(d.Seconds()))))
}

// logProblem logs a fault of the service as ERROR, and overload, which needs more capacity, as
// WARN. A client that left before its answer is not a fault.
func logProblem(ctx context.Context, code fault.Code, err error) {
	switch {
	case fault.Expected(err) && code.Kind() == fault.Unavailable:
		slog.WarnContext(ctx, "request refused", "code", code, "error", err)
	case fault.Expected(err):
		slog.InfoContext(ctx, "request refused", "code", code, "error", err)
	case canceled(err) && errors.Is(ctx.Err(), context.Canceled):
		slog.InfoContext(ctx, "request abandoned", "code", code, "error", err)
	default:
		slog.ErrorContext(ctx, "request failed", slog.Any("code", code), slog.Any("error", err),
			telemetry.Stack("request failed: "+string(code), debug.Stack()))
	}
}

// canceledBy is what [CanceledBy] was given.
var canceledBy atomic.Pointer[func(error) bool]

// CanceledBy sets a check for the error of a call that was cancelled, for clients whose error does
// not wrap [context.Canceled]. Package boot/database gives Firestore's: a function without a
// database links no gRPC.
func CanceledBy(is func(error) bool) { canceledBy.Store(&is) }

// awayBy is what [AwayBy] was given.
var awayBy atomic.Pointer[func(error) bool]

// AwayBy sets a check for the error of a service that does not answer for now: the caller is told
// to come again, and not that something went wrong. Package boot/database gives Firestore's.
func AwayBy(is func(error) bool) { awayBy.Store(&is) }

// canceled reports whether err is that of a cancelled call.
func canceled(err error) bool {
	is := canceledBy.Load()
	return errors.Is(err, context.Canceled) || is != nil && (*is)(err)
}

// IntParam returns the whole number in the query parameter, or fallback if it is absent. Anything
// but a whole number from lo to hi is invalid_parameter.
func IntParam(r *http.Request, name string, fallback, lo, hi int) (int, error) {
	text := r.URL.Query().Get(name)
	if text == "" {
		return fallback, nil
	}
	n, err := strconv.Atoi(text)
	if err != nil || text[0] == '+' || n < lo || n > hi {
		return 0, fault.New(fault.CodeInvalidParameter, "A query parameter is out of range.").
			WithParameter(fault.InQuery, name, "must be a whole number of %d to %d", lo, hi)
	}
	return n, nil
}

// Time formats t for responses: UTC, RFC 3339, whole milliseconds.
func Time(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") }
