package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/facescan/facescan/internal/fault"
)

// AppCheckMode says what happens to a request whose App Check token is missing or not valid. App Check vouches for the
// app, so that a script with a user's password is not one; it says nothing of the user.
type AppCheckMode uint8

// The modes, in the order in which a project turns them on.
const (
	// AppCheckOff looks at no token.
	AppCheckOff AppCheckMode = iota
	// AppCheckMonitor lets the request pass and logs the code that it would be refused with.
	AppCheckMonitor
	// AppCheckEnforce refuses the request.
	AppCheckEnforce
)

var appCheckModes = map[string]AppCheckMode{"off": AppCheckOff, "monitor": AppCheckMonitor, "enforce": AppCheckEnforce}

// UnmarshalText reads off, monitor or enforce.
func (m *AppCheckMode) UnmarshalText(text []byte) error {
	mode, ok := appCheckModes[string(text)]
	if !ok {
		return errors.New("must be off, monitor or enforce")
	}
	*m = mode
	return nil
}

// AppVerifier checks App Check tokens. There is no emulator for App Check, so tests stand in here.
type AppVerifier interface {
	// VerifyApp fails with app_check_invalid, or with unavailable when it cannot tell.
	VerifyApp(ctx context.Context, token string) error
}

// headerAppCheck is where Firebase's SDKs put the token.
const headerAppCheck = "X-Firebase-AppCheck"

func (a *API) checkApp(r *http.Request) error {
	if a.opts.AppCheck == AppCheckOff {
		return nil
	}
	err := a.verifyApp(r)
	if err != nil && a.opts.AppCheck == AppCheckMonitor {
		slog.WarnContext(r.Context(), "app check would refuse this request", "code", fault.From(err).Code)
		return nil
	}
	return err
}

func (a *API) verifyApp(r *http.Request) error {
	token := r.Header.Get(headerAppCheck)
	if token == "" {
		return fault.New(fault.CodeAppCheckMissing, "Send an App Check token as %q.", headerAppCheck)
	}
	return a.opts.Apps.VerifyApp(r.Context(), token)
}
