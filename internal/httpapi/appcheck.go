package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/facescan/facescan/internal/fault"
)

// AppCheckMode says what happens to a request whose App Check token is missing or not valid. App
// Check vouches for the app, so that a script with a user's password is not one; it says nothing of
// the user.
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

// AppCheck is the mode of every route: Mode, and in Routes those that differ from it, by the method
// and path of the contract, such as "GET /v1/scans/{id}".
type AppCheck struct {
	Mode   AppCheckMode
	Routes map[string]AppCheckMode
}

// route is a route of the contract.
var route = regexp.MustCompile(`^(GET|POST|PUT|PATCH|DELETE) /v1/[A-Za-z0-9/{}_-]+$`)

// UnmarshalText reads a mode and, each after a comma, the routes that differ, such as
// "monitor,POST /v1/coach=enforce,GET /v1/me=off".
func (c *AppCheck) UnmarshalText(text []byte) error {
	mode, others, more := strings.Cut(string(text), ",")
	read := AppCheck{Routes: map[string]AppCheckMode{}}
	if err := read.Mode.UnmarshalText([]byte(mode)); err != nil {
		return err
	}
	for more {
		var one string
		one, others, more = strings.Cut(others, ",")
		pattern, mode, _ := strings.Cut(one, "=")
		if !route.MatchString(pattern) {
			return fmt.Errorf("%q is no route such as \"GET /v1/scans/{id}\"", pattern)
		}
		var m AppCheckMode
		if err := m.UnmarshalText([]byte(mode)); err != nil {
			return fmt.Errorf("%s: %w", pattern, err)
		}
		read.Routes[pattern] = m
	}
	*c = read
	return nil
}

func (c AppCheck) of(pattern string) AppCheckMode {
	if mode, differs := c.Routes[pattern]; differs {
		return mode
	}
	return c.Mode
}

// AppVerifier checks App Check tokens. There is no emulator for App Check, so tests stand in here.
type AppVerifier interface {
	// VerifyApp fails with app_check_invalid, or with unavailable when it cannot tell.
	VerifyApp(ctx context.Context, token string) error
}

// headerAppCheck is where Firebase's SDKs put the token.
const headerAppCheck = "X-Firebase-AppCheck"

func (a *API) checkApp(r *http.Request, mode AppCheckMode) error {
	if mode == AppCheckOff {
		return nil
	}
	err := a.verifyApp(r)
	if err != nil && mode == AppCheckMonitor {
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
