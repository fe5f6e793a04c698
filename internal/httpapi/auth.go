package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strings"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/fault"
	"github.com/facescan/facescan/internal/telemetry"
)

// TokenVerifier checks Firebase ID tokens. *auth.Client implements it. It is an interface so that
// tests can see which method a route calls: the emulator's client checks revocation in both.
type TokenVerifier interface {
	VerifyIDToken(ctx context.Context, idToken string) (*auth.Token, error)
	VerifyIDTokenAndCheckRevoked(ctx context.Context, idToken string) (*auth.Token, error)
}

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
	// Locked is set if the user is disabled, Gone if Firebase has no such user any more. Both occur
	// only on Leaving routes.
	Locked, Gone bool
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
	if access == Open {
		return r.Context(), nil
	}
	if access != Leaving {
		if err := a.checkApp(r, mode); err != nil || access == Public {
			return r.Context(), err
		}
	}
	return a.authenticate(r, access)
}

func (a *API) authenticate(r *http.Request, access Access) (context.Context, error) {
	ctx := r.Context()
	token, who, err := a.verify(ctx, Bearer(r), access)
	if err != nil {
		return ctx, err
	}
	who.UID, who.SignedInAt, who.IssuedAt = token.UID, token.AuthTime, token.IssuedAt
	who.Email, _ = token.Claims["email"].(string)
	who.EmailVerified, _ = token.Claims["email_verified"].(bool)
	ctx = telemetry.With(ctx, slog.String("uid_hash", a.opts.HashKey.Pseudonym(who.UID)))
	return context.WithValue(ctx, identityKey{}, who), nil
}

// verify returns the token's claims, and in who what Firebase reports of the user besides.
func (a *API) verify(ctx context.Context, raw string, access Access) (token *auth.Token, who Identity, err error) {
	if raw == "" {
		return nil, who, fault.New(fault.CodeTokenMissing, "Send a Firebase ID token as \"Authorization: Bearer TOKEN\".")
	}
	check := a.opts.Verifier.VerifyIDToken
	if access == FreshUser || access == Leaving {
		check = a.opts.Verifier.VerifyIDTokenAndCheckRevoked
	}
	token, err = check(ctx, raw)
	who = Identity{Locked: auth.IsUserDisabled(err), Gone: auth.IsUserNotFound(err)}
	if access == Leaving && (who.Locked || who.Gone) {
		token, err = claimsOf(raw)
		return token, who, err
	}
	if err != nil {
		return nil, who, tokenFault(err)
	}
	return token, who, nil
}

// claimsOf returns the claims of a token whose user was found disabled or gone. Firebase's SDK
// returns no token then, but it looks the user up only after it has verified signature, project and
// time. A test in boot/identity checks that it does.
func claimsOf(verified string) (*auth.Token, error) {
	_, rest, _ := strings.Cut(verified, ".")
	payload, _, _ := strings.Cut(rest, ".")
	body, err := base64.RawURLEncoding.DecodeString(payload)
	if err != nil {
		return nil, fmt.Errorf("decode a verified token: %w", err)
	}
	var token auth.Token
	if err := json.Unmarshal(body, &token); err != nil {
		return nil, fmt.Errorf("decode a verified token: %w", err)
	}
	token.UID = token.Subject
	return &token, nil
}

func tokenFault(err error) error {
	switch {
	case auth.IsUserDisabled(err):
		return fault.Wrap(err, fault.CodeUserDisabled, "This user is disabled.")
	case auth.IsIDTokenRevoked(err):
		return fault.Wrap(err, fault.CodeTokenRevoked, "The ID token was revoked: sign in again.")
	case auth.IsIDTokenExpired(err):
		return fault.Wrap(err, fault.CodeTokenExpired, "The ID token has expired: refresh it.")
	case auth.IsIDTokenInvalid(err), auth.IsUserNotFound(err):
		return fault.Wrap(err, fault.CodeTokenInvalid, "The ID token is not valid here.")
	default:
		// All faults of a token have codes above. What remains is a failed call, for the certificates or
		// for the user, and a 401 would make the app sign its user out because of our outage.
		return fault.Wrap(err, fault.CodeUnavailable, "The ID token cannot be checked at the moment: try again.")
	}
}
