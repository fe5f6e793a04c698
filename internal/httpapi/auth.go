package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"strings"

	"github.com/facescan/facescan/internal/event"
	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/sentence"
	"github.com/facescan/facescan/internal/telemetry"
)

// TokenVerifier checks Firebase ID tokens. Package boot/identity implements it by Firebase's
// client, which this package does not link: a function without users would start twice as slowly.
// It is an interface so that tests can see which method a route calls, too: the emulator's client
// checks revocation in both.
//
// Its errors for what is wrong with a token or its user are those below. Any other is a failed
// call, for the certificates or for the user.
type TokenVerifier interface {
	VerifyIDToken(ctx context.Context, idToken string) (*Token, error)
	// VerifyIDTokenAndCheckRevoked asks Firebase about the token's user. With ErrUserDisabled and
	// ErrUserGone it returns the token, which it has verified.
	VerifyIDTokenAndCheckRevoked(ctx context.Context, idToken string) (*Token, error)
}

// Token is what a verified ID token says.
type Token struct {
	UID string
	// AuthTime is when the user entered their credentials, and IssuedAt when the token was made, in
	// seconds since 1970.
	AuthTime, IssuedAt int64
	// Claims are all others.
	Claims map[string]any
}

// The errors of a [TokenVerifier].
var (
	// ErrSignInEnded is for a token of a sign-in that was ended, or of a user who was disabled since.
	ErrSignInEnded  = errors.New("the sign-in has ended")
	ErrTokenRevoked = errors.New("the ID token was revoked")
	ErrTokenExpired = errors.New("the ID token has expired")
	ErrTokenInvalid = errors.New("the ID token is not valid")
	ErrUserDisabled = errors.New("the user is disabled")
	ErrUserGone     = errors.New("there is no such user at Firebase")
)

// Identity is the caller according to the ID token.
type Identity struct {
	UID string
	// Email is "" if the token has none.
	Email         string
	EmailVerified bool
	// SignedInAt is when the user entered their credentials, in seconds since 1970. All tokens of one
	// sign-in share it.
	SignedInAt int64
	// IssuedAt is when Firebase made the ID token, in seconds since 1970.
	IssuedAt int64
	// Role is what the user is of the staff, "" for others.
	Role Role
	// Locked is set if the user is disabled, Gone if Firebase has no such user any more. Both occur
	// only on Leaving routes.
	Locked, Gone bool
}

// Role is the custom claim "role" of a Firebase user of the staff, which scripts/role sets.
type Role string

// The roles. RoleAdmin may do all that RoleSupport may.
const (
	RoleSupport Role = "support"
	RoleAdmin   Role = "admin"
)

// plays reports whether a user of the role may use a route.
func (r Role) plays(access Access) bool {
	switch access {
	case Support:
		return r == RoleSupport || r == RoleAdmin
	case Admin:
		return r == RoleAdmin
	default:
		return true
	}
}

type identityKey struct{}

// Caller returns the identity of the request's caller. It is empty on Public and Open routes.
func Caller(ctx context.Context) Identity {
	who, _ := ctx.Value(identityKey{}).(Identity)
	return who
}

// Bearer returns the request's ID token, or "". The token has been checked only if the route
// requires one.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// admit checks the app and then the user, and returns a context with the user.
func (a *API) admit(r *http.Request, access Access, mode AppCheckMode) (context.Context, error) {
	if access != Leaving {
		ctx, err := a.checkApp(r, access, mode)
		if err != nil || access == Public || access == Open {
			return ctx, err
		}
		r = r.WithContext(ctx)
	}
	return a.authenticate(r, access)
}

func (a *API) authenticate(r *http.Request, access Access) (context.Context, error) {
	ctx := r.Context()
	token, who, err := a.verify(ctx, Bearer(r), access)
	if err != nil {
		return ctx, err
	}
	if !event.ValidID(token.UID) { // as of a user made with the Admin SDK: no document can have it
		return ctx, fault.New(fault.CodeTokenInvalid, "The ID token is not valid here.")
	}
	who.UID, who.SignedInAt, who.IssuedAt = token.UID, token.AuthTime, token.IssuedAt
	who.Email, _ = token.Claims["email"].(string)
	who.EmailVerified, _ = token.Claims["email_verified"].(bool)
	role, _ := token.Claims["role"].(string)
	if who.Role = Role(role); !who.Role.plays(access) {
		return ctx, fault.New(fault.CodeRoleRequired, "This is for staff.")
	}
	if a.opts.LogKey.Len() > 0 {
		ctx = telemetry.With(ctx, slog.String("uid_hash", a.opts.LogKey.Pseudonym(who.UID)))
	}
	return sentence.With(context.WithValue(ctx, identityKey{}, who)), nil
}

// verify returns the token's claims, and in who what Firebase reports of the user besides.
func (a *API) verify(ctx context.Context, raw string, access Access) (token *Token, who Identity, err error) {
	if raw == "" {
		return nil, who, fault.New(fault.CodeTokenMissing, "Send a Firebase ID token as \"Authorization: Bearer TOKEN\".")
	}
	check := a.opts.Verifier.VerifyIDToken
	if access != User {
		check = a.opts.Verifier.VerifyIDTokenAndCheckRevoked
	}
	token, err = check(ctx, raw)
	who = Identity{Locked: errors.Is(err, ErrUserDisabled), Gone: errors.Is(err, ErrUserGone)}
	if left := access == Leaving && (who.Locked || who.Gone); err != nil && !left {
		return nil, who, tokenFault(err)
	}
	return token, who, nil
}

func tokenFault(err error) error {
	switch {
	case errors.Is(err, ErrSignInEnded):
		return fault.Wrap(err, fault.CodeTokenRevoked, "This sign-in was ended: sign in again.")
	case errors.Is(err, ErrUserDisabled):
		return fault.Wrap(err, fault.CodeUserDisabled, "This user is disabled.")
	case errors.Is(err, ErrTokenRevoked):
		return fault.Wrap(err, fault.CodeTokenRevoked, "The ID token was revoked: sign in again.")
	case errors.Is(err, ErrTokenExpired):
		return fault.Wrap(err, fault.CodeTokenExpired, "The ID token has expired: refresh it.")
	case errors.Is(err, ErrTokenInvalid), errors.Is(err, ErrUserGone):
		return fault.Wrap(err, fault.CodeTokenInvalid, "The ID token is not valid here.")
	default:
		// What remains is a failed call, and a 401 would make the app sign its user out because of our
		// outage.
		return fault.Wrap(err, fault.CodeUnavailable, "The ID token cannot be checked at the moment: try again.")
	}
}
