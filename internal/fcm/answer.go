package fcm

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/facescan/facescan/internal/provider"
)

const (
	// quotaWait is the wait after a 429 that does not say how long:
	// https://firebase.google.com/docs/cloud-messaging/scale-fcm
	quotaWait = time.Minute
	// maxWait bounds what an answer can ask for. Four weeks is the longest that a push is kept at all.
	maxWait = 24 * time.Hour
)

// badToken is the message about a malformed token, whose details say no more than INVALID_ARGUMENT:
// https://firebase.google.com/docs/cloud-messaging/error-codes
const badToken = "The registration token is not a valid FCM registration token"

// tokenField is the field of the token in a message.
const tokenField = "message.token"

// answer is the body of an error:
// https://firebase.google.com/docs/cloud-messaging/error-codes has its shape, and
// https://bloomberg.github.io/pushiko/fcm_responses has samples.
type answer struct {
	Error struct {
		// Status is the canonical status, such as NOT_FOUND.
		Status  string
		Message string
		Details []struct {
			// ErrorCode is the code of a google.firebase.fcm.v1.FcmError, such as UNREGISTERED.
			ErrorCode string
			// FieldViolations are those of a google.rpc.BadRequest.
			FieldViolations []struct{ Field string }
		}
	}
}

// code returns FCM's own code, or else the canonical status. Both are "" if there is no such body:
// the front end of Google answers in HTML.
func (a answer) code() string {
	for _, d := range a.Error.Details {
		if d.ErrorCode != "" {
			return d.ErrorCode
		}
	}
	return a.Error.Status
}

// refusal returns the error for an answer other than 2xx.
func refusal(resp *http.Response, text []byte) error {
	var a answer
	_ = json.Unmarshal(text, &a) // what cannot be read is told apart by the status alone
	switch code, status := a.code(), resp.StatusCode; {
	case code == "UNREGISTERED", code == "SENDER_ID_MISMATCH":
		return ErrDead
	case status == http.StatusBadRequest:
		return a.argument()
	case status == http.StatusRequestEntityTooLarge:
		return fmt.Errorf("%w: it is too large", ErrPayload)
	default:
		f := &provider.Fault{RetryAfter: retryAfter(resp.Header), Err: fmt.Errorf("FCM answers %d %.40q", status, code)}
		classify(f, status)
		return f
	}
}

// argument returns the error for an INVALID_ARGUMENT.
func (a answer) argument() error {
	field := ""
	for _, d := range a.Error.Details {
		for _, v := range d.FieldViolations {
			if v.Field == tokenField {
				return ErrToken
			}
			field = v.Field
		}
	}
	switch {
	case field != "":
		return fmt.Errorf("%w: %.80q", ErrPayload, field)
	case a.Error.Message == badToken:
		return ErrToken
	default:
		return ErrArgument
	}
}

// classify sets the fault's class by the HTTP status:
// https://firebase.google.com/docs/reference/fcm/rest/v1/ErrorCode
func classify(f *provider.Fault, status int) {
	switch {
	case status == http.StatusTooManyRequests:
		f.Class = provider.Quota
		if f.RetryAfter == 0 {
			f.RetryAfter = quotaWait
		}
	case status == http.StatusUnauthorized, status == http.StatusForbidden:
		// Ours to the project, or those of the project to Apple or a web push service
		// (THIRD_PARTY_AUTH_ERROR).
		f.Class, f.Ours = provider.Auth, true
	case status == http.StatusInternalServerError:
		f.Class = provider.Internal
	case status > http.StatusInternalServerError:
		f.Class = provider.Unavailable
	case status == http.StatusRequestTimeout:
		f.Class = provider.Timeout
	default:
		f.Class, f.Ours = provider.Config, true
	}
}

// retryAfter returns the wait that the header asks for, up to a day, or 0. A date counts from that
// of the answer, so that it does not matter how our clock goes.
func retryAfter(h http.Header) time.Duration {
	text := h.Get("Retry-After")
	var wait time.Duration
	if seconds, err := strconv.ParseUint(text, 10, 32); err == nil {
		wait = time.Duration(seconds) * time.Second
	} else if at, err := http.ParseTime(text); err == nil {
		from, err := http.ParseTime(h.Get("Date"))
		if err != nil {
			from = time.Now()
		}
		wait = at.Sub(from)
	}
	return min(max(wait, 0), maxWait)
}
