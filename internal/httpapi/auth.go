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

// TokenVerifier checks Firebase ID tokens; *auth.Client is the real one. The emulator's client
// checks revocation in both methods, so a test needs a seam to see which one a route calls.
type TokenVerifier interface {
	VerifyIDToken(ctx context.Context, idToken string) (*auth.Token, error)
	VerifyIDTokenAndCheckRevoked(ctx context.Context, idToken string) (*auth.Token, error)
}

// Identity is who calls, by the ID token alone.
type Identity struct {
	UID string
	// Email is "" where the token has none.
	Email         string
	EmailVerified bool
	// SignedInAt is when the user entered their credentials, in seconds since 1970. All tokens of one
	// sign-in share it.
	SignedInAt int64
	// Locked means that the user is disabled, and Gone that Firebase has no such user any more; only
	// on Leaving routes.
	Locked, Gone bool
}

type identityKey struct{}

// Caller is the identity of the request's caller. It is empty on Public and Open routes.
func Caller(ctx context.Context) Identity {
	who, _ := ctx.Value(identityKey{}).(Identity)
	return who
}

// Bearer is the ID token that the request bears, or "". It is checked where the route asks for one.
func Bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return token
}

// admit judges the app, then its user, who is in the returned context.
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
	who.UID, who.SignedInAt = token.UID, token.AuthTime
	who.Email, _ = token.Claims["email"].(string)
	who.EmailVerified, _ = token.Claims["email_verified"].(bool)
	ctx = telemetry.With(ctx, slog.String("uid_hash", a.opts.HashKey.Pseudonym(who.UID)))
	return context.WithValue(ctx, identityKey{}, who), nil
}

// verify returns the token's claims, and of the identity what Firebase says of the user beside
// them.
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

// claimsOf are those of a token whose user was found disabled or gone: Firebase's SDK then returns
// no token, but looks for a user only by one whose signature, project and time it has found good. A
// test in boot/identity holds it to that.
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
		// All that is wrong with a token has its code above. The rest is a call that failed, for the
		// certificates or for the user, and a 401 would make the app sign its user out over our outage.
		return fault.Wrap(err, fault.CodeUnavailable, "The ID token cannot be checked at the moment: try again.")
	}
}
