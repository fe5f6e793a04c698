// Package provider says how a provider that delivers our messages can fail for a time.
package provider

import (
	"context"
	"errors"
	"net"
	"time"
)

// Classes of faults. They are stored with a delivery and shown to operators.
const (
	// Auth means that the provider does not accept our credentials.
	Auth = "auth"
	// Config means that the provider or its answer is not what the configuration says.
	Config = "config"
	// Greylisted means that a mail server defers the first attempt of every sender it does not know.
	Greylisted = "greylisted"
	// Internal means that the provider failed in its own work.
	Internal = "internal"
	// Network means that the connection failed.
	Network = "network"
	// Quota means that we, or one device, were sent too much in too short a time.
	Quota = "quota"
	// Timeout means that no answer came in time.
	Timeout = "timeout"
	// Unavailable means that the provider takes nothing at the moment.
	Unavailable = "unavailable"
	// Unknown means that the message was handed over whole and the answer was lost: it may have been
	// delivered.
	Unknown = "unknown"
)

// Fault is a failure that may pass, so that the message should be sent again. Its text has neither
// addresses nor tokens, and nothing of the provider's words, which often repeat them.
type Fault struct {
	// Class is one of the constants of this package.
	Class string
	// RetryAfter is how long the provider asks to wait, 0 if it does not say.
	RetryAfter time.Duration
	// Ours reports whether operators must act, as our credentials or configuration are at fault.
	Ours bool
	Err  error
}

// Error implements error.
func (f *Fault) Error() string { return f.Class + ": " + f.Err.Error() }

// Unwrap returns the cause.
func (f *Fault) Unwrap() error { return f.Err }

// Lost returns the fault of a connection that failed with err before there was an answer. Its class
// is [Timeout] or [Network].
func Lost(err error) *Fault {
	class := Network
	var timed net.Error
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) ||
		errors.As(err, &timed) && timed.Timeout() {
		class = Timeout
	}
	return &Fault{Class: class, Err: err}
}
