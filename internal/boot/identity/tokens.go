package identity

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"firebase.google.com/go/v4/auth"

	"github.com/facescan/facescan/internal/httpapi"
)

// Tokens returns a verifier of ID tokens that asks the client alone.
func Tokens(client *auth.Client) httpapi.TokenVerifier { return tokens{client} }

// tokens says in the words of package httpapi what Firebase's client finds.
type tokens struct{ client tokenClient }

// tokenClient is implemented by *auth.Client.
type tokenClient interface {
	VerifyIDToken(ctx context.Context, idToken string) (*auth.Token, error)
	VerifyIDTokenAndCheckRevoked(ctx context.Context, idToken string) (*auth.Token, error)
}

// VerifyIDToken implements httpapi.TokenVerifier.
func (v tokens) VerifyIDToken(ctx context.Context, raw string) (*httpapi.Token, error) {
	token, err := v.client.VerifyIDToken(ctx, raw)
	return told(raw, token, err)
}

// VerifyIDTokenAndCheckRevoked implements httpapi.TokenVerifier.
func (v tokens) VerifyIDTokenAndCheckRevoked(ctx context.Context, raw string) (*httpapi.Token, error) {
	token, err := v.client.VerifyIDTokenAndCheckRevoked(ctx, raw)
	return told(raw, token, err)
}

// told returns what Firebase's client says of a token.
func told(raw string, token *auth.Token, err error) (*httpapi.Token, error) {
	if err == nil {
		return newToken(token), nil
	}
	err = tokenError(err)
	if errors.Is(err, httpapi.ErrUserDisabled) || errors.Is(err, httpapi.ErrUserGone) {
		token, decodeErr := claimsOf(raw)
		if decodeErr != nil {
			return nil, decodeErr
		}
		return newToken(token), err
	}
	return nil, err
}

func newToken(t *auth.Token) *httpapi.Token {
	return &httpapi.Token{UID: t.UID, AuthTime: t.AuthTime, IssuedAt: t.IssuedAt, Claims: t.Claims}
}

// tokenError adds the error of package httpapi that err is, which must be Firebase's own: its
// predicates do not unwrap.
func tokenError(err error) error {
	for _, known := range []struct {
		is  func(error) bool
		err error
	}{
		{auth.IsUserDisabled, httpapi.ErrUserDisabled},
		{auth.IsUserNotFound, httpapi.ErrUserGone},
		{auth.IsIDTokenRevoked, httpapi.ErrTokenRevoked},
		{auth.IsIDTokenExpired, httpapi.ErrTokenExpired},
		{auth.IsIDTokenInvalid, httpapi.ErrTokenInvalid},
	} {
		if known.is(err) {
			return fmt.Errorf("%w: %w", known.err, err)
		}
	}
	return err
}

// claimsOf returns the claims of a token whose user was found disabled or gone. Firebase's SDK
// returns no token then, but it looks the user up only after it has verified signature, project and
// time. A test checks that it does.
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
