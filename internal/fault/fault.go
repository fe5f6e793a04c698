// Package fault is the vocabulary of errors: what went wrong, as a stable public code, and what a
// caller or a deliverer of events should do about it.
//
// Every package makes its expected failures with [New]. Any error that is not a [*Error] is an
// internal fault, shown in the log only. A single list in list.go maps codes to kinds and has what
// the reference says of each, and a single table in this file maps a kind to its HTTP status and to
// whether a retry can help. The package imports no other package of the module and no cloud SDK.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// Kind groups codes that have the same answer.
type Kind uint8

// The kinds, in the order of their HTTP status.
const (
	Internal Kind = iota
	Invalid
	Unauthenticated
	Forbidden
	NotFound
	MethodNotAllowed
	Conflict
	Gone
	PreconditionFailed
	TooLarge
	UnsupportedMediaType
	Unprocessable
	RateLimited
	Unavailable
)

type kindRow struct {
	status    int
	title     string
	retryable bool
}

// kindTable is the only table of HTTP statuses. "retryable" is for the event adapter: may the same
// input succeed later? An internal error may, after the next deployment or once a store is up
// again; a wrong request stays wrong.
var kindTable = map[Kind]kindRow{
	Internal:             {http.StatusInternalServerError, "Internal error", true},
	Invalid:              {http.StatusBadRequest, "Invalid request", false},
	Unauthenticated:      {http.StatusUnauthorized, "Not authenticated", false},
	Forbidden:            {http.StatusForbidden, "Forbidden", false},
	NotFound:             {http.StatusNotFound, "Not found", false},
	MethodNotAllowed:     {http.StatusMethodNotAllowed, "Method not allowed", false},
	Conflict:             {http.StatusConflict, "Conflict", false},
	Gone:                 {http.StatusGone, "Gone", false},
	PreconditionFailed:   {http.StatusPreconditionFailed, "Precondition failed", false},
	TooLarge:             {http.StatusRequestEntityTooLarge, "Too large", false},
	UnsupportedMediaType: {http.StatusUnsupportedMediaType, "Unsupported media type", false},
	Unprocessable:        {http.StatusUnprocessableEntity, "Unprocessable", false},
	RateLimited:          {http.StatusTooManyRequests, "Too many requests", true},
	Unavailable:          {http.StatusServiceUnavailable, "Unavailable", true},
}

// Status returns the HTTP status of the kind.
func (k Kind) Status() int { return kindTable[k].status }

// Title returns the short human title of the kind in English. In each language it is constant for
// the kind, as RFC 9457 requires.
func (k Kind) Title() string { return kindTable[k].title }

// In is a part of a request.
type In string

// The parts of a request.
const (
	InBody   In = "body"
	InQuery  In = "query"
	InPath   In = "path"
	InHeader In = "header"
)

// Field is one fault in one member of a request.
type Field struct {
	// In is the part of the request that has the member.
	In In `json:"in"`
	// Pointer is a JSON pointer (RFC 6901) into the body, or into the parameters or headers as if they
	// were the members of an object. It is "" for the whole part.
	Pointer string `json:"pointer"`
	// Detail describes the fault for people.
	Detail string `json:"detail"`
	// Code names what Detail says, for programs, and Params are what it says it of. The answer's
	// writer sets both.
	Code   string   `json:"code,omitempty"`
	Params []string `json:"params,omitempty"`
	// Said is what Detail was made of.
	Said Said `json:"-"`
}

// Said is a sentence in English as it was formatted, so that it can be said in another language.
type Said struct {
	Format string
	Args   []any
}

// say returns the sentence and what it was made of.
func say(format string, args []any) (string, Said) {
	return fmt.Sprintf(format, args...), Said{format, args}
}

// newField returns a fault in a member.
func newField(in In, pointer, format string, args []any) Field {
	f := Field{In: in, Pointer: pointer}
	f.Detail, f.Said = say(format, args)
	return f
}

