package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"github.com/facescan/facescan/internal/fault"
)

// AppCheckMode decides what happens to a request whose App Check token is missing or invalid. App
// Check attests the app and not the user: a script with a user's password has no token.
type AppCheckMode uint8

// The modes, in the order in which a project turns them on.
const (
	// AppCheckOff ignores tokens.
	AppCheckOff AppCheckMode = iota
	// AppCheckMonitor admits the request and logs the code that it would be refused with.
	AppCheckMonitor
	// AppCheckEnforce refuses the request.
	AppCheckEnforce
)

var appCheckModes = map[string]AppCheckMode{"off": AppCheckOff, "monitor": AppCheckMonitor, "enforce": AppCheckEnforce}

// UnmarshalText parses "off", "monitor" or "enforce".
func (m *AppCheckMode) UnmarshalText(text []byte) error {
	mode, ok := appCheckModes[string(text)]
	if !ok {
		return errors.New("must be off, monitor or enforce")
	}
	*m = mode
	return nil
}

// AppCheck holds the mode of every route: Mode, and in Routes the routes with another one, by the
// method and path of the contract, such as "GET /v1/scans/{id}".
type AppCheck struct {
	Mode   AppCheckMode
	Routes map[string]AppCheckMode
}

// route matches a route of the contract.
var route = lazyPattern(`^(GET|POST|PUT|PATCH|DELETE) /v1/[A-Za-z0-9/{}_-]+$`)

// UnmarshalText parses a mode followed by the routes with another mode, each after a comma, such as
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
		if !route().MatchString(pattern) {
			return fmt.Errorf("%q is not a route such as \"GET /v1/scans/{id}\"", pattern)
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

// AppVerifier checks App Check tokens. It is an interface for tests, as App Check has no emulator.
type AppVerifier interface {
	// VerifyApp returns app_check_invalid for a bad token, and unavailable if the token cannot be
	// checked.
	VerifyApp(ctx context.Context, token string) error
}

// headerAppCheck is the header in which Firebase's SDKs send the token.
const headerAppCheck = "X-Firebase-AppCheck"

type attestedKey struct{}

// Attested reports whether the request bears a valid App Check token. An Open route asks for none,
// but may treat a request with one better. It is always false where the mode is off, and on Leaving
// routes.
func Attested(ctx context.Context) bool {
	attested, _ := ctx.Value(attestedKey{}).(bool)
	return attested
}

// checkApp refuses a request whose token is missing or invalid, if the mode says so, and returns a
// context for [Attested].
func (a *API) checkApp(r *http.Request, access Access, mode AppCheckMode) (context.Context, error) {
	ctx := r.Context()
	if mode == AppCheckOff || access == Open && (a.opts.Apps == nil || r.Header.Get(headerAppCheck) == "") {
		return ctx, nil
	}
	err := a.verifyApp(r)
	switch {
	case err == nil:
		return context.WithValue(ctx, attestedKey{}, true), nil
	case access == Open:
		return ctx, nil
	case mode == AppCheckMonitor:
		slog.WarnContext(ctx, "app check would refuse this request", "code", fault.From(err).Code)
		return ctx, nil
	}
	return ctx, err
}

func (a *API) verifyApp(r *http.Request) error {
	token := r.Header.Get(headerAppCheck)
	if token == "" {
		return fault.New(fault.CodeAppCheckMissing, "Send an App Check token as %q.", headerAppCheck)
	}
	return a.opts.Apps.VerifyApp(r.Context(), token)
}
