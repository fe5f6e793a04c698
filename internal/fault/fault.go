// Package fault is the vocabulary of errors: what went wrong, in a stable public code, and what
// a caller or an event's deliverer should do about it.
//
// Every package makes its expected failures with [New]; whatever is not a [*Error] is an internal
// fault, shown in the log only. The one table in codes.go maps a code to its kind, and the
// one table in this file maps a kind to its HTTP status and to whether trying again can help.
// The package imports no other package of the module and no cloud SDK.
package fault

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

// Kind groups codes that are answered alike.
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

// kindTable is the only place that knows HTTP statuses. "retryable" answers the question of the
// event adapter: may the same input succeed later? An internal error may (a bug fixed by the next
// deployment, a store that was down); a request that is wrong stays wrong.
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

// Status is the HTTP status of the kind.
func (k Kind) Status() int { return kindTable[k].status }

// Title is the short human title of the kind, constant for the kind as RFC 9457 asks.
func (k Kind) Title() string { return kindTable[k].title }

// Field is one fault in one member of a request.
type Field struct {
	// Pointer is a JSON pointer (RFC 6901) into the request's body, "" for the whole, or
	// "query/NAME", "header/NAME" or "path/NAME", with NAME escaped as in a JSON pointer, or
	// "query" for the whole query.
	Pointer string `json:"pointer"`
	// Detail says what is wrong with it, for people.
	Detail string `json:"detail"`
}

// Error is an expected failure with a stable public code.
type Error struct {
	// Code is the stable public code; it decides kind, status and retry.
	Code Code
	// Detail is a sentence for the caller. It must hold no secret, path or internal.
	Detail string
	// Fields are the faulty members of the request, if that is what is wrong.
	Fields []Field
	// RetryAfter is how long to wait before trying again; 0 is "not said".
	RetryAfter time.Duration
	cause      error
}

// New makes an error of the code with a detail that is shown to the caller.
func New(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Detail: fmt.Sprintf(format, args...)}
}

// Err returns e if it names fields, and nil otherwise: the outcome of a check that adds to e what
// is wrong.
func (e *Error) Err() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// Wrap is New with a cause, which goes to the log only. An unavailable error with a cause is a
// failure; without one it is what the code foresees, such as overload or work that another process
// is at (see [Expected]).
func Wrap(cause error, code Code, format string, args ...any) *Error {
	e := New(code, format, args...)
	e.cause = cause
	return e
}

// WithField adds a faulty member and returns the error.
func (e *Error) WithField(pointer, format string, args ...any) *Error {
	e.Fields = append(e.Fields, Field{Pointer: pointer, Detail: fmt.Sprintf(format, args...)})
	return e
}

// WithRetryAfter says when trying again makes sense and returns the error.
func (e *Error) WithRetryAfter(d time.Duration) *Error {
	e.RetryAfter = d
	return e
}

// Error is the text for the log: code, detail and cause.
func (e *Error) Error() string {
	if e.cause != nil {
		return fmt.Sprintf("%s: %s: %v", e.Code, e.Detail, e.cause)
	}
	return fmt.Sprintf("%s: %s", e.Code, e.Detail)
}

// Unwrap gives the cause to errors.Is and errors.As.
func (e *Error) Unwrap() error { return e.cause }

// From is the *Error in err's chain, or an internal error that wraps err. From(nil) is nil.
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

// Is reports whether err carries the code.
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

// Expected reports whether err is no fault of the service: it refuses a request, or something is
// unavailable that the code foresees to be. Of several errors joined each must be expected.
func Expected(err error) bool {
	switch e := err.(type) { //nolint:errorlint // errors.As finds any in the tree, not all
	case *Error:
		switch e.Code.Kind() { //nolint:exhaustive // the rest refuse
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

// Retryable reports whether the same input may succeed later. Unknown errors may.
func Retryable(err error) bool { return kindTable[From(err).Code.Kind()].retryable }