// String returns the place: the pointer in a body, and "query/limit" in another part.
func (f Field) String() string {
	if f.In == InBody {
		return f.Pointer
	}
	return string(f.In) + f.Pointer
}

// Error is an expected failure with a stable public code.
type Error struct {
	// Code is the stable public code. It determines kind, status and retry.
	Code Code
	// Detail is a sentence for the caller. It must contain no secrets, paths or internals.
	Detail string
	// Fields are the faulty members of the request, if any.
	Fields []Field
	// RetryAfter is how long to wait before a retry, 0 if unknown.
	RetryAfter time.Duration
	// Said is what Detail was made of.
	Said  Said
	cause error
}

// New returns an error with the code and a detail that is shown to the caller.
func New(code Code, format string, args ...any) *Error {
	e := &Error{Code: code}
	e.Detail, e.Said = say(format, args)
	return e
}

// ErrorType returns the code, by which traces tell errors apart.
func (e *Error) ErrorType() string { return string(e.Code) }

// Err returns e if it names fields, and nil otherwise: the outcome of a check that adds to e what
// is wrong.
func (e *Error) Err() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// Wrap returns an error with a cause, which goes to the log only. An unavailable error with a cause
// is a failure of the service. Without a cause it is an expected one, such as overload or work that
// another process is doing (see [Expected]).
func Wrap(cause error, code Code, format string, args ...any) *Error {
	e := New(code, format, args...)
	e.cause = cause
	return e
}

// WithField adds a faulty member of the body and returns the error.
func (e *Error) WithField(pointer, format string, args ...any) *Error {
	e.Fields = append(e.Fields, newField(InBody, pointer, format, args))
	return e
}

// WithPart adds a whole part of the request that is faulty and returns the error.
func (e *Error) WithPart(in In, format string, args ...any) *Error {
	e.Fields = append(e.Fields, newField(in, "", format, args))
	return e
}

// WithParameter adds a faulty parameter or header and returns the error.
func (e *Error) WithParameter(in In, name, format string, args ...any) *Error {
	pointer := "/" + strings.NewReplacer("~", "~0", "/", "~1").Replace(name)
	e.Fields = append(e.Fields, newField(in, pointer, format, args))
	return e
}

// WithRetryAfter sets the wait before a retry and returns the error.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// Error returns the text for the log: code, detail and cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Detail)
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.cause }

// From returns the *Error in err's chain, or an internal error that wraps err. From(nil) is nil.
func From(err error) *Error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return e
	}
	return Wrap(err, CodeInternal, "Something went wrong on our side. The request id helps us find out what.")
}

// Is reports whether err's chain has an error with the code.
func Is(err error, code Code) bool {
	var e *Error
	return errors.As(err, &e) && e.Code == code
}

// Ignore returns nil for an error that is one of the targets, and other errors as they are.
func Ignore(err error, targets ...error) error {
	if slices.ContainsFunc(targets, func(target error) bool { return errors.Is(err, target) }) {
		return nil
	}
	return err
}

// Expected reports whether err is not a fault of the service: it refuses a request, or reports
// something as unavailable that the code expects to be at times. If several errors are joined, each
// must be expected.
func Expected(err error) bool {
	switch e := err.(type) { //nolint:errorlint // errors.As finds any error in the tree, not all
	case *Error:
		switch e.Code.Kind() { //nolint:exhaustive // other kinds refuse the request
		case Internal:
			return false
		case Unavailable:
			return e.cause == nil || Expected(e.cause)
		}
		return true
	case interface{ Unwrap() []error }:
		return !slices.ContainsFunc(e.Unwrap(), func(part error) bool { return !Expected(part) })
	case interface{ Unwrap() error }:
		return Expected(e.Unwrap())
	}
	return false
}

// Retryable reports whether the same input may succeed later. Unknown errors are retryable.
func Retryable(err error) bool { return kindTable[From(err).Code.Kind()].retryable }
