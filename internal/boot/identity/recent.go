package identity

import (
	"context"
	"fmt"
	"time"

	"firebase.google.com/go/v4/auth"
	lru "github.com/hashicorp/golang-lru/v2"
	"golang.org/x/sync/singleflight"

	"github.com/facescan/facescan/internal/httpapi"
)

const (
	// RecheckAfter is how late a sign-in may be refused that was ended at Firebase: by its SDKs, its
	// console, or a changed password.
	RecheckAfter = 5 * time.Minute
	// maxKnown is the number of users whose last check is remembered: 2 MB at most.
	maxKnown = 20_000
)

// Recent verifies ID tokens and asks Firebase about their users at most every [RecheckAfter]. The
// zero value cannot be used; see [NewRecent]. It is safe for concurrent use.
type Recent struct {
	client interface {
		tokenClient
		GetUser(ctx context.Context, uid string) (*auth.UserRecord, error)
	}
	now    func() time.Time
	known  *lru.Cache[string, standing]
	asking singleflight.Group
}

// standing is what Firebase said of a user.
type standing struct {
	at, validAfter time.Time
	disabled       bool
}

// NewRecent returns a verifier that asks the client. now is the clock of the checks.
func NewRecent(client *auth.Client, now func() time.Time) (*Recent, error) {
	known, err := lru.New[string, standing](maxKnown)
	if err != nil {
		return nil, fmt.Errorf("remember checks of users: %w", err)
	}
	return &Recent{client: client, now: now, known: known}, nil
}

// VerifyIDToken verifies the token, and that its sign-in had not ended and its user was not
// disabled when Firebase was last asked. The error for those is [httpapi.ErrSignInEnded]. If
// Firebase has to be asked and cannot be, the error is its own: the promise is kept rather than the
// request answered.
//
// The time of the sign-in counts, as in Firebase's SDK for Node; its SDK for Go compares the time
// of the token, which an app may have refreshed just before its sign-in was ended.
func (v *Recent) VerifyIDToken(ctx context.Context, raw string) (*httpapi.Token, error) {
	token, err := tokens{v.client}.VerifyIDToken(ctx, raw)
	if err != nil {
		return nil, err
	}
	user, err := v.standing(ctx, token.UID)
	if err != nil {
		return nil, tokenError(err)
	}
	return token, user.admits(token)
}

// VerifyIDTokenAndCheckRevoked verifies the token and asks Firebase about its user now.
func (v *Recent) VerifyIDTokenAndCheckRevoked(ctx context.Context, raw string) (*httpapi.Token, error) {
	return tokens{v.client}.VerifyIDTokenAndCheckRevoked(ctx, raw)
}

// standing returns what Firebase says of the user, or said a short time ago.
func (v *Recent) standing(ctx context.Context, uid string) (standing, error) {
	if last, ok := v.known.Get(uid); ok && v.now().Sub(last.at) < RecheckAfter {
		return last, nil
	}
	// Many requests of a user share one question. One who leaves does not stop the others'.
	asked, err, _ := v.asking.Do(uid, func() (any, error) {
		at := v.now()
		user, err := v.client.GetUser(context.WithoutCancel(ctx), uid)
		if err != nil {
			return standing{}, err
		}
		s := standing{at: at, validAfter: time.UnixMilli(user.TokensValidAfterMillis), disabled: user.Disabled}
		v.known.Add(uid, s)
		return s, nil
	})
	if err != nil {
		return standing{}, err // bare, for tokenError
	}
	return asked.(standing), nil
}

// admits returns [httpapi.ErrSignInEnded] for a token of an ended sign-in or a disabled user.
func (s standing) admits(token *httpapi.Token) error {
	if s.disabled || time.Unix(token.AuthTime, 0).Before(s.validAfter.Truncate(time.Second)) {
		return httpapi.ErrSignInEnded
	}
	return nil
}
