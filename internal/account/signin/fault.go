package signin

import (
	"errors"
	"net/http"
	"strings"
	"time"

	"google.golang.org/api/googleapi"

	"github.com/facescan/facescan/internal/fault"
)

// tryLater is the suggested wait when Identity Toolkit throttles, as it does not report its own.
const tryLater = time.Minute

// toolkitFault turns an error of Identity Toolkit into one of package fault, by the machine code in
// its documentation (https://firebase.google.com/docs/reference/rest/auth). An error that is not
// about the caller's input is the service's fault.
func toolkitFault(err error) error {
	var answer *googleapi.Error
	if !errors.As(err, &answer) {
		return fault.Wrap(withoutURL(err), fault.CodeUnavailable, "Signing in is not possible at the moment: try again.")
	}
	switch machineCode(answer) {
	case "EMAIL_EXISTS":
		return fault.Wrap(err, fault.CodeEmailExists, "There is an account with this e-mail address: log in.")
	case "INVALID_PASSWORD", "EMAIL_NOT_FOUND", "INVALID_LOGIN_CREDENTIALS":
		// The same answer for all, so that it does not show who has an account.
		return wrongCredentials(err)
	case "WEAK_PASSWORD", "PASSWORD_DOES_NOT_MEET_REQUIREMENTS":
		return fault.Wrap(err, fault.CodeWeakPassword, "The password is too weak.").
			WithField("/password", "is too short or too simple")
	case "INVALID_EMAIL":
		return fault.Wrap(err, fault.CodeInvalidField, "The e-mail address is not valid.").
			WithField("/email", "is not an e-mail address")
	case "USER_DISABLED":
		return fault.Wrap(err, fault.CodeUserDisabled, "This user is disabled.")
	case "MISSING_EMAIL":
		return fault.Wrap(err, fault.CodeEmailMissing, "This user has no e-mail address.")
	case "INVALID_ID_TOKEN", "INVALID_REFRESH_TOKEN", "USER_NOT_FOUND":
		return fault.Wrap(err, fault.CodeTokenInvalid, "The token is not valid here.")
	case "TOKEN_EXPIRED", "CREDENTIAL_TOO_OLD_LOGIN_AGAIN":
		return fault.Wrap(err, fault.CodeTokenRevoked, "The token was revoked: sign in again.")
	case "TOO_MANY_ATTEMPTS_TRY_LATER", "QUOTA_EXCEEDED":
		return fault.Wrap(err, fault.CodeRateLimited, "Too many attempts: wait before the next.").WithRetryAfter(tryLater)
	}
	switch {
	case answer.Code == http.StatusTooManyRequests:
		return fault.Wrap(err, fault.CodeRateLimited, "Too many attempts: wait before the next.").WithRetryAfter(tryLater)
	case answer.Code >= http.StatusInternalServerError:
		return fault.Wrap(err, fault.CodeUnavailable, "Signing in is not possible at the moment: try again.")
	}
	return err
}

func wrongCredentials(cause error) error {
	return fault.Wrap(
		cause, fault.CodeInvalidCredentials, "E-mail address or password is wrong, or the user may not sign in.",
	)
}

// hideUser makes the login of a disabled user fail like any other. Identity Toolkit checks whether
// the user is disabled before the password, so the distinction would be public. A caller with a
// token of the user is told.
func hideUser(err error) error {
	if fault.Is(err, fault.CodeUserDisabled) {
		return wrongCredentials(err)
	}
	return err
}

// machineCode returns the code at the beginning of the message. An explanation for people may
// follow after " : ".
func machineCode(answer *googleapi.Error) string {
	code, _, _ := strings.Cut(answer.Message, ":")
	return strings.TrimSpace(code)
}
